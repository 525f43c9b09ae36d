// SPDX-License-Identifier: LGPL-2.1-or-later

//! Promotions against a registry, and a cluster, that do what they are told, except for what a test
//! has them do wrong.

use std::sync::MutexGuard;
use std::time::Duration;

use images_proto::TagRef;
use images_proto::history::State as Standing;
use tempfile::TempDir;
use tokio::time::timeout;

use super::super::delete::tests::world::{Server, World, image, index, tag_ref, tags};
use super::*;
use crate::session::settings::Settings;

/// A registry, and a session's parts that know it.
struct Scene {
    server: Server,
    state: State,
    connection: Connection,
    records: Records,
    promotions: Promotions,
    _folder: TempDir,
}

impl Scene {
    async fn new(is_openshift: bool, fill: impl FnOnce(&mut World)) -> Self {
        let server = Server::start(is_openshift).await;
        fill(&mut server.world());
        let registry = Some((server.address.clone(), "a test"));
        let settings = Settings { registry, ..Settings::default() };
        let state = State::default();
        let cluster = is_openshift.then(|| server.cluster());
        let connection = Connection::to(cluster, settings, Arc::default(), &state).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let records = Records::in_folder(folder.path());
        let names: Vec<_> =
            server.world().repositories.keys().map(|name| name.parse().unwrap()).collect();
        connection.reread(&state, &names).await.unwrap();
        state.update(|catalog| catalog.set_listed(true));
        server.world().log.clear();
        let promotions = Promotions::default();
        Self { server, state, connection, records, promotions, _folder: folder }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.server.world()
    }

    fn ground(&self) -> Ground<'_> {
        let Self { connection, state, records, promotions, .. } = self;
        Ground { connection, state, records, promotions, read: &Unreadable }
    }

    async fn plan(&self, moves: &[Move]) -> Plan {
        plan_promotion(self.ground(), Wanted { moves: moves.to_vec() }).await.unwrap()
    }

    async fn try_promote(&self, moves: &[Move], plan: &Plan) -> Result<Receipt, Failure> {
        let agreed = Agreed {
            wanted: Wanted { moves: moves.to_vec() },
            fingerprint: plan.fingerprint.clone(),
            reason: Some("it works".to_owned()),
        };
        let promoting = promote(self.ground(), agreed, |_| ());
        timeout(Duration::from_secs(60), promoting).await.unwrap()
    }

    async fn promote(&self, moves: &[Move]) -> Receipt {
        let plan = self.plan(moves).await;
        self.try_promote(moves, &plan).await.unwrap()
    }
}

/// The configs of these images are nowhere.
struct Unreadable;

impl Reader for Unreadable {
    fn details<'a>(
        &'a self,
        _: &'a RepositoryName,
        _: &'a Digest,
    ) -> BoxFuture<'a, Result<Arc<Details>, Failure>> {
        Box::pin(async { Err(Failure::new(Code::NotFound, "There is no config.")) })
    }
}

fn to(from: &str, digest: Digest, tag: &str) -> Move {
    Move { from: from.parse().unwrap(), digest, to: tag_ref(tag) }
}

fn signature(of: &Digest) -> String {
    format!("sha256-{}.sig", of.hex())
}

/// An index of two images, with a signature of it and one of an image inside.
fn signed_index(world: &mut World) -> (Digest, [String; 2]) {
    let (one, two) = (image(1, &[2, 3]), image(4, &[2, 5]));
    let inside = world.put("dev/api", &one);
    world.put("dev/api", &two);
    let whole = world.push("dev/api:v1", &index(&[&one, &two]));
    let signatures = [signature(&whole), signature(&inside)];
    world.push(&format!("dev/api:{}", signatures[0]), &image(6, &[7]));
    world.push(&format!("dev/api:{}", signatures[1]), &image(8, &[9]));
    (whole, signatures)
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn an_index_goes_whole_with_its_signatures() {
    for is_openshift in [true, false] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            found = Some(signed_index(world));
            world.push("prod/api:other", &image(20, &[2]));
        })
        .await;
        let (whole, signatures) = found.unwrap();
        let moves = [to("dev/api", whole, "prod/api:v1")];
        let plan = scene.plan(&moves).await;
        let names: Vec<_> = plan.changes[0].attachments.iter().map(ToString::to_string).collect();
        if is_openshift {
            assert_eq!(sorted(names), sorted(signatures.to_vec()));
        }
        assert!(plan.missing.is_empty() && plan.changes[0].refused.is_none(), "{plan:?}");
        assert_eq!(scene.world().repositories["prod/api"].tags.len(), 1, "nothing was done");
        let receipt = scene.try_promote(&moves, &plan).await.unwrap();
        let item = &receipt.items[0];
        assert!(item.done && item.failure.is_none(), "{item:?}");
        assert_eq!((item.was, item.attachments.len()), (None, 2));
        assert_eq!(item.sent, (!is_openshift).then_some(0));
        let world = scene.world();
        assert_eq!(world.names("prod/api:v1"), Some(whole));
        assert_eq!(world.repositories["prod/api"].manifests.len(), 6);
        let wanted = [&signatures[..], &["other".to_owned(), "v1".to_owned()]].concat();
        assert_eq!(sorted(tags(&world, "prod/api")), sorted(wanted));
        let read = |line: &&String| line.starts_with("GET ") && line.contains("/blobs/");
        assert_eq!(world.log.iter().filter(read).count(), 0, "blobs are not read: {:?}", world.log);
    }
}

