// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `make run` starts: a loopback cluster with a seeded registry, and a Cockpit that shows it.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::cockpit::{Cockpit, Version};
use images_tests::{programs, seed};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Usage: run
Starts a loopback cluster and a Cockpit on 127.0.0.1 until Ctrl-C. Settings, in the environment:
  PORT=9090                     the port of Cockpit
  FACE=openshift|plain          what the cluster is
  COCKPIT=installed|287|337     which Cockpit
  CLUSTER_USER=sarah            whose kubeconfig the session has
  LOGIN=1                       ask for name and password (needs root, and the installed Cockpit)
";

/// What the environment asks for.
struct Settings {
    port: u16,
    face: Face,
    version: Version,
    user: String,
    login: bool,
}

fn main() -> ExitCode {
    if env::args().len() > 1 {
        tell(USAGE);
        return ExitCode::from(2);
    }
    // One thread: the kernel ends our children with the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ran = runtime.context("cannot start").and_then(|runtime| runtime.block_on(run()));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let settings = settings()?;
    // Before the first child: none may outlive us.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut child = signal(SignalKind::child())?;

    tell("run: seed of images (made once, takes a minute then)\n");
    seed::seed()?;
    tell(&format!("run: loopback cluster, {}\n", settings.face.name()));
    let mut cluster = Cluster::start(settings.face)?;
    tell("run: cockpit\n");
    let mut cockpit = cockpit(&settings, &cluster).await?;
    tell(&welcome(&settings, &cluster, &cockpit)?);
    loop {
        tokio::select! {
            // Ctrl-C reaches our children too: that it came goes before that they ended.
            biased;
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => break,
            _ = child.recv() => {}
        }
        ensure!(cluster.is_running()?, "the loopback cluster ended");
        if !cockpit.is_running()? {
            // It serves one session without a login; the next browser gets the next server.
            drop(cockpit);
            cockpit = self::cockpit(&settings, &cluster).await?;
        }
    }
    tell("\nrun: stopping\n");
    Ok(())
}

async fn cockpit(settings: &Settings, cluster: &Cluster) -> Result<Cockpit> {
    let kubeconfig = cluster.kubeconfig(&settings.user)?;
    let started = if settings.login {
        Cockpit::with_login(settings.port, &kubeconfig).await
    } else {
        let environment = [("KUBECONFIG", OsString::from(kubeconfig))];
        Cockpit::local(settings.version, settings.port, &environment).await
    };
    started.with_context(|| format!("cannot serve on port {}; PORT= sets another", settings.port))
}

fn welcome(settings: &Settings, cluster: &Cluster, cockpit: &Cockpit) -> Result<String> {
    let mut text = format!(
        "\nTo ask from a terminal:\n  \
         KUBECONFIG={} {} call search '{{\"query\":\"\"}}'\n",
        cluster.kubeconfig(&settings.user)?.display(),
        programs::built(programs::BRIDGE)?.display(),
    );
    if let Some(user) = cockpit.user() {
        text.push_str(&format!("\nLog in as {} with {}\n", user.name, user.password));
    }
    text.push_str(&format!("\nImages: {}    (Ctrl-C stops)\n", cockpit.url("/images")));
    Ok(text)
}

fn settings() -> Result<Settings> {
    let value = |name, default: &str| match env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => default.to_owned(),
    };
    let settings = Settings {
        port: value("PORT", "9090").parse().context("PORT is no port")?,
        face: match value("FACE", "openshift").as_str() {
            "openshift" => Face::Openshift,
            "plain" => Face::Plain,
            other => bail!("FACE is openshift or plain, not {other}"),
        },
        version: match value("COCKPIT", "installed").as_str() {
            "installed" | "287" => Version::Installed,
            "337" => Version::V337,
            other => bail!("COCKPIT is installed, 287 or 337, not {other}"),
        },
        user: value("CLUSTER_USER", "sarah"),
        login: value("LOGIN", "0") == "1",
    };
    ensure!(
        !settings.login || settings.version == Version::Installed,
        "LOGIN=1 goes with the installed Cockpit only"
    );
    Ok(settings)
}

/// To the terminal; if that is gone, there is nobody to tell.
fn tell(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
