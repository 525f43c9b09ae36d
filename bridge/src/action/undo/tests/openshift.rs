// SPDX-License-Identifier: LGPL-2.1-or-later

//! Undoing in image streams.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use images_proto::delete::Step;
use images_proto::history::UndoneItem;
use images_proto::{Code, Digest};
use serde_json::{Value, json};

use super::super::openshift;
use super::{Earlier, Meter, Report, left, tag};
use crate::cluster::fake::{Asked, Fake, refusal};

const STREAMS: &str = "/apis/image.openshift.io/v1/namespaces/shop/imagestreams";

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn history(bytes: &[u8]) -> Vec<Value> {
    let item = |byte: &u8| {
        json!({
            "image": digest(*byte), "created": format!("2026-01-{byte:02}T00:00:00Z"),
            "dockerImageReference": format!("registry/shop/api@{}", digest(*byte)),
        })
    };
    bytes.iter().map(item).collect()
}

/// A stream with tags that have these images, newest first. What stands before `<` is told.
fn stream(tags: &[(&str, &[u8])]) -> Value {
    let status: Vec<_> =
        tags.iter().map(|(tag, items)| json!({ "tag": tag, "items": history(items) })).collect();
    json!({
        "metadata": { "name": "api", "namespace": "shop", "labels": { "team": "shop" } },
        "spec": { "tags": [{ "name": "v1", "from": { "kind": "DockerImage", "name": "q/a" } }] },
        "status": { "tags": status },
    })
}

struct World {
    stream: Option<Value>,
    images: BTreeSet<String>,
    /// Whether the user may change the history, and ask for images.
    is_pruner: bool,
    conflicts: usize,
    /// It says yes and does nothing.
    lies: bool,
    /// Pushes that are still taken.
    quota: usize,
    /// Somebody pushes after the layers were asked for.
    push_after_layers: bool,
    /// Nobody may create image streams.
    forbids_streams: bool,
}

impl World {
    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let path = asked.target.split('?').next().unwrap();
        if path.ends_with("/selfsubjectaccessreviews") {
            return (201, json!({ "status": { "allowed": self.is_pruner } }));
        }
        if let Some(image) = path.strip_prefix("/apis/image.openshift.io/v1/images/") {
            return match (self.is_pruner, self.images.contains(image)) {
                (false, _) => refusal(403),
                (true, true) => (200, json!({ "metadata": { "name": image } })),
                (true, false) => refusal(404),
            };
        }
        if asked.method != "GET" && self.conflicts > 0 {
            self.conflicts -= 1;
            return refusal(409);
        }
        let rest = path.strip_prefix(STREAMS).unwrap_or(path);
        match (&*asked.method, rest) {
            ("POST", "") if self.forbids_streams => refusal(403),
            ("POST", "") => {
                self.stream = Some(asked.body.clone());
                (201, asked.body.clone())
            }
            ("GET", "/api") => match &self.stream {
                Some(stream) => (200, stream.clone()),
                None => refusal(404),
            },
            ("PUT", "/api/status") => self.put("status", asked),
            ("PUT", "/api") => self.put("spec", asked),
            ("GET", "/api/layers") => {
                let stream = self.stream.clone().unwrap();
                let tags = stream["status"]["tags"].as_array().cloned().unwrap_or_default();
                let items = tags.iter().flat_map(|tag| tag["items"].as_array().unwrap());
                let images = items.map(|item| {
                    let image = item["image"].as_str().unwrap().to_owned();
                    let config = self.images.contains(&image).then(|| digest(200));
                    (image, json!({ "config": config, "layers": [] }))
                });
                let images: BTreeMap<_, _> = images.collect();
                if self.push_after_layers {
                    let name = "v1".parse().unwrap();
                    let stream = self.stream.as_mut().unwrap();
                    super::super::history::set_items(stream, &name, history(&[9, 3]));
                }
                (200, json!({ "images": images }))
            }
            ("POST", _) if path.ends_with("/imagestreammappings") && self.quota == 0 => {
                refusal(403)
            }
            ("POST", _) if path.ends_with("/imagestreammappings") => {
                self.quota -= 1;
                let stream = self.stream.as_mut().unwrap();
                let name: images_proto::Tag = asked.body["tag"].as_str().unwrap().parse().unwrap();
                let mut items = super::super::history::items(stream, &name).to_vec();
                let item = json!({
                    "image": asked.body["image"]["metadata"]["name"], "created": "now",
                    "dockerImageReference": asked.body["image"]["dockerImageReference"],
                });
                items.insert(0, item);
                super::super::history::set_items(stream, &name, items);
                (201, json!({ "kind": "Status" }))
            }
            ("DELETE", _) => {
                let name = path.rsplit_once(':').unwrap().1;
                let stream = self.stream.as_mut().unwrap();
                let tags = stream["status"]["tags"].as_array_mut().unwrap();
                tags.retain(|tag| tag["tag"] != *name);
                (200, json!({ "kind": "Status" }))
            }
            _ => refusal(404),
        }
    }

    fn put(&mut self, part: &str, asked: &Asked) -> (u16, Value) {
        if let Some(stream) = self.stream.as_mut().filter(|_| !self.lies) {
            stream[part] = asked.body[part].clone();
        }
        (200, asked.body.clone())
    }
}