#[tokio::test]
async fn what_cannot_be_mounted_goes_through_the_bridge() {
    let mut found = None;
    let scene = Scene::new(false, |world| {
        found = Some(world.push("dev/api:v1", &image(1, &[2, 3])));
        world.mounts_nothing = true;
    })
    .await;
    let moves = [to("dev/api", found.unwrap(), "prod/api:v1")];
    let receipt = scene.promote(&moves).await;
    assert!(receipt.items[0].done, "{receipt:?}");
    assert_eq!(scene.world().repositories["prod/api"].links.len(), 3);
    let uploads = |line: &&String| line.starts_with("PUT /v2/prod/api/blobs/uploads/");
    assert_eq!(scene.world().log.iter().filter(uploads).count(), 3);
}

#[tokio::test]
async fn a_push_in_between_is_not_overwritten() {
    for is_openshift in [true, false] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            found = Some(world.push("dev/api:v1", &image(1, &[2])));
            world.push("prod/api:v1", &image(3, &[4]));
            world.push("prod/web:v1", &image(3, &[4]));
        })
        .await;
        let moves = [
            to("dev/api", found.unwrap(), "prod/api:v1"),
            to("dev/api", found.unwrap(), "prod/web:v1"),
        ];
        let plan = scene.plan(&moves).await;
        let pushed = scene.world().push("prod/api:v1", &image(5, &[6]));
        let receipt = scene.try_promote(&moves, &plan).await.unwrap();
        let [one, other] = &receipt.items[..] else { panic!("{receipt:?}") };
        assert!(!one.done && other.done, "{receipt:?}");
        assert_eq!(one.failure.as_ref().unwrap().code, Code::Conflict);
        assert_eq!(scene.world().names("prod/api:v1"), Some(pushed));
        assert_eq!(scene.world().names("prod/web:v1"), found);
        // A bridge that does not know the plan makes it again, and finds another one.
        let scene = Scene { promotions: Promotions::default(), ..scene };
        let failure = scene.try_promote(&moves, &plan).await.unwrap_err();
        assert_eq!(failure.code, Code::Conflict);
    }
}

/// The last moment is right before the tag is set.
#[tokio::test]
async fn a_push_at_the_last_moment_is_not_overwritten_where_the_api_can_tell() {
    let mut found = None;
    let scene = Scene::new(true, |world| {
        found = Some(world.push("dev/api:v1", &image(1, &[2])));
        world.push("prod/api:v1", &image(3, &[4]));
    })
    .await;
    let moves = [to("dev/api", found.unwrap(), "prod/api:v1")];
    let plan = scene.plan(&moves).await;
    let tag = "PUT /apis/image.openshift.io/v1/namespaces/prod/imagestreamtags/api:v1";
    scene.world().before(tag, |world| {
        world.push("prod/api:v1", &image(5, &[6]));
    });
    let receipt = scene.try_promote(&moves, &plan).await.unwrap();
    assert!(!receipt.items[0].done, "{receipt:?}");
    assert_ne!(scene.world().names("prod/api:v1"), found);
    // Another tag of the same stream is nobody's business.
    let plan = scene.plan(&moves).await;
    scene.world().before(tag, |world| {
        world.push("prod/api:x", &image(5, &[6]));
    });
    assert!(scene.try_promote(&moves, &plan).await.unwrap().items[0].done);
    assert_eq!(scene.world().names("prod/api:v1"), found);
}

