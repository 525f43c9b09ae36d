// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users, groups and robots through the real bridge: what it says it did, and what curl and skopeo
//! say about it.

mod deletion;
mod groups;
mod robots;
mod users;

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::{Value, json};

const USERS: &str = "/apis/user.openshift.io/v1/users";
const GROUPS: &str = "/apis/user.openshift.io/v1/groups";
const IDENTITIES: &str = "/apis/user.openshift.io/v1/identities";

/// A cluster without images, and sarah, who administers it.
async fn sarah(face: Face) -> Result<(Cluster, Session)> {
    let cluster = Cluster::start_empty(face)?;
    let session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    Ok((cluster, session))
}

/// The object at a path, as curl gets it; `None` when the API says that there is none.
async fn object(cluster: &Cluster, path: &str) -> Result<Option<Value>> {
    let answer = cluster.curl("sarah").get(&format!("{}{path}", cluster.ready.api)).await?;
    match answer.status {
        200 => Ok(Some(answer.json()?)),
        404 => Ok(None),
        status => anyhow::bail!("{path}: {status}: {}", answer.text()),
    }
}

/// Makes an object behind the bridge's back.
async fn make(cluster: &Cluster, collection: &str, object: Value) -> Result<()> {
    let answer =
        cluster.curl("sarah").post(&format!("{}{collection}", cluster.ready.api), &object).await?;
    ensure!(answer.status == 201, "{collection}: {}: {}", answer.status, answer.text());
    Ok(())
}

/// Gives somebody a role in a project behind the bridge's back.
async fn bind(cluster: &Cluster, project: &str, role: &str, subject: Value) -> Result<()> {
    let list = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{project}/rolebindings");
    let binding = json!({
        "kind": "RoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": { "name": role },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [subject],
    });
    make(cluster, &list, binding).await
}

/// Whom a binding of a project names.
async fn bound(cluster: &Cluster, project: &str, binding: &str) -> Result<Vec<String>> {
    let list = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{project}/rolebindings");
    let binding = object(cluster, &format!("{list}/{binding}")).await?.unwrap_or_default();
    let subjects = binding["subjects"].as_array().cloned().unwrap_or_default();
    Ok(subjects.iter().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect())
}

async fn make_project(cluster: &Cluster, name: &str) -> Result<()> {
    let request = json!({
        "kind": "ProjectRequest",
        "apiVersion": "project.openshift.io/v1",
        "metadata": { "name": name },
    });
    make(cluster, "/apis/project.openshift.io/v1/projectrequests", request).await
}

async fn members(cluster: &Cluster, group: &str) -> Result<Vec<String>> {
    let group = object(cluster, &format!("{GROUPS}/{group}")).await?.context("no group")?;
    Ok(serde_json::from_value(group["users"].clone())?)
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
