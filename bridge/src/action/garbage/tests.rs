// SPDX-License-Identifier: LGPL-2.1-or-later

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::output::Output;
use super::place::{Outside, Place};
use super::program::check;
use super::read_only::Patience;
use super::*;
use crate::cluster::exec::Ended;
use crate::cluster::fake::node::{Act as Run, command};
use crate::cluster::fake::{Asked, Fake, refusal};

const DRY: &str = include_str!("recorded/dry-run-2.8.2.txt");
const UNTAGGED_DRY: &str = include_str!("recorded/delete-untagged-2.8.2.txt");
/// One of the blobs that go, and one that stays.
const GOES: &str = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
const STAYS: &str = "7e8059f495589fcd981232cc11d00b00da3802c01d688fa1cf1f6bed6e5bb33c";

const QUICK: Patience = Patience { whole: Duration::from_secs(5), pause: Duration::from_millis(5) };

/// A cluster with a registry, as far as it is asked.
struct World {
    /// Whether its deployment is read-only by us.
    read_only: bool,
    /// Whether its blobs were collected.
    collected: bool,
    volume: Value,
    image: &'static str,
    /// The dry run prints this.
    dry: &'static str,
    /// How the collection ends.
    end: Vec<Run>,
    /// Whether the container has `find`.
    has_find: bool,
    /// The status by which commands are refused.
    no_exec: Option<u16>,
    /// Whether the deployment may be changed.
    may_patch: bool,
    /// Refuses to be set back.
    stuck: bool,
    /// Whether it refuses to be made read-only.
    refuses: bool,
    /// Whether another collection, which was first, sets it back at once.
    set_back: bool,
    /// For which collection it is read-only.
    mark: Value,
    /// How often its pod was made anew.
    round: usize,
    ran: Vec<String>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            read_only: false,
            collected: false,
            volume: json!({ "name": "data", "persistentVolumeClaim": { "claimName": "c" } }),
            image: "registry:2.8.2",
            dry: DRY,
            end: vec![Run::out(DRY), Run::success()],
            has_find: true,
            no_exec: None,
            may_patch: true,
            stuck: false,
            refuses: false,
            set_back: false,
            mark: Value::Null,
            round: 0,
            ran: Vec::new(),
        }
    }
}

impl World {
    fn answer(&mut self, asked: &Asked) -> (u16, Value) {
        let path = asked.target.split('?').next().unwrap();
        let labels = json!({ "app": "registry" });
        let pod = json!({
            "metadata": { "name": "registry-1", "namespace": "shop",
                "uid": self.round.to_string() },
            "spec": {
                "volumes": [self.volume],
                "containers": [{
                    "name": "registry", "image": self.image,
                    "volumeMounts": [{ "name": "data", "mountPath": "/var/lib/registry" }],
                }],
            },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] },
        });
        let deployment = json!({
            "metadata": {
                "name": "registry", "generation": 1,
                "annotations": match self.read_only {
                    true => self.mark.clone(),
                    false => json!({}),
                },
            },
            "spec": { "replicas": 1, "template": { "metadata": { "labels": labels } } },
            "status": { "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
                "readyReplicas": 1, "availableReplicas": 1 },
        });
        let answer = match (&*asked.method, path.rsplit('/').next().unwrap()) {
            (_, "selfsubjectaccessreviews") => json!({ "status": { "allowed": self.may_patch } }),
            ("PATCH", "registry") => {
                let begins = asked.body["spec"].is_object();
                if !begins && self.stuck {
                    return refusal(403);
                }
                if begins && self.refuses {
                    return refusal(403);
                }
                self.read_only = begins && !self.set_back;
                self.mark = asked.body["metadata"]["annotations"].clone();
                self.round += 1;
                deployment
            }
            ("GET", "registry") if path.contains("/services/") => {
                json!({ "metadata": { "name": "registry" },
                    "spec": { "selector": labels, "ports": [{ "port": 5000 }] } })
            }
            ("GET", "registry") if path.contains("/deployments/") => deployment,
            ("GET", "registry-1") => pod,
            ("GET", "pods") => json!({ "items": [pod] }),
            ("GET", "deployments") => json!({ "items": [deployment] }),
            ("GET", "statefulsets" | "daemonsets" | "replicationcontrollers") => {
                json!({ "items": [] })
            }
            _ => return refusal(404),
        };
        (200, answer)
    }

    fn run(&mut self, asked: &Asked) -> Result<Vec<Run>, u16> {
        if let Some(status) = self.no_exec {
            return Err(status);
        }
        let words = command(&asked.target);
        self.ran.push(words.join(" "));
        if words[0] == "find" {
            if !self.has_find {
                return Ok(vec![Run::failure(127)]);
            }
            let blobs = if self.collected { &[STAYS][..] } else { &[GOES, STAYS] };
            let lines = blobs.iter().map(|hex| {
                let folder = &words[1];
                format!("600 {folder}/sha256/{}/{hex}/data\n", &hex[..2])
            });
            return Ok(vec![Run::out(lines.collect::<String>()), Run::success()]);
        }
        assert_eq!(words[..2], ["registry", "garbage-collect"]);
        if words.iter().any(|word| word == "--dry-run") {
            let is_missing = words.last().unwrap().contains("docker") == self.image.contains(":3");
            if is_missing {
                let said = "configuration error: open /etc/distribution/config.yml: no such file or directory\nUsage:\n";
                let said = said.replace("/etc/distribution/config.yml", words.last().unwrap());
                return Ok(vec![Run::out(said), Run::failure(1)]);
            }
            return Ok(vec![Run::out(self.dry), Run::success()]);
        }
        self.collected = true;
        Ok(self.end.clone())
    }
}

