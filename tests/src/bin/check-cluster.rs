// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `make check-cluster` starts: the acceptance tests in any cluster.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use images_tests::acceptance::{self, Settings};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Usage: check-cluster
Pushes an image of its own to the registry of a cluster, finds, looks at and deletes it, and
removes all that it created. Settings, in the environment:
  KUBECONFIG=FILE[:FILE...]     the cluster, and who you are there
  PROJECT=NAME                  OpenShift: push into this project instead of creating one
  REGISTRY=[http://]HOST:PORT   push to this address instead of the one that is found
  REGISTRY_AUTH_FILE=FILE       logins at registries that want one, as podman login leaves them
";

fn main() -> ExitCode {
    let kubeconfig = variable("KUBECONFIG");
    let Some(kubeconfig) = kubeconfig.filter(|_| env::args().len() == 1) else {
        tell(USAGE);
        return ExitCode::from(2);
    };
    let text = |name| variable(name).map(|value| value.to_string_lossy().into_owned());
    let settings = Settings {
        kubeconfig,
        project: text("PROJECT"),
        registry: text("REGISTRY"),
        auth_file: variable("REGISTRY_AUTH_FILE").map(Into::into),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = runtime.context("cannot start").and_then(|runtime| runtime.block_on(run(&settings)));
    match ran {
        Ok(()) => {
            tell("check-cluster: all is well\n");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "check-cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let interrupted = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    acceptance::check(settings, interrupted, |words| tell(&format!("check-cluster: {words}\n")))
        .await
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn tell(words: &str) {
    // A closed pipe is no reason not to clean up.
    let _ = std::io::stdout().write_all(words.as_bytes());
}
