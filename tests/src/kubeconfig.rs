// SPDX-License-Identifier: LGPL-2.1-or-later

//! Kubeconfigs as the tests want them, written as JSON, which is YAML too.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// Contexts, each with a cluster and a user of its own name.
#[derive(Clone, Debug, Default)]
pub struct Kubeconfig {
    contexts: Vec<Entry>,
    current: Option<String>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    server: Value,
    user: Value,
}

impl Kubeconfig {
    /// One context, which is the current one. `server` and `user` are what stands below `cluster`
    /// and `user` of the entries.
    pub fn of(name: &str, server: Value, user: Value) -> Self {
        Self { current: Some(name.to_owned()), ..Self::default() }.and(name, server, user)
    }

    /// The same with one more context.
    #[must_use]
    pub fn and(mut self, name: &str, server: Value, user: Value) -> Self {
        self.contexts.push(Entry { name: name.to_owned(), server, user });
        self
    }

    /// The same with another current context, or with none.
    #[must_use]
    pub fn current(self, name: Option<&str>) -> Self {
        Self { current: name.map(str::to_owned), ..self }
    }

    /// Its text.
    pub fn text(&self) -> String {
        let all = |key: &str, part: fn(&Entry) -> Value| -> Vec<Value> {
            self.contexts.iter().map(|one| json!({ "name": one.name, key: part(one) })).collect()
        };
        let mut text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": all("cluster", |one| one.server.clone()),
            "users": all("user", |one| one.user.clone()),
            "contexts": all("context", |one| json!({ "cluster": one.name, "user": one.name })),
        });
        if let Some(current) = &self.current {
            text["current-context"] = current.as_str().into();
        }
        text.to_string()
    }

    /// Writes it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, path: &Path) -> Result<()> {
        replace(path, &self.text())
    }
}

/// Writes a file that only its owner may read, whole or not at all, as editors and agents do.
///
/// # Errors
/// When the folder cannot be written to.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().context("no folder")?;
    fs::create_dir_all(folder)?;
    let new = folder.join(format!(".new-{}", std::process::id()));
    fs::write(&new, text)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    fs::rename(&new, path).with_context(|| format!("cannot write {}", path.display()))
}

/// The entry of a cluster's API server.
pub fn server(cluster: &Cluster) -> Value {
    json!({ "server": cluster.ready.api, "certificate-authority": cluster.ready.ca })
}

/// The entry of a user with a token.
///
/// # Errors
/// When the cluster has no such user, or she has no token.
pub fn by_token(cluster: &Cluster, user: &str) -> Result<Value> {
    Ok(json!({ "token": cluster.token(user)? }))
}
