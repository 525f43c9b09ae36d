// SPDX-License-Identifier: LGPL-2.1-or-later

//! A loopback cluster of one test's own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::curl::Curl;
use crate::folder::Folder;
use crate::process::Program;
use crate::skopeo::Skopeo;
use crate::wait::PATIENCE;
use crate::{programs, seed};

/// What the cluster shows itself as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Kubernetes with a registry without authentication behind the service proxy.
    Plain,
    /// OpenShift with its image API and its own registry.
    Openshift,
}

impl Face {
    /// As the command line of `loopback-cluster` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Openshift => "openshift",
        }
    }
}

/// What `loopback-cluster serve` prints when it is ready.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// The address of the API server.
    pub api: String,
    /// The certificate of the authority that signed the servers'.
    pub ca: PathBuf,
    /// The kubeconfig of each user.
    pub kubeconfigs: BTreeMap<String, PathBuf>,
    /// The bearer token of each user that has one.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
    /// Host and port of the registry.
    pub registry: String,
    /// The same with `http` or `https`.
    pub registry_url: String,
    /// The base of the addresses of docker-registry itself, where nobody notes the requests; for the
    /// plain face.
    pub registry_direct: String,
    /// Where faults are ordered and requests are told.
    pub control: String,
    /// Host and port of the registry's service, where only a node finds something.
    #[serde(default)]
    pub service_address: String,
    /// The certificate of the authority that signed the registry's service.
    #[serde(default)]
    pub service_ca: PathBuf,
    /// The pods of the registry at the start.
    #[serde(default)]
    pub pods: Vec<Pod>,
    /// The password of each user at a registry that knows people by itself.
    #[serde(default)]
    pub registry_passwords: BTreeMap<String, String>,
    /// Where such a registry sends people for tokens.
    #[serde(default)]
    pub token_server: Option<String>,
    /// The password of each user at an API server of old.
    #[serde(default)]
    pub passwords: BTreeMap<String, String>,
}

/// A pod of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pod {
    /// Where it is.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The port on which the registry listens.
    pub port: u16,
}

/// A running loopback cluster.
#[derive(Debug)]
pub struct Cluster {
    /// Its addresses and credentials.
    pub ready: Ready,
    /// Which of the two.
    pub face: Face,
    // Dropped before the folder that it writes to.
    program: Program,
    folder: Folder,
}

