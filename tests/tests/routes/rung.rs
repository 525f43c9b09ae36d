// SPDX-License-Identifier: LGPL-2.1-or-later

//! Each rung of the ladder: it is the one in use, the ones above it say why they are not, and
//! everything works by it. What is found is compared with what the registry tells curl inside of
//! the cluster.

use anyhow::{Context, Result, ensure};
use images_proto::delete::{self, Delete, Outcome, Target};
use images_proto::raw::{self, Raw, What};
use images_proto::route::{Ability, Kind, Outcome as Tried, Rung};
use images_proto::search::{self, Search};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::layout::Layout;
use images_tests::session::Session;
use serde_json::{Value, json};

/// What became of the kinds of rungs, from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It was not tried, or not needed.
    Skipped,
    Failed,
    InUse,
}
use End::{Failed, InUse, Skipped};

/// Public, service, proxy and port-forward.
async fn rung(face: Face, options: &[&str], expected: [End; 4]) -> Result<()> {
    let cluster = Cluster::start_with(face, true, options)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    let kinds = [Kind::Public, Kind::Service, Kind::Proxy, Kind::PortForward];
    let rungs = works(&cluster, &mut session).await?;
    for (kind, expected) in kinds.into_iter().zip(expected) {
        let ends = ends(&rungs, kind);
        ensure!(!ends.is_empty(), "no word about {kind:?}: {rungs:#?}");
        // TLS and doing without are tried one after the other.
        ensure!(ends.last() == Some(&expected), "{kind:?} {ends:?}: {rungs:#?}");
    }
    Ok(())
}

fn ends(rungs: &[Rung], kind: Kind) -> Vec<End> {
    let ends = rungs.iter().filter(|rung| rung.kind == kind).map(|rung| match rung.outcome {
        Tried::InUse => InUse,
        Tried::Failed(_) | Tried::Trying => Failed,
        Tried::Skipped(_) => Skipped,
    });
    ends.collect()
}

/// Searches, reads and deletes, and compares.
async fn works(cluster: &Cluster, session: &mut Session) -> Result<Vec<Rung>> {
    let inventory = Inventory::read_inside(cluster).await?;
    session.ready().await?;
    let view = session.ladder().await?;
    for rung in &view.rungs {
        match &rung.outcome {
            Tried::Failed(failure) => {
                ensure!(failure.message.ends_with('.'), "no sentence: {rung:?}");
            }
            Tried::Skipped(why) => ensure!(why.ends_with('.'), "no sentence: {rung:?}"),
            Tried::Trying => anyhow::bail!("it is still being tried: {rung:?}"),
            Tried::InUse => ensure!(rung.route.is_some(), "nobody knows where it leads: {rung:?}"),
        }
    }
    let in_use = view.rungs.iter().filter(|rung| rung.outcome == Tried::InUse).count();
    ensure!(in_use == 1, "{in_use} are in use: {view:#?}");
    let reached = view.reached.as_ref().context("nothing is known of the registry")?;
    for (what, ability) in
        [("lists", &reached.lists), ("writes", &reached.writes), ("deletes", &reached.deletes)]
    {
        ensure!(*ability == Ability::Yes, "{what}: {reached:?}");
    }
    ensure!(matches!(reached.referrers, Ability::No(_)), "{reached:?}");

    let ((repository, tag), digest) = inventory
        .tags
        .iter()
        .find(|(_, digest)| !inventory.layers(digest).is_empty())
        .context("no image")?;
    let layer = inventory.layers(digest).pop().context("no layer")?;
    let expected = inventory.leading_to(&layer).len();
    let query = search::Params { query: layer, limit: 500, ..search::Params::default() };
    session
        .look::<Search, _>(query, |view| {
            let search::Rows::Hits(hits) = &view.rows else { return None };
            let now = |hit: &&search::Hit| hit.tag.as_ref().is_some_and(|tag| tag.age == 0);
            (hits.iter().filter(now).count() == expected).then_some(())
        })
        .await?;

    let config = inventory.config(digest).context("no config")?;
    for (what, digest, expected) in [
        (What::Manifest, digest.as_str(), &inventory.manifests[digest]),
        (What::Config, config, &inventory.configs[config]),
    ] {
        let params = raw::Params { repository: repository.parse()?, digest: digest.parse()?, what };
        let document = session.done::<Raw>(params).await?;
        let document: Value = serde_json::from_str(&document.text)?;
        ensure!(document == *expected, "{what:?} is another one");
    }

    deletes(cluster, session, &format!("{repository}:{tag}")).await?;
    Ok(view.rungs)
}

