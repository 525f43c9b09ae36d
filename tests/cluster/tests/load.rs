// SPDX-License-Identifier: LGPL-2.1-or-later
//! A load is as the real API would serve it, and what is done to it is seen.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;
#[path = "common/shape.rs"]
mod shape;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use common::{A, Answer, Cluster, golden, until};
use images_cluster::Face;
use serde_json::Value;
use shape::assert_alike;

const IMAGES: usize = 400;

fn loaded(seed: &str) -> Cluster {
    Cluster::start(Face::Openshift, &["--load", &format!("{IMAGES},{seed}")])
}

fn list(cluster: &Cluster, path: &str) -> Vec<Value> {
    let list = cluster.get("sarah", &format!("{A}/{path}")).json();
    list["items"].as_array().unwrap().clone()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

/// What was made, not pushed as the seed was: the seed is on the same versions in no run.
fn made(all: &[Value]) -> Vec<Value> {
    let version = |object: &Value| -> u64 {
        object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
    };
    let last = 600 + IMAGES as u64 + IMAGES as u64 / 10;
    all.iter().filter(|object| version(object) <= last).cloned().collect()
}

fn is_index(image: &Value) -> bool {
    image["dockerImageManifests"].is_array()
}

fn same_shape_as_recorded(images: &[Value], streams: &[Value]) {
    let recorded = golden("images-list.json");
    let recorded: Vec<_> = recorded["items"].as_array().unwrap().iter().collect();
    let signed = golden("image.json");
    let kind = |image: &Value| image["dockerImageManifestMediaType"].as_str().unwrap().to_owned();
    let mut kinds: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for image in images {
        kinds.entry(kind(image)).or_default().push(image);
    }
    assert_eq!(kinds.len(), 4, "{:?}", kinds.keys());
    let signatures = shape::shape(&signed["signatures"]);
    let mut also: Vec<_> = signatures.iter().map(|path| format!(".signatures{path}")).collect();
    // No recorded OCI image had a signature, and none without ports was made.
    also.push(".dockerImageMetadata.Config.Entrypoint: array".to_owned());
    also.push(".dockerImageMetadata.Config.Entrypoint[]: string".to_owned());
    let also: Vec<_> = also.iter().map(String::as_str).collect();
    for (own, images) in &kinds {
        let recorded: Vec<_> =
            recorded.iter().copied().filter(|image| kind(image) == *own).collect();
        assert_alike(own, images, &recorded, &also);
    }
    let recorded = golden("imagestreams-list.json");
    let recorded: Vec<_> = recorded["items"].as_array().unwrap().iter().collect();
    assert_alike("streams", &streams.iter().collect::<Vec<_>>(), &recorded, &[]);
}

fn proportions(images: &[Value], streams: &[Value]) {
    assert_eq!((images.len(), streams.len()), (IMAGES, IMAGES / 10));
    let by_name: BTreeMap<_, _> = images.iter().map(|image| (name(image), image)).collect();
    let mut inside = Vec::new();
    for stream in streams {
        for tag in stream["status"]["tags"].as_array().unwrap() {
            let items = tag["items"].as_array().unwrap().iter();
            let newest_first = items.clone().map(|item| item["created"].as_str().unwrap());
            assert!(newest_first.rev().is_sorted(), "{tag}");
            inside.extend(items.map(|item| item["image"].as_str().unwrap()));
        }
    }
    let indexes: Vec<_> = images.iter().filter(|image| is_index(image)).collect();
    assert_eq!(indexes.len(), IMAGES / 10);
    for index in indexes {
        for child in index["dockerImageManifests"].as_array().unwrap() {
            let digest = child["digest"].as_str().unwrap();
            assert_eq!(
                by_name[digest]["dockerImageManifestMediaType"], child["mediaType"],
                "{digest}"
            );
            inside.push(digest);
        }
    }
    inside.sort_unstable();
    inside.dedup();
    assert!(inside.iter().all(|digest| by_name.contains_key(digest)));
    assert_eq!(images.len() - inside.len(), IMAGES / 20, "orphans");
    let mut layers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut signed = 0;
    for image in images.iter().filter(|image| !is_index(image)) {
        let bytes = image.to_string().len();
        assert!((5_000..=25_000).contains(&bytes), "{bytes}");
        signed += usize::from(image["signatures"].is_array());
        for layer in image["dockerImageLayers"].as_array().unwrap() {
            *layers.entry(layer["name"].as_str().unwrap()).or_default() += 1;
        }
    }
    assert!((1..IMAGES / 10).contains(&signed), "{signed} signatures");
    assert!(layers.values().any(|uses| *uses > IMAGES / 40), "no layer is shared by many");
    assert!(layers.values().filter(|uses| **uses == 1).count() > IMAGES / 2, "none of their own");
    let set = streams.iter().filter(|stream| stream["spec"]["tags"].is_array()).count();
    assert!(set > 0 && set < streams.len(), "{set} with tags in the spec");
}

fn layers_agree(cluster: &Cluster, images: &[Value], streams: &[Value]) {
    let by_name: BTreeMap<_, _> = images.iter().map(|image| (name(image), image)).collect();
    let stream = streams.iter().find(|stream| stream.to_string().len() > 20_000).unwrap();
    let namespace = stream["metadata"]["namespace"].as_str().unwrap();
    let path = format!("{A}/namespaces/{namespace}/imagestreams/{}/layers", name(stream));
    let document = cluster.get("sarah", &path).json();
    let recorded = golden("imagestream-layers-multi.json");
    let mut children = 0;
    for (digest, entry) in document["images"].as_object().unwrap() {
        let image = by_name[digest.as_str()];
        let own = image["dockerImageLayers"].as_array().into_iter().flatten();
        let own: Vec<_> = own.map(|layer| layer["name"].clone()).collect();
        assert_eq!(entry["layers"].as_array().cloned().unwrap_or_default(), own);
        children += entry["manifests"].as_array().map_or(0, Vec::len);
        for layer in image["dockerImageLayers"].as_array().into_iter().flatten() {
            let blob = &document["blobs"][layer["name"].as_str().unwrap()];
            assert_eq!((&blob["size"], &blob["mediaType"]), (&layer["size"], &layer["mediaType"]));
        }
    }
    assert!(children > 0, "{path}");
    // Of an OCI image no configuration is named.
    let also = [".images.*.config: null", ".metadata.generation: number"];
    assert_alike("layers", &[&document], &[&recorded], &also);
}

#[test]
fn a_load_looks_as_recorded_and_the_same_seed_is_the_same_load() {
    let (one, other, third) = (loaded("7"), loaded("7"), loaded("8"));
    let (images, streams) = (made(&list(&one, "images")), made(&list(&one, "imagestreams")));
    same_shape_as_recorded(&images, &streams);
    proportions(&images, &streams);
    layers_agree(&one, &images, &streams);
    let single = one.get("sarah", &format!("{A}/images/{}", name(&images[0]))).json();
    assert_eq!(single["dockerImageMetadata"], images[0]["dockerImageMetadata"]);
    let public = |streams: Vec<Value>| -> Vec<Value> {
        // Ports differ from run to run.
        let without = streams.into_iter().map(|mut stream| {
            stream["status"].as_object_mut().unwrap().remove("publicDockerImageRepository");
            stream
        });
        without.collect()
    };
    assert_eq!(made(&list(&other, "images")), images);
    assert_eq!(public(made(&list(&other, "imagestreams"))), public(streams));
    assert_ne!(made(&list(&third, "images")), images);
    let namespace = images_of_one_project(&one);
    let projects = one.get("sarah", "/apis/project.openshift.io/v1/projects").json();
    assert!(projects["items"].as_array().unwrap().iter().any(|one| name(one) == namespace));
}

/// The project of the first made stream; a list of it is a part of the whole.
fn images_of_one_project(cluster: &Cluster) -> String {
    let all = list(cluster, "imagestreams");
    let of = |object: &Value| object["metadata"]["namespace"].as_str().unwrap().to_owned();
    let namespace = of(&made(&all)[0]);
    let part: Vec<_> = all.into_iter().filter(|one| of(one) == namespace).collect();
    assert_eq!(list(cluster, &format!("namespaces/{namespace}/imagestreams")), part);
    namespace
}

#[test]
fn pages_of_a_load_add_up_while_it_changes() {
    let cluster = loaded("1");
    let whole = list(&cluster, "images");
    let mut found = Vec::new();
    let (mut token, mut left) = (String::new(), whole.len());
    loop {
        let page = cluster.get("sarah", &format!("{A}/images?limit=90&continue={token}")).json();
        let items = page["items"].as_array().unwrap();
        left -= items.len();
        assert_eq!(page["metadata"]["remainingItemCount"].as_u64().unwrap_or(0), left as u64);
        found.extend(items.clone());
        let Some(next) = page["metadata"]["continue"].as_str() else { break };
        next.clone_into(&mut token);
        // What was not shown yet goes, and others come: the pages are of the first one's state.
        let gone = name(&whole[found.len() + 5]);
        assert_eq!(
            cluster.send("sarah", "DELETE", &format!("{A}/images/{gone}"), None).status,
            200
        );
        cluster.control("POST", "/events", r#"{"count": 5}"#);
    }
    assert_eq!(found, whole);
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let url = format!("{}{A}/images", cluster.ready().api);
    let ask = |args: &[&str]| cluster.curl(&url, &[&["-H", &bearer], args].concat());
    let (plain, packed) = (ask(&[]), ask(&["--compressed"]));
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("content-length"), None, "made while it is sent");
    assert_eq!(plain.text, packed.text);
    let metadata = ask(&["-H", "Accept: application/json;as=PartialObjectMetadataList"]).json();
    let metadata: Vec<_> =
        metadata["items"].as_array().unwrap().iter().map(|one| one["metadata"].clone()).collect();
    let whole = plain.json();
    let whole: Vec<_> =
        whole["items"].as_array().unwrap().iter().map(|one| one["metadata"].clone()).collect();
    assert_eq!(metadata, whole);
    let indented = ask(&["-A", "curl/7.88.1"]);
    assert_eq!(indented.json()["items"], plain.json()["items"]);
}

/// A watch under way; its lines.
struct Watch(Child, std::io::Lines<BufReader<std::process::ChildStdout>>);

impl Watch {
    fn start(cluster: &Cluster, path: &str) -> Self {
        let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
        let mut child = Command::new("curl")
            .args(["-sSN", "--max-time", "60", "-A", "cluster-tests/1", "-H", &bearer, "--cacert"])
            .arg(&cluster.ready().ca)
            .arg(format!("{}{A}/{path}", cluster.ready().api))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self(child, lines)
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.1.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn happened(cluster: &Cluster) -> u64 {
    cluster.control("GET", "/events", "").json()["happened"].as_u64().unwrap()
}

#[test]
fn what_is_done_to_a_load_is_seen() {
    let cluster = loaded("3");
    let version =
        |answer: &Answer| answer.json()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let before = cluster.get("sarah", &format!("{A}/imagestreams"));
    let version = version(&before);
    let streams = made(before.json()["items"].as_array().unwrap());
    let mut watch =
        Watch::start(&cluster, &format!("imagestreams?watch=1&resourceVersion={version}"));
    let (stream, other) = (&streams[0], &streams[1]);
    let path = |object: &Value, kind: &str, tail: &str| {
        let namespace = object["metadata"]["namespace"].as_str().unwrap();
        format!("{A}/namespaces/{namespace}/{kind}/{}{tail}", name(object))
    };
    let tag = path(stream, "imagestreamtags", ":latest");
    assert_eq!(cluster.send("sarah", "DELETE", &tag, None).status, 200);
    let modified = watch.next();
    assert_eq!(
        (modified["type"].as_str(), name(&modified["object"])),
        (Some("MODIFIED"), name(stream))
    );
    assert_eq!(cluster.get("sarah", &path(stream, "imagestreams", "")).json(), modified["object"]);
    assert_eq!(cluster.get("sarah", &tag).status, 404);
    let gone = path(other, "imagestreams", "");
    assert_eq!(cluster.send("sarah", "DELETE", &gone, None).status, 200);
    let deleted = watch.next();
    assert_eq!(
        (deleted["type"].as_str(), name(&deleted["object"])),
        (Some("DELETED"), name(other))
    );
    assert_eq!(cluster.get("sarah", &gone).status, 404);
    assert_eq!(made(&list(&cluster, "imagestreams")).len(), streams.len() - 2);

    cluster.control("POST", "/events", r#"{"per_second": 100, "for": 1}"#);
    let seen: Vec<_> = (0..100).map(|_| watch.next()).collect();
    assert!(seen.iter().all(|event| event["type"] != "DELETED"));
    until("all events happened", || happened(&cluster) == 100);
    let images = list(&cluster, "images");
    let newest = seen.iter().rev().find_map(|event| {
        let tags = event["object"]["status"]["tags"].as_array()?;
        let latest = tags.iter().find(|tag| tag["tag"] == "latest")?;
        latest["items"][0]["image"].as_str().map(str::to_owned)
    });
    let newest = newest.unwrap();
    assert!(images.iter().any(|image| name(image) == newest), "{newest}");
    let streams_after = list(&cluster, "imagestreams");
    let last = &seen[99]["object"];
    assert!(
        streams_after.iter().any(|stream| stream["metadata"]["uid"] == last["metadata"]["uid"]
            && stream["status"] == last["status"])
    );
    // What happens is the seed's choice too.
    let twin = loaded("3");
    twin.send("sarah", "DELETE", &tag, None);
    twin.send("sarah", "DELETE", &gone, None);
    twin.control("POST", "/events", r#"{"count": 100}"#);
    let digests = |cluster: &Cluster| -> Vec<String> {
        list(cluster, "images").iter().map(|image| name(image).to_owned()).collect()
    };
    assert_eq!(digests(&cluster), digests(&twin));
    cluster.control("POST", "/history/compact", "");
    let mut late =
        Watch::start(&cluster, &format!("imagestreams?watch=1&resourceVersion={version}"));
    assert_eq!(late.next()["object"]["code"], 410);
}
