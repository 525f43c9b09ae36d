// SPDX-License-Identifier: LGPL-2.1-or-later

//! Registries that know people by themselves: with a password file, or with a token server.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use images_proto::Offer::{Login as LoginOffer, Routes};
use images_proto::route::{Login, LoginParams};
use images_proto::{Code, Secret};
use images_tests::cluster::{Cluster, Face};
use images_tests::said::Said;
use images_tests::session::Session;
use images_tests::wait;
use serde_json::Value;

fn login(user: &str, password: &str) -> LoginParams {
    LoginParams { user: user.to_owned(), password: Secret::new(password) }
}

/// The requests that carried a login to the registry or to its token server.
async fn with_login(cluster: &Cluster) -> Result<Vec<Value>> {
    let all = cluster.requests().await?;
    let carried =
        |request: &Value| request["target"] == "registry" && request["authorization"] == true;
    Ok(all.into_iter().filter(carried).collect())
}

/// How often whoever looks at passwords refused one.
async fn refused(cluster: &Cluster) -> Result<usize> {
    let place = if cluster.ready.token_server.is_some() { "/token" } else { "/v2/" };
    let refused = |request: &Value| {
        let path = request["path"].as_str().unwrap_or_default();
        request["status"] == 401 && path.starts_with(place)
    };
    Ok(with_login(cluster).await?.into_iter().filter(refused).count())
}

/// How often each scope was asked for.
async fn scopes(cluster: &Cluster) -> Result<BTreeMap<String, usize>> {
    let mut scopes = BTreeMap::new();
    for request in cluster.requests().await? {
        if request["path"] == "/token" && request["status"] == 200 {
            let query = request["query"].as_str().context("no query")?.to_owned();
            *scopes.entry(query).or_default() += 1;
        }
    }
    Ok(scopes)
}

async fn wants_a_login(options: &[&str]) -> Result<(Cluster, Session)> {
    let cluster = Cluster::start_with(Face::Plain, true, options)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    Said::new(Code::Unauthenticated, "registry wants a login")
        .fix("Log in with a user and a password")
        .offers(&[LoginOffer, Routes])
        .check(&session.failure().await?)?;
    ensure!(with_login(&cluster).await?.is_empty(), "a login of the cluster's was sent");

    let failure = session.refused::<Login>(login("sarah", "not her password")).await?;
    Said::new(Code::Unauthenticated, "does not accept the login")
        .fix("Log in again")
        .offers(&[LoginOffer, Routes])
        .check(&failure)?;
    let refused = refused(&cluster).await?;
    ensure!(refused > 0, "it was not even sent");
    cluster.forget_requests().await?;
    session.retry().await?;
    wait::until("another try", async || {
        let asked = cluster.requests().await?;
        Ok(asked.iter().any(|request| request["target"] == "registry").then_some(()))
    })
    .await?;

    let password = cluster.ready.registry_passwords.get("sarah").context("no password")?;
    session.done::<Login>(login("sarah", password)).await?;
    let view = session.ready().await?;
    // The wrong one was not sent again: accounts are locked by that.
    ensure!(self::refused(&cluster).await? == 0, "{:#?}", with_login(&cluster).await?);
    ensure!(view.counts.repositories > 0, "{view:#?}");
    let ladder = session.ladder().await?;
    let identity = ladder.identity.context("nobody says who we are")?;
    ensure!(identity.words.contains("sarah"), "{identity:?}");
    Ok((cluster, session))
}

#[tokio::test]
async fn a_password_file() -> Result<()> {
    wants_a_login(&["--announce", "--registry-tls", "--registry-auth", "htpasswd"]).await?;
    Ok(())
}

/// The API server carries the password, so TLS of the registry's own is not needed.
#[tokio::test]
async fn a_password_file_through_a_port_forward() -> Result<()> {
    let (_cluster, mut session) =
        wants_a_login(&["--no-public", "--registry-auth", "htpasswd"]).await?;
    let route = session.reached().await?;
    ensure!(route.contains("port-forward"), "{route}");
    Ok(())
}

#[tokio::test]
async fn a_token_server() -> Result<()> {
    let options = ["--announce", "--registry-tls", "--registry-auth", "token"];
    let (cluster, _session) = wants_a_login(&options).await?;
    let scopes = scopes(&cluster).await?;
    ensure!(scopes.len() > 2, "too few to tell anything: {scopes:#?}");
    let often: Vec<_> = scopes.iter().filter(|(_, times)| **times > 1).collect();
    ensure!(often.is_empty(), "asked for again: {often:#?}");
    Ok(())
}