/// A registry behind a service of the fake cluster.
struct Registry {
    fake: Fake,
    world: Arc<Mutex<World>>,
    records: Records,
    _folder: tempfile::TempDir,
    asked: AtomicUsize,
}

impl Site for Registry {
    async fn place(&self) -> Result<Place, Box<Outside>> {
        Place::of_service(&self.fake.cluster, "shop", "registry").await
    }

    async fn is_read_only(&self) -> Result<bool, Failure> {
        // The first look after a restart finds no way there.
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            1 => Err(Failure::new(Code::RegistryUnreachable, "gone").retryable()),
            _ => Ok(self.world.lock().unwrap().read_only),
        }
    }
}

async fn registry(world: World) -> Registry {
    let world = Arc::new(Mutex::new(world));
    let (answering, running) = (world.clone(), world.clone());
    let fake = Fake::with_node(
        move |asked| answering.lock().unwrap().answer(asked),
        move |asked| running.lock().unwrap().run(asked),
    );
    let fake = fake.await;
    let folder = tempfile::tempdir().unwrap();
    let records = Records::in_folder(folder.path());
    Registry { fake, world, records, _folder: folder, asked: AtomicUsize::new(0) }
}

impl Registry {
    async fn view(&self, params: &Params) -> View {
        view(self, &self.records, params, &mut |_| {}).await
    }

    fn work(&self, aftermath: &Arc<Aftermath>) -> Collection {
        let place = crate::record::Place {
            key: "shop/registry".to_owned(),
            registry: "registry".to_owned(),
            user: None,
        };
        let writing = self.records.begin(Header::collection(place, &Params::default())).unwrap();
        Collection::new(self.fake.cluster.clone(), writing, aftermath.clone())
    }

    async fn collect(&self, params: &Params) -> (Collected, Vec<String>) {
        let place = self.place().await.map_err(|outside| outside.failure).unwrap();
        let maker = match Way::find(&place, self).await {
            Way::Make(maker) | Way::Left(maker, _) => Some(maker),
            Way::Already | Way::None(_) => None,
        };
        let mut told = Vec::new();
        let work = self.work(&Arc::default());
        let tell = &mut |progress: Progress| told.push(progress.text);
        let collected = work.run(self, params, place, maker, QUICK, tell).await;
        (collected, told)
    }

    fn ran(&self) -> Vec<String> {
        self.world.lock().unwrap().ran.clone()
    }
}

