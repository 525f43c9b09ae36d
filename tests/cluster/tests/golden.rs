// SPDX-License-Identifier: LGPL-2.1-or-later
//! Our answers have the recorded ones' fields and types: none invented, none left out.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;
#[path = "common/shape.rs"]
mod shape;

use common::{A, Cluster, golden};
use serde_json::Value;
use shape::assert_alike;

fn items(list: &Value) -> Vec<&Value> {
    let items = if list["items"].is_array() { &list["items"] } else { &list["rows"] };
    items.as_array().unwrap().iter().collect()
}

/// The list around the items.
fn frame(list: &Value) -> Value {
    let mut frame = list.clone();
    let fields = frame.as_object_mut().unwrap();
    fields.remove("items");
    fields.remove("rows");
    frame
}

/// Compares two lists, and all items with all items.
fn lists_alike(what: &str, ours: &Value, recorded: &Value, also: &[&str]) {
    assert_alike(what, &[&frame(ours)], &[&frame(recorded)], also);
    assert_alike(what, &items(ours), &items(recorded), also);
    for field in ["kind", "apiVersion", "columnDefinitions"] {
        assert_eq!(ours[field], recorded[field], "{what}");
    }
}

fn as_form(cluster: &Cluster, path: &str, form: &str) -> Value {
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let accept = format!("Accept: application/json;as={form};v=v1;g=meta.k8s.io");
    cluster.curl(&format!("{}{path}", cluster.ready().api), &["-H", &bearer, "-H", &accept]).json()
}

#[test]
fn streams_look_as_recorded() {
    let cluster = Cluster::openshift();
    let list = cluster.get("sarah", &format!("{A}/imagestreams")).json();
    lists_alike("imagestreams", &list, &golden("imagestreams-list.json"), &[]);
    let singles = ["", "-imported", "-bad", "-promoted", "-external", "-needauth", "-broken"];
    let singles = singles.map(|which| golden(&format!("imagestream{which}.json")));
    let recorded: Vec<_> = singles.iter().collect();
    for (namespace, name) in
        [("skyfield", "frontend"), ("tools", "vendor"), ("tools", "missing"), ("shop", "frontend")]
    {
        assert_alike(name, &[&cluster.stream(namespace, name)], &recorded, &[]);
    }
    let table = as_form(&cluster, &format!("{A}/imagestreams?limit=2"), "Table");
    lists_alike("imagestreams table", &table, &golden("imagestreams-table.json"), &[]);
    let layers = |path: &str| {
        cluster.get("greg", &format!("{A}/namespaces/skyfield/imagestreams/{path}/layers"))
    };
    let recorded = [golden("imagestream-layers.json"), golden("imagestream-layers-multi.json")];
    assert_alike("layers", &[&layers("frontend").json()], &[&recorded[0]], &[]);
    let multi =
        cluster.get("sarah", &format!("{A}/namespaces/tools/imagestreams/cli/layers")).json();
    assert_alike("layers of a list", &[&multi], &[&recorded[1]], &[]);
}

#[test]
fn images_look_as_recorded() {
    let cluster = Cluster::openshift();
    let list = cluster.get("sarah", &format!("{A}/images")).json();
    let recorded = golden("images-list.json");
    // By manifest type: a list has other fields than an image.
    for kind in [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ] {
        let of = |list: &'static str, all: &Value| -> Vec<Value> {
            let fits = items(all)
                .into_iter()
                .filter(|image| image["dockerImageManifestMediaType"] == kind);
            let found: Vec<_> = fits.cloned().collect();
            assert!(!found.is_empty(), "{kind} in {list}");
            found
        };
        let (mut ours, theirs) = (of("ours", &list), of("the recording", &recorded));
        // A signature by cosign is an image almost without metadata; none was recorded.
        ours.retain(|image| {
            image["dockerImageLayers"][0]["mediaType"]
                != "application/vnd.dev.cosign.simplesigning.v1+json"
        });
        // The recorded OCI images had no user and no volumes.
        let also = [
            ".dockerImageMetadata.Config.User: string",
            ".dockerImageMetadata.Config.Volumes: object",
            ".dockerImageMetadata.Config.Volumes.*: object",
            ".dockerImageMetadata.Config.ExposedPorts: object",
            ".dockerImageMetadata.Config.ExposedPorts.*: object",
        ];
        let ours: Vec<_> = ours.iter().collect();
        assert_alike(kind, &ours, &theirs.iter().collect::<Vec<_>>(), &also);
    }
    let table = as_form(&cluster, &format!("{A}/images?limit=2"), "Table");
    lists_alike("images table", &table, &golden("images-table.json"), &[]);
    let metadata = as_form(&cluster, &format!("{A}/images?limit=2"), "PartialObjectMetadataList");
    lists_alike("images metadata", &metadata, &golden("images-partialmetadata.json"), &[]);
    let digest = cluster.history("skyfield", "frontend", "v3").remove(0);
    let one = cluster.get("sarah", &format!("{A}/images/{digest}")).json();
    let singles = [golden("image.json"), golden("image-imported.json")];
    assert_alike("image", &[&one], &singles.iter().collect::<Vec<_>>(), &[]);
    let isimage = format!("{A}/namespaces/skyfield/imagestreamimages/frontend@{}", &digest[..20]);
    let mut recorded = golden("imagestreamimage.json");
    recorded["image"].as_object_mut().unwrap().remove("signatures");
    assert_alike("imagestreamimage", &[&cluster.get("greg", &isimage).json()], &[&recorded], &[]);
}

