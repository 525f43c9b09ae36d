// SPDX-License-Identifier: LGPL-2.1-or-later

//! The program of a plain registry as its pod runs it: which container, with which configuration,
//! and where it keeps its images.

use http::Method;
use serde::Deserialize;

use super::error::Kind;
use super::exec::Container;
use super::path::is_name;
use super::workload::Pod;
use super::{Cluster, Error};
use crate::body::excerpt;

/// Where the official images have their configuration: up to 2.8, and since 3.0.
const CONFIGS: [&str; 2] = ["/etc/docker/registry/config.yml", "/etc/distribution/config.yml"];
/// Where the official images keep their data.
const ROOT: &str = "/var/lib/registry";
/// The variable that names another place.
const ROOT_VARIABLE: &str = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY";
/// The variable that makes a registry read-only (distribution, configuration, `maintenance`).
pub const READ_ONLY_VARIABLE: &str = "REGISTRY_STORAGE_MAINTENANCE_READONLY";
/// The drivers that keep data in another service.
const ELSEWHERE: [&str; 5] = ["s3", "azure", "gcs", "swift", "oss"];

/// A registry's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it runs.
    pub container: Container,
    /// What tells its pod from later ones of the same name.
    pub uid: Option<String>,
    /// The image of the container. Untrusted text, bounded.
    pub image: Option<String>,
    /// The name of the program in the container.
    pub binary: String,
    /// The files that may be its configuration, the likeliest first.
    pub configs: Vec<String>,
    /// The folder of its data, where that is a folder.
    pub root: String,
    /// What becomes of its data when the pod is made anew.
    pub storage: Storage,
}

/// What becomes of a registry's data when its pod is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// It stays: in a volume, or in another service.
    Kept,
    /// It stays on the node, where a pod on another node does not find it.
    Node,
    /// It is lost with the pod.
    Lost,
    /// Nobody knows; it may be in the container.
    Unclear,
}

#[derive(Deserialize)]
struct Object {
    metadata: Named,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    namespace: Option<String>,
    uid: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    containers: Option<Vec<PodContainer>>,
    volumes: Option<Vec<Volume>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodContainer {
    name: String,
    image: Option<String>,
    command: Option<Vec<String>>,
    args: Option<Vec<String>>,
    env: Option<Vec<Variable>>,
    volume_mounts: Option<Vec<Mount>>,
}

/// Its value may be a secret, so it has no `Debug`, and only few of them are looked at.
#[derive(Deserialize)]
struct Variable {
    name: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mount {
    name: String,
    mount_path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    name: String,
    persistent_volume_claim: Option<serde::de::IgnoredAny>,
    /// A claim that is made for the pod and goes with it.
    ephemeral: Option<serde::de::IgnoredAny>,
    empty_dir: Option<serde::de::IgnoredAny>,
    host_path: Option<serde::de::IgnoredAny>,
    nfs: Option<serde::de::IgnoredAny>,
}

impl Cluster {
    /// The program that runs in a registry's pod.
    ///
    /// # Errors
    /// When the pod cannot be read.
    pub async fn registry_program(&self, namespace: &str, pod: &Pod) -> Result<Program, Error> {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{}", pod.name);
        if !is_name(namespace) || !is_name(&pod.name) {
            return Err(Error::new(Method::GET, &path, Kind::Path));
        }
        let object: Object = self.get(&path).await?;
        Ok(object.read(namespace, pod.image.as_deref()))
    }