#[tokio::test]
async fn what_would_be_freed_is_asked_of_the_pod() {
    let registry = registry(World::default()).await;
    let view = registry.view(&Params::default()).await;
    assert_eq!(view.failure, None);
    assert_eq!((view.blobs, view.bytes, view.read_only), (Some(4), Some(600), Some(true)));
    assert_eq!(view.pod.as_deref(), Some("shop/registry-1"));
    assert_eq!(
        view.command.unwrap(),
        "kubectl -n shop exec registry-1 -c registry -- registry garbage-collect /etc/docker/registry/config.yml"
    );
    assert_eq!(registry.fake.changes(), [""; 0], "a look changes nothing");
    assert_eq!(
        registry.ran(),
        [
            "registry garbage-collect --dry-run /etc/docker/registry/config.yml",
            "find /var/lib/registry/docker/registry/v2/blobs -type f -name data -exec stat -c %s %n {} +",
        ]
    );
}

#[tokio::test]
async fn what_nobody_knows_is_unknown() {
    let registry = registry(World { has_find: false, ..World::default() }).await;
    let view = registry.view(&Params::default()).await;
    assert_eq!((view.blobs, view.bytes), (Some(4), None));
}

#[tokio::test]
async fn the_other_place_of_the_configuration_is_tried() {
    let registry = registry(World { image: "mirror/registry:3.0.0", ..World::default() }).await;
    let view = registry.view(&Params::default()).await;
    assert_eq!(view.failure, None);
    assert!(view.command.unwrap().ends_with(" /etc/distribution/config.yml"));
    let other =
        self::registry(World { image: "mirror/distribution@sha256:3", ..World::default() }).await;
    let view = other.view(&Params::default()).await;
    assert_eq!(view.blobs, Some(4));
}

#[tokio::test]
async fn indexes_are_not_damaged() {
    let registry = registry(World { dry: UNTAGGED_DRY, ..World::default() }).await;
    let params = Params { untagged: true, insist: false };
    let view = registry.view(&params).await;
    assert_eq!(view.manifests.len(), 3);
    let failure = view.failure.unwrap();
    assert!(failure.message.contains("2 images away from indexes"), "{}", failure.message);
    assert!(view.command.unwrap().contains("--delete-untagged"));
    // Nor when it is begun all the same.
    let (collected, _) = registry.collect(&params).await;
    assert_eq!(collected.failure.unwrap().code, Code::Unsupported);
    let world = registry.world.lock().unwrap();
    assert!(!world.collected && !world.read_only);
}

#[tokio::test]
async fn whoever_may_not_run_commands_gets_the_command() {
    let registry = registry(World { no_exec: Some(403), ..World::default() }).await;
    let view = registry.view(&Params::default()).await;
    let failure = view.failure.unwrap();
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.message.contains("get and create pods/exec"), "{}", failure.message);
    assert!(failure.command.unwrap().starts_with("kubectl -n shop exec registry-1"));
    assert_eq!((view.blobs, view.bytes), (None, None));
}

#[tokio::test]
async fn images_that_would_be_lost_with_the_pod_are_not_restarted() {
    for volume in [json!({ "name": "data", "emptyDir": {} }), json!({ "name": "data" })] {
        let registry = registry(World { volume, ..World::default() }).await;
        let view = registry.view(&Params::default()).await;
        assert_eq!(view.read_only, Some(false));
        assert!(view.warnings[0].contains("made anew"), "{:?}", view.warnings);
        let place = registry.place().await.map_err(|outside| outside.failure).unwrap();
        assert!(matches!(Way::find(&place, &registry).await, Way::None(_)));
    }
}

#[tokio::test]
async fn whoever_may_not_change_the_deployment_is_told() {
    let registry = registry(World { may_patch: false, ..World::default() }).await;
    let place = registry.place().await.map_err(|outside| outside.failure).unwrap();
    let Way::None(failure) = Way::find(&place, &registry).await else { panic!() };
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.command.unwrap().contains("--verb=patch --resource=deployments.apps"));
}

