// SPDX-License-Identifier: LGPL-2.1-or-later
//! What uses the seed's images: one of every kind of workload, with its pods.
//!
//! They stand still: what a controller would make of them is made here, once. So they can be in
//! states that need a past, such as a pod whose tag has moved since it began.

mod pod;

use serde_json::{Value, json};

use crate::controller::Controller;
use crate::identifier;
use crate::image::object::INTERNAL;
use crate::image::stream;
use crate::ready::Face;
use crate::resource::{
    BUILD_CONFIGS, BUILDS, CRON_JOBS, DAEMON_SETS, DEPLOYMENT_CONFIGS, DEPLOYMENTS, IMAGE_STREAMS,
    JOBS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, Resource, STATEFUL_SETS,
};
use crate::storage::Files;
use crate::store::Store;
use pod::{Container, Pod};

/// An object of a kind.
type Object = (&'static Resource, Value);

/// Makes a workload; none if its images are not there.
type Maker = fn(&Images<'_>) -> Option<Vec<Object>>;

/// The registry's images, as a node pulls them.
pub(super) struct Images<'a> {
    store: &'a Store,
    files: Files,
    face: Face,
    /// `127.0.0.1:PORT`, as it stands in pull specs of people.
    public: &'a str,
}

/// All workloads; none whose images are not there.
pub(super) fn all(store: &Store, controller: &Controller, files: Files) -> Vec<Object> {
    let images = Images { store, files, face: controller.face, public: &controller.public };
    let everywhere: [Maker; 10] =
        [frontend, moved, api, report, import, database, checkout, probe, cache, legacy];
    let openshift: &[Maker] = match controller.face {
        Face::Openshift => &[deployment_config, build],
        Face::Plain => &[],
    };
    let makers = everywhere.iter().chain(openshift).chain(&[vault as Maker]);
    makers.filter_map(|maker| maker(&images)).flatten().collect()
}

/// What owns something, as `ownerReferences` name it.
#[derive(Debug, Clone)]
struct Owner {
    resource: &'static Resource,
    name: String,
    uid: String,
}

impl Owner {
    fn new(resource: &'static Resource, name: &str) -> Self {
        Self { resource, name: name.to_owned(), uid: identifier::uid() }
    }

    fn reference(&self) -> Value {
        json!([{
            "apiVersion": self.resource.api_version(), "kind": self.resource.kind,
            "name": self.name, "uid": self.uid, "controller": true, "blockOwnerDeletion": true,
        }])
    }

    /// The object, in a namespace, perhaps owned by another.
    fn object(
        &self,
        namespace: &str,
        owner: Option<&Self>,
        spec: &Value,
        status: &Value,
    ) -> Object {
        let mut metadata = json!({
            "name": self.name, "namespace": namespace, "uid": self.uid, "generation": 1,
            "labels": {"app": self.name},
        });
        if let Some(owner) = owner {
            metadata["ownerReferences"] = owner.reference();
        }
        (self.resource, json!({"metadata": metadata, "spec": spec, "status": status}))
    }
}

impl Images<'_> {
    /// The digest of a tag.
    fn digest(&self, repository: &str, tag: &str) -> Option<String> {
        if self.face == Face::Plain {
            return self.files.tagged(repository, tag);
        }
        let objects = self.store.read();
        let stream = objects.get(&IMAGE_STREAMS, repository)?.value();
        stream::head(&stream, tag)?["image"].as_str().map(str::to_owned)
    }

    /// The digest of an image's configuration.
    fn configuration(&self, digest: &str) -> Option<String> {
        self.files.manifest(digest)?["config"]["digest"].as_str().map(str::to_owned)
    }

    /// The first image of an index.
    fn child(&self, digest: &str) -> Option<String> {
        self.files.manifest(digest)?["manifests"][0]["digest"].as_str().map(str::to_owned)
    }

    /// Where pods pull from: inside of the cluster OpenShift's registry has a name.
    fn host(&self) -> &str {
        if self.face == Face::Openshift { INTERNAL } else { self.public }
    }

    /// A container that runs what a tag is on.
    fn tagged(&self, name: &str, repository: &str, tag: &str) -> Option<Container> {
        let digest = self.digest(repository, tag)?;
        let host = self.host();
        Some(Container {
            name: name.to_owned(),
            image: format!("{host}/{repository}:{tag}"),
            image_id: format!("{host}/{repository}@{digest}"),
        })
    }

    /// A container that runs a digest, pulled by its public name.
    fn pinned(&self, name: &str, repository: &str, tag: &str) -> Option<Container> {
        let digest = self.digest(repository, tag)?;
        let image = format!("{}/{repository}@{digest}", self.public);
        Some(Container { name: name.to_owned(), image_id: image.clone(), image })
    }
}