struct Test {
    world: Arc<Mutex<World>>,
    api: Fake,
}

impl Test {
    /// A cluster that has all images, with this stream now.
    async fn new(now: Option<Value>, is_pruner: bool) -> Self {
        let images = (0..10).map(|byte| digest(byte).to_string()).collect();
        let world = World {
            stream: now,
            images,
            is_pruner,
            conflicts: 0,
            lies: false,
            quota: 99,
            push_after_layers: false,
            forbids_streams: false,
        };
        let world = Arc::new(Mutex::new(world));
        let answering = world.clone();
        let api = Fake::start(move |asked| answering.lock().unwrap().answer(asked)).await;
        Self { world, api }
    }

    async fn undo(&self, before: &Value, steps: &[Step], is_resumed: bool) -> Vec<UndoneItem> {
        let half = BTreeSet::new();
        let earlier = Earlier { is_broken_off: is_resumed, half: &half };
        self.report(before, steps, earlier).await.items
    }

    async fn report(&self, before: &Value, steps: &[Step], earlier: Earlier<'_>) -> Report {
        let streams = [("shop/api".parse().unwrap(), before.clone())].into();
        let steps: Vec<_> = steps.iter().collect();
        let mut tell = |_| ();
        let meter = Meter::new(&mut tell, 1);
        openshift::undo(&self.api.cluster, &streams, &steps, earlier, &meter).await
    }

    fn now(&self) -> Value {
        self.world.lock().unwrap().stream.clone().unwrap()
    }

    fn items(&self, name: &str) -> Vec<Value> {
        super::super::history::items(&self.now(), &name.parse().unwrap()).to_vec()
    }

    /// What was changed, without the long part of the paths.
    fn changes(&self) -> Vec<String> {
        let changes = self.api.changes().into_iter();
        let group = "/apis/image.openshift.io/v1/namespaces/shop";
        changes.map(|change| change.replace(group, "")).collect()
    }
}

fn of_tag(name: &str) -> Step {
    Step::Tag { tag: tag(name), digest: None }
}

fn of_revision(name: &str, byte: u8) -> Step {
    Step::Revision { tag: tag(name), digest: digest(byte) }
}

/// The stream of the tests after a deletion.
fn without(tags: &[(&str, &[u8])]) -> Option<Value> {
    let mut stream = stream(tags);
    stream["spec"] = json!({});
    Some(stream)
}

