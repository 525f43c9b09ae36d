// SPDX-License-Identifier: LGPL-2.1-or-later

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use images_proto::Code;
use images_proto::robot::{
    CreateRobot, DeleteRobot, IssueToken, Issued, NewRobot, NewToken, RevokeToken, WhichRobot,
    WhichToken,
};
use images_proto::subject::Role;
use images_tests::cluster::{Cluster, Face};
use images_tests::layout::Layout;
use images_tests::session::Session;
use images_tests::skopeo::Skopeo;
use images_tests::wait::{until, until_within};

use crate::{bound, make_project, object, sarah};

/// As long as the cluster may take to forget that a token was good: 10 s, and some for the tests'
/// machine.
const FORGOTTEN: Duration = Duration::from_secs(15);

fn token() -> NewToken {
    NewToken {
        project: "rocket".to_owned(),
        robot: "ci".to_owned(),
        purpose: Some("nightly builds".to_owned()),
        seconds: 3600,
        replaces: None,
    }
}

fn new_robot(role: Option<Role>) -> NewRobot {
    let (project, name) = ("rocket".to_owned(), "ci".to_owned());
    NewRobot { project, name, role, agreed: false }
}

fn which(agreed: bool) -> WhichRobot {
    WhichRobot { project: "rocket".to_owned(), name: "ci".to_owned(), agreed }
}

fn revoked(token: &str) -> WhichToken {
    let (project, robot) = ("rocket".to_owned(), "ci".to_owned());
    WhichToken { project, robot, token: token.to_owned() }
}

/// A project with a robot that may push.
async fn with_robot() -> Result<(Cluster, Session)> {
    let (cluster, mut session) = sarah(Face::Openshift).await?;
    make_project(&cluster, "rocket").await?;
    let changed = session.done::<CreateRobot>(new_robot(Some(Role::Push))).await?;
    ensure!(changed.done, "{changed:?}");
    assert_eq!(bound(&cluster, "rocket", "registry-editor").await?, ["ci"]);
    Ok((cluster, session))
}

/// skopeo with a robot's token, logged in as the bridge says.
fn skopeo(cluster: &Cluster, issued: &Issued) -> Result<Skopeo> {
    let token = issued.token.as_ref().context("no token")?;
    let authority = std::fs::read_to_string(&cluster.ready.ca)?;
    let login = (&*issued.user, token.expose());
    Skopeo::new(&cluster.ready.registry, Some(login), true, Some(&authority))
}

/// Waits until the registry refuses it.
async fn is_refused(skopeo: &Skopeo, image: &str) -> Result<()> {
    until_within(FORGOTTEN, "the registry to refuse the token", async || {
        match skopeo.manifest(image).await {
            Ok(_) => Ok(None),
            Err(error) if format!("{error:#}").contains("unauthorized") => Ok(Some(())),
            Err(error) => Err(error),
        }
    })
    .await
}

fn secret(name: &str) -> String {
    format!("/api/v1/namespaces/rocket/secrets/{name}")
}