/// The template of whatever makes such pods.
fn template(app: &str, containers: &[&Container]) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": containers.iter().map(|one| one.spec()).collect::<Vec<_>>()},
    })
}

fn replicas(app: &str, count: u64, container: &Container) -> Value {
    json!({
        "replicas": count, "selector": {"matchLabels": {"app": app}},
        "template": template(app, &[container]),
    })
}

fn available(count: u64) -> Value {
    json!({
        "observedGeneration": 1, "replicas": count, "readyReplicas": count,
        "availableReplicas": count, "updatedReplicas": count,
    })
}

/// A Deployment with the ReplicaSet of today, that of yesterday, and two pods.
fn frontend(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("skyfield", "frontend");
    let now = images.tagged(app, "skyfield/frontend", "latest")?;
    let old = images.tagged(app, "skyfield/frontend", "v1")?;
    let deployment = Owner::new(&DEPLOYMENTS, app);
    let current = Owner::new(&REPLICA_SETS, "frontend-7d9c5b6f48");
    let former = Owner::new(&REPLICA_SETS, "frontend-5c4f8d7b9");
    let mut all = vec![
        deployment.object(namespace, None, &replicas(app, 2, &now), &available(2)),
        current.object(namespace, Some(&deployment), &replicas(app, 2, &now), &available(2)),
        former.object(
            namespace,
            Some(&deployment),
            &replicas(app, 0, &old),
            &json!({"observedGeneration": 1, "replicas": 0}),
        ),
    ];
    for suffix in ["4wxkz", "q8n2t"] {
        let name = format!("{}-{suffix}", current.name);
        all.push(Pod::new(namespace, &name).owned(&current).running(&now).object());
    }
    Some(all)
}

/// A bare pod that began before its tag moved on.
fn moved(images: &Images<'_>) -> Option<Vec<Object>> {
    let mut container = images.tagged("debug", "skyfield/frontend", "latest")?;
    let digest = images.digest("skyfield/frontend", "v2")?;
    container.image_id = format!("{}/skyfield/frontend@{digest}", images.host());
    Some(vec![Pod::new("skyfield", "frontend-debug").running(&container).object()])
}

/// A Deployment of a digest, with an init container of an older image, and somebody debugging.
fn api(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("skyfield", "api");
    let container = images.pinned(app, "skyfield/api", "1.1")?;
    let init = images.tagged("migrate", "skyfield/api", "1.0")?;
    let mut ephemeral = images.tagged("debugger", "tools/cli", "1.4")?;
    // For an image of many architectures, a node may name that which it runs.
    let child = images.child(&images.digest("tools/cli", "1.4")?)?;
    ephemeral.image_id = format!("{}/tools/cli@{child}", images.host());
    let deployment = Owner::new(&DEPLOYMENTS, app);
    let set = Owner::new(&REPLICA_SETS, "api-66c8b9d5f7");
    let mut spec = replicas(app, 1, &container);
    spec["template"]["spec"]["initContainers"] = json!([init.spec()]);
    let pod = Pod::new(namespace, "api-66c8b9d5f7-m5v9c").owned(&set);
    Some(vec![
        deployment.object(namespace, None, &spec, &available(1)),
        set.object(namespace, Some(&deployment), &spec, &available(1)),
        pod.running(&container).init(&init).ephemeral(&ephemeral).object(),
    ])
}