impl Cluster {
    /// Starts one with a copy of the seed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(face: Face) -> Result<Self> {
        Self::start_with(face, true, &[])
    }

    /// Starts one without a single image.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_empty(face: Face) -> Result<Self> {
        Self::start_with(face, false, &[])
    }

    /// Starts one with so many images made from a seed: see the module `load` of the cluster's crate.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_loaded(face: Face, images: u32) -> Result<Self> {
        Self::start_with(face, false, &["--load", &images.to_string()])
    }

    /// Starts one with further options of `loopback-cluster serve`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(face: Face, seeded: bool, options: &[&str]) -> Result<Self> {
        let folder = Folder::new("images-cluster-")?;
        let mut command = Command::new(programs::built("loopback-cluster")?);
        command.args(["serve", "--until-eof", "--face", face.name()]);
        if seeded {
            command.arg("--seed").arg(seed::seed()?);
        }
        command.arg("--dir").arg(folder.path().join("state")).args(options);
        let (program, lines) =
            Program::start_until_eof(&command, &folder.path().join("cluster.log"))?;
        let ready = lines
            .find(PATIENCE, |line| serde_json::from_str::<Ready>(line).ok())
            .with_context(|| {
                let log = std::fs::read_to_string(folder.path().join("cluster.log"));
                format!("loopback-cluster: {}", log.unwrap_or_default())
            })?;
        Ok(Self { ready, face, program, folder })
    }

    /// The kubeconfig of a user.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn kubeconfig(&self, user: &str) -> Result<PathBuf> {
        let path = self.ready.kubeconfigs.get(user);
        path.cloned().with_context(|| format!("the cluster has no user {user}"))
    }

    /// `$XDG_STATE_HOME` of all who ask this cluster from a terminal; made by the first who writes.
    pub fn state_home(&self) -> PathBuf {
        self.folder.path().join("state-home")
    }

    /// Where the records of what was deleted are.
    pub fn records(&self) -> PathBuf {
        self.state_home().join("cockpit-images/changes")
    }

    /// The storage of the registry: `blobs` and `repositories` are in it.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("state/registry/docker/registry/v2")
    }

    /// Whether the registry's disk holds a blob.
    pub fn has_blob_file(&self, digest: &str) -> bool {
        let hex = digest.trim_start_matches("sha256:");
        let folder = hex.get(..2).unwrap_or_default();
        self.storage().join("blobs/sha256").join(folder).join(hex).join("data").exists()
    }

    /// Puts tags `many-0000` and so on, on an image of a repository, as the registry itself has them on
    /// its disk.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add_tags(&self, repository: &str, digest: &str, count: usize) -> Result<()> {
        let tags = self.storage().join("repositories").join(repository).join("_manifests/tags");
        let hex = digest.trim_start_matches("sha256:");
        for number in 0..count {
            let tag = tags.join(format!("many-{number:04}"));
            for folder in [tag.join("current"), tag.join("index/sha256").join(hex)] {
                std::fs::create_dir_all(&folder)?;
                std::fs::write(folder.join("link"), digest)?;
            }
        }
        Ok(())
    }

    /// The bearer token of a user.
    ///
    /// # Errors
    /// When she has none.
    pub fn token(&self, user: &str) -> Result<&str> {
        let token = self.ready.tokens.get(user);
        token.map(String::as_str).with_context(|| format!("{user} has no token"))
    }

    /// curl with the rights of a user at the API server.
    pub fn curl(&self, user: &str) -> Curl {
        let curl = Curl::new().authority(&self.ready.ca);
        match self.ready.tokens.get(user) {
            Some(token) => curl.bearer(token),
            None => curl,
        }
    }

    /// The JSON that the API server answers to `user` for a path such as `/version`.
    ///
    /// # Errors
    /// When it answers anything but 200 and JSON.
    pub async fn api(&self, user: &str, path: &str) -> Result<Value> {
        let answer = self.curl(user).get(&format!("{}{path}", self.ready.api)).await?;
        ensure!(answer.status == 200, "{path}: {}: {}", answer.status, answer.text());
        answer.json()
    }

    /// curl with the rights of a user at the registry.
    pub fn registry_curl(&self, user: &str) -> Curl {
        let curl = Curl::new().authority(&self.ready.ca);
        match (self.face, self.ready.tokens.get(user)) {
            (Face::Openshift, Some(token)) => curl.basic("unused", token),
            _ => curl,
        }
    }

    /// The registry's address inside of the cluster, and curl there with the rights of sarah: a way
    /// that is always open, to see what is really there.
    ///
    /// # Errors
    /// When the cluster does not tell where its pod is.
    pub async fn inside(&self) -> Result<(String, Curl)> {
        let pod = self.ready.pods.first().context("the registry has no pod")?;
        let path = format!("/api/v1/namespaces/{}/pods/{}", pod.namespace, pod.name);
        let object = self.api("sarah", &path).await?;
        let ip = object["status"]["podIP"].as_str().context("the pod has no address")?;
        let mut curl = match (self.face, self.ready.registry_passwords.get("sarah")) {
            (Face::Openshift, _) => Curl::new().basic("unused", self.token("sarah")?),
            (Face::Plain, Some(password)) => Curl::new().basic("sarah", password),
            (Face::Plain, None) => Curl::new(),
        };
        if !self.ready.registry_url.starts_with("https:") {
            return Ok((format!("http://{ip}:{}", pod.port), curl));
        }
        // The certificate is for the service's name.
        let service = match self.face {
            Face::Plain => "registry.kube-system.svc",
            Face::Openshift if pod.namespace == "default" => "docker-registry.default.svc",
            Face::Openshift => "image-registry.openshift-image-registry.svc",
        };
        let host = format!("{service}:{}", pod.port);
        curl = curl.authority(&self.ready.service_ca);
        curl = curl.option("connect-to", &format!("{host}:{ip}:{}", pod.port));
        Ok((format!("https://{host}"), curl))
    }

    /// The digest that the registry has for `repository:tag`, asked inside of the cluster; `None`
    /// if it does not know it.
    ///
    /// # Errors
    /// When it answers anything else.
    pub async fn kept_digest(&self, image: &str) -> Result<Option<String>> {
        let (repository, tag) = image.rsplit_once(':').context("no tag")?;
        let (registry, curl) = self.inside().await?;
        let url = format!("{registry}/v2/{repository}/manifests/{tag}");
        let answer = curl.header(crate::inventory::ACCEPT).head(&url).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        ensure!(answer.is_good(), "{url}: {}", answer.status);
        Ok(answer.header("Docker-Content-Digest").map(str::to_owned))
    }

    /// skopeo with the rights of a user at the registry.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn skopeo(&self, user: &str) -> Result<Skopeo> {
        Skopeo::of_cluster(&self.ready, self.ready.tokens.get(user).map(String::as_str))
    }

    /// skopeo with a token that was handed out later.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn skopeo_by(&self, token: &str) -> Result<Skopeo> {
        Skopeo::of_cluster(&self.ready, Some(token))
    }

    /// Logs somebody in at the provider `htpasswd`, as OpenShift's login server does; gives the
    /// token.
    ///
    /// # Errors
    /// When they are not let in.
    pub async fn log_in(&self, user: &str) -> Result<String> {
        let url = format!("{}/login", self.ready.control);
        let answer = Curl::new().post(&url, &json!({ "user": user })).await?;
        ensure!(answer.is_good(), "{user} is not let in: {}", answer.text());
        let token = answer.json()?["token"].as_str().map(str::to_owned);
        token.context("no token")
    }

    /// Orders a fault, such as `{"on":"registry","path":"/v2/","kind":"hang"}`.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn fault(&self, fault: Value) -> Result<()> {
        let url = format!("{}/faults", self.ready.control);
        let answer = Curl::new().post(&url, &json!([fault])).await?;
        ensure!(answer.is_good(), "the fault was refused: {}", answer.text());
        Ok(())
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn heal(&self) -> Result<()> {
        let answer = Curl::new().delete(&format!("{}/faults", self.ready.control)).await?;
        ensure!(answer.is_good(), "{}", answer.text());
        Ok(())
    }

    /// Puts the registry into a state, such as `crashing`; `running` is the good one.
    ///
    /// # Errors
    /// When there is no such state.
    pub async fn registry_state(&self, state: &str) -> Result<()> {
        self.order("registry-state", &json!({ "state": state })).await
    }

    /// Gives the control port something to do.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn order(&self, what: &str, body: &Value) -> Result<()> {
        let answer = Curl::new().post(&format!("{}/{what}", self.ready.control), body).await?;
        ensure!(answer.is_good(), "{what}: {}", answer.text());
        Ok(())
    }

    /// Makes all older resource versions unknown: watches that begin there get a 410.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn forget_history(&self) -> Result<()> {
        self.order("history/compact", &Value::Null).await
    }

    /// The requests that the cluster got so far.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn requests(&self) -> Result<Vec<Value>> {
        let answer = Curl::new().get(&format!("{}/requests", self.ready.control)).await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Forgets the requests so far.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn forget_requests(&self) -> Result<()> {
        let answer = Curl::new().delete(&format!("{}/requests", self.ready.control)).await?;
        ensure!(answer.is_good(), "{}", answer.text());
        Ok(())
    }

    /// Its log, for the evidence of a failed test.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("cluster.log")
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        self.program.is_running()
    }

    /// Ends it now, for tests of what the page says then.
    ///
    /// # Errors
    /// When something of it could not be ended.
    pub fn end(&mut self) -> Result<()> {
        self.program.end()
    }
}
