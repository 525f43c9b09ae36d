// SPDX-License-Identifier: LGPL-2.1-or-later

//! The source that reads a registry's own catalog, and deleting there, against a registry of a page
//! of code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use images_proto::delete::{Outcome, Params, Target};
use images_proto::status::Phase;
use images_proto::{Code, Digest};

use super::tag_ref;
use crate::action;
use crate::registry::tests::{Server, reply, serve};
use crate::session::settings::Settings;
use crate::session::state::State;
use crate::source::{Connection, Source};

#[derive(Default)]
struct World {
    /// `NAME:TAG` to the number of the image.
    tags: BTreeMap<String, u8>,
    log: Vec<String>,
    /// What a DELETE answers, and whether it deletes.
    refuse_delete: bool,
    deletes_do_nothing: bool,
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
        ("HEAD", Some((_, digest))) => head("200 OK", Some(digest)),
        ("HEAD", None) => head("404 Not Found", None),
        ("GET", Some((text, _))) => reply("200 OK", "", &text),
        ("DELETE", Some(_)) if world.refuse_delete => {
            reply("405 Method Not Allowed", "", r#"{"errors":[{"code":"UNSUPPORTED"}]}"#)
        }
        ("DELETE", Some((_, digest))) => {
            if !world.deletes_do_nothing {
                let prefix = format!("{name}:");
                world
                    .tags
                    .retain(|tag, image| !tag.starts_with(&prefix) || manifest(*image).1 != digest);
            }
            reply("202 Accepted", "", "")
        }
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

    async fn delete(&self, targets: &[&str], agreed: &[&str]) -> Vec<Outcome> {
        let params = Params {
            targets: targets.iter().map(|tag| Target::Tag(tag_ref(tag))).collect(),
            agreed: agreed.iter().map(|tag| tag_ref(tag)).collect(),
            planned: Vec::new(),
        };
        let receipt = action::delete(&self.connection, &self.state, params, |_| ()).await.unwrap();
        receipt.items.into_iter().map(|item| item.outcome).collect()
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
    assert_eq!((work.count("HEAD"), work.count("GET /v2/shop/api/manifests")), (5, 2));
    assert_eq!(work.count("GET /v2/tools/scan/manifests"), 1, "image 1 is known from shop/api");
    work.world.lock().unwrap().log.clear();

    work.world.lock().unwrap().tags.remove("tools/scan:v1");
    work.world.lock().unwrap().tags.insert("shop/new:v1".to_owned(), 2);
    work.fill().await;
    let counts = work.state.catalog().counts();
    assert_eq!((counts.repositories, counts.tags), (3, 5));
    assert_eq!(work.count("HEAD"), 5);
    let manifests = |line: &String| line.starts_with("GET") && line.contains("/manifests/");
    assert!(!work.world.lock().unwrap().log.iter().any(manifests));
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

#[tokio::test]
async fn a_manifest_is_deleted_once_for_all_tags_that_were_agreed_on() {
    let work = connect(&TAGS).await;
    work.fill().await;
    let [outcome] = &work.delete(&["shop/api:v1"], &[]).await[..] else { panic!() };
    assert!(
        matches!(outcome, Outcome::Kept(failure) if failure.message.contains("shop/api:latest"))
    );
    assert_eq!(work.count("DELETE"), 0);

    let outcomes = work.delete(&["shop/api:v1", "shop/api:gone"], &["shop/api:latest"]).await;
    assert_eq!(outcomes, [Outcome::Deleted, Outcome::Absent]);
    assert_eq!(work.count("DELETE"), 1);
    let left: Vec<_> = work.world.lock().unwrap().tags.keys().cloned().collect();
    assert_eq!(left, ["shop/api:v2", "tools/scan:v1", "tools/scan:v2"]);
    assert!(work.state.catalog().tag(&tag_ref("shop/api:latest")).is_none());
    assert!(work.state.catalog().tag(&tag_ref("tools/scan:v1")).is_some());
}

#[tokio::test]
async fn two_tags_on_one_manifest_are_one_request() {
    let work = connect(&TAGS).await;
    let outcomes = work.delete(&["shop/api:v1", "shop/api:latest"], &[]).await;
    assert_eq!(outcomes, [Outcome::Deleted, Outcome::Deleted]);
    assert_eq!(work.count("DELETE"), 1);
}

#[tokio::test]
async fn a_tag_that_came_since_the_plan_is_not_lost() {
    let work = connect(&[("shop/api:v1", 1)]).await;
    work.fill().await;
    // Nobody told the bridge.
    work.world.lock().unwrap().tags.insert("shop/api:prod".to_owned(), 1);
    let outcomes = work.delete(&["shop/api:v1"], &[]).await;
    assert!(matches!(&outcomes[0], Outcome::Kept(failure) if failure.code == Code::Conflict));
    assert_eq!(work.world.lock().unwrap().tags.len(), 2);
}

#[tokio::test]
async fn a_yes_that_does_nothing_is_no_deletion() {
    let work = connect(&TAGS).await;
    work.world.lock().unwrap().deletes_do_nothing = true;
    let outcomes = work.delete(&["shop/api:v2"], &[]).await;
    assert!(
        matches!(&outcomes[0], Outcome::Kept(failure) if failure.message.contains("still there"))
    );
}

#[tokio::test]
async fn deletion_switched_off_is_told_with_the_remedy() {
    let work = connect(&TAGS).await;
    work.world.lock().unwrap().refuse_delete = true;
    let outcomes = work.delete(&["shop/api:v2"], &[]).await;
    let Outcome::Kept(failure) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(failure.code, Code::Unsupported);
    assert!(failure.fix.as_ref().unwrap().contains("REGISTRY_STORAGE_DELETE_ENABLED"));
}

#[tokio::test]
async fn the_plan_names_the_tags_that_go_along() {
    let work = connect(&TAGS).await;
    let params =
        Params { targets: vec![Target::Tag(tag_ref("shop/api:v1"))], ..Default::default() };
    let plan = action::plan(&work.connection, &work.state, params).await.unwrap();
    let mut goes = plan.items[0].goes.clone();
    goes.sort();
    assert_eq!(goes, [tag_ref("shop/api:latest"), tag_ref("shop/api:v1")]);
    assert!(plan.items[0].refused.is_none());
}

/// A tag that cannot be read may be on the very manifest that is deleted.
#[tokio::test]
async fn nothing_goes_while_a_tag_cannot_be_read() {
    let work = connect(&TAGS).await;
    work.fill().await;
    work.world.lock().unwrap().broken = Some("shop/api:latest".to_owned());
    let outcomes = work.delete(&["shop/api:v1", "shop/api:latest"], &[]).await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Outcome::Kept(failure) if failure.code == Code::BadAnswer));
    }
    assert_eq!(work.count("DELETE"), 0);
}