/// A CronJob, the Job that it made last, and that one's pod.
fn report(images: &Images<'_>) -> Option<Vec<Object>> {
    let namespace = "skyfield";
    let mut container = images.tagged("report", "skyfield/worker", "2026-10")?;
    container.image_id = format!("docker-pullable://{}", container.image_id);
    let cron = Owner::new(&CRON_JOBS, "report");
    let job = Owner::new(&JOBS, "report-29397120");
    let mut spec = template("report", &[&container]);
    spec["spec"]["restartPolicy"] = json!("Never");
    let schedule =
        json!({"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": spec.clone()}}});
    let pod = Pod::new(namespace, "report-29397120-8k4ld").owned(&job);
    Some(vec![
        cron.object(namespace, None, &schedule, &json!({})),
        job.object(namespace, Some(&cron), &json!({"template": spec}), &json!({"succeeded": 1})),
        pod.running(&container).ended().object(),
    ])
}

/// A Job whose image was loaded on the node: it is only known by its configuration.
fn import(images: &Images<'_>) -> Option<Vec<Object>> {
    let mut container = images.tagged("import", "skyfield/worker", "latest")?;
    container.image_id = images.configuration(&images.digest("skyfield/worker", "latest")?)?;
    let job = Owner::new(&JOBS, "import");
    let template = template("import", &[&container]);
    Some(vec![
        job.object("skyfield", None, &json!({"template": template}), &json!({"active": 1})),
        Pod::new("skyfield", "import-2vhd7").owned(&job).running(&container).object(),
    ])
}

/// A StatefulSet on a node with Docker, which names configurations too.
fn database(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("shop", "database");
    let mut container = images.tagged(app, "shop/database", "14")?;
    let configuration = images.configuration(&images.digest("shop/database", "14")?)?;
    container.image_id = format!("docker://{configuration}");
    let set = Owner::new(&STATEFUL_SETS, app);
    let mut spec = replicas(app, 1, &container);
    spec["serviceName"] = json!(app);
    Some(vec![
        set.object(namespace, None, &spec, &available(1)),
        Pod::new(namespace, "database-0").owned(&set).running(&container).object(),
    ])
}

/// A Deployment whose pod has another image as a volume.
fn checkout(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("shop", "checkout");
    let container = images.tagged(app, "shop/checkout", "1.0")?;
    let volume = images.tagged("assets", "tools/cache", "6")?;
    let volume = json!({
        "name": "assets", "image": {"reference": volume.image, "pullPolicy": "IfNotPresent"},
    });
    let deployment = Owner::new(&DEPLOYMENTS, app);
    let set = Owner::new(&REPLICA_SETS, "checkout-59b7f6c4d8");
    let mut spec = replicas(app, 1, &container);
    spec["template"]["spec"]["volumes"] = json!([volume]);
    let pod = Pod::new(namespace, "checkout-59b7f6c4d8-rj6xw").owned(&set);
    Some(vec![
        deployment.object(namespace, None, &spec, &available(1)),
        set.object(namespace, Some(&deployment), &spec, &available(1)),
        pod.running(&container).volume(volume).object(),
    ])
}

/// A DaemonSet of an image of many architectures; its pod names the index.
fn probe(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("tools", "probe");
    let container = images.tagged(app, "tools/probe", "latest")?;
    let set = Owner::new(&DAEMON_SETS, app);
    let spec = json!({
        "selector": {"matchLabels": {"app": app}}, "template": template(app, &[&container]),
    });
    let status = json!({"desiredNumberScheduled": 1, "numberReady": 1, "numberAvailable": 1});
    Some(vec![
        set.object(namespace, None, &spec, &status),
        Pod::new(namespace, "probe-h7cpq").owned(&set).running(&container).object(),
    ])
}

/// A ReplicaSet of its own.
fn cache(images: &Images<'_>) -> Option<Vec<Object>> {
    let container = images.tagged("cache", "tools/cache", "latest")?;
    let set = Owner::new(&REPLICA_SETS, "cache");
    Some(vec![
        set.object("tools", None, &replicas("cache", 1, &container), &available(1)),
        Pod::new("tools", "cache-xt5gn").owned(&set).running(&container).object(),
    ])
}

