// SPDX-License-Identifier: LGPL-2.1-or-later

//! Programs that log in for a kubeconfig's user (client.authentication.k8s.io/v1), as small shell
//! scripts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// One of them, in a folder of its own.
#[derive(Debug)]
pub struct ExecPlugin {
    folder: tempfile::TempDir,
}

impl ExecPlugin {
    /// One that runs these lines of sh. It notes that it ran, what it was told, and its process id.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn running(lines: &str) -> Result<Self> {
        let plugin = Self { folder: tempfile::tempdir()? };
        let program = plugin.program();
        let folder = plugin.folder.path().display();
        // The file is written and closed before it gets its name: nobody runs it half written.
        let new = plugin.folder.path().join("new");
        fs::write(
            &new,
            format!(
                "#!/bin/sh\necho x >>'{folder}/runs'\necho $$ >'{folder}/pid'\n\
                 printf '%s' \"$KUBERNETES_EXEC_INFO\" >'{folder}/info'\n{lines}\n"
            ),
        )?;
        fs::set_permissions(&new, Permissions::from_mode(0o755))?;
        fs::rename(&new, &program)?;
        Ok(plugin)
    }

    /// One that answers with this status of an `ExecCredential`, which can be replaced.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn answering(status: &Value) -> Result<Self> {
        let plugin = Self::running("exec cat \"$(dirname \"$0\")/answer\"")?;
        plugin.answer(status)?;
        Ok(plugin)
    }

    /// Replaces the answer.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn answer(&self, status: &Value) -> Result<()> {
        let answer = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": status,
        });
        crate::kubeconfig::replace(&self.folder.path().join("answer"), &answer.to_string())
    }

    /// Its program.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("log-in")
    }

    /// The entry of a kubeconfig's user who logs in by it.
    pub fn user(&self) -> Value {
        user(&self.program())
    }

    /// How often it ran.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn runs(&self) -> Result<usize> {
        match fs::read_to_string(self.folder.path().join("runs")) {
            Ok(text) => Ok(text.lines().count()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// What it was told in `KUBERNETES_EXEC_INFO` the last time.
    ///
    /// # Errors
    /// When it did not run.
    pub fn info(&self) -> Result<Value> {
        let text = fs::read_to_string(self.folder.path().join("info"))?;
        serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))
    }

    /// Whether the process of its last run is still there.
    ///
    /// # Errors
    /// When it did not run.
    pub fn is_running(&self) -> Result<bool> {
        let pid = fs::read_to_string(self.folder.path().join("pid"))?;
        Ok(Path::new("/proc").join(pid.trim()).exists())
    }
}

/// The entry of a user who logs in by a program, be it there or not.
pub fn user(program: &Path) -> Value {
    json!({
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": program,
            "interactiveMode": "IfAvailable",
        }
    })
}
