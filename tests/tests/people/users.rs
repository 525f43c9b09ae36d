// SPDX-License-Identifier: LGPL-2.1-or-later

use anyhow::{Context, Result, ensure};
use images_proto::Code;
use images_proto::people::{ChangeUser, CreateUser, Identity, NewUser, UserChange};
use images_tests::call::call;
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::{Value, json};

use crate::{GROUPS, IDENTITIES, USERS, make, members, object, sarah, texts};

fn identity(name: &str) -> Identity {
    Identity { provider: "htpasswd".to_owned(), name: name.to_owned() }
}

fn new_user(name: &str) -> NewUser {
    NewUser { name: name.to_owned(), full_name: None, identity: None, groups: Vec::new() }
}

fn change(name: &str) -> UserChange {
    UserChange { name: name.to_owned(), full_name: None, add: None, remove: None }
}

async fn user(cluster: &Cluster, name: &str) -> Result<Value> {
    object(cluster, &format!("{USERS}/{name}")).await?.context("no such user")
}

/// A user that was made here logs in, and is the user that was made.
#[tokio::test]
async fn a_user_with_identity_and_group() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    let group = json!({ "metadata": { "name": "hackers" }, "users": ["ghost"] });
    make(&cluster, GROUPS, group).await?;
    let params = NewUser {
        full_name: Some("Josh Doe".to_owned()),
        identity: Some(identity("josh")),
        groups: texts(&["hackers"]),
        ..new_user("josh")
    };
    let changed = session.done::<CreateUser>(params).await?;
    ensure!(changed.done && changed.missing.is_empty() && changed.notes.is_empty(), "{changed:?}");
    let josh = user(&cluster, "josh").await?;
    assert_eq!(josh["fullName"], "Josh Doe");
    assert_eq!(josh["identities"], json!(["htpasswd:josh"]));
    assert_eq!(members(&cluster, "hackers").await?, ["ghost", "josh"]);

    let token = cluster.log_in("josh").await?;
    let me = images_tests::curl::Curl::new().authority(&cluster.ready.ca).bearer(&token);
    let me = me.get(&format!("{}{USERS}/~", cluster.ready.api)).await?.json()?;
    assert_eq!(me["metadata"]["uid"], josh["metadata"]["uid"]);

    let failure = session.refused::<CreateUser>(new_user("josh")).await?;
    assert_eq!(
        (failure.code, &*failure.message),
        (Code::Conflict, "There is a user josh already.")
    );
    let failure = session.refused::<CreateUser>(new_user("bad/name")).await?;
    assert_eq!(failure.code, Code::BadRequest);
    Ok(())
}

/// What is somebody else's stays his, and nothing is left of what failed.
#[tokio::test]
async fn an_identity_of_somebody_else() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    let josh = NewUser { identity: Some(identity("josh")), ..new_user("josh") };
    session.done::<CreateUser>(josh).await?;
    let eric = NewUser { identity: Some(identity("josh")), ..new_user("erica") };
    let failure = session.refused::<CreateUser>(eric).await?;
    assert_eq!(failure.code, Code::Conflict);
    ensure!(failure.message.contains("leads to the user josh already"), "{failure:?}");
    assert_eq!(object(&cluster, &format!("{USERS}/erica")).await?, None);
    assert_eq!(user(&cluster, "josh").await?["identities"], json!(["htpasswd:josh"]));
    Ok(())
}

#[tokio::test]
async fn what_fails_half_way_is_taken_back() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    cluster
        .fault(json!({
            "on": "api", "path": "/apis/user.openshift.io/v1/useridentitymappings",
            "kind": "status", "status": 500,
        }))
        .await?;
    let josh = NewUser { identity: Some(identity("josh")), ..new_user("josh") };
    session.refused::<CreateUser>(josh.clone()).await?;
    assert_eq!(object(&cluster, &format!("{USERS}/josh")).await?, None);
    assert_eq!(object(&cluster, &format!("{IDENTITIES}/htpasswd:josh")).await?, None);
    cluster.heal().await?;
    ensure!(session.done::<CreateUser>(josh).await?.done);
    Ok(())
}

#[tokio::test]
async fn names_and_identities_change() -> Result<()> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    let josh = NewUser { identity: Some(identity("josh")), ..new_user("josh") };
    session.done::<CreateUser>(josh).await?;
    let params = UserChange {
        full_name: Some("Joshua".to_owned()),
        add: Some(identity("joshua")),
        remove: Some(identity("josh")),
        ..change("josh")
    };
    ensure!(session.done::<ChangeUser>(params).await?.done);
    let josh = user(&cluster, "josh").await?;
    assert_eq!(josh["fullName"], "Joshua");
    assert_eq!(josh["identities"], json!(["htpasswd:joshua"]));
    let left = object(&cluster, &format!("{IDENTITIES}/htpasswd:josh")).await?;
    let left = left.context("the identity is gone")?;
    ensure!(left["user"]["name"].as_str().is_none_or(str::is_empty), "{left}");
    cluster.log_in("joshua").await?;

    let params = UserChange { full_name: Some(String::new()), ..change("josh") };
    ensure!(session.done::<ChangeUser>(params).await?.done);
    ensure!(user(&cluster, "josh").await?["fullName"].as_str().is_none_or(str::is_empty));
    let failure = session.refused::<ChangeUser>(change("nobody-of-that-name")).await?;
    assert_eq!(failure.code, Code::NotFound);
    Ok(())
}

/// Who may not is told what is missing, and nothing is made.
#[tokio::test]
async fn without_the_right() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let mut session = Session::using(&cluster.kubeconfig("eric")?).await?;
    let josh = NewUser { identity: Some(identity("josh")), ..new_user("josh") };
    let changed = session.done::<CreateUser>(josh).await?;
    ensure!(!changed.done && !changed.missing.is_empty(), "{changed:?}");
    ensure!(changed.missing.iter().all(|right| right.command.is_some()), "{changed:?}");
    assert_eq!(object(&cluster, &format!("{USERS}/josh")).await?, None);
    Ok(())
}

/// Kubernetes itself knows no users: that is said, with what to do.
#[tokio::test]
async fn plain_kubernetes_keeps_no_users() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    for (method, params) in [
        ("create-user", json!({ "name": "josh" })),
        ("change-user", json!({ "name": "josh" })),
        ("create-group", json!({ "name": "QA" })),
        ("change-group", json!({ "name": "QA" })),
        ("delete-person", json!({ "subject": { "kind": "user", "name": "josh" } })),
    ] {
        let called = call(&cluster, "sarah", method, params).await?;
        assert_eq!(called.status, Some(1), "{called:?}");
        let failure = called.failure()?;
        assert_eq!(failure["code"], "unsupported", "{failure}");
        ensure!(failure["fix"].is_string(), "{failure}");
    }
    Ok(())
}