    /// Whether the pod of this program is still there, be it that it is about to end.
    ///
    /// # Errors
    /// When nobody can tell.
    pub async fn has_pod(&self, program: &Program) -> Result<bool, Error> {
        let Container { namespace, pod, .. } = &program.container;
        let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}");
        if !is_name(namespace) || !is_name(pod) {
            return Err(Error::new(Method::GET, &path, Kind::Path));
        }
        match self.get::<Object>(&path).await {
            Ok(object) => Ok(object.metadata.uid == program.uid),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Object {
    /// What is known of the container that runs this image, or else of the first one.
    fn read(self, namespace: &str, image: Option<&str>) -> Program {
        let Spec { containers, volumes } = self.spec;
        let mut containers = containers.unwrap_or_default();
        let is_it = |container: &PodContainer| container.image.as_deref() == image;
        let place = containers.iter().position(is_it).unwrap_or(0);
        let container = if place < containers.len() {
            containers.swap_remove(place)
        } else {
            PodContainer::default()
        };
        let root =
            container.variable(ROOT_VARIABLE).unwrap_or(ROOT).trim_end_matches('/').to_owned();
        Program {
            storage: container.storage(&root, &volumes.unwrap_or_default()),
            binary: container.binary(),
            configs: container.configs(),
            root,
            image: container.image.map(|image| excerpt(image.as_bytes())),
            uid: self.metadata.uid,
            container: Container {
                namespace: self.metadata.namespace.unwrap_or_else(|| namespace.to_owned()),
                pod: self.metadata.name,
                name: Some(container.name).filter(|name| !name.is_empty()),
            },
        }
    }
}

impl PodContainer {
    fn words(&self) -> impl Iterator<Item = &str> {
        let words = self.command.iter().flatten().chain(self.args.iter().flatten());
        words.map(String::as_str)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.env.iter().flatten().find(|variable| variable.name == name)?;
        found.value.as_deref().filter(|value| !value.is_empty())
    }

    fn binary(&self) -> String {
        let is_registry =
            |word: &str| matches!(word.rsplit('/').next(), Some("registry" | "docker-registry"));
        let named = self.command.iter().flatten().find(|word| is_registry(word));
        named.map_or("registry", String::as_str).to_owned()
    }

    fn configs(&self) -> Vec<String> {
        let is_config = |word: &&str| {
            word.starts_with('/') && (word.ends_with(".yml") || word.ends_with(".yaml"))
        };
        if let Some(named) = self.words().find(is_config) {
            return vec![named.to_owned()];
        }
        if let Some(named) = self.variable("REGISTRY_CONFIGURATION_PATH") {
            return vec![named.to_owned()];
        }
        let mut configs = CONFIGS.map(str::to_owned);
        if version(self.image.as_deref().unwrap_or_default()) >= Some(3) {
            configs.reverse();
        }
        configs.into()
    }

    fn storage(&self, root: &str, volumes: &[Volume]) -> Storage {
        let is_elsewhere = |variable: &Variable| {
            let driver = variable.name.strip_prefix("REGISTRY_STORAGE_");
            let named = variable.name == "REGISTRY_STORAGE"
                && variable.value.as_deref().is_some_and(|value| ELSEWHERE.contains(&value));
            named
                || driver.is_some_and(|rest| {
                    let driver = rest.split('_').next().unwrap_or_default();
                    ELSEWHERE.contains(&driver.to_ascii_lowercase().as_str())
                })
        };
        if self.env.iter().flatten().any(is_elsewhere) {
            return Storage::Kept;
        }
        // Of mounts in one another the innermost counts.
        let mounts = self.volume_mounts.iter().flatten();
        let holding = mounts.filter(|mount| is_within(root, &mount.mount_path));
        let Some(mount) = holding.max_by_key(|mount| mount.mount_path.len()) else {
            return Storage::Unclear;
        };
        match volumes.iter().find(|volume| volume.name == mount.name) {
            Some(volume) if volume.persistent_volume_claim.is_some() || volume.nfs.is_some() => {
                Storage::Kept
            }
            Some(volume) if volume.host_path.is_some() => Storage::Node,
            Some(volume) if volume.empty_dir.is_some() || volume.ephemeral.is_some() => {
                Storage::Lost
            }
            _ => Storage::Unclear,
        }
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The main version in the tag of an image: `registry:2.8.3`, `registry:3`.
fn version(image: &str) -> Option<u32> {
    let image = image.split('@').next()?;
    let (_, tag) = image.rsplit('/').next()?.split_once(':')?;
    tag.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(container: Value, volume: Value) -> Program {
        let mut container = container;
        container["name"] = json!("registry");
        let pod = json!({
            "metadata": { "name": "registry-1", "namespace": "shop" },
            "spec": { "containers": [container], "volumes": [volume] },
        });
        serde_json::from_value::<Object>(pod).unwrap().read("shop", None)
    }

    #[test]
    fn the_official_images_say_nothing() {
        for (image, first) in [
            ("docker.io/library/registry:2.8.2", 0),
            ("registry:3", 1),
            ("docker.io/library/registry:3.0.0@sha256:aa", 1),
            ("localhost:5000/registry", 0),
            ("registry:latest", 0),
        ] {
            let program = read(json!({ "image": image }), json!({ "name": "x" }));
            assert_eq!(program.configs, [CONFIGS[first], CONFIGS[1 - first]], "{image}");
            assert_eq!((&*program.binary, &*program.root), ("registry", ROOT));
        }
    }

    #[test]
    fn what_the_pod_says_holds() {
        let program = read(
            json!({
                "command": ["/bin/registry", "serve"], "args": ["/etc/x/own.yaml"],
                "env": [{ "name": ROOT_VARIABLE, "value": "/data/" }, { "name": "SECRET", "value": "hunter2" }],
                "volumeMounts": [{ "name": "v", "mountPath": "/data" }],
            }),
            json!({ "name": "v", "persistentVolumeClaim": { "claimName": "c" } }),
        );
        assert_eq!((&*program.binary, &*program.configs[0]), ("/bin/registry", "/etc/x/own.yaml"));
        assert_eq!((&*program.root, program.storage), ("/data", Storage::Kept));
        assert!(!format!("{program:?}").contains("hunter2"));
        assert_eq!(program.container.to_string(), "shop/registry-1");
    }

    #[test]
    fn where_the_images_are() {
        let mounted = |path: &str| json!({ "volumeMounts": [{ "name": "v", "mountPath": path }] });
        let volume = |kind: &str| json!({ "name": "v", kind: {} });
        for (container, volume, storage) in [
            (mounted(ROOT), volume("emptyDir"), Storage::Lost),
            (mounted("/var/lib"), volume("ephemeral"), Storage::Lost),
            (mounted(ROOT), volume("hostPath"), Storage::Node),
            (mounted("/"), volume("nfs"), Storage::Kept),
            (mounted("/var/lib/registry2"), volume("nfs"), Storage::Unclear),
            (mounted(ROOT), volume("gitRepo"), Storage::Unclear),
            (json!({}), volume("emptyDir"), Storage::Unclear),
            (
                json!({ "env": [{ "name": "REGISTRY_STORAGE", "value": "s3" }] }),
                volume("emptyDir"),
                Storage::Kept,
            ),
            (
                json!({ "env": [{ "name": "REGISTRY_STORAGE_S3_BUCKET", "valueFrom": {} }] }),
                volume("emptyDir"),
                Storage::Kept,
            ),
            (
                json!({ "env": [{ "name": "REGISTRY_STORAGE_DELETE_ENABLED", "value": "true" }] }),
                volume("emptyDir"),
                Storage::Unclear,
            ),
        ] {
            let said = format!("{container} {volume}");
            assert_eq!(read(container, volume).storage, storage, "{said}");
        }
    }
}