#[tokio::test]
async fn it_is_read_only_meanwhile_and_exact() {
    let registry = registry(World::default()).await;
    let (collected, told) = registry.collect(&Params::default()).await;
    assert_eq!(collected.failure, None);
    assert_eq!((collected.blobs, collected.bytes), (1, Some(600)));
    assert!(collected.output.contains("4 blobs and 0 manifests eligible"));
    let changes = registry.fake.changes();
    let patch = "PATCH /apis/apps/v1/namespaces/shop/deployments/registry?fieldManager=cockpit-images-garbage";
    assert_eq!(changes.iter().filter(|change| *change == patch).count(), 2, "{changes:?}");
    assert!(!registry.world.lock().unwrap().read_only);
    assert_eq!(told[0], "Making the registry read-only");
    assert_eq!(told.last().unwrap(), "Making the registry writable again");
    let change = registry.records.entries().remove(0).change;
    assert_eq!(change.act, Act::Collect);
    assert!(matches!(change.state, history::State::Ended { kept: 0, .. }), "{change:?}");
}

#[tokio::test]
async fn a_collection_that_fails_leaves_it_writable() {
    let end = vec![Run::Err("level=fatal msg=\"disk\""), Run::failure(1)];
    let registry = registry(World { end, ..World::default() }).await;
    let (collected, _) = registry.collect(&Params::default()).await;
    let failure = collected.failure.unwrap();
    assert!(failure.message.contains("exit code 1") && failure.details.unwrap().contains("disk"));
    // What went all the same is told.
    assert_eq!((collected.blobs, collected.bytes), (1, Some(600)));
    assert!(!registry.world.lock().unwrap().read_only);
}

#[tokio::test]
async fn a_registry_that_stays_read_only_is_told_with_the_way_back() {
    let registry = registry(World { stuck: true, ..World::default() }).await;
    let (collected, _) = registry.collect(&Params::default()).await;
    let failure = collected.failure.unwrap();
    assert!(failure.message.contains("still read-only"), "{}", failure.message);
    assert!(failure.command.unwrap().contains("set env deployments/registry"));
    assert_eq!(collected.bytes, Some(600));
    // The next look knows why, and the next collection sets it back.
    let view = registry.view(&Params::default()).await;
    assert!(view.warnings[0].contains("left the registry read-only"), "{:?}", view.warnings);
    assert_eq!(view.read_only, Some(true));
    registry.world.lock().unwrap().stuck = false;
    registry.world.lock().unwrap().dry = "";
    let (collected, _) = registry.collect(&Params::default()).await;
    assert_eq!((collected.failure, collected.bytes), (None, Some(0)));
    assert!(!registry.world.lock().unwrap().read_only);
}