#[tokio::test]
async fn without_the_rights_nothing_is_done() {
    let mut found = None;
    let scene = Scene::new(true, |world| {
        found = Some(world.push("dev/api:v1", &image(1, &[2])));
        world.denied.insert("update imagestreamtags prod".to_owned());
    })
    .await;
    let moves = [to("dev/api", found.unwrap(), "prod/api:v1")];
    let plan = scene.plan(&moves).await;
    let [right] = &plan.missing[..] else { panic!("{plan:?}") };
    assert_eq!((&*right.verb, right.namespace.as_deref()), ("update", Some("prod")));
    assert!(right.command.as_ref().unwrap().starts_with("oc "), "{right:?}");
    let failure = scene.try_promote(&moves, &plan).await.unwrap_err();
    assert_eq!(failure.code, Code::Forbidden);
    assert!(scene.records.entries().is_empty());
    // Rights that were given since are seen.
    scene.world().denied.clear();
    assert!(scene.try_promote(&moves, &plan).await.unwrap().items[0].done);

    let scene = Scene::new(false, |world| {
        found = Some(world.push("dev/api:v1", &image(1, &[2])));
        world.fail("PUT /v2/prod/", 401, usize::MAX);
    })
    .await;
    let plan = scene.plan(&moves).await;
    assert_eq!(plan.missing.len(), 1, "{plan:?}");
    let failure = scene.try_promote(&moves, &plan).await.unwrap_err();
    assert_eq!(failure.code, Code::Forbidden);
    assert!(!scene.world().repositories.contains_key("prod/api"));
}

#[tokio::test]
async fn one_failing_move_does_not_stop_the_others() {
    for is_openshift in [true, false] {
        let (mut one, mut two) = (None, None);
        let scene = Scene::new(is_openshift, |world| {
            one = Some(world.push("dev/api:v1", &image(1, &[2])));
            two = Some(world.push("dev/web:v1", &image(3, &[4])));
            world.push("prod/x:v1", &image(3, &[4]));
        })
        .await;
        let lost = Digest::from_bytes([99; 32]);
        let moves = [
            to("dev/api", lost, "prod/api:lost"),
            to("dev/api", one.unwrap(), "prod/api:v1"),
            to("dev/web", two.unwrap(), "prod/web:v1"),
        ];
        let plan = scene.plan(&moves).await;
        assert_eq!(plan.changes[0].refused.as_ref().unwrap().code, Code::NotFound);
        let receipt = scene.try_promote(&moves, &plan).await.unwrap();
        let done: Vec<_> = receipt.items.iter().map(|item| item.done).collect();
        assert_eq!(done, [false, true, true], "{receipt:?}");
        let entry = &scene.records.entries()[0];
        assert_eq!(entry.change.id, receipt.id.unwrap());
        assert_eq!(entry.change.state, Standing::Ended { good: 2, kept: 1, unproved: 0 });
        let (_, record) = scene.records.record(&entry.change.id).unwrap();
        assert_eq!(record.promotion.unwrap().items.len(), 3);
        assert!(record.text.contains("NOT promoted"), "{}", record.text);
        assert!(record.text.contains("prod/web:v1 is on sha256:"), "{}", record.text);
    }
}

#[tokio::test]
async fn what_is_there_already_is_not_done_again() {
    for is_openshift in [true, false] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            let digest = world.push("dev/api:v1", &image(1, &[2]));
            world.push("prod/api:v1", &image(1, &[2]));
            found = Some(digest);
        })
        .await;
        let moves = [to("dev/api", found.unwrap(), "prod/api:v1")];
        let plan = scene.plan(&moves).await;
        assert!(plan.changes[0].same, "{plan:?}");
        scene.world().log.clear();
        let receipt = scene.try_promote(&moves, &plan).await.unwrap();
        assert!(receipt.items[0].done);
        assert!(scene.world().changes().is_empty(), "{:?}", scene.world().changes());
    }
}

#[tokio::test]
async fn other_signatures_of_the_target_are_left_alone() {
    for is_openshift in [true, false] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            let (whole, signatures) = signed_index(world);
            let own = world.push(&format!("prod/api:{}", signatures[0]), &image(30, &[31]));
            found = Some((whole, signatures, own));
        })
        .await;
        let (whole, signatures, own) = found.unwrap();
        let receipt = scene.promote(&[to("dev/api", whole, "prod/api:v1")]).await;
        let item = &receipt.items[0];
        assert!(item.done && item.failure.is_some(), "{item:?}");
        assert_eq!(item.attachments.len(), 1);
        let tag = format!("prod/api:{}", signatures[0]);
        assert_eq!(scene.world().names(&tag), Some(own));
    }
}

#[tokio::test]
async fn a_yes_that_is_none_is_not_believed() {
    for (is_openshift, on) in [
        (true, "PUT /apis/image.openshift.io/v1/namespaces/prod/imagestreamtags/"),
        (false, "PUT /v2/prod/api/manifests/v1"),
    ] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            found = Some(world.push("dev/api:v1", &image(1, &[2])));
            world.push("prod/api:v1", &image(3, &[4]));
        })
        .await;
        let moves = [to("dev/api", found.unwrap(), "prod/api:v1")];
        let plan = scene.plan(&moves).await;
        scene.world().pretend(on);
        let receipt = scene.try_promote(&moves, &plan).await.unwrap();
        let failure = receipt.items[0].failure.as_ref().unwrap();
        assert!(!receipt.items[0].done && failure.message.contains("although"), "{receipt:?}");
    }
}

