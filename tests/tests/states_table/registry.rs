// SPDX-License-Identifier: LGPL-2.1-or-later

//! The states in which the cluster answers and its registry does not. Each row: the cluster, how
//! its registry came to be so, what must be said, and how that is mended; nobody asks for another
//! try. With OpenShift's image API the catalog is there all the same.

use anyhow::{Context, Result, ensure};
use images_proto::Code::{Busy, Forbidden, NoRegistry, RegistryUnreachable, Unauthenticated};
use images_proto::Offer::{self, AddRegistry, ChooseRegistry, Login, Routes, SetRegistry};
use images_proto::delete::{self, Delete, Outcome, Target};
use images_proto::route::{Ability, LoginParams};
use images_proto::search::Search;
use images_proto::{Failure, Secret, TagRef, route, search};
use images_tests::cluster::{Cluster, Face};
use images_tests::inventory::Inventory;
use images_tests::kubeconfig::{Kubeconfig, by_token, server};
use images_tests::said::Said;
use images_tests::session::Session;
use serde_json::{Value, json};

use crate::rows;

async fn state(
    face: Face,
    options: &[&str],
    wrong: impl AsyncFnOnce(&Cluster) -> Result<()>,
    says: Said,
    mended: impl AsyncFnOnce(&Cluster, &mut Session) -> Result<()>,
) -> Result<()> {
    let cluster = Cluster::start_with(face, true, options)?;
    wrong(&cluster).await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    says.check(&failure(face, &mut session).await?)?;
    mended(&cluster, &mut session).await?;
    session.reached().await?;
    session.ready().await?;
    let found = search(&mut session, "api").await?;
    ensure!(found > 0, "nothing is found afterwards");
    Ok(())
}

/// Why the registry is not reached.
async fn failure(face: Face, session: &mut Session) -> Result<Failure> {
    match face {
        Face::Plain => session.failure().await,
        Face::Openshift => {
            let failure = session.unreachable().await?;
            // What the API tells is there and can be used.
            session.ready().await?;
            ensure!(search(session, "api").await? > 0, "the catalog is gone with the registry");
            Ok(failure)
        }
    }
}

async fn search(session: &mut Session, query: &str) -> Result<u32> {
    let params = search::Params { query: query.to_owned(), ..search::Params::default() };
    session.look::<Search, _>(params, |view| (!view.coverage.listing).then_some(view.total)).await
}

/// Orders the same fault for all ways to the registry.
async fn fault(cluster: &Cluster, mut fault: Value) -> Result<()> {
    fault["on"] = "registry".into();
    fault["path"] = "/v2/".into();
    cluster.fault(fault).await
}

async fn runs_again(cluster: &Cluster, _: &mut Session) -> Result<()> {
    cluster.registry_state("running").await
}

async fn no_fault(cluster: &Cluster, _: &mut Session) -> Result<()> {
    cluster.heal().await
}

async fn nothing(_: &Cluster) -> Result<()> {
    Ok(())
}

/// What stands below every failure of a whole ladder.
const LADDER: &[Offer] = &[Routes];