#[test]
fn tags_look_as_recorded() {
    let cluster = Cluster::openshift();
    let tags = format!("{A}/namespaces/tools/imagestreamtags");
    let list = cluster.get("sarah", &tags).json();
    lists_alike("imagestreamtags", &list, &golden("imagestreamtags-list.json"), &[]);
    lists_alike(
        "imagestreamtags table",
        &as_form(&cluster, &tags, "Table"),
        &golden("imagestreamtags-table.json"),
        &[],
    );
    let itags = cluster.get("sarah", &format!("{A}/namespaces/tools/imagetags")).json();
    lists_alike("imagetags", &itags, &golden("imagetags-list.json"), &[]);
    let recorded = ["", "-spec"].map(|which| {
        let mut tag = golden(&format!("imagestreamtag{which}.json"));
        tag["image"].as_object_mut().unwrap().remove("signatures");
        tag
    });
    for name in ["frontend:v1", "frontend:test"] {
        let tag =
            cluster.get("greg", &format!("{A}/namespaces/skyfield/imagestreamtags/{name}")).json();
        assert_alike(name, &[&tag], &recorded.iter().collect::<Vec<_>>(), &[]);
    }
    let multi = cluster.get("sarah", &format!("{tags}/cli:latest")).json();
    assert_alike("cli:latest", &[&multi], &[&golden("imagestreamtag-multi.json")], &[]);
}

#[test]
fn the_rest_looks_as_recorded() {
    let cluster = Cluster::openshift();
    assert_eq!(cluster.get("greg", "/version").json(), golden("version.json"));
    let projects = cluster.get("sarah", "/apis/project.openshift.io/v1/projects").json();
    let ours: Vec<_> = items(&projects)
        .into_iter()
        .filter(|one| one["metadata"]["annotations"].is_object())
        .collect();
    let recorded = golden("projects.json");
    let described = items(&recorded).into_iter();
    let described: Vec<_> = described
        .filter(|one| one["metadata"]["annotations"]["openshift.io/requester"].is_string())
        .collect();
    assert_alike("projects", &ours, &described, &[]);
    let myself = cluster.get("greg", "/apis/user.openshift.io/v1/users/~").json();
    assert_alike("users/~", &[&myself], &[&golden("user-self.json")], &[]);
    let namespace = "/api/v1/namespaces/openshift-image-registry";
    for (path, recording) in
        [("services", "service-image-registry"), ("endpoints", "endpoints-image-registry")]
    {
        let one = cluster.get("sarah", &format!("{namespace}/{path}/image-registry")).json();
        let recorded = golden(&format!("{recording}.json"));
        let also = [
            ".spec.selector: object",
            ".spec.selector.*: string",
            ".metadata.labels: object",
            ".metadata.labels.*: string",
        ];
        assert_alike(path, &[&one], &[&recorded], &also);
    }
}

#[test]
fn discovery_names_nothing_that_the_real_one_lacks() {
    let cluster = Cluster::openshift();
    for (path, recording) in [
        ("/api/v1", "api-v1"),
        ("/apis/authorization.openshift.io/v1", "apis-authorization.openshift.io-v1"),
        ("/apis/image.openshift.io/v1", "apis-image.openshift.io-v1"),
        ("/apis/project.openshift.io/v1", "apis-project.openshift.io-v1"),
        ("/apis/user.openshift.io/v1", "apis-user.openshift.io-v1"),
    ] {
        let (ours, recorded) =
            (cluster.get("greg", path).json(), golden(&format!("{recording}.json")));
        assert_eq!(ours["groupVersion"], recorded["groupVersion"]);
        for one in ours["resources"].as_array().unwrap() {
            let real = recorded["resources"].as_array().unwrap().iter();
            let real = real.clone().find(|real| real["name"] == one["name"]).unwrap();
            for field in ["singularName", "namespaced", "kind", "shortNames"] {
                assert_eq!(one[field], real[field], "{}", one["name"]);
            }
            let verbs = real["verbs"].as_array().unwrap();
            assert!(one["verbs"].as_array().unwrap().iter().all(|verb| verbs.contains(verb)));
        }
    }
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let bearer = format!("Authorization: Bearer {}", cluster.token("greg"));
    let header = format!("Accept: {accept}");
    let url = format!("{}/apis", cluster.ready().api);
    let at_once = cluster.curl(&url, &["-H", &bearer, "-H", &header]);
    assert_eq!(at_once.header("content-type"), Some(accept));
    let at_once = at_once.json();
    let groups = at_once["items"].as_array().unwrap();
    let images = groups.iter().find(|group| group["metadata"]["name"] == "image.openshift.io");
    let resources = images.unwrap()["versions"][0]["resources"].as_array().unwrap();
    let streams = resources.iter().find(|one| one["resource"] == "imagestreams").unwrap();
    assert_eq!(streams["scope"], "Namespaced");
    assert_eq!(streams["subresources"][0]["subresource"], "layers");
    let plain = Cluster::plain();
    assert_eq!(plain.get("sarah", "/apis/image.openshift.io/v1").status, 404);
    assert!(!plain.get("sarah", "/apis").text.contains("openshift"));
}