#[tokio::test]
async fn dropped_in_the_middle_it_leaves_a_record_and_goes_on() {
    for is_openshift in [true, false] {
        let mut found = None;
        let scene = Scene::new(is_openshift, |world| {
            found = Some(signed_index(world));
            world.push("prod/api:v1", &image(3, &[4]));
        })
        .await;
        let (whole, signatures) = found.unwrap();
        let moves = [to("dev/api", whole, "prod/api:v1")];
        let plan = scene.plan(&moves).await;
        let before = scene.world().names("prod/api:v1");
        let last = if is_openshift {
            "PUT /apis/image.openshift.io/v1/namespaces/prod/imagestreamtags/api:v1"
        } else {
            "PUT /v2/prod/api/manifests/v1"
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        scene.world().before(last, move |world| {
            let _ = tell.send(());
            world.fail("", 503, 1);
        });
        tokio::select! {
            _ = scene.try_promote(&moves, &plan) => panic!("it was not dropped"),
            _ = told => {}
        }
        assert_eq!(scene.world().names("prod/api:v1"), before, "old");
        let entry = scene.records.entries().remove(0);
        assert_eq!(entry.change.state, Standing::Interrupted { done: 0, total: 1 });
        let (_, record) = scene.records.record(&entry.change.id).unwrap();
        assert!(!record.promotion.unwrap().items[0].done);
        let receipt = scene.promote(&moves).await;
        assert!(receipt.items[0].done, "{receipt:?}");
        assert_eq!(scene.world().names("prod/api:v1"), Some(whole), "new");
        assert!(scene.world().names(&format!("prod/api:{}", signatures[1])).is_some());
    }
}

#[tokio::test]
async fn set_back_to_an_earlier_version() {
    for is_openshift in [true, false] {
        let (mut old, mut new) = (None, None);
        let scene = Scene::new(is_openshift, |world| {
            old = Some(world.push("prod/api:v1", &image(1, &[2])));
            new = Some(world.push("dev/api:v1", &image(3, &[4])));
        })
        .await;
        let (old, new) = (old.unwrap(), new.unwrap());
        assert!(scene.promote(&[to("dev/api", new, "prod/api:v1")]).await.items[0].done);
        let key = Place::of(&scene.connection, &scene.state).key;
        let tag: TagRef = tag_ref("prod/api:v1");
        let promotions = scene.records.promotions(&key);
        let told = versions(&scene.connection, &promotions, &tag).await.unwrap().versions;
        let digests: Vec<_> = told.iter().map(|version| version.digest).collect();
        assert_eq!(digests, [new, old]);
        assert_eq!(told[1].there, Some(true));
        let from = told[0].from.as_ref().map(ToString::to_string);
        assert_eq!(from.as_deref(), Some("dev/api:v1"));
        let receipt = scene.promote(&[to("prod/api", old, "prod/api:v1")]).await;
        assert!(receipt.items[0].done, "{receipt:?}");
        assert_eq!(scene.world().names("prod/api:v1"), Some(old));
    }
}

#[tokio::test]
async fn moves_that_make_no_sense_are_refused() {
    let scene = Scene::new(true, |world| {
        world.push("dev/api:v1", &image(1, &[2]));
    })
    .await;
    let digest = Digest::from_bytes([1; 32]);
    let one = to("dev/api", digest, "prod/api:v1");
    for moves in [
        Vec::new(),
        vec![one.clone(), to("dev/web", digest, "prod/api:v1")],
        vec![to("dev/api", digest, "prod/a/b:v1")],
        vec![to("api", digest, "prod/api:v1")],
        (0..=Wanted::MAX).map(|idx| to("dev/api", digest, &format!("prod/a:{idx}"))).collect(),
    ] {
        let planned = plan_promotion(scene.ground(), Wanted { moves }).await;
        assert_eq!(planned.unwrap_err().code, Code::BadRequest);
    }
}

/// To pull is enough, but then nobody tells what is attached.
#[tokio::test]
async fn who_may_only_pull_the_source_is_told_what_stays_behind() {
    let mut found = None;
    let scene = Scene::new(true, |world| {
        found = Some(signed_index(world));
        world.push("prod/x:v1", &image(3, &[4]));
    })
    .await;
    let (whole, _) = found.unwrap();
    scene.world().refuse("GET /apis/image.openshift.io/v1/namespaces/dev/imagestreams/api");
    let receipt = scene.promote(&[to("dev/api", whole, "prod/api:v1")]).await;
    let item = &receipt.items[0];
    let remark = item.failure.as_ref().unwrap();
    assert!(item.done && remark.message.contains("did not go along"), "{item:?}");
    assert_eq!(scene.world().names("prod/api:v1"), Some(whole));
}