rows! { state;

absent_plain {
    Face::Plain,
    &["--registry-state", "absent"],
    nothing,
    Said::new(NoRegistry, "found no registry in this cluster")
        .fix("Add one to the cluster")
        .offers(&[AddRegistry, SetRegistry])
        .retried(),
    runs_again,
}

absent_openshift {
    Face::Openshift,
    &["--registry-state", "absent"],
    nothing,
    Said::new(NoRegistry, "This cluster has no image registry.")
        .fix("Switch on the one that OpenShift has")
        .offers(&[AddRegistry, SetRegistry, Routes])
        .retried(),
    runs_again,
}

removed_by_its_operator {
    Face::Openshift,
    &["--registry-state", "removed"],
    nothing,
    Said::new(NoRegistry, "its operator has removed it")
        .fix("Switch it on and give it storage")
        .command(
            "oc patch configs.imageregistry.operator.openshift.io/cluster --type merge \
             -p '{\"spec\":{\"managementState\":\"Managed\"}}'",
        )
        .offers(&[AddRegistry, SetRegistry, Routes])
        .retried(),
    runs_again,
}

scaled_to_zero_plain {
    Face::Plain,
    &["--registry-state", "scaled"],
    nothing,
    Said::new(RegistryUnreachable, "The registry is switched off")
        .and("kube-system/registry runs no pod")
        .fix("Have it run one")
        .command("kubectl scale --replicas=1 -n kube-system deployment/registry")
        .offers(LADDER)
        .retried(),
    runs_again,
}

scaled_to_zero_openshift {
    Face::Openshift,
    &["--registry-state", "scaled"],
    nothing,
    Said::new(RegistryUnreachable, "The registry is switched off")
        .fix("Have it run one")
        .command("kubectl scale --replicas=1 -n openshift-image-registry deployment/image-registry")
        .offers(LADDER)
        .retried(),
    runs_again,
}

no_endpoints_plain {
    Face::Plain,
    &["--registry-state", "no-endpoints"],
    nothing,
    Said::new(RegistryUnreachable, "The registry does not run: the pod kube-system/registry-")
        .and("Unschedulable")
        .details("nodes are available")
        .command("kubectl describe pod -n kube-system registry-")
        .offers(LADDER)
        .retried(),
    runs_again,
}

no_endpoints_openshift {
    Face::Openshift,
    &["--registry-state", "no-endpoints"],
    nothing,
    Said::new(RegistryUnreachable, "the pod openshift-image-registry/image-registry-")
        .and("Unschedulable")
        .details("nodes are available")
        .command("kubectl describe pod -n openshift-image-registry image-registry-")
        .offers(LADDER)
        .retried(),
    runs_again,
}

/// The pod's last words tell why.
crashing_plain {
    Face::Plain,
    &["--registry-state", "crashing"],
    nothing,
    Said::new(RegistryUnreachable, "The registry crashes: the pod kube-system/registry-")
        .fix("last words")
        .details("open /etc/docker/registry/config.yml: permission denied")
        .command("kubectl logs --previous -n kube-system registry-")
        .offers(LADDER)
        .retried(),
    runs_again,
}

crashing_openshift {
    Face::Openshift,
    &["--registry-state", "crashing"],
    nothing,
    Said::new(RegistryUnreachable, "The registry crashes: the pod openshift-image-registry/")
        .fix("last words")
        .details("open /etc/docker/registry/config.yml: permission denied")
        .command("kubectl logs --previous -n openshift-image-registry image-registry-")
        .offers(LADDER)
        .retried(),
    runs_again,
}

/// It wants a login that nobody has given yet.
login_wanted {
    Face::Plain,
    &["--registry-auth", "htpasswd"],
    nothing,
    Said::new(Unauthenticated, "registry wants a login")
        .fix("Log in with a user and a password")
        .offers(&[Login, Routes]),
    async |cluster, session| {
        let password = cluster.ready.registry_passwords.get("sarah").context("no password")?;
        let login = LoginParams { user: "sarah".to_owned(), password: Secret::new(password) };
        session.done::<route::Login>(login).await?;
        Ok(())
    },
}

/// The token that the API takes is not taken by the registry.
login_refused_openshift {
    Face::Openshift,
    &[],
    async |cluster| {
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        fault(cluster, json!({ "kind": "status", "status": 401, "body": body })).await
    },
    Said::new(Unauthenticated, "The registry does not accept the login")
        .fix("Log in again")
        .offers(&[Login, Routes]),
    no_fault,
}

forbidden_plain {
    Face::Plain,
    &[],
    async |cluster| {
        let body = r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#;
        fault(cluster, json!({ "kind": "status", "status": 403, "body": body })).await
    },
    Said::new(Forbidden, "the registry does not allow it")
        .details("requested access is denied")
        .offers(LADDER),
    // What was forbidden is not tried again by itself.
    async |cluster, session| {
        cluster.heal().await?;
        session.retry().await
    },
}

a_fault_plain {
    Face::Plain,
    &[],
    async |cluster| {
        let body = r#"{"errors":[{"code":"UNAVAILABLE","message":"no space left"}]}"#;
        fault(cluster, json!({ "kind": "status", "status": 503, "body": body })).await
    },
    Said::new(Busy, "the registry has a fault (503")
        .details("no space left")
        .offers(LADDER)
        .retried(),
    no_fault,
}

a_fault_openshift {
    Face::Openshift,
    &[],
    async |cluster| {
        fault(cluster, json!({ "kind": "status", "status": 500, "body": "oops" })).await
    },
    Said::new(Busy, "the registry has a fault (500")
        .offers(LADDER)
        .retried(),
    no_fault,
}

hanging_plain {
    Face::Plain,
    &[],
    async |cluster| fault(cluster, json!({ "kind": "hang" })).await,
    Said::new(RegistryUnreachable, "did not answer within")
        .fix("Check that the registry is not overloaded")
        .offers(LADDER)
        .retried(),
    no_fault,
}

hanging_openshift {
    Face::Openshift,
    &[],
    async |cluster| fault(cluster, json!({ "kind": "hang" })).await,
    Said::new(RegistryUnreachable, "did not answer within")
        .fix("Check that the registry is not overloaded")
        .offers(LADDER)
        .retried(),
    no_fault,
}
}

