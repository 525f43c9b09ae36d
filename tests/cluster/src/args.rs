// SPDX-License-Identifier: LGPL-2.1-or-later
//! The command line.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

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
  --no-delete         docker-registry refuses to delete
  --no-service-proxy  the API server does not reach the cluster's network
  --until-eof         end also when stdin does
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

/// How to play a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Whether docker-registry deletes.
    pub delete: bool,
    /// Whether the service proxy works.
    pub service_proxy: bool,
    /// Whether the end of stdin is our end too.
    pub until_eof: bool,
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
    let (mut face, mut seed, mut dir, mut out) = (None, None, None, None);
    let (mut api_port, mut registry_port) = (0, 0);
    let (mut delete, mut service_proxy, mut until_eof) = (true, true, false);
    while let Some(option) = args.next() {
        let mut value = || args.next().with_context(|| format!("{option} needs a value"));
        match option.as_str() {
            "--face" => face = Some(value()?.parse::<Face>().map_err(anyhow::Error::msg)?),
            "--seed" => seed = Some(value()?.into()),
            "--dir" => dir = Some(value()?.into()),
            "--out" => out = Some(value()?.into()),
            "--api-port" => api_port = value()?.parse().context("--api-port needs a number")?,
            "--registry-port" => {
                registry_port = value()?.parse().context("--registry-port needs a number")?
            }
            "--no-delete" => delete = false,
            "--no-service-proxy" => service_proxy = false,
            "--until-eof" => until_eof = true,
            other => bail!("{other} is not known"),
        }
    }
    match command.as_str() {
        "seed" => Ok(Command::Seed(out.context("--out is missing")?)),
        "serve" => Ok(Command::Serve(ServeOptions {
            face: face.context("--face is missing")?,
            seed,
            dir: dir.context("--dir is missing")?,
            api_port,
            registry_port,
            delete,
            service_proxy,
            until_eof,
        })),
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
        assert!(parsed("serve --face both --dir d").is_err());
        assert!(parsed("seed --out").is_err());
    }
}
