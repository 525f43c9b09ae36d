// SPDX-License-Identifier: LGPL-2.1-or-later

//! The source that reads a registry's own catalog, against a registry of a page of code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use images_proto::status::Phase;
use images_proto::{Code, Digest};

use super::tag_ref;
use crate::registry::tests::{Server, reply, serve};
use crate::session::settings::Settings;
use crate::session::state::State;
use crate::source::{Connection, Source};

#[derive(Default)]
struct World {
    /// `NAME:TAG` to the number of the image.
    tags: BTreeMap<String, u8>,
    log: Vec<String>,
    /// No `_catalog`.
    no_catalog: bool,
    /// A tag that nobody can read.
    broken: Option<String>,
}

/// The manifest of an image, as text, and its digest.
fn manifest(image: u8) -> (String, Digest) {
    let layer = Digest::from_bytes([200; 32]);
    let own = Digest::from_bytes([image; 32]);
    let text = format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{own}","size":3}},"layers":[{{"digest":"{layer}","size":7}}]}}"#
    );
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref());
    (text, Digest::from_bytes(digest))
}

fn not_found() -> Vec<u8> {
    reply("404 Not Found", "", r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#)
}

/// An answer to HEAD has no body.
fn head(status: &str, digest: Option<Digest>) -> Vec<u8> {
    let digest = digest.map(|digest| format!("Docker-Content-Digest: {digest}\r\n"));
    reply(status, &digest.unwrap_or_default(), "")
}

fn answer(world: &mut World, line: &str) -> Vec<u8> {
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    world.log.push(format!("{method} {target}"));
    let path = target.split('?').next().unwrap().strip_prefix("/v2/").unwrap();
    if path.is_empty() {
        return reply("200 OK", "", "{}");
    }
    if path == "_catalog" {
        if world.no_catalog {
            return reply("401 Unauthorized", "", r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#);
        }
        let mut names: Vec<_> =
            world.tags.keys().map(|tag| tag.split_once(':').unwrap().0).collect();
        names.dedup();
        return reply("200 OK", "", &format!(r#"{{"repositories":{names:?}}}"#));
    }
    if let Some(name) = path.strip_suffix("/tags/list") {
        let tags: Vec<_> =
            world.tags.keys().filter_map(|tag| tag.strip_prefix(name)?.strip_prefix(':')).collect();
        return reply("200 OK", "", &format!(r#"{{"name":"{name}","tags":{tags:?}}}"#));
    }
    let Some((name, reference)) = path.split_once("/manifests/") else { return not_found() };
    let found = world.tags.iter().find_map(|(tag, image)| {
        let (of, tag) = tag.split_once(':').unwrap();
        let (text, digest) = manifest(*image);
        let matches = of == name && (tag == reference || digest.to_string() == reference);
        matches.then_some((text, digest))
    });
    let broken = world.broken.as_deref() == Some(&*format!("{name}:{reference}"));
    match (method, found) {
        ("HEAD", _) if broken => head("500 Internal Server Error", None),
        ("GET", _) if broken => reply("500 Internal Server Error", "", ""),
        ("HEAD", Some((_, digest))) => head("200 OK", Some(digest)),
        ("HEAD", None) => head("404 Not Found", None),
        ("GET", Some((text, _))) => reply("200 OK", "", &text),
        _ => not_found(),
    }
}

struct Work {
    world: Arc<Mutex<World>>,
    state: State,
    connection: Connection,
    _server: Server,
}

/// A registry with these tags, and a connection to it.
async fn connect(tags: &[(&str, u8)]) -> Work {
    let tags = tags.iter().map(|(tag, image)| ((*tag).to_owned(), *image)).collect();
    let world = Arc::new(Mutex::new(World { tags, ..World::default() }));
    let at = world.clone();
    let server = serve(move |line| answer(&mut at.lock().unwrap(), line)).await;
    let settings =
        Settings { registry: Some((server.address.clone(), "a test")), ..Settings::default() };
    let state = State::default();
    let connection = Connection::to(None, settings, Arc::default(), &state).await.unwrap();
    Work { world, state, connection, _server: server }
}

impl Work {
    /// Reads everything once.
    async fn fill(&self) {
        let mut changes = self.state.changes();
        let settled = async {
            while !self.state.is_settled() {
                changes.changed().await.unwrap();
            }
        };
        tokio::select! {
            result = self.connection.run(&self.state) => panic!("{:?}", result.err()),
            () = settled => {}
        }
        self.state.set_phase(Phase::Connecting);
        self.state.set_settled(false);
    }

    fn count(&self, start: &str) -> usize {
        self.world.lock().unwrap().log.iter().filter(|line| line.starts_with(start)).count()
    }
}

const TAGS: [(&str, u8); 5] = [
    ("shop/api:latest", 1),
    ("shop/api:v1", 1),
    ("shop/api:v2", 2),
    ("tools/scan:v1", 1),
    ("tools/scan:v2", 3),
];

#[tokio::test]
async fn a_manifest_is_read_once_and_a_second_look_asks_for_tags_alone() {
    let work = connect(&TAGS).await;
    assert!(matches!(work.connection.source(), Source::Distribution(_)));
    work.fill().await;
    let counts = work.state.catalog().counts();
    assert_eq!((counts.repositories, counts.tags, counts.images), (2, 5, 3));
    assert_eq!((work.count("HEAD"), work.count("GET /v2/shop/api/manifests")), (0, 3));
    assert_eq!(work.count("GET /v2/tools/scan/manifests"), 2, "with one request for each tag");
    work.world.lock().unwrap().log.clear();

    work.world.lock().unwrap().tags.remove("tools/scan:v1");
    work.world.lock().unwrap().tags.insert("shop/new:v1".to_owned(), 2);
    work.fill().await;
    let counts = work.state.catalog().counts();
    assert_eq!((counts.repositories, counts.tags), (3, 5));
    assert_eq!(work.count("HEAD"), 4, "of these the images are known");
    let manifests = |line: &&String| line.starts_with("GET") && line.contains("/manifests/");
    let asked: Vec<_> = work.world.lock().unwrap().log.iter().filter(manifests).cloned().collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("shop/new"), "{asked:?}");
}

#[tokio::test]
async fn one_broken_tag_does_not_hide_the_others() {
    let work = connect(&TAGS).await;
    work.world.lock().unwrap().broken = Some("shop/api:v2".to_owned());
    work.fill().await;
    let broken = work.state.catalog().tag(&tag_ref("shop/api:v2")).unwrap();
    assert!(broken.revisions.is_empty());
    assert!(broken.problem.unwrap().contains("500"));
    assert!(!work.state.catalog().tag(&tag_ref("shop/api:v1")).unwrap().revisions.is_empty());
}

#[tokio::test]
async fn a_registry_without_a_catalog_says_so() {
    let work = connect(&TAGS).await;
    work.world.lock().unwrap().no_catalog = true;
    let failure = work.connection.run(&work.state).await.unwrap_err();
    assert_eq!(failure.code, Code::Unauthenticated);
    assert!(failure.message.contains("list of repositories"), "{}", failure.message);
}
