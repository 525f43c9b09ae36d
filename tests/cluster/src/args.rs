// SPDX-License-Identifier: LGPL-2.1-or-later
//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, Error, bail, ensure};

use crate::furniture::state::RegistryState;
use crate::load::Size;
use crate::ready::Face;

/// What `--help` prints.
pub const USAGE: &str = "\
usage: loopback-cluster seed --out DIR
       loopback-cluster serve --face plain|openshift --dir STATEDIR [OPTION...]

seed   makes images and pushes them with skopeo into DIR/plain and DIR/openshift;
       does nothing if DIR is complete already
serve  plays a cluster on 127.0.0.1 and prints one line of JSON when it is ready;
       ends on SIGINT and SIGTERM
  --dir STATEDIR      where the state of this run goes; emptied first
  --seed DIR          begin with a copy of these images; without it there are none
  --api-port N        port of the API server instead of a free one
  --registry-port N   port of the registry instead of a free one
  --until-eof         end also when stdin does
what the registry is like:
  --no-delete         docker-registry refuses to delete
  --read-only         docker-registry is in maintenance and takes nothing
  --registry-auth none|htpasswd|token
                      how docker-registry itself knows people (plain face)
  --registry-tls      docker-registry speaks TLS (plain face; OpenShift's always does)
  --registry-state running|absent|removed|scaled|no-endpoints|crashing
                      what the API says about it
  --second-registry   there is another one, apps/team-registry
  --vault             the project vault, of which only sarah knows; its image is made of layers
                      that others use too
  --crowd N           N more tags, each on an image of its own, in bulk/r01 to bulk/r20
  --load IMAGES[,SEED]
                      so many images besides, made from the seed: see the crate's module load;
                      on the plain face a tag for each, ten in a repository; with
                      --read-only its files are kept for later runs
which ways lead to it:
  --node              this host is a node: addresses of services lead to their pods
  --no-public         nothing listens at the registry's public address
  --no-route          OpenShift has no route to it
  --announce          kube-public names it in local-registry-hosting (plain face)
  --no-service-proxy  the API server does not reach the cluster's network
  --no-port-forward   the API server does not reach the kubelet
what the cluster is like:
  --old               no TokenRequest and no SelfSubjectReview, but token Secrets, HTTP Basic
                      and the legacy path of the service proxy
  --no-storage-class  nobody provides volumes
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Make the seed in a folder.
    Seed(PathBuf),
    /// Play a cluster.
    Serve(ServeOptions),
    /// Explain.
    Help,
}

/// How docker-registry itself knows people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryAuth {
    /// It takes everybody.
    #[default]
    None,
    /// Name and password, from a file.
    Htpasswd,
    /// Tokens, which a server beside it hands out for name and password.
    Token,
}

impl FromStr for RegistryAuth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "htpasswd" => Ok(Self::Htpasswd),
            "token" => Ok(Self::Token),
            other => Err(format!("'{other}' is neither 'none' nor 'htpasswd' nor 'token'")),
        }
    }
}

/// How to play a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "as many switches as the command line has")]
pub struct ServeOptions {
    /// What to play.
    pub face: Face,
    /// Where the images to begin with are.
    pub seed: Option<PathBuf>,
    /// Where the state goes.
    pub dir: PathBuf,
    /// 0: a free one.
    pub api_port: u16,
    /// 0: a free one.
    pub registry_port: u16,
    /// Whether the end of stdin is our end too.
    pub until_eof: bool,
    /// Whether docker-registry deletes.
    pub delete: bool,
    /// Whether docker-registry takes nothing.
    pub read_only: bool,
    /// How docker-registry knows people; only of the plain face.
    pub registry_auth: RegistryAuth,
    /// Whether the plain face's registry speaks TLS.
    pub registry_tls: bool,
    /// What the API says about the registry at first.
    pub registry_state: RegistryState,
    /// Whether there is another registry.
    pub second_registry: bool,
    /// Whether there is a project of which only the administrator knows.
    pub vault: bool,
    /// How many tags there are besides, in a project of their own.
    pub crowd: usize,
    /// How many images are made besides.
    pub load: Option<Size>,
    /// Whether this host is a node, so that addresses of services lead to pods.
    pub node: bool,
    /// Whether something listens at the registry's public address.
    pub public: bool,
    /// Whether OpenShift has a route to the registry.
    pub route: bool,
    /// Whether `kube-public` names the registry.
    pub announce: bool,
    /// Whether the service proxy works.
    pub service_proxy: bool,
    /// Whether port-forwards work.
    pub port_forward: bool,
    /// Whether the cluster is one of old.
    pub old: bool,
    /// Whether there is a StorageClass.
    pub storage_class: bool,
}

