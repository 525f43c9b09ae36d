// SPDX-License-Identifier: LGPL-2.1-or-later

//! A project from its making to its end.

use anyhow::{Context, Result};
use images_proto::Code;
use images_proto::project::{Deletion, Done, Goes, NewRepository, Wording};
use images_tests::cluster::{Cluster, Face};
use images_tests::wait::until;
use serde_json::json;

use crate::support::{ask, bindings, fail, text};

fn wording(display_name: Option<&str>, description: Option<&str>) -> Wording {
    Wording {
        name: "moon".to_owned(),
        display_name: display_name.map(str::to_owned),
        description: description.map(str::to_owned),
    }
}

fn deletion(name: &str, agreed: Option<&str>) -> Deletion {
    Deletion { name: name.to_owned(), agreed: agreed.map(str::to_owned) }
}

async fn status(cluster: &Cluster, path: &str) -> Result<u16> {
    Ok(cluster.curl("sarah").get(&format!("{}{path}", cluster.ready.api)).await?.status)
}

/// What every namespace gets by itself, a moment after it was made.
const FURNITURE: [&str; 2] =
    ["api/v1 configmaps/kube-root-ca.crt", "api/v1 serviceaccounts/default"];
/// What OpenShift adds.
const OF_OPENSHIFT: [&str; 6] = [
    "api/v1 configmaps/openshift-service-ca.crt",
    "api/v1 serviceaccounts/builder",
    "api/v1 serviceaccounts/deployer",
    "apis/rbac.authorization.k8s.io/v1 rolebindings/system:deployers",
    "apis/rbac.authorization.k8s.io/v1 rolebindings/system:image-builders",
    "apis/rbac.authorization.k8s.io/v1 rolebindings/system:image-pullers",
];

