// SPDX-License-Identifier: LGPL-2.1-or-later

//! Undoing in a plain registry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use images_proto::delete::Step;
use images_proto::history::UndoneItem;
use images_proto::{Code, Digest};

use super::super::distribution;
use super::{Meter, Report, left, tag};
use crate::record::{Kept, KeptManifest};
use crate::registry::tests::{Server, reply, serve};

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn kept(text: String) -> (Digest, KeptManifest) {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
    let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
    (Digest::from_bytes(bytes), KeptManifest { media_type, text })
}

/// An image whose layer has this digest, and a config that all share.
fn image(layer: u8) -> (Digest, KeptManifest) {
    kept(format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{}"}},"layers":[{{"digest":"{}"}}]}}"#,
        digest(200),
        digest(layer)
    ))
}

fn index(children: &[Digest]) -> (Digest, KeptManifest) {
    let children: Vec<_> =
        children.iter().map(|child| format!(r#"{{"digest":"{child}"}}"#)).collect();
    kept(format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, children.join(",")))
}

#[derive(Default)]
struct World {
    /// References to what they name.
    manifests: BTreeMap<String, Digest>,
    blobs: BTreeSet<Digest>,
    log: Vec<String>,
    /// It says yes and does nothing.
    lies: bool,
    /// Requests that are too many.
    busy: usize,
}

impl World {
    /// `tags` says what a tag will name that is put: the server does not see the bytes.
    fn answer(&mut self, line: &str, tags: &BTreeMap<String, Digest>) -> Vec<u8> {
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (kind, reference) =
            path.strip_prefix("/v2/shop/api/").unwrap().split_once('/').unwrap();
        if self.busy > 0 {
            self.busy -= 1;
            return reply("429 Too Many Requests", "", "");
        }
        if method == "PUT" {
            self.log.push(reference.to_owned());
            let named = reference.parse().ok().or_else(|| tags.get(reference).copied());
            if !self.lies {
                self.manifests.insert(reference.to_owned(), named.unwrap());
            }
            return reply("201 Created", "", "");
        }
        let found = match kind {
            "blobs" => reference.parse().ok().filter(|digest| self.blobs.contains(digest)),
            _ => self.manifests.get(reference).copied(),
        };
        let body = |text: &'static str| if method == "HEAD" { "" } else { text };
        match found {
            Some(digest) => {
                let header = format!("Docker-Content-Digest: {digest}\r\n");
                reply("200 OK", &header, body("{}"))
            }
            None => reply("404 Not Found", "", body(r#"{"errors":[{"code":"UNKNOWN"}]}"#)),
        }
    }
}

struct Test {
    world: Arc<Mutex<World>>,
    server: Server,
    kept: Kept,
}

impl Test {
    /// A registry that has these blobs and nothing else.
    async fn new(
        blobs: &[u8],
        manifests: impl IntoIterator<Item = (Digest, KeptManifest)>,
        tags: &[(&str, Digest)],
    ) -> Self {
        let blobs = blobs.iter().map(|byte| digest(*byte)).collect();
        let world = Arc::new(Mutex::new(World { blobs, ..World::default() }));
        let tags: BTreeMap<_, _> = tags.iter().map(|(tag, it)| ((*tag).to_owned(), *it)).collect();
        let answering = world.clone();
        let server = serve(move |line| answering.lock().unwrap().answer(line, &tags)).await;
        let kept = Kept { manifests: manifests.into_iter().collect(), ..Kept::default() };
        Self { world, server, kept }
    }

    async fn undo(&self, steps: &[Step]) -> Vec<UndoneItem> {
        self.report(steps).await.items
    }

    async fn report(&self, steps: &[Step]) -> Report {
        let steps: Vec<_> = steps.iter().collect();
        let mut tell = |_| ();
        let meter = Meter::new(&mut tell, 1);
        distribution::undo(&self.server.registry, &self.kept, &steps, &meter).await
    }

    fn puts(&self) -> Vec<String> {
        self.world.lock().unwrap().log.clone()
    }

    fn set(&self, reference: &str, digest: Digest) {
        self.world.lock().unwrap().manifests.insert(reference.to_owned(), digest);
    }
}

fn step(digest: Digest, tags: &[&str]) -> Step {
    let tags = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    Step::Manifest { repository: "shop/api".parse().unwrap(), digest, tags }
}

#[tokio::test]
async fn images_come_back_before_their_index_and_that_before_its_tags() {
    let (one, other) = (image(1), image(2));
    let both = index(&[one.0, other.0]);
    let (first, second, all) = (one.0, other.0, both.0);
    let test = Test::new(&[1, 2, 200], [one, other, both], &[("v1", all), ("v2", all)]).await;
    test.world.lock().unwrap().busy = 2;
    let items = test.undo(&[step(all, &["v1", "v2"])]).await;
    assert_eq!(left(&items), [("v1", None), ("v2", None)]);
    assert_eq!((items[0].digest, items[0].revisions), (Some(all), 1));
    let puts = test.puts();
    assert_eq!(puts.len(), 5, "{puts:?}");
    let children: BTreeSet<_> = puts[..2].iter().cloned().collect();
    assert_eq!(children, [first.to_string(), second.to_string()].into());
    assert_eq!(puts[2], all.to_string());
    assert_eq!(test.undo(&[step(all, &["v1", "v2"])]).await, items);
    assert_eq!(test.puts().len(), 5, "what is there is left alone");
}

#[tokio::test]
async fn without_its_blobs_nothing_comes_back() {
    let (one, other) = (image(1), image(2));
    let both = index(&[one.0, other.0]);
    let (first, all) = (one.0, both.0);
    let tags = [("all", all), ("one", first)];
    let test = Test::new(&[1, 200], [one, other, both], &tags).await;
    let items = test.undo(&[step(all, &["all"]), step(first, &["one"])]).await;
    assert_eq!(left(&items), [("all", Some(Code::NotFound)), ("one", None)]);
    assert_eq!(test.puts(), [first.to_string(), "one".to_owned()], "no half of an index");
    assert_eq!(items[0].digest, None);
}

#[tokio::test]
async fn images_without_a_tag_are_told_too() {
    let (one, other) = (image(1), image(2));
    let (there, lost) = (one.0, other.0);
    let test = Test::new(&[1, 200], [one, other], &[]).await;
    let report = test.report(&[step(there, &[]), step(lost, &[])]).await;
    assert_eq!((report.items.len(), report.untagged), (0, 1));
    assert_eq!(report.failures.len(), 1, "{report:?}");
    assert_eq!(report.failures[0].code, Code::NotFound);
    assert_eq!(test.puts(), [there.to_string()]);
    test.world.lock().unwrap().lies = true;
    test.world.lock().unwrap().manifests.clear();
    let report = test.report(&[step(there, &[])]).await;
    assert_eq!((report.untagged, report.failures[0].code), (0, Code::Conflict));
}

#[tokio::test]
async fn a_tag_of_a_manifest_that_stayed_is_put_alone() {
    let one = image(1);
    let digest = one.0;
    let test = Test::new(&[], [one], &[("v1", digest)]).await;
    test.set(&digest.to_string(), digest);
    let step = Step::Tag { tag: tag("v1"), digest: Some(digest) };
    assert_eq!(left(&test.undo(&[step]).await), [("v1", None)]);
    assert_eq!(test.puts(), ["v1"]);
}

#[tokio::test]
async fn what_was_pushed_meanwhile_is_left_alone() {
    let one = image(1);
    let wanted = one.0;
    let test = Test::new(&[1, 200], [one], &[("v1", wanted)]).await;
    test.set("v1", digest(9));
    let items = test.undo(&[step(wanted, &["v1"])]).await;
    assert_eq!(left(&items), [("v1", Some(Code::Conflict))]);
    assert!(!test.puts().contains(&"v1".to_owned()));
}

#[tokio::test]
async fn what_was_not_remembered_cannot_come_back() {
    let test = Test::new(&[], [], &[]).await;
    let items = test.undo(&[step(digest(1), &["v1"])]).await;
    assert_eq!(left(&items), [("v1", Some(Code::NotFound))]);
}

#[tokio::test]
async fn a_yes_proves_nothing() {
    let one = image(1);
    let wanted = one.0;
    let test = Test::new(&[1, 200], [one], &[("v1", wanted)]).await;
    test.world.lock().unwrap().lies = true;
    let items = test.undo(&[step(wanted, &["v1"])]).await;
    assert_eq!(left(&items), [("v1", Some(Code::Conflict))]);
}
