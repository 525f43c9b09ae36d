// SPDX-License-Identifier: LGPL-2.1-or-later

//! Calls whose answers are known, and looks that do not go by the bridge.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_proto::project::Sharing;
use images_proto::subject::{Role, Subject};
use images_proto::{Failure, grant, project};
use images_tests::call::call;
use images_tests::cluster::Cluster;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a method answers.
pub(crate) async fn ask<A: DeserializeOwned>(
    cluster: &Cluster,
    user: &str,
    method: &str,
    params: &impl Serialize,
) -> Result<A> {
    let called = call(cluster, user, method, serde_json::to_value(params)?).await?;
    serde_json::from_value(called.answer()?.clone()).with_context(|| format!("{called:?}"))
}

/// How a method fails.
pub(crate) async fn fail(
    cluster: &Cluster,
    user: &str,
    method: &str,
    params: &impl Serialize,
) -> Result<Failure> {
    let called = call(cluster, user, method, serde_json::to_value(params)?).await?;
    ensure!(called.status != Some(0), "{called:?}");
    serde_json::from_value(called.failure()?.clone()).with_context(|| format!("{called:?}"))
}

/// A wish for a role in skyfield.
pub(crate) fn wish(subjects: &[Subject], role: Option<Role>) -> grant::Params {
    grant::Params {
        project: "skyfield".to_owned(),
        subjects: subjects.to_vec(),
        role,
        agreed: false,
        even_own: false,
    }
}

/// Shares skyfield.
pub(crate) async fn share(
    cluster: &Cluster,
    user: &str,
    sharing: Sharing,
) -> Result<grant::Granted> {
    let choice = project::SharingChoice { project: "skyfield".to_owned(), sharing, agreed: false };
    ask(cluster, user, "share", &choice).await
}

/// All bindings of a project, each as `NAME ROLE KIND:SUBJECT`.
pub(crate) async fn bindings(cluster: &Cluster, project: &str) -> Result<BTreeSet<String>> {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{project}/rolebindings");
    let list = cluster.api("sarah", &path).await?;
    let mut bindings = BTreeSet::new();
    for binding in list["items"].as_array().context("no bindings")? {
        let (name, role) = (text(&binding["metadata"]["name"]), text(&binding["roleRef"]["name"]));
        for subject in binding["subjects"].as_array().into_iter().flatten() {
            let (kind, who) = (text(&subject["kind"]), text(&subject["name"]));
            bindings.insert(format!("{name} {role} {kind}:{who}"));
        }
    }
    Ok(bindings)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