#[tokio::test]
async fn a_collection_that_is_cancelled_is_set_back_by_the_session() {
    let end = vec![Run::out("blob eligible for deletion: "), Run::Hang];
    let registry = registry(World { end, ..World::default() }).await;
    let aftermath = Arc::default();
    let place = registry.place().await.map_err(|outside| outside.failure).unwrap();
    let Way::Make(maker) = Way::find(&place, &registry).await else { panic!() };
    let work = registry.work(&aftermath);
    let mut changes = registry.records.changes();
    {
        let params = Params::default();
        let tell = &mut |_| {};
        let running = work.run(&registry, &params, place, Some(maker), QUICK, tell);
        let begun = async {
            while !registry.world.lock().unwrap().collected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = running => panic!("it hangs"),
            () = begun => {}
        }
        assert!(registry.world.lock().unwrap().read_only);
    }
    // The end of the record is the last that is done.
    let ended = async {
        while registry.records.entries()[0].change.ended.is_none() {
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    assert!(!registry.world.lock().unwrap().read_only);
    let id = registry.records.entries()[0].change.id.clone();
    let text = registry.records.record(&id).unwrap().1.text;
    // What went by then is counted all the same.
    assert!(text.contains("cancelled") && text.contains("600"), "{text}");
}

#[test]
fn another_kind_of_registry() {
    let ended = |code| Ended { code, errors: String::new() };
    let checked = |code| check(&ended(code), &Output::default(), &Params::default());
    assert_eq!(checked(127).unwrap_err().code, Code::Unsupported);
    assert_eq!(checked(2).unwrap_err().code, Code::BadAnswer);
    assert!(checked(0).is_ok());
}

#[test]
fn a_repository_without_any_tag_ends_the_work_of_old_versions() {
    let errors = "failed to garbage collect: failed to mark: filesystem: filesystem: failed to \
                  retrieve tags unknown repository name=tools"
        .to_owned();
    let ended = Ended { code: 1, errors };
    let params = Params { untagged: true, insist: false };
    let failure = check(&ended, &Output::default(), &params).unwrap_err();
    assert!(failure.fix.unwrap().contains("Collect without them"));
    assert!(failure.details.unwrap().contains("name=tools"));
}

/// A mark that somebody else left these many seconds ago.
fn mark(seconds: i64) -> Value {
    let time = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    json!({
        "cockpit-images/read-only-since": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "cockpit-images/read-only-for": "20261124T170000000Z-0",
    })
}

#[tokio::test]
async fn another_collection_is_not_disturbed() {
    for (seconds, is_over) in [(60, false), (3 * 3600, true)] {
        let world = World { read_only: true, mark: mark(seconds), ..World::default() };
        let registry = registry(world).await;
        let place = registry.place().await.map_err(|outside| outside.failure).unwrap();
        let Way::Left(maker, mark) = Way::find(&place, &registry).await else { panic!() };
        let busy = in_the_way(&mark, &maker, &registry.records);
        assert_eq!(busy.is_none(), is_over, "{seconds}");
        let view = registry.view(&Params::default()).await;
        assert_eq!(view.failure.is_none(), is_over);
        assert_eq!(view.warnings.iter().any(|words| words.contains("broken off")), is_over);
        if let Some(failure) = busy {
            assert!(failure.command.unwrap().contains("REGISTRY_STORAGE_MAINTENANCE_READONLY-"));
        }
    }
    // One of our own is known by its record.
    let registry = registry(World { read_only: true, ..World::default() }).await;
    let work = registry.work(&Arc::default());
    let id = registry.records.entries()[0].change.id.clone();
    let mut ours = mark(10 * 3600);
    ours["cockpit-images/read-only-for"] = json!(id);
    registry.world.lock().unwrap().mark = ours;
    let failure = registry.view(&Params::default()).await.failure.unwrap();
    assert_eq!(failure.code, Code::Conflict);
    drop(work);
}

#[tokio::test]
async fn it_is_not_writable_while_the_program_may_run() {
    let end = vec![Run::out("blob eligible for deletion: ")];
    let registry = registry(World { end, has_find: false, ..World::default() }).await;
    let (collected, _) = registry.collect(&Params::default()).await;
    assert!(collected.failure.is_some());
    // Nobody knows what went.
    assert_eq!((collected.blobs, collected.bytes), (0, None));
    let world = registry.world.lock().unwrap();
    assert_eq!(world.round, 3, "read-only, read-only in another pod, and writable");
    assert!(!world.read_only);
}

#[tokio::test]
async fn what_was_not_made_read_only_is_not_set_back() {
    let registry = registry(World { refuses: true, stuck: true, ..World::default() }).await;
    let (collected, _) = registry.collect(&Params::default()).await;
    let failure = collected.failure.unwrap();
    assert!(!failure.message.contains("still read-only"), "{}", failure.message);
    assert_eq!(registry.world.lock().unwrap().round, 0);
}

#[tokio::test]
async fn whoever_lost_it_to_another_collection_does_not_wait() {
    let registry = registry(World { set_back: true, ..World::default() }).await;
    let place = registry.place().await.map_err(|outside| outside.failure).unwrap();
    let Way::Make(maker) = Way::find(&place, &registry).await else { panic!() };
    // Longer than any test may take.
    let patience = Patience { whole: ROLLOUT.whole, ..QUICK };
    let work = registry.work(&Arc::default());
    let ended =
        work.run(&registry, &Params::default(), place, Some(maker), patience, &mut |_| {}).await;
    let failure = ended.failure.unwrap();
    assert!(failure.message.contains("made writable meanwhile"), "{}", failure.message);
    assert!(!registry.ran().iter().any(|command| command.starts_with("registry garbage-collect")));
}