#[tokio::test]
async fn the_pruner_puts_everything_back_as_it_was() {
    let before = stream(&[("v1", &[3, 2, 1]), ("v2", &[4])]);
    let test = Test::new(without(&[("v2", &[4])]), true).await;
    test.world.lock().unwrap().conflicts = 1;
    let items = test.undo(&before, &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", None)]);
    assert_eq!((items[0].digest, items[0].revisions), (Some(digest(3)), 3));
    assert_eq!(items[0].differs, None);
    assert_eq!(test.now()["status"], before["status"], "times included");
    assert_eq!(test.now()["spec"], before["spec"]);
    // The history first, so that an import adds to it. One of them met somebody else's change.
    let put = "PUT /imagestreams/api/status";
    assert_eq!(test.changes(), [put, put, "PUT /imagestreams/api"]);
    assert_eq!(left(&test.undo(&before, &[of_tag("v1")], false).await), [("v1", None)]);
    assert_eq!(test.changes().len(), 3, "what is there is left alone");
}

#[tokio::test]
async fn an_editor_pushes_each_revision_again_oldest_first() {
    let before = stream(&[("v1", &[3, 2, 1])]);
    let test = Test::new(without(&[]), false).await;
    let items = test.undo(&before, &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", None)]);
    assert!(items[0].differs.as_ref().unwrap().contains("pushed now"), "{items:?}");
    let pushed: Vec<_> = test
        .api
        .log()
        .into_iter()
        .filter(|asked| asked.target.ends_with("/imagestreammappings"))
        .map(|asked| asked.body["image"]["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pushed, [digest(1), digest(2), digest(3)].map(|digest| digest.to_string()));
    assert_eq!(
        test.items("v1")[0]["dockerImageReference"],
        history(&[3])[0]["dockerImageReference"]
    );
}

#[tokio::test]
async fn an_undo_that_was_broken_off_goes_on() {
    let before = stream(&[("v1", &[3, 2, 1])]);
    let test = Test::new(without(&[("v1", &[2, 1])]), false).await;
    assert_eq!(left(&test.undo(&before, &[of_tag("v1")], false).await)[0].1, Some(Code::Conflict));
    assert_eq!(left(&test.undo(&before, &[of_tag("v1")], true).await), [("v1", None)]);
    assert_eq!(test.items("v1").len(), 3);
}

#[tokio::test]
async fn what_was_pushed_meanwhile_is_left_alone() {
    for is_pruner in [true, false] {
        let before = stream(&[("v1", &[3, 2]), ("v2", &[1])]);
        let test = Test::new(without(&[("v1", &[9])]), is_pruner).await;
        let items = test.undo(&before, &[of_tag("v1"), of_tag("v2")], false).await;
        assert_eq!(left(&items), [("v1", Some(Code::Conflict)), ("v2", None)]);
        assert_eq!(test.items("v1"), history(&[9]));
        assert_eq!(items[0].digest, Some(digest(9)), "what it names now is told");
        assert_eq!(test.now()["spec"].get("tags"), None, "it is not told to be imported");
    }
}

#[tokio::test]
async fn revisions_come_back_below_by_the_pruner_alone() {
    let before = stream(&[("v1", &[3, 2, 1])]);
    for (now, expected) in [(&[1][..], &[3, 2, 1][..]), (&[9, 1], &[9, 3, 2, 1])] {
        let test = Test::new(Some(stream(&[("v1", now)])), true).await;
        let steps = [of_revision("v1", 2), of_revision("v1", 3)];
        let items = test.undo(&before, &steps, false).await;
        assert_eq!(left(&items), [("v1", None)]);
        assert_eq!(test.items("v1"), history(expected));
        assert_eq!(items[0].differs.is_some(), now.len() > 1, "{items:?}");
    }
    let test = Test::new(Some(stream(&[("v1", &[3, 1])])), false).await;
    let items = test.undo(&before, &[of_revision("v1", 2)], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::Forbidden))]);
    assert!(test.changes().is_empty());
}

#[tokio::test]
async fn what_was_pruned_does_not_come_back() {
    let before = stream(&[("v1", &[3, 2]), ("v2", &[4, 1])]);
    let test = Test::new(without(&[]), true).await;
    test.world
        .lock()
        .unwrap()
        .images
        .retain(|image| *image != digest(3).to_string() && *image != digest(1).to_string());
    let items = test.undo(&before, &[of_tag("v1"), of_tag("v2")], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::NotFound)), ("v2", None)]);
    assert!(test.items("v1").is_empty());
    assert_eq!(test.items("v2"), history(&[4]));
    assert!(items[1].differs.as_ref().unwrap().contains("pruned"), "{items:?}");
}

/// An editor may not ask for images: that one is not there shows when its tag is back, and leads to
/// an image with nothing in it.
#[tokio::test]
async fn a_tag_that_leads_to_nothing_is_taken_away_again() {
    let before = stream(&[("v1", &[3]), ("v2", &[4])]);
    let test = Test::new(without(&[]), false).await;
    test.world.lock().unwrap().images.remove(&digest(3).to_string());
    let items = test.undo(&before, &[of_tag("v1"), of_tag("v2")], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::NotFound)), ("v2", None)]);
    assert!(test.items("v1").is_empty() && !test.items("v2").is_empty());
}

/// What the undo did not have to change is none of its business, however hollow.
#[tokio::test]
async fn a_tag_that_was_there_already_is_left_alone() {
    let before = stream(&[("v1", &[3, 2]), ("v2", &[4])]);
    let test = Test::new(Some(stream(&[("v1", &[3, 2])])), false).await;
    for gone in [3, 2] {
        test.world.lock().unwrap().images.remove(&digest(gone).to_string());
    }
    let items = test.undo(&before, &[of_tag("v1"), of_tag("v2")], false).await;
    assert_eq!(left(&items), [("v1", None), ("v2", None)]);
    assert_eq!(test.items("v1"), history(&[3, 2]));
    assert_eq!(test.changes(), ["POST /imagestreammappings"], "v2 alone");
}