/// Waits until the project holds these: what is agreed to before is not all that goes.
async fn furnished(cluster: &Cluster, objects: &[&str]) -> Result<()> {
    for object in objects {
        let (api, own) = object.split_once(' ').context("no API")?;
        let path = format!("/{api}/namespaces/moon/{own}");
        until(object, async || Ok((status(cluster, &path).await? == 200).then_some(()))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn whoever_asks_for_a_project_administers_it() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let Done {} = ask(&cluster, "greg", "create-project", &wording(Some("Moon"), None)).await?;
    let project = cluster.api("sarah", "/apis/project.openshift.io/v1/projects/moon").await?;
    let notes = &project["metadata"]["annotations"];
    assert_eq!(notes["openshift.io/display-name"], "Moon");
    assert_eq!(notes["openshift.io/requester"], "greg");
    assert!(bindings(&cluster, "moon").await?.contains("admin admin User:greg"));
    // Jane cannot see it, and cannot have another one.
    let failure = fail(&cluster, "jane", "create-project", &wording(None, None)).await?;
    assert_eq!(failure.code, Code::Conflict);

    let changed = wording(Some("The moon"), Some("Far away"));
    let Done {} = ask(&cluster, "greg", "change-project", &changed).await?;
    let Done {} = ask(&cluster, "greg", "change-project", &wording(None, Some(""))).await?;
    let project = cluster.api("sarah", "/apis/project.openshift.io/v1/projects/moon").await?;
    let notes = &project["metadata"]["annotations"];
    assert_eq!(notes["openshift.io/display-name"], "The moon", "{project}");
    assert_eq!(text(&notes["openshift.io/description"]), "", "{project}");
    let failure = fail(&cluster, "jane", "change-project", &wording(Some("x"), None)).await?;
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.command.is_some(), "{failure:?}");

    let repository = NewRepository { name: "moon/rover_1.a".parse().ok().context("a name")? };
    let Done {} = ask(&cluster, "greg", "create-repository", &repository).await?;
    let stream = "/apis/image.openshift.io/v1/namespaces/moon/imagestreams/rover_1.a";
    assert_eq!(status(&cluster, stream).await?, 200);
    let failure = fail(&cluster, "greg", "create-repository", &repository).await?;
    assert_eq!(failure.code, Code::Conflict);
    let failure = fail(&cluster, "jane", "create-repository", &repository).await?;
    assert!(matches!(failure.code, Code::Forbidden | Code::Conflict), "{failure:?}");

    furnished(&cluster, &FURNITURE).await?;
    furnished(&cluster, &OF_OPENSHIFT).await?;
    // With the project go the roles by which he sees it, and what he is told is over.
    let told: Goes = ask(&cluster, "greg", "delete-project", &deletion("moon", None)).await?;
    assert!(told.missing.is_empty() && !told.is_over(), "{told:?}");
    let agreed = deletion("moon", Some(&told.fingerprint));
    let gone: Goes = ask(&cluster, "greg", "delete-project", &agreed).await?;
    assert_eq!((gone.done, gone.terminating, gone.unseen), (false, false, true), "{gone:?}");
    assert_eq!(status(&cluster, "/apis/project.openshift.io/v1/projects/moon").await?, 404);
    Ok(())
}

#[tokio::test]
async fn a_project_goes_only_with_what_was_agreed_to() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let told: Goes = ask(&cluster, "sarah", "delete-project", &deletion("skyfield", None)).await?;
    let list = |path: &'static str| cluster.api("sarah", path);
    let streams = list("/apis/image.openshift.io/v1/namespaces/skyfield/imagestreams").await?;
    let streams = streams["items"].as_array().context("no streams")?.clone();
    assert_eq!(told.repositories as usize, streams.len());
    let tags = streams.iter().filter_map(|stream| stream["status"]["tags"].as_array());
    assert_eq!(told.tags as usize, tags.map(Vec::len).sum::<usize>());
    let bound = list("/apis/rbac.authorization.k8s.io/v1/namespaces/skyfield/rolebindings").await?;
    let bound = bound["items"].as_array().map_or(0, Vec::len);
    let counted = told.objects.iter().find(|one| one.kind == "RoleBinding");
    assert_eq!(counted.map(|one| one.count as usize), Some(bound), "{told:?}");
    assert!(told.unread.is_empty() && told.missing.is_empty(), "{told:?}");
    assert!(!told.done && !told.fingerprint.is_empty());

    // Something comes into it meanwhile.
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "late" } });
    let maps = format!("{}/api/v1/namespaces/skyfield/configmaps", cluster.ready.api);
    assert!(cluster.curl("sarah").post(&maps, &map).await?.is_good());
    let agreed = deletion("skyfield", Some(&told.fingerprint));
    let again: Goes = ask(&cluster, "sarah", "delete-project", &agreed).await?;
    assert!(!again.done && !again.terminating && again.fingerprint != told.fingerprint);
    let project = "/apis/project.openshift.io/v1/projects/skyfield";
    assert_eq!(status(&cluster, project).await?, 200);

    let agreed = deletion("skyfield", Some(&again.fingerprint));
    let gone: Goes = ask(&cluster, "sarah", "delete-project", &agreed).await?;
    assert!(gone.done, "{gone:?}");
    assert_eq!(status(&cluster, project).await?, 404);
    let failure = fail(&cluster, "sarah", "delete-project", &agreed).await?;
    assert_eq!(failure.code, Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn whoever_lacks_the_right_is_told_so() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let told: Goes = ask(&cluster, "jane", "delete-project", &deletion("skyfield", None)).await?;
    assert_eq!(told.missing.len(), 1, "{told:?}");
    assert!(told.unread.iter().any(|one| one.code == Code::Forbidden), "{told:?}");
    let agreed = deletion("skyfield", Some(&told.fingerprint));
    let told: Goes = ask(&cluster, "jane", "delete-project", &agreed).await?;
    assert!(!told.done && !told.terminating);
    assert_eq!(status(&cluster, "/apis/project.openshift.io/v1/projects/skyfield").await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_plain_cluster_has_namespaces() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    let Done {} = ask(&cluster, "sarah", "create-project", &wording(Some("Moon"), None)).await?;
    let namespace = cluster.api("sarah", "/api/v1/namespaces/moon").await?;
    assert_eq!(namespace["metadata"]["annotations"]["openshift.io/display-name"], "Moon");
    let Done {} = ask(&cluster, "sarah", "change-project", &wording(Some("x"), None)).await?;
    let failure = fail(&cluster, "jane", "create-project", &wording(None, None)).await?;
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.command.is_some_and(|command| command.contains("create namespace moon")));
    let repository = NewRepository { name: "moon/rover".parse().ok().context("a name")? };
    let failure = fail(&cluster, "sarah", "create-repository", &repository).await?;
    assert_eq!(failure.code, Code::Unsupported);
    assert!(failure.command.is_some_and(|command| command.contains("/moon/rover:TAG")));
    furnished(&cluster, &FURNITURE).await?;
    let told: Goes = ask(&cluster, "sarah", "delete-project", &deletion("moon", None)).await?;
    let agreed = deletion("moon", Some(&told.fingerprint));
    let gone: Goes = ask(&cluster, "sarah", "delete-project", &agreed).await?;
    assert!(gone.done, "{gone:?}");
    assert_eq!(status(&cluster, "/api/v1/namespaces/moon").await?, 404);
    Ok(())
}