/// Deletes a tag.
async fn deletes(cluster: &Cluster, session: &mut Session, image: &str) -> Result<()> {
    let (repository, tag) = image.rsplit_once(':').context("no tag")?;
    let target = json!({ "repository": repository, "tag": tag });
    let params = delete::Params::of(vec![Target::Tag(serde_json::from_value(target)?)]);
    let receipt = session.done::<Delete>(params).await?;
    let outcome = receipt.items.first().map(|item| &item.outcome);
    ensure!(outcome == Some(&Outcome::Deleted), "{receipt:#?}");
    match cluster.face {
        Face::Plain => {
            ensure!(cluster.kept_digest(image).await?.is_none(), "{image} is still there");
        }
        Face::Openshift => {
            ensure!(cluster.kept_digest(image).await?.is_none(), "{image} is still there");
            let (project, rest) = image.split_once('/').context("no project")?;
            let url = format!(
                "{}/apis/image.openshift.io/v1/namespaces/{project}/imagestreamtags/{rest}",
                cluster.ready.api
            );
            let answer = cluster.curl("sarah").get(&url).await?;
            ensure!(answer.status == 404, "{image} is still there: {}", answer.text());
        }
    }
    Ok(())
}

/// An address that an administrator set: nothing else is tried.
async fn configured(face: Face, closed: &[&str]) -> Result<()> {
    let cluster = Cluster::start_with(face, true, closed)?;
    let mut session = Session::new()?;
    session.set("KUBECONFIG", cluster.kubeconfig("sarah")?);
    session.set("COCKPIT_IMAGES_REGISTRY", &cluster.ready.registry_url);
    session.start().await?;
    let rungs = works(&cluster, &mut session).await?;
    ensure!(rungs.len() == 1 && rungs[0].kind == Kind::Configured, "{rungs:#?}");
    Ok(())
}

#[tokio::test]
async fn configured_plain() -> Result<()> {
    configured(Face::Plain, &["--no-service-proxy", "--no-port-forward"]).await
}

#[tokio::test]
async fn configured_openshift() -> Result<()> {
    configured(Face::Openshift, &["--no-service-proxy", "--no-port-forward"]).await
}

#[tokio::test]
async fn announced() -> Result<()> {
    let closed = ["--announce", "--no-service-proxy", "--no-port-forward"];
    rung(Face::Plain, &closed, [InUse, Skipped, Skipped, Skipped]).await
}

#[tokio::test]
async fn announced_with_tls() -> Result<()> {
    let closed = ["--announce", "--registry-tls", "--no-service-proxy", "--no-port-forward"];
    rung(Face::Plain, &closed, [InUse, Skipped, Skipped, Skipped]).await
}

#[tokio::test]
async fn public_route() -> Result<()> {
    let closed = ["--no-service-proxy", "--no-port-forward"];
    rung(Face::Openshift, &closed, [InUse, Skipped, Skipped, Skipped]).await
}

#[tokio::test]
async fn service_address_plain() -> Result<()> {
    let closed = ["--announce", "--no-public", "--node", "--no-service-proxy", "--no-port-forward"];
    rung(Face::Plain, &closed, [Failed, InUse, Skipped, Skipped]).await
}

#[tokio::test]
async fn service_address_with_tls() -> Result<()> {
    let closed = ["--registry-tls", "--node", "--no-service-proxy", "--no-port-forward"];
    rung(Face::Plain, &closed, [Skipped, InUse, Skipped, Skipped]).await
}