#[tokio::test]
async fn an_older_revision_that_leads_to_nothing_is_told() {
    let before = stream(&[("v1", &[3, 2])]);
    let test = Test::new(without(&[]), false).await;
    test.world.lock().unwrap().images.remove(&digest(2).to_string());
    let items = test.undo(&before, &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", None)]);
    assert!(items[0].differs.as_ref().unwrap().contains("pruned since"), "{items:?}");
    assert_eq!(test.items("v1").len(), 2);
}

/// A push comes between what is put back and its removal.
#[tokio::test]
async fn what_was_pushed_onto_a_hollow_tag_stays() {
    let before = stream(&[("v1", &[3])]);
    let test = Test::new(without(&[]), false).await;
    {
        let mut world = test.world.lock().unwrap();
        world.images.remove(&digest(3).to_string());
        world.push_after_layers = true;
    }
    let items = test.undo(&before, &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::NotFound))]);
    assert_eq!(test.items("v1")[0], history(&[9])[0]);
}

#[tokio::test]
async fn a_tag_that_was_pushed_to_since_is_not_imported_again() {
    let before = stream(&[("v1", &[3])]);
    let test = Test::new(without(&[("v1", &[9, 3])]), true).await;
    let items = test.undo(&before, &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", None)]);
    assert!(items[0].differs.as_ref().unwrap().contains("where it comes from"), "{items:?}");
    assert!(test.changes().is_empty());
}

#[tokio::test]
async fn a_push_that_is_refused_half_way_is_told_and_gone_on_with() {
    let before = stream(&[("v1", &[3, 2, 1])]);
    let test = Test::new(without(&[]), false).await;
    test.world.lock().unwrap().quota = 2;
    let none = BTreeSet::new();
    let earlier = Earlier { is_broken_off: false, half: &none };
    let report = test.report(&before, &[of_tag("v1")], earlier).await;
    let Some(images_proto::delete::Outcome::Kept(failure)) = &report.items[0].left else {
        panic!("{report:?}")
    };
    let older = digest(2).short().to_string();
    assert!(failure.message.contains(&older), "{failure:?}");
    assert_eq!(report.half, [tag("v1")]);
    test.world.lock().unwrap().quota = 9;
    let half = report.half.into_iter().collect();
    let earlier = Earlier { is_broken_off: false, half: &half };
    let report = test.report(&before, &[of_tag("v1")], earlier).await;
    assert_eq!(left(&report.items), [("v1", None)]);
    assert!(report.half.is_empty());
}

#[tokio::test]
async fn an_empty_stream_that_comes_back_is_told() {
    let mut before = stream(&[]);
    before["spec"] = json!({});
    let step = || [Step::Repository("shop/api".parse().unwrap())];
    let half = BTreeSet::new();
    let earlier = Earlier { is_broken_off: false, half: &half };
    let test = Test::new(None, true).await;
    let report = test.report(&before, &step(), earlier).await;
    assert_eq!((report.untagged, report.failures.len()), (1, 0));
    let test = Test::new(None, true).await;
    test.world.lock().unwrap().forbids_streams = true;
    let report = test.report(&before, &step(), earlier).await;
    assert_eq!(report.untagged, 0);
    assert_eq!(report.failures[0].code, Code::Forbidden);
}

#[tokio::test]
async fn a_stream_comes_back_before_its_tags() {
    let before = stream(&[("v1", &[3, 2])]);
    let test = Test::new(None, true).await;
    let step = Step::Repository("shop/api".parse().unwrap());
    let items = test.undo(&before, &[step], false).await;
    assert_eq!(left(&items), [("v1", None)]);
    let put = "PUT /imagestreams/api";
    assert_eq!(test.changes(), ["POST /imagestreams", &format!("{put}/status"), put]);
    assert_eq!(test.now()["metadata"]["labels"]["team"], "shop");
    assert_eq!((&test.now()["status"], &test.now()["spec"]), (&before["status"], &before["spec"]));
}

#[tokio::test]
async fn a_stream_that_somebody_else_deleted_stays_away() {
    let test = Test::new(None, true).await;
    let items = test.undo(&stream(&[("v1", &[1])]), &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::Conflict))]);
    assert!(test.changes().is_empty());
}

#[tokio::test]
async fn a_yes_proves_nothing() {
    let test = Test::new(without(&[]), true).await;
    test.world.lock().unwrap().lies = true;
    let items = test.undo(&stream(&[("v1", &[1])]), &[of_tag("v1")], false).await;
    assert_eq!(left(&items), [("v1", Some(Code::Conflict))]);
}