/// A ReplicationController of its own, on which nothing runs.
fn legacy(images: &Images<'_>) -> Option<Vec<Object>> {
    let container = images.tagged("legacy", "tools/builder", "18")?;
    let controller = Owner::new(&REPLICATION_CONTROLLERS, "legacy");
    let mut spec = replicas("legacy", 0, &container);
    spec["selector"] = json!({"app": "legacy"});
    Some(vec![controller.object("tools", None, &spec, &json!({"replicas": 0}))])
}

/// A DeploymentConfig that follows a tag, with its ReplicationController and pod.
fn deployment_config(images: &Images<'_>) -> Option<Vec<Object>> {
    let (namespace, app) = ("shop", "checkout-beta");
    let mut container = images.tagged("checkout", "shop/checkout", "beta")?;
    // The trigger puts the digest in place of the tag.
    container.image.clone_from(&container.image_id);
    let config = Owner::new(&DEPLOYMENT_CONFIGS, app);
    let controller = Owner::new(&REPLICATION_CONTROLLERS, "checkout-beta-1");
    let mut spec = replicas(app, 1, &container);
    spec["selector"] = json!({"app": app});
    let mut triggered = spec.clone();
    triggered["triggers"] = json!([{"type": "ImageChange", "imageChangeParams": {
        "automatic": true, "containerNames": ["checkout"],
        "from": {"kind": "ImageStreamTag", "namespace": namespace, "name": "checkout:beta"},
        "lastTriggeredImage": container.image,
    }}]);
    let pod = Pod::new(namespace, "checkout-beta-1-zs8fv").owned(&controller);
    Some(vec![
        config.object(namespace, None, &triggered, &json!({"latestVersion": 1, "replicas": 1})),
        controller.object(namespace, Some(&config), &spec, &available(1)),
        pod.running(&container).object(),
    ])
}

/// A BuildConfig, a Build from it, and the pod that built.
fn build(images: &Images<'_>) -> Option<Vec<Object>> {
    let namespace = "tools";
    let from = images.tagged("docker-build", "tools/builder", "18")?;
    let output = images.digest("tools/builder", "20")?;
    let config = Owner::new(&BUILD_CONFIGS, "builder");
    let build = Owner::new(&BUILDS, "builder-1");
    let to = json!({"to": {"kind": "ImageStreamTag", "name": "builder:20"}});
    let source =
        json!({"type": "Git", "git": {"uri": "https://git.example.com/tools/builder.git"}});
    let strategy = |from: Value| json!({"type": "Docker", "dockerStrategy": {"from": from}});
    let tag = json!({"kind": "ImageStreamTag", "name": "builder:18"});
    let digest = json!({"kind": "DockerImage", "name": from.image_id});
    let triggers = json!([{"type": "ImageChange", "imageChange": {}}]);
    let whole = json!({
        "source": source, "strategy": strategy(tag), "output": to, "triggers": triggers,
    });
    let one = json!({"source": source, "strategy": strategy(digest), "output": to});
    let done = json!({
        "phase": "Complete", "outputDockerImageReference": format!("{INTERNAL}/tools/builder:20"),
        "output": {"to": {"imageDigest": output}},
        "config": {"kind": "BuildConfig", "namespace": namespace, "name": "builder"},
    });
    let pod = Pod::new(namespace, "builder-1-build").owned(&build);
    Some(vec![
        config.object(namespace, None, &whole, &json!({"lastVersion": 1})),
        build.object(namespace, Some(&config), &one, &done),
        pod.running(&from).ended().object(),
    ])
}

/// What runs where only the administrator looks.
fn vault(images: &Images<'_>) -> Option<Vec<Object>> {
    let container = images.tagged("ledger", "vault/ledger", "latest")?;
    let visible = images.tagged("frontend", "skyfield/frontend", "stable")?;
    let one = |name, container| (&PODS, Pod::new("vault", name).running(container).object().1);
    Some(vec![one("ledger", &container), one("frontend", &visible)])
}
