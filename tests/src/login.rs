// SPDX-License-Identifier: LGPL-2.1-or-later

//! A user of this machine, made for one test, who logs in with a password.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};

use crate::{package, process};

/// The user. Dropping the value removes it, with its home and its processes.
#[derive(Debug)]
pub struct User {
    /// The name to log in with.
    pub name: String,
    /// The password to log in with.
    pub password: String,
    /// The home directory.
    pub home: PathBuf,
    /// The bridge that the user's sessions start.
    pub bridge: PathBuf,
    uid: u32,
}

impl User {
    /// Makes a user whose `~/.kube/config` is `kubeconfig` and who has the package in the home.
    /// Needs root.
    ///
    /// # Errors
    /// When the user cannot be made.
    pub fn create(kubeconfig: &Path) -> Result<Self> {
        let name = format!("images-{}", std::process::id());
        let home = std::env::temp_dir().join(format!("{name}-home"));
        run(Command::new("useradd")
            .args(["--create-home", "--shell", "/bin/bash", "--home-dir"])
            .arg(&home)
            .arg(&name))
        .context("only root can make the user who logs in")?;
        let mut user = Self {
            password: format!("pw-{:x}", std::time::UNIX_EPOCH.elapsed()?.as_nanos()),
            bridge: PathBuf::new(),
            uid: 0,
            name,
            home,
        };
        // From here on a failure removes the user again.
        user.uid = fs::metadata(&user.home).map(|meta| owner(&meta))?;
        user.set_password()?;
        user.bridge = package::install(&user.home)?;
        fs::create_dir(user.home.join(".kube"))?;
        fs::copy(kubeconfig, user.home.join(".kube/config"))
            .with_context(|| format!("cannot copy {}", kubeconfig.display()))?;
        run(Command::new("chown").args(["-R", &format!("{}:", user.name)]).arg(&user.home))?;
        Ok(user)
    }

    /// The processes of the user's sessions that run `program`.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn processes(&self, program: &Path) -> Result<Vec<u32>> {
        let runs = |pid: &u32| process::program_of(*pid).is_some_and(|exe| exe == program);
        Ok(process::of_user(self.uid)?.into_iter().filter(runs).collect())
    }

    fn set_password(&self) -> Result<()> {
        let mut chpasswd = Command::new("chpasswd").stdin(Stdio::piped()).spawn()?;
        let line = format!("{}:{}\n", self.name, self.password);
        chpasswd.stdin.take().context("no standard input")?.write_all(line.as_bytes())?;
        ensure!(chpasswd.wait()?.success(), "chpasswd failed");
        Ok(())
    }

    fn end_sessions(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let left = process::of_user(self.uid)?;
            if left.is_empty() {
                return Ok(());
            }
            ensure!(begin.elapsed() < Duration::from_secs(10), "processes of {} stay", self.name);
            left.into_iter().for_each(process::crash);
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn remove(&self) -> Result<()> {
        // Never root's: a user that could not be made has no processes.
        if self.uid != 0 {
            self.end_sessions()?;
        }
        run(Command::new("userdel").args(["--remove", "--force", &self.name]))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // A failure here must not hide why a test failed.
        let _ = self.remove();
    }
}

fn owner(meta: &fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    meta.uid()
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