impl ServeOptions {
    /// A cluster in which everything works as it does after installation.
    #[must_use]
    pub fn new(face: Face, dir: PathBuf) -> Self {
        Self {
            face,
            seed: None,
            dir,
            api_port: 0,
            registry_port: 0,
            until_eof: false,
            delete: true,
            read_only: false,
            registry_auth: RegistryAuth::None,
            registry_tls: false,
            registry_state: RegistryState::Running,
            second_registry: false,
            vault: false,
            crowd: 0,
            load: None,
            node: false,
            public: true,
            route: true,
            announce: false,
            service_proxy: true,
            port_forward: true,
            old: false,
            storage_class: true,
        }
    }

    /// Whether the registry's pods speak TLS.
    #[must_use]
    pub fn speaks_tls(&self) -> bool {
        self.face == Face::Openshift || self.registry_tls
    }

    /// Whether these options make sense together.
    ///
    /// # Errors
    /// When they do not; the message says why.
    fn check(self) -> anyhow::Result<Self> {
        let plain = self.face == Face::Plain;
        ensure!(
            plain || self.registry_auth == RegistryAuth::None,
            "--registry-auth is for the plain face: OpenShift's registry knows people by itself"
        );
        ensure!(plain || !self.registry_tls, "--registry-tls is for the plain face");
        ensure!(plain || !self.announce, "--announce is for the plain face");
        ensure!(!plain || self.route, "--no-route is for the openshift face");
        ensure!(
            !plain || self.registry_state != RegistryState::Removed,
            "--registry-state removed is for the openshift face"
        );
        Ok(self)
    }
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// When it makes no sense; the message says why.
pub fn parse(args: impl IntoIterator<Item = String>) -> anyhow::Result<Command> {
    let mut args = args.into_iter();
    let command = args.next().context("a command is missing")?;
    if matches!(command.as_str(), "--help" | "-h" | "help") {
        return Ok(Command::Help);
    }
    let (mut face, mut out) = (None, None);
    // The face and the folder that matter come at the end.
    let mut options = ServeOptions::new(Face::Plain, PathBuf::new());
    while let Some(option) = args.next() {
        let mut value = || args.next().with_context(|| format!("{option} needs a value"));
        let number = |text: String| {
            text.parse().with_context(|| format!("{option} needs a number, not '{text}'"))
        };
        match option.as_str() {
            "--face" => face = Some(value()?.parse::<Face>().map_err(Error::msg)?),
            "--seed" => options.seed = Some(value()?.into()),
            "--dir" => options.dir = value()?.into(),
            "--out" => out = Some(value()?.into()),
            "--api-port" => options.api_port = number(value()?)?,
            "--registry-port" => options.registry_port = number(value()?)?,
            "--until-eof" => options.until_eof = true,
            "--no-delete" => options.delete = false,
            "--read-only" => options.read_only = true,
            "--registry-auth" => options.registry_auth = value()?.parse().map_err(Error::msg)?,
            "--registry-tls" => options.registry_tls = true,
            "--registry-state" => options.registry_state = value()?.parse().map_err(Error::msg)?,
            "--second-registry" => options.second_registry = true,
            "--vault" => options.vault = true,
            "--crowd" => options.crowd = number(value()?)?.into(),
            "--load" => options.load = Some(value()?.parse().map_err(Error::msg)?),
            "--node" => options.node = true,
            "--no-public" => options.public = false,
            "--no-route" => options.route = false,
            "--announce" => options.announce = true,
            "--no-service-proxy" => options.service_proxy = false,
            "--no-port-forward" => options.port_forward = false,
            "--old" => options.old = true,
            "--no-storage-class" => options.storage_class = false,
            other => bail!("{other} is not known"),
        }
    }
    match command.as_str() {
        "seed" => Ok(Command::Seed(out.context("--out is missing")?)),
        "serve" => {
            options.face = face.context("--face is missing")?;
            ensure!(!options.dir.as_os_str().is_empty(), "--dir is missing");
            Ok(Command::Serve(options.check()?))
        }
        other => bail!("{other} is not known"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Command> {
        parse(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn reads_commands() {
        assert_eq!(parsed("seed --out /x").unwrap(), Command::Seed("/x".into()));
        let Command::Serve(options) = parsed("serve --face plain --dir d --no-delete").unwrap()
        else {
            panic!()
        };
        assert_eq!((options.face, options.delete, options.api_port), (Face::Plain, false, 0));
        assert!(parsed("serve --dir d").is_err());
        assert!(parsed("serve --face plain").is_err());
        assert!(parsed("serve --face both --dir d").is_err());
        assert!(parsed("seed --out").is_err());
    }
}