/// Whoever agreed to lose `latest` meant the image that it named then.
#[tokio::test]
async fn a_tag_that_moved_is_not_taken_along_either() {
    let work = connect(&TAGS).await;
    work.fill().await;
    work.world.lock().unwrap().tags.insert("shop/api:latest".to_owned(), 2);
    let tags = ["shop/api:latest", "shop/api:v2"].map(tag_ref);
    let params = Params {
        targets: tags.iter().cloned().map(Target::Tag).collect(),
        agreed: tags.to_vec(),
        planned: vec![Some(manifest(1).1), Some(manifest(2).1)],
    };
    let receipt = action::delete(&work.connection, &work.state, params, |_| ()).await.unwrap();
    for item in &receipt.items {
        assert!(matches!(&item.outcome, Outcome::Kept(failure) if failure.code == Code::Conflict));
    }
    assert_eq!(work.count("DELETE"), 0);
}

#[tokio::test]
async fn a_deletion_has_no_say_in_another_clusters_catalog() {
    let params =
        || Params { targets: vec![Target::Tag(tag_ref("shop/api:v2"))], ..Params::default() };
    // Somebody chooses another cluster before the first deletion.
    let work = connect(&TAGS).await;
    work.fill().await;
    let done =
        action::delete(&work.connection, &work.state, params(), |_| work.state.forget()).await;
    assert_eq!(done.unwrap_err().code, Code::Conflict);
    assert_eq!(work.count("DELETE"), 0);
    assert_eq!(work.state.catalog().counts().repositories, 0);

    // And after it.
    let work = connect(&TAGS).await;
    work.fill().await;
    let forget = |progress: images_proto::Progress| {
        if progress.done == 1 {
            work.state.forget();
        }
    };
    let done = action::delete(&work.connection, &work.state, params(), forget).await.unwrap();
    assert_eq!(work.count("DELETE"), 1);
    assert!(matches!(done.items[0].outcome, Outcome::Unproved(_)), "{done:?}");
    assert_eq!(work.state.catalog().counts().repositories, 0);

    // A plan is of the catalog that was read for it.
    let work = connect(&TAGS).await;
    work.fill().await;
    let (plan, ()) = tokio::join!(biased; action::plan(&work.connection, &work.state, params()), async {
        work.state.forget();
    });
    assert_eq!(plan.unwrap_err().code, Code::Conflict);
}