/// A robot pushes and pulls with its token until that is revoked.
#[tokio::test]
async fn a_token_works_until_it_is_revoked() -> Result<()> {
    let (cluster, mut session) = with_robot().await?;
    let issued = session.done::<IssueToken>(token()).await?;
    ensure!(issued.done && issued.missing.is_empty(), "{issued:?}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let left = issued.expires.context("no end")? - i64::try_from(now)?;
    ensure!((3500..=3700).contains(&left), "it ends in {left} s");
    let kept = object(&cluster, &secret(&issued.name)).await?.context("no secret")?;
    let notes = &kept["metadata"]["annotations"];
    assert_eq!(notes["images.cockpit-project.org/robot"], "ci");
    assert_eq!(notes["images.cockpit-project.org/purpose"], "nightly builds");
    ensure!(notes["images.cockpit-project.org/expires"].is_string(), "{kept}");
    ensure!(kept["data"].is_null(), "the secret holds something");

    let robot = skopeo(&cluster, &issued)?;
    robot.push(Layout::small()?.path(), "rocket/app:1").await?;
    robot.manifest("rocket/app:1").await?;

    let changed = session.done::<RevokeToken>(revoked(&issued.name)).await?;
    ensure!(changed.done && changed.notes[0].contains("10 seconds"), "{changed:?}");
    assert_eq!(object(&cluster, &secret(&issued.name)).await?, None);
    is_refused(&robot, "rocket/app:1").await?;
    ensure!(object(&cluster, "/api/v1/namespaces/rocket/serviceaccounts/ci").await?.is_some());
    let failure = session.refused::<RevokeToken>(revoked(&issued.name)).await?;
    assert_eq!(failure.code, Code::NotFound);
    Ok(())
}

/// Of two tokens one is replaced: the new one and the other go on working.
#[tokio::test]
async fn a_token_is_rotated() -> Result<()> {
    let (cluster, mut session) = with_robot().await?;
    let other = session.done::<IssueToken>(token()).await?;
    let old = session.done::<IssueToken>(token()).await?;
    let [others, olds] = [skopeo(&cluster, &other)?, skopeo(&cluster, &old)?];
    olds.push(Layout::small()?.path(), "rocket/app:1").await?;
    let params = NewToken { replaces: Some(old.name.clone()), ..token() };
    let new = session.done::<IssueToken>(params).await?;
    ensure!(new.done && new.notes.iter().any(|note| note.contains("was revoked")), "{new:?}");
    ensure!(new.name != old.name);
    let news = skopeo(&cluster, &new)?;
    news.manifest("rocket/app:1").await?;
    is_refused(&olds, "rocket/app:1").await?;
    news.manifest("rocket/app:1").await?;
    others.manifest("rocket/app:1").await?;
    Ok(())
}

/// What the cluster would refuse is refused in words, and leaves no secret behind.
#[tokio::test]
async fn what_is_no_token() -> Result<()> {
    let (cluster, mut session) = with_robot().await?;
    let failure = session.refused::<IssueToken>(NewToken { seconds: 599, ..token() }).await?;
    assert_eq!(failure.code, Code::BadRequest);
    ensure!(failure.message.contains("less than 10 minutes"), "{failure:?}");
    let nobody = NewToken { robot: "nobody".to_owned(), ..token() };
    assert_eq!(session.refused::<IssueToken>(nobody).await?.code, Code::NotFound);
    // The cluster furnishes a project a moment after it made it.
    let builder = "/api/v1/namespaces/rocket/serviceaccounts/builder";
    until("the builder's account", async || object(&cluster, builder).await).await?;
    let system = NewToken { robot: "builder".to_owned(), ..token() };
    assert_eq!(session.refused::<IssueToken>(system).await?.code, Code::Unsupported);

    cluster
        .fault(serde_json::json!({
            "on": "api", "path": "/api/v1/namespaces/rocket/serviceaccounts/ci/token",
            "kind": "status", "status": 500,
        }))
        .await?;
    session.refused::<IssueToken>(token()).await?;
    cluster.heal().await?;
    let selector = "labelSelector=app.kubernetes.io%2Fmanaged-by%3Dcockpit-images";
    let path = format!("/api/v1/namespaces/rocket/secrets?{selector}");
    let secrets = object(&cluster, &path).await?.context("no list")?;
    assert_eq!(secrets["items"], serde_json::json!([]));
    Ok(())
}

/// A robot goes with its role and its tokens; the cluster's own accounts stay.
#[tokio::test]
async fn a_robot_is_deleted() -> Result<()> {
    let (cluster, mut session) = with_robot().await?;
    let issued = session.done::<IssueToken>(token()).await?;
    let robot = skopeo(&cluster, &issued)?;
    robot.push(Layout::small()?.path(), "rocket/app:1").await?;
    let told = session.done::<DeleteRobot>(which(false)).await?;
    ensure!(!told.done && !told.notes.is_empty(), "{told:?}");
    robot.manifest("rocket/app:1").await?;
    ensure!(session.done::<DeleteRobot>(which(true)).await?.done);
    let account = "/api/v1/namespaces/rocket/serviceaccounts/ci";
    assert_eq!(object(&cluster, account).await?, None);
    assert_eq!(object(&cluster, &secret(&issued.name)).await?, None);
    ensure!(bound(&cluster, "rocket", "registry-editor").await?.is_empty());
    is_refused(&robot, "rocket/app:1").await?;

    let builder = "/api/v1/namespaces/rocket/serviceaccounts/builder";
    until("the builder's account", async || object(&cluster, builder).await).await?;
    let builder = WhichRobot { name: "builder".to_owned(), ..which(true) };
    assert_eq!(session.refused::<DeleteRobot>(builder).await?.code, Code::Unsupported);
    let taken = new_robot(None);
    ensure!(session.done::<CreateRobot>(taken.clone()).await?.done);
    assert_eq!(session.refused::<CreateRobot>(taken).await?.code, Code::Conflict);
    Ok(())
}