/// TLS: nobody whom the kubeconfig names has signed the registry's certificate.
#[tokio::test]
async fn tls_is_not_trusted() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, &["--registry-tls", "--announce"])?;
    let blind = json!({ "server": cluster.ready.api, "insecure-skip-tls-verify": true });
    let blind = Kubeconfig::of("lab", blind, by_token(&cluster, "sarah")?);
    // Behind the proxy the API server looks at no certificate: without it, we must.
    cluster
        .fault(json!({
            "on": "api", "path": "/api/v1/namespaces/kube-system/services/*/proxy/*",
            "kind": "status", "status": 503, "body": "error trying to reach service: EOF",
        }))
        .await?;
    let mut session = Session::with(&blind).await?;
    Said::new(
        RegistryUnreachable,
        "nobody whom this host trusts has signed the registry's certificate",
    )
    .fix("/etc/containers/certs.d/")
    .offers(LADDER)
    .retried()
    .check(&session.failure().await?)?;
    session.write(&Kubeconfig::of("lab", server(&cluster), by_token(&cluster, "sarah")?))?;
    session.ready().await?;
    ensure!(session.reached().await?.starts_with("https://"), "not by TLS");
    Ok(())
}

/// Several registries, and none is where one is expected: somebody has to choose.
#[tokio::test]
async fn several_registries() -> Result<()> {
    let options = ["--second-registry", "--registry-state", "absent"];
    let cluster = Cluster::start_with(Face::Plain, true, &options)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    // Alone it is taken.
    session.ready().await?;
    ensure!(session.reached().await?.contains("apps/team-registry"), "another one");

    // One more, of the same kind.
    let service = cluster.api("sarah", "/api/v1/namespaces/apps/services/team-registry").await?;
    let endpoints = cluster.api("sarah", "/api/v1/namespaces/apps/endpoints/team-registry").await?;
    let curl = cluster.curl("sarah");
    for (what, object) in [("services", service), ("endpoints", endpoints)] {
        let mut copy = json!({
            "apiVersion": "v1", "kind": object["kind"],
            "metadata": { "name": "old-registry", "namespace": "apps" },
        });
        if what == "services" {
            copy["spec"] = json!({ "ports": object["spec"]["ports"] });
        } else {
            copy["subsets"] = object["subsets"].clone();
        }
        let url = format!("{}/api/v1/namespaces/apps/{what}", cluster.ready.api);
        let answer = curl.post(&url, &copy).await?;
        ensure!(answer.is_good(), "{what}: {}", answer.text());
    }
    session.end().await?;
    session.start().await?;
    Said::new(NoRegistry, "There are 2 registries in this cluster")
        .fix("Choose one")
        .details("apps/old-registry, port 5000")
        .details("apps/team-registry, port 5000")
        .offers(&[ChooseRegistry])
        .check(&session.failure().await?)?;

    let choice = session.routes(|view| {
        let found = view.found.iter().find(|found| found.words.contains("team-registry"))?;
        Some(found.choice.clone())
    });
    let choice = route::RegistryChoice { choice: Some(choice.await?) };
    session.done::<route::ChooseRegistry>(choice).await?;
    session.ready().await?;
    ensure!(session.reached().await?.contains("apps/team-registry"), "another one");
    // It is remembered.
    session.end().await?;
    session.start().await?;
    session.ready().await?;
    ensure!(session.reached().await?.contains("apps/team-registry"), "another one");
    Ok(())
}

/// What a registry does not do is told before somebody tries, and again when he does.
async fn it_does_not_delete(
    options: &[&str],
    writes: bool,
    words: &str,
    refused: &str,
) -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, true, options)?;
    let inventory = Inventory::read(&cluster, "sarah").await?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let reached = session.ladder().await?.reached.context("nothing is known")?;
    ensure!(reached.lists == Ability::Yes, "{reached:?}");
    ensure!((reached.writes == Ability::Yes) == writes, "{reached:?}");
    let said = if writes { &reached.deletes } else { &reached.writes };
    ensure!(matches!(said, Ability::No(why) if why.contains(words)), "{reached:?}");
    ensure!(matches!(reached.deletes, Ability::No(_)), "{reached:?}");

    let ((repository, tag), digest) = inventory.tags.iter().next().context("the seed is empty")?;
    let tag_ref = |tag: &str| -> Result<TagRef> {
        Ok(serde_json::from_value(json!({ "repository": repository, "tag": tag }))?)
    };
    let params = delete::Params::of(vec![Target::Tag(tag_ref(tag)?)]);
    let receipt = session.done::<Delete>(params).await?;
    let Some(Outcome::Kept(failure)) = receipt.items.first().map(|item| &item.outcome) else {
        anyhow::bail!("{receipt:?}")
    };
    Said::new(images_proto::Code::Unsupported, refused).check(failure)?;
    let name = format!("{repository}:{tag}");
    ensure!(cluster.skopeo("sarah")?.digest(&name).await?.as_ref() == Some(digest), "it is gone");
    Ok(())
}

rows! { it_does_not_delete;

deletion_switched_off { &["--no-delete"], true, "storage.delete.enabled", "Deleting is switched off" }

read_only { &["--read-only"], false, "storage.maintenance.readonly", "read-only" }
}
