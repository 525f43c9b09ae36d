// SPDX-License-Identifier: LGPL-2.1-or-later

//! Giving, changing and taking roles.

use anyhow::Result;
use images_proto::Code;
use images_proto::grant::{Granted, Params};
use images_proto::subject::{Role, Subject};
use images_tests::cluster::{Cluster, Face};
use serde_json::json;

use crate::support::{ask, bindings, fail, wish};

async fn grant(cluster: &Cluster, user: &str, params: &Params) -> Result<Granted> {
    ask(cluster, user, "grant", params).await
}

#[tokio::test]
async fn a_role_is_given_changed_and_taken() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let before = bindings(&cluster, "skyfield").await?;
    let (josh, qa, robot) =
        (Subject::user("josh"), Subject::group("QA"), Subject::robot("skyfield", "ci"));
    let all = [josh.clone(), qa, robot];
    // An administrator of the project does it, not one of the cluster.
    let granted = grant(&cluster, "scruffy", &wish(&all, Some(Role::Pull))).await?;
    assert!(granted.done, "{granted:?}");
    let mut expected = before.clone();
    for who in ["User:josh", "Group:QA", "ServiceAccount:ci"] {
        expected.insert(format!("registry-viewer registry-viewer {who}"));
    }
    assert_eq!(bindings(&cluster, "skyfield").await?, expected);

    let granted = grant(&cluster, "scruffy", &wish(&[josh], Some(Role::Push))).await?;
    assert!(granted.done, "{granted:?}");
    expected.remove("registry-viewer registry-viewer User:josh");
    expected.insert("registry-editor registry-editor User:josh".to_owned());
    assert_eq!(bindings(&cluster, "skyfield").await?, expected);
    assert!(grant(&cluster, "scruffy", &wish(&all, None)).await?.done);
    assert_eq!(bindings(&cluster, "skyfield").await?, before);
    Ok(())
}

/// What the registry then does is what counts.
#[tokio::test]
async fn the_registry_goes_by_it() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let greg = cluster.skopeo("greg")?;
    let inventory = images_tests::inventory::Inventory::read(&cluster, "sarah").await?;
    let found = inventory.tags.keys().find(|(repository, _)| repository.starts_with("skyfield/"));
    let (repository, tag) = found.ok_or_else(|| anyhow::anyhow!("the seed has no skyfield"))?;
    let image = format!("{repository}:{tag}");
    let copy = format!("{repository}:copied");
    assert!(greg.copy(&image, &copy).await.is_err(), "greg may only pull");
    let user = [Subject::user("greg")];
    assert!(grant(&cluster, "scruffy", &wish(&user, Some(Role::Push))).await?.done);
    greg.copy(&image, &copy).await?;
    assert!(grant(&cluster, "scruffy", &wish(&user, None)).await?.done);
    assert!(greg.digest(&image).await.is_err(), "greg may nothing any more");
    Ok(())
}

#[tokio::test]
async fn nobody_gives_what_he_may_not() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let before = bindings(&cluster, "skyfield").await?;
    let josh = [Subject::user("josh")];
    let granted = grant(&cluster, "jane", &wish(&josh, Some(Role::Pull))).await?;
    assert!(!granted.done && !granted.missing.is_empty(), "{granted:?}");
    let command = granted.missing[0].command.as_deref();
    assert_eq!(command, Some("oc policy add-role-to-user registry-admin jane -n skyfield"));

    // Who may write bindings, and has no more than that.
    let api = &cluster.ready.api;
    let rbac = format!("{api}/apis/rbac.authorization.k8s.io/v1/namespaces/skyfield");
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": { "name": "binder" }, "rules": [{ "verbs": ["*"],
            "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings"] }] });
    let binding = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": "binder" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "binder" },
        "subjects": [{ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eric" }] });
    let sarah = cluster.curl("sarah");
    assert!(sarah.post(&format!("{rbac}/roles"), &role).await?.is_good());
    assert!(sarah.post(&format!("{rbac}/rolebindings"), &binding).await?.is_good());
    let failure = fail(&cluster, "eric", "grant", &wish(&josh, Some(Role::Admin))).await?;
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.message.contains("more rights than they have"), "{failure:?}");
    let mut expected = before;
    expected.insert("binder binder User:eric".to_owned());
    assert_eq!(bindings(&cluster, "skyfield").await?, expected);
    Ok(())
}

#[tokio::test]
async fn the_last_right_goes_only_after_a_yes() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let me = [Subject::user("scruffy")];
    let granted = grant(&cluster, "scruffy", &wish(&me, Some(Role::Push))).await?;
    assert!(granted.last_right && !granted.done, "{granted:?}");
    let even = Params { even_own: true, ..wish(&me, None) };
    assert!(grant(&cluster, "scruffy", &even).await?.done);
    let left = bindings(&cluster, "skyfield").await?;
    assert!(!left.iter().any(|one| one.ends_with("User:scruffy")), "{left:?}");
    Ok(())
}

#[tokio::test]
async fn a_plain_cluster_gets_equal_roles_after_a_yes() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": "skyfield" } });
    let namespaces = format!("{}/api/v1/namespaces", cluster.ready.api);
    let made = cluster.curl("sarah").post(&namespaces, &namespace).await?;
    assert!(made.is_good() || made.status == 409, "{}", made.text());
    let josh = [Subject::user("josh")];
    let granted = grant(&cluster, "sarah", &wish(&josh, Some(Role::Push))).await?;
    assert!(!granted.done);
    let creates: Vec<_> = granted.creates.iter().map(|one| (&*one.kind, &*one.name)).collect();
    assert_eq!(creates, [("ClusterRole", "cockpit-images-editor")]);
    let agreed = Params { agreed: true, ..wish(&josh, Some(Role::Push)) };
    assert!(grant(&cluster, "sarah", &agreed).await?.done);
    let made = "cockpit-images-editor cockpit-images-editor User:josh";
    assert!(bindings(&cluster, "skyfield").await?.contains(made));
    // From now on it is there.
    let eve = [Subject::user("eve")];
    assert!(grant(&cluster, "sarah", &wish(&eve, Some(Role::Push))).await?.done);
    Ok(())
}
