// SPDX-License-Identifier: LGPL-2.1-or-later

//! `cockpit-images-bridge call METHOD JSON`, as a script runs it.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::peer;

/// The time after which a call counts as hanging; a deletion asks for many things again.
const LONGEST: Duration = Duration::from_secs(90);

/// What a call printed.
#[derive(Clone, Debug)]
pub struct Called {
    /// The exit status.
    pub status: Option<i32>,
    /// The lines of standard output.
    pub messages: Vec<Value>,
    /// Standard error.
    pub complaint: String,
}

impl Called {
    /// The content of the last line if it is a view or a result.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn answer(&self) -> Result<&Value> {
        let last = self.messages.last();
        last.and_then(|last| last.get("view").or_else(|| last.get("result")))
            .with_context(|| format!("no answer: {last:?} {}", self.complaint))
    }

    /// The content of the last line if it is a failure.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn failure(&self) -> Result<&Value> {
        let last = self.messages.last();
        last.and_then(|last| last.get("failed"))
            .with_context(|| format!("no failure: {last:?} {}", self.complaint))
    }
}

/// Runs it with a user's kubeconfig and expects that it ends in time. What it writes down is kept
/// in [`Cluster::records`].
///
/// # Errors
/// When it does not end, or prints anything but lines of JSON.
pub async fn call(cluster: &Cluster, user: &str, method: &str, params: Value) -> Result<Called> {
    let environment = environment(cluster, user)?;
    run(&environment, &["call", method, &params.to_string()]).await
}

/// What the bridge of a user at a cluster needs to know.
///
/// # Errors
/// When there is no such user.
pub fn environment(cluster: &Cluster, user: &str) -> Result<[(&'static str, OsString); 2]> {
    let records = cluster.state_home().into();
    Ok([("KUBECONFIG", cluster.kubeconfig(user)?.into()), ("XDG_STATE_HOME", records)])
}

/// Runs the bridge with any arguments.
///
/// # Errors
/// When it does not end, or prints anything but lines of JSON.
pub async fn run(environment: &[(&str, OsString)], arguments: &[&str]) -> Result<Called> {
    let mut command = peer::bridge(environment)?;
    command.args(arguments).stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(LONGEST, command.output()).await;
    let output = output.with_context(|| format!("{arguments:?} does not end"))??;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = std::str::from_utf8(&output.stdout)?;
    ensure!(text.is_empty() || text.ends_with('\n'), "the last line is not whole: {text}");
    let messages = text
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("no JSON: {line}")))
        .collect::<Result<_>>()?;
    Ok(Called { status: output.status.code(), messages, complaint })
}
