// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sharing a project with everybody.

use anyhow::{Context, Result};
use images_proto::project::Sharing;
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use serde_json::json;

use crate::support::{bindings, share};

#[tokio::test]
async fn everybody_pulls_while_it_is_shared() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let before = bindings(&cluster, "skyfield").await?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let found = inventory.tags.keys().find(|(repository, _)| repository.starts_with("skyfield/"));
    let (repository, tag) = found.context("the seed has no skyfield")?;
    let image = format!("{repository}:{tag}");
    let nobody = cluster.skopeo("nobody")?;
    assert!(nobody.digest(&image).await.is_err(), "it is private");

    assert!(share(&cluster, "scruffy", Sharing::Shared).await?.done);
    assert!(nobody.digest(&image).await?.is_some());
    assert!(share(&cluster, "scruffy", Sharing::Anonymous).await?.done);
    let viewer = "registry-viewer registry-viewer Group:system:";
    let mut expected = before.clone();
    expected.extend(["", "un"].map(|un| format!("{viewer}{un}authenticated")));
    assert_eq!(bindings(&cluster, "skyfield").await?, expected);

    let granted = share(&cluster, "scruffy", Sharing::Private).await?;
    assert!(granted.done && granted.notes.is_empty(), "{granted:?}");
    assert_eq!(bindings(&cluster, "skyfield").await?, before);
    assert!(nobody.digest(&image).await.is_err(), "it is private again");
    Ok(())
}

#[tokio::test]
async fn what_shares_it_anyway_is_told() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "pullers" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": "system:image-puller" },
        "subjects": [{ "kind": "Group", "apiGroup": "rbac.authorization.k8s.io",
            "name": "system:authenticated" }],
    });
    let path = "apis/rbac.authorization.k8s.io/v1/namespaces/skyfield/rolebindings";
    let made =
        cluster.curl("sarah").post(&format!("{}/{path}", cluster.ready.api), &binding).await?;
    assert!(made.is_good(), "{}", made.text());
    let granted = share(&cluster, "scruffy", Sharing::Private).await?;
    assert!(granted.done);
    assert_eq!(
        granted.notes,
        ["Still everybody who logs in may pull from it: the binding pullers (role \
          system:image-puller) was left alone."]
    );
    assert!(bindings(&cluster, "skyfield").await?.iter().any(|one| one.starts_with("pullers ")));
    Ok(())
}
