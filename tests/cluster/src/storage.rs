// SPDX-License-Identifier: LGPL-2.1-or-later
//! Debian's docker-registry, as a child of ours.
//!
//! The child must not outlive us, however we end. A signal at the parent's death
//! needs unsafe code in the child, so a shell watches a pipe instead: its end of
//! file, which the kernel sends even when we are killed, ends docker-registry.

mod files;
mod maintenance;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

pub(crate) use files::Files;
pub(crate) use maintenance::{Environment, Maintenance};

/// The folder of its files.
pub(crate) const REGISTRY: &str = "registry";

/// The name of the configuration file.
pub(crate) const CONFIGURATION: &str = "docker-registry.yml";

/// With the small heap of an idle registry, Go's garbage collector runs after every few requests and
/// takes half of the processor's time. One that serves people has a cache, and so a heap on which that
/// does not show.
const GARBAGE_COLLECTION: (&str, &str) = ("GOGC", "800");

/// $1 is the configuration file.
const SUPERVISOR: &str = r#"exec 3<&0
docker-registry serve "$1" 3<&- &
pid=$!
(cat <&3 >/dev/null; kill "$pid" 2>/dev/null) &
wait "$pid"
"#;

/// How docker-registry is to be.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Whether it deletes.
    pub(crate) delete: bool,
    /// Whether it takes nothing.
    pub(crate) read_only: bool,
    /// How it knows people.
    pub(crate) auth: Auth,
}

/// How docker-registry knows people.
#[derive(Debug)]
pub(crate) enum Auth {
    /// It takes everybody.
    None,
    /// By name and password, from this file of bcrypt hashes.
    Htpasswd(PathBuf),
    /// By the tokens of a server.
    Token {
        /// Where clients get one.
        realm: String,
        /// Who hands them out, as they say.
        issuer: &'static str,
        /// For whom they are, as they say.
        service: &'static str,
        /// The certificates of those who may sign them, PEM.
        certificates: PathBuf,
    },
}

/// A running docker-registry.
#[derive(Debug)]
pub(crate) struct Storage {
    /// Where it listens, over HTTP.
    pub(crate) address: SocketAddr,
    /// Its storage: `docker/registry/v2/…` is below.
    pub(crate) root: PathBuf,
    /// Closed while it is started anew: who comes then waits.
    pub(crate) gate: Gate,
    dir: PathBuf,
    settings: Settings,
    process: Process,
}

/// Held open by everybody who asks docker-registry something.
pub(crate) type Gate = Arc<RwLock<()>>;

/// docker-registry and what watches over it.
#[derive(Debug)]
struct Process {
    supervisor: Child,
    lifeline: Option<ChildStdin>,
    /// Empties the pipe of its log: a full one would stop it.
    log: JoinSet<()>,
}

impl Storage {
    /// Starts docker-registry on a free port, with its files in `dir`.
    ///
    /// # Errors
    /// When the program is missing or does not begin to listen.
    pub(crate) async fn start(dir: &Path, settings: Settings) -> anyhow::Result<Self> {
        let root = dir.join(REGISTRY);
        tokio::fs::create_dir_all(&root).await?;
        tokio::fs::write(dir.join(CONFIGURATION), text(&root, &settings, 0)).await?;
        let (process, address) = Process::start(dir, &Environment::default()).await?;
        let (dir, gate) = (dir.to_owned(), Gate::default());
        Ok(Self { address, root, gate, dir, settings, process })
    }

    /// Starts it anew with something in its environment, at the same address.
    ///
    /// # Errors
    /// When it does not begin to listen.
    pub(crate) async fn restart(&mut self, environment: &Environment) -> anyhow::Result<()> {
        let gate = Arc::clone(&self.gate);
        let _closed = gate.write().await;
        self.process.stop().await;
        let text = text(&self.root, &self.settings, self.address.port());
        tokio::fs::write(self.dir.join(CONFIGURATION), text).await?;
        (self.process, _) = Process::start(&self.dir, environment).await?;
        Ok(())
    }

    /// Waits until it ends by itself, which it should not.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        let _ = self.process.log.join_next().await;
        anyhow::anyhow!("docker-registry ended; see docker-registry.log")
    }

    /// Ends it and waits until it is gone.
    pub(crate) async fn stop(mut self) {
        self.process.stop().await;
    }
}

impl Process {
    async fn start(dir: &Path, environment: &Environment) -> anyhow::Result<(Self, SocketAddr)> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISOR, "docker-registry-supervisor"])
            .arg(dir.join(CONFIGURATION))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .env(GARBAGE_COLLECTION.0, GARBAGE_COLLECTION.1);
        environment.put(&mut command);
        let mut supervisor = command.spawn().context("/bin/sh does not start")?;
        let lifeline = supervisor.stdin.take();
        let stderr = supervisor.stderr.take().context("no pipe from docker-registry")?;
        let mut log = BufReader::new(stderr).lines();
        let mut seen = String::new();
        let address = loop {
            let Some(line) = log.next_line().await? else {
                bail!("docker-registry does not start: {seen}")
            };
            if let Some(address) = listening_on(&line) {
                break address;
            }
            seen = line;
        };
        let mut file = tokio::fs::OpenOptions::new();
        let file = file.create(true).append(true).open(dir.join("docker-registry.log")).await?;
        let mut keeping = JoinSet::new();
        keeping.spawn(keep(log, file));
        Ok((Self { supervisor, lifeline, log: keeping }, address))
    }

    async fn stop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.supervisor.wait().await;
    }
}

async fn keep(mut log: Lines<BufReader<ChildStderr>>, mut file: tokio::fs::File) {
    while let Ok(Some(line)) = log.next_line().await {
        let _ = file.write_all(format!("{line}\n").as_bytes()).await;
    }
}

/// The configuration.
fn text(root: &Path, settings: &Settings, port: u16) -> String {
    let Settings { delete, read_only, auth } = settings;
    // No cache of blob descriptors: a blob whose file is removed is gone at once.
    let mut text = format!(
        "version: 0.1\n\
         log:\n  level: info\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: {delete}\n  \
         maintenance:\n    uploadpurging:\n      enabled: false\n    \
         readonly:\n      enabled: {read_only}\n\
         http:\n  addr: 127.0.0.1:{port}\n  secret: loopback\n",
        root.display()
    );
    text += &match auth {
        Auth::None => String::new(),
        Auth::Htpasswd(file) => {
            format!("auth:\n  htpasswd:\n    realm: registry\n    path: {}\n", file.display())
        }
        Auth::Token { realm, issuer, service, certificates } => format!(
            "auth:\n  token:\n    realm: {realm}\n    service: {service}\n    \
             issuer: {issuer}\n    rootcertbundle: {}\n",
            certificates.display()
        ),
    };
    text
}

fn listening_on(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on ")?;
    rest.split(['"', ' ', ',']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_address_from_the_log() {
        let line = r#"level=info msg="listening on 127.0.0.1:43421" go.version=go1.19.8"#;
        assert_eq!(listening_on(line), "127.0.0.1:43421".parse().ok());
        assert_eq!(listening_on("level=info msg=\"redis not configured\""), None);
    }
}
