// SPDX-License-Identifier: LGPL-2.1-or-later

use anyhow::{Result, ensure};
use images_proto::people::{CreateUser, DeletePerson, Deletion, Identity, NewUser};
use images_proto::subject::Subject;
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::json;

use crate::{
    GROUPS, IDENTITIES, USERS, bind, bound, make, make_project, members, object, sarah, texts,
};

fn of(subject: &Subject, agreed: bool) -> Deletion {
    Deletion { subject: subject.clone(), agreed }
}

fn user(name: &str) -> serde_json::Value {
    json!({ "kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name })
}

/// Josh with an identity, a group, a role of ours in two projects and one of somebody else's.
async fn with_josh() -> Result<(Cluster, Session)> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    make(&cluster, GROUPS, json!({ "metadata": { "name": "QA" }, "users": ["greg"] })).await?;
    let identity = Identity { provider: "htpasswd".to_owned(), name: "josh".to_owned() };
    let josh = NewUser {
        name: "josh".to_owned(),
        full_name: None,
        identity: Some(identity),
        groups: texts(&["QA"]),
    };
    session.done::<CreateUser>(josh).await?;
    for (project, role) in
        [("rocket", "registry-editor"), ("lander", "registry-viewer"), ("rover", "edit")]
    {
        make_project(&cluster, project).await?;
        bind(&cluster, project, role, user("josh")).await?;
    }
    Ok((cluster, session))
}

#[tokio::test]
async fn a_user_goes_with_everything_of_ours() -> Result<()> {
    let (cluster, mut session) = with_josh().await?;
    let josh = Subject::user("josh");
    let told = session.done::<DeletePerson>(of(&josh, false)).await?;
    ensure!(!told.done && told.missing.is_empty(), "{told:?}");
    assert_eq!(told.projects, ["lander", "rocket"]);
    assert_eq!(told.groups, ["QA"]);
    assert_eq!(told.identities.len(), 1);
    ensure!(told.stays.iter().any(|line| line.contains("rover")), "{told:?}");
    ensure!(object(&cluster, &format!("{USERS}/josh")).await?.is_some(), "nothing was agreed to");

    let gone = session.done::<DeletePerson>(of(&josh, true)).await?;
    ensure!(gone.done, "{gone:?}");
    assert_eq!(object(&cluster, &format!("{USERS}/josh")).await?, None);
    assert_eq!(object(&cluster, &format!("{IDENTITIES}/htpasswd:josh")).await?, None);
    assert_eq!(members(&cluster, "QA").await?, ["greg"]);
    for (project, role) in [("rocket", "registry-editor"), ("lander", "registry-viewer")] {
        ensure!(bound(&cluster, project, role).await?.is_empty(), "a role in {project} is left");
    }
    assert_eq!(bound(&cluster, "rover", "edit").await?, ["josh"], "that one is not ours");
    Ok(())
}

/// What fails on the way leaves nobody with more than before, and the same goes on.
#[tokio::test]
async fn a_deletion_that_is_broken_off() -> Result<()> {
    let (cluster, mut session) = with_josh().await?;
    cluster
        .fault(json!({
            "on": "api", "path": format!("{IDENTITIES}/htpasswd:josh"),
            "kind": "status", "status": 500,
        }))
        .await?;
    let josh = Subject::user("josh");
    let failure = session.refused::<DeletePerson>(of(&josh, true)).await?;
    ensure!(failure.message.contains("taken out of QA"), "{failure:?}");
    ensure!(bound(&cluster, "rocket", "registry-editor").await?.is_empty());
    ensure!(object(&cluster, &format!("{USERS}/josh")).await?.is_some());
    cluster.heal().await?;
    ensure!(session.done::<DeletePerson>(of(&josh, true)).await?.done);
    assert_eq!(object(&cluster, &format!("{USERS}/josh")).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_group_goes_and_sarah_does_not_delete_herself() -> Result<()> {
    let (cluster, mut session) = with_josh().await?;
    let group = json!({ "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "QA" });
    bind(&cluster, "rocket", "registry-viewer", group).await?;
    let qa = Subject::group("QA");
    let told = session.done::<DeletePerson>(of(&qa, false)).await?;
    assert_eq!(told.projects, ["rocket"]);
    ensure!(session.done::<DeletePerson>(of(&qa, true)).await?.done);
    assert_eq!(object(&cluster, &format!("{GROUPS}/QA")).await?, None);
    ensure!(bound(&cluster, "rocket", "registry-viewer").await?.is_empty());

    let failure = session.refused::<DeletePerson>(of(&Subject::user("sarah"), true)).await?;
    ensure!(failure.message.contains("is you"), "{failure:?}");
    ensure!(object(&cluster, &format!("{USERS}/sarah")).await?.is_some());
    Ok(())
}

/// Whoever may not list the bindings of all projects looks into those that he sees, and says what
/// he does not know.
#[tokio::test]
async fn whoever_sees_some_projects_says_what_is_not_known() -> Result<()> {
    let (cluster, _sarah) = with_josh().await?;
    const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
    let rule = |verbs: &[&str], group: &str, resources: &[&str]| json!({ "verbs": verbs, "apiGroups": [group], "resources": resources });
    let all = ["users", "identities", "groups"];
    let rules = [rule(&["*"], "user.openshift.io", &all)];
    let role = json!({ "metadata": { "name": "people-admin" }, "rules": rules });
    make(&cluster, &format!("{RBAC}/clusterroles"), role).await?;
    let reference = json!({
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "people-admin",
    });
    let binding = json!({
        "metadata": { "name": "people-admin" }, "roleRef": reference, "subjects": [user("eric")],
    });
    make(&cluster, &format!("{RBAC}/clusterrolebindings"), binding).await?;
    // He administers one of the projects where josh has a role, and sees another.
    bind(&cluster, "rocket", "registry-admin", user("eric")).await?;
    bind(&cluster, "rover", "registry-viewer", user("eric")).await?;

    let mut eric = Session::using(&cluster.kubeconfig("eric")?).await?;
    let josh = Subject::user("josh");
    let told = eric.done::<DeletePerson>(of(&josh, false)).await?;
    assert_eq!(told.projects, ["rocket"], "{told:?}");
    let says = |words: &str| told.stays.iter().any(|line| line.contains(words));
    ensure!(says("projects that you do not see is not known"), "{told:?}");
    ensure!(
        told.stays.iter().any(|line| line.contains("rover") && line.contains("not known")),
        "{told:?}"
    );
    let gone = eric.done::<DeletePerson>(of(&josh, true)).await?;
    ensure!(gone.done && gone.missing.is_empty(), "{gone:?}");
    ensure!(bound(&cluster, "rocket", "registry-editor").await?.is_empty());
    assert_eq!(bound(&cluster, "lander", "registry-viewer").await?, ["josh"], "nobody saw that");
    Ok(())
}