#[tokio::test]
async fn service_address_openshift() -> Result<()> {
    let closed = ["--no-public", "--node", "--no-service-proxy", "--no-port-forward"];
    rung(Face::Openshift, &closed, [Failed, InUse, Skipped, Skipped]).await
}

#[tokio::test]
async fn service_address_without_a_route() -> Result<()> {
    let closed = ["--no-route", "--no-public", "--node", "--no-port-forward"];
    rung(Face::Openshift, &closed, [Skipped, InUse, Skipped, Skipped]).await
}

#[tokio::test]
async fn service_proxy() -> Result<()> {
    let closed = ["--announce", "--no-public", "--no-port-forward"];
    rung(Face::Plain, &closed, [Failed, Failed, InUse, Skipped]).await
}

#[tokio::test]
async fn service_proxy_with_tls() -> Result<()> {
    let closed = ["--registry-tls", "--no-public", "--no-port-forward"];
    rung(Face::Plain, &closed, [Skipped, Failed, InUse, Skipped]).await
}

#[tokio::test]
async fn port_forward_plain() -> Result<()> {
    let closed = ["--announce", "--no-public", "--no-service-proxy"];
    rung(Face::Plain, &closed, [Failed, Failed, Failed, InUse]).await
}

#[tokio::test]
async fn port_forward_with_tls() -> Result<()> {
    let closed = ["--registry-tls", "--no-public", "--no-service-proxy"];
    rung(Face::Plain, &closed, [Skipped, Failed, Failed, InUse]).await
}

#[tokio::test]
async fn port_forward_openshift() -> Result<()> {
    rung(Face::Openshift, &["--no-public"], [Failed, Failed, Skipped, InUse]).await
}

/// The path of Kubernetes before 1.10, where the newer one is not known.
#[tokio::test]
async fn old_service_proxy() -> Result<()> {
    let options = ["--old", "--no-public", "--no-port-forward"];
    let cluster = Cluster::start_with(Face::Plain, true, &options)?;
    let newer = json!({
        "on": "api", "path": "/api/v1/namespaces/*/services/*/proxy/*", "kind": "status",
        "status": 404, "body": "404: Page Not Found",
    });
    cluster.fault(newer).await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    let rungs = works(&cluster, &mut session).await?;
    ensure!(ends(&rungs, Kind::Proxy).contains(&InUse), "{rungs:#?}");
    let asked = cluster.requests().await?;
    let old = |request: &Value| {
        let path = request["path"].as_str().unwrap_or_default();
        path.starts_with("/api/v1/proxy/namespaces/kube-system/services/")
    };
    ensure!(asked.iter().any(old), "the old path was not asked");
    Ok(())
}

/// OpenShift 3 has its registry elsewhere.
#[tokio::test]
async fn openshift_3() -> Result<()> {
    let closed = ["--old", "--no-public", "--node", "--no-port-forward"];
    rung(Face::Openshift, &closed, [Failed, InUse, Skipped, Skipped]).await
}

/// A config that is nearly as large as we read them arrives byte for byte.
async fn a_big_config(closed: &[&str], kind: Kind) -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, false, closed)?;
    let layout = Layout::with_config_of((8 << 20) - 4096)?;
    // skopeo refuses configs of more than 4 MiB.
    let (registry, curl) = cluster.inside().await?;
    layout.push(&curl, &registry, "big/config", "latest").await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let view = session.ladder().await?;
    ensure!(ends(&view.rungs, kind).contains(&InUse), "{view:#?}");
    let params = raw::Params {
        repository: "big/config".parse()?,
        digest: layout.config.parse()?,
        what: What::Config,
    };
    let document = session.done::<Raw>(params).await?;
    // Not compared by assert: nobody wants to see the difference.
    ensure!(document.text == layout.config_text, "it is not what was pushed");
    Ok(())
}

#[tokio::test]
async fn a_big_config_through_the_proxy() -> Result<()> {
    a_big_config(&["--no-public", "--no-port-forward"], Kind::Proxy).await
}

#[tokio::test]
async fn a_big_config_through_a_port_forward() -> Result<()> {
    a_big_config(&["--no-public", "--no-service-proxy"], Kind::PortForward).await
}
