// SPDX-License-Identifier: LGPL-2.1-or-later

//! A user's home, in which the records of her deletions outlive a call.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use images_proto::Failure;
use images_proto::delete::{Params, Receipt};
use images_proto::history::{self, Change, Undone};
use images_tests::call::{self, Called};
use images_tests::cluster::Cluster;
use images_tests::peer;
use serde::Serialize;
use serde_json::json;
use tokio::process::Child;

use crate::support::answer;

/// A user with a home of her own.
#[derive(Debug)]
pub(crate) struct Home {
    folder: tempfile::TempDir,
    environment: Vec<(&'static str, OsString)>,
}

impl Home {
    /// That of a user of the cluster. Her journal is not this machine's.
    pub(crate) fn of(cluster: &Cluster, user: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("images-home-").tempdir()?;
        let environment = vec![
            ("KUBECONFIG", cluster.kubeconfig(user)?.into()),
            ("HOME", folder.path().into()),
            ("XDG_STATE_HOME", folder.path().join("state").into()),
            ("COCKPIT_IMAGES_JOURNAL", folder.path().join("journal").into()),
        ];
        Ok(Self { folder, environment })
    }

    /// Another one of the same user, with the same records.
    pub(crate) fn copy(&self, cluster: &Cluster, user: &str) -> Result<Self> {
        let copy = Self::of(cluster, user)?;
        let (from, to) = (self.records(), copy.records());
        fs::create_dir_all(&to)?;
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(copy)
    }

    /// The socket that entries for the journal go to; nobody listens there by itself.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Where the records are.
    pub(crate) fn records(&self) -> PathBuf {
        self.folder.path().join("state/cockpit-images/changes")
    }

    /// Forgets every record, as if the deletion had been made on another machine.
    pub(crate) fn forget(&self) -> Result<()> {
        Ok(fs::remove_dir_all(self.records())?)
    }

    /// `call METHOD PARAMS`, whatever comes of it.
    pub(crate) async fn call(&self, method: &str, params: &impl Serialize) -> Result<Called> {
        let params = serde_json::to_string(params)?;
        call::run(&self.environment, &["call", method, &params]).await
    }

    /// The same while it runs, which it does no longer than the value lives.
    pub(crate) fn spawn(&self, method: &str, params: &impl Serialize) -> Result<Child> {
        let mut command = peer::bridge(&self.environment)?;
        command.args(["call", method, &serde_json::to_string(params)?]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command.spawn()?)
    }

    /// Deletes, and nothing may stay.
    pub(crate) async fn delete(&self, params: &Params) -> Result<Receipt> {
        let called = self.call("delete", params).await?;
        let receipt: Receipt = answer(&called)?;
        let all = receipt.items.iter().all(|item| item.outcome.is_gone());
        ensure!(all && called.status == Some(0), "{:?}: {receipt:#?}", called.status);
        Ok(receipt)
    }

    /// Takes a change back, whatever comes of it.
    pub(crate) async fn undo(&self, id: &str) -> Result<Undone> {
        answer(&self.call("undo", &json!({ "id": id })).await?)
    }

    /// Why a change cannot be taken back at all.
    pub(crate) async fn refused_undo(&self, id: &str) -> Result<Failure> {
        let called = self.call("undo", &json!({ "id": id })).await?;
        ensure!(called.status == Some(1), "{called:?}");
        Ok(serde_json::from_value(called.failure()?.clone())?)
    }

    /// All changes, newest first.
    pub(crate) async fn history(&self) -> Result<Vec<Change>> {
        let called = self.call("history", &json!({ "limit": 500 })).await?;
        Ok(answer::<history::View>(&called).context("history")?.changes)
    }
}
