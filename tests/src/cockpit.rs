// SPDX-License-Identifier: LGPL-2.1-or-later

//! A real cockpit-ws with a real cockpit-bridge and the package under test.

use std::ffi::OsString;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};

use crate::bus::Bus;
use crate::curl::Curl;
use crate::folder::Folder;
use crate::login::User;
use crate::process::Program;
use crate::{package, programs, wait};

/// Which Cockpit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one that is installed: on Debian 12, 287 with the bridge in C.
    Installed,
    /// 337 with the bridge in Python, unpacked by `pkg/setup/cockpit-337.sh`.
    V337,
}

/// A running Cockpit.
#[derive(Debug)]
pub struct Cockpit {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The bridge that its sessions start for the page.
    pub bridge: PathBuf,
    // The order is that of ending: the server first, the folder last.
    server: Program,
    _bus: Option<Bus>,
    user: Option<User>,
    folder: Folder,
}

impl Cockpit {
    /// Starts one that serves a single session without a login, as the current user with a home
    /// of its own, and that ends when the session ends. Port 0 is any. The session's environment
    /// gets `environment`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn local(
        version: Version,
        port: u16,
        environment: &[(&str, OsString)],
    ) -> Result<Self> {
        let folder = Folder::new("images-cockpit-")?;
        let home = folder.path().join("home");
        fs::create_dir(&home)?;
        let bridge = package::install(&home)?;
        let bus = Bus::start(folder.path())?;

        let bin = folder.path().join("bin");
        let wrapper = bin.join("cockpit-bridge");
        let (server, program) = match version {
            Version::Installed => {
                (PathBuf::from("/usr/lib/cockpit/cockpit-ws"), "/usr/bin/cockpit-bridge")
            }
            Version::V337 => (
                unpacked()?.join("usr/lib/cockpit/cockpit-ws"),
                "/usr/bin/python3 -m cockpit.bridge",
            ),
        };
        // The name matters: a bridge looks for its privileged twin as `cockpit-bridge`, and must
        // not find one of another version.
        fs::create_dir(&bin)?;
        fs::write(
            &wrapper,
            // cockpit-ws answers 401 for ever once its local session has ended.
            format!("#!/bin/sh\n{program} \"$@\"\nstatus=$?\nkill \"$PPID\"\nexit $status\n"),
        )?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;

        let mut command = Command::new(server);
        if version == Version::V337 {
            let tree = unpacked()?;
            command.env("PYTHONPATH", tree.join("usr/lib/python3/dist-packages"));
            command.env("XDG_DATA_DIRS", tree.join("usr/share"));
        }
        let mut path = bin.into_os_string();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let runtime = folder.path().join("run");
        fs::create_dir(&runtime)?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
        command
            .env("PATH", path)
            .env("HOME", &home)
            .env("XDG_RUNTIME_DIR", runtime)
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("COCKPIT_IMAGES_JOURNAL", "/dev/null")
            .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
            .env("DBUS_SYSTEM_BUS_ADDRESS", &bus.address)
            .env_remove("KUBECONFIG")
            .current_dir(&home);
        for (key, value) in environment {
            command.env(key, value);
        }
        command.arg("--local-session").arg(wrapper);
        let (server, port) = serve(command, port, folder.path()).await?;
        Ok(Self { port, bridge, server, _bus: Some(bus), user: None, folder })
    }

    /// Starts the installed one with its login page and a user for it. Needs root.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn with_login(port: u16, kubeconfig: &Path) -> Result<Self> {
        let folder = Folder::new("images-cockpit-")?;
        let user = User::create(kubeconfig)?;
        let command = Command::new("/usr/lib/cockpit/cockpit-ws");
        let (server, port) = serve(command, port, folder.path()).await?;
        let bridge = user.bridge.clone();
        Ok(Self { port, bridge, server, _bus: None, user: Some(user), folder })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Who can log in, if somebody has to.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// Whether Cockpit's own bridge died of a segmentation fault, of which its shell tells.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn has_died(&self) -> Result<bool> {
        let log = fs::read_to_string(self.log())?;
        Ok(log.lines().any(|line| line.starts_with("Segmentation fault")))
    }

    /// The bridge processes of its sessions.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn bridges(&self) -> Result<Vec<u32>> {
        match &self.user {
            Some(user) => user.processes(&self.bridge),
            None => self.server.descendants(&self.bridge),
        }
    }

    /// Whether the server still runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        self.server.is_running()
    }

    /// The server's log, which holds what the bridges write to standard error.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("cockpit.log")
    }
}

/// The folder of the unpacked 337.
fn unpacked() -> Result<PathBuf> {
    let tree = programs::cache()?.join("cockpit-337");
    ensure!(tree.exists(), "Cockpit 337 is not in {}: run `make setup`", tree.display());
    Ok(tree)
}

/// Starts the server on a port, or on any that is free for port 0, and waits until it answers.
async fn serve(mut command: Command, port: u16, folder: &Path) -> Result<(Program, u16)> {
    command.args(["--no-tls", "--address", "127.0.0.1", "--port"]);
    // Somebody else may take the port between our look and the server's.
    for _ in 0..5 {
        let port = match port {
            0 => TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port(),
            port => port,
        };
        let mut attempt = Command::new(command.get_program());
        attempt.args(command.get_args()).arg(port.to_string());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => attempt.env(key, value),
                None => attempt.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            attempt.current_dir(folder);
        }
        let mut server = Program::start(&attempt, &folder.join("cockpit.log"))?;
        let ping = format!("http://127.0.0.1:{port}/ping");
        let answered = wait::until("cockpit-ws", async || {
            if !server.is_running()? {
                return Ok(Some(false));
            }
            let answer = Curl::new().option("max-time", "2").get(&ping).await?;
            Ok((answer.status == 200).then_some(true))
        })
        .await?;
        if answered {
            return Ok((server, port));
        }
        if port != 0 {
            break;
        }
    }
    let log = fs::read_to_string(folder.join("cockpit.log")).context("no log of cockpit-ws")?;
    bail!("cockpit-ws ended at once: {log}")
}
