// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry for a cluster that has none: shown, added, used, removed.

use anyhow::{Context, Result, ensure};
use images_proto::installation::{
    AddRegistry, Params, PlanRegistry, RemoveParams, RemoveRegistry, Storage,
};
use images_proto::search::{self, Search};
use images_proto::{Code, Offer};
use images_tests::cluster::{Cluster, Face};
use images_tests::layout::Layout;
use images_tests::session::Session;
use images_tests::skopeo::Skopeo;

const NAMESPACE: &str = "/api/v1/namespaces/cockpit-images-registry";
const OPERATOR: &str = "/apis/imageregistry.operator.openshift.io/v1/configs/cluster";

async fn status_of(cluster: &Cluster, path: &str) -> Result<u16> {
    Ok(cluster.curl("sarah").get(&format!("{}{path}", cluster.ready.api)).await?.status)
}

async fn management_state(cluster: &Cluster) -> Result<String> {
    let config = cluster.api("sarah", OPERATOR).await?;
    Ok(config["spec"]["managementState"].as_str().context("no managementState")?.to_owned())
}

/// Adds what was shown, and waits until the page would show it without being asked.
async fn add(session: &mut Session, storage: Storage) -> Result<()> {
    let params = Params { storage };
    let plan = session.done::<PlanRegistry>(params.clone()).await?;
    ensure!(plan.missing.is_empty() && !plan.added, "{plan:#?}");
    let (told, receipt) = session.ask_listening::<AddRegistry>(params).await?;
    let receipt = receipt.map_err(|failure| anyhow::anyhow!("{failure:#?}"))?;
    ensure!(receipt.done, "{receipt:#?}");
    ensure!(!told.is_empty(), "nothing was told on the way");
    let names = |objects: &[images_proto::account::Object]| {
        objects.iter().map(|object| (object.kind.clone(), object.name.clone())).collect::<Vec<_>>()
    };
    ensure!(names(&receipt.objects) == names(&plan.objects), "{receipt:#?}");
    session.reached().await?;
    session.ready().await?;
    Ok(())
}

#[tokio::test]
async fn on_kubernetes() -> Result<()> {
    let options = ["--registry-state", "absent", "--node"];
    let cluster = Cluster::start_with(Face::Plain, false, &options)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    let failure = session.failure().await?;
    ensure!(failure.code == Code::NoRegistry, "{failure:#?}");
    ensure!(failure.offers.first() == Some(&Offer::AddRegistry), "{failure:#?}");

    let in_pod = Params { storage: Storage::Pod };
    let plan = session.done::<PlanRegistry>(in_pod).await?;
    ensure!(plan.warnings.iter().any(|warning| warning.contains("lost")), "{plan:#?}");
    let plan = session.done::<PlanRegistry>(Params::default()).await?;
    let kinds: Vec<_> = plan.objects.iter().map(|object| object.kind.as_str()).collect();
    let all = ["Namespace", "PersistentVolumeClaim", "Secret", "Deployment", "Service"];
    ensure!(kinds == all, "{kinds:?}");
    ensure!(plan.objects[2].yaml.contains("(random)"), "{:#?}", plan.objects[2]);
    let warns = |word: &str| plan.warnings.iter().any(|warning| warning.contains(word));
    ensure!(!warns("lost") && warns("asks nobody for a login"), "{plan:#?}");
    ensure!(plan.classes.as_ref().is_some_and(|all| all.iter().any(|one| one.is_default)));
    ensure!(status_of(&cluster, NAMESPACE).await? == 404, "it was added before anybody agreed");

    add(&mut session, Storage::default()).await?;
    let service = cluster.api("sarah", &format!("{NAMESPACE}/services/registry")).await?;
    let ip = service["spec"]["clusterIP"].as_str().context("no address")?;
    let secret = cluster.api("sarah", &format!("{NAMESPACE}/secrets/registry")).await?;
    ensure!(!secret.to_string().contains("(random)"), "the secret is known to everybody");

    // It is one: something can be pushed, and is found.
    let layout = Layout::small()?;
    let skopeo = Skopeo::new(&format!("{ip}:5000"), None, false, None)?;
    skopeo.push(layout.path(), "team/app:first").await?;
    session.retry().await?;
    let query = search::Params { query: layout.manifest.clone(), ..search::Params::default() };
    session.look::<Search, _>(query, |view| (view.total == 1).then_some(())).await?;

    let shown = session.done::<RemoveRegistry>(RemoveParams { agreed: false }).await?;
    ensure!(!shown.done && shown.objects.len() >= all.len(), "{shown:#?}");
    ensure!(status_of(&cluster, NAMESPACE).await? == 200, "it went before anybody agreed");
    let receipt = session.done::<RemoveRegistry>(RemoveParams { agreed: true }).await?;
    ensure!(receipt.done, "{receipt:#?}");
    ensure!(status_of(&cluster, NAMESPACE).await? == 404, "the namespace is still there");
    let failure = session.failure().await?;
    ensure!(failure.code == Code::NoRegistry, "{failure:#?}");
    Ok(())
}

/// Nobody would make the volume: that is said before.
#[tokio::test]
async fn without_a_storage_class() -> Result<()> {
    let options = ["--registry-state", "absent", "--no-storage-class"];
    let cluster = Cluster::start_with(Face::Plain, false, &options)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.failure().await?;
    let plan = session.done::<PlanRegistry>(Params::default()).await?;
    ensure!(plan.classes == Some(Vec::new()), "{plan:#?}");
    ensure!(plan.warnings.iter().any(|warning| warning.contains("storage class")), "{plan:#?}");
    add(&mut session, Storage::Pod).await
}

#[tokio::test]
async fn without_the_right_to() -> Result<()> {
    let cluster = Cluster::start_with(Face::Plain, false, &["--registry-state", "absent"])?;
    let mut session = Session::using(&cluster.kubeconfig("scruffy")?).await?;
    session.failure().await?;
    let plan = session.done::<PlanRegistry>(Params::default()).await?;
    ensure!(!plan.missing.is_empty(), "{plan:#?}");
    // One command for all of them, as the namespace is not even there.
    let mut commands = plan.missing.iter().filter_map(|right| right.command.as_deref());
    let command = commands.next().with_context(|| format!("no command: {:?}", plan.missing))?;
    ensure!(command.starts_with("kubectl ") && command.contains("scruffy"), "{command}");
    session.refused::<AddRegistry>(Params::default()).await?;
    ensure!(status_of(&cluster, NAMESPACE).await? == 404, "something was added");
    Ok(())
}

#[tokio::test]
async fn switched_on_and_off_on_openshift() -> Result<()> {
    let cluster = Cluster::start_with(Face::Openshift, true, &["--registry-state", "removed"])?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    let failure = session.unreachable().await?;
    ensure!(failure.offers.first() == Some(&Offer::AddRegistry), "{failure:#?}");

    add(&mut session, Storage::Pod).await?;
    ensure!(management_state(&cluster).await? == "Managed");
    let receipt = session.done::<RemoveRegistry>(RemoveParams { agreed: true }).await?;
    ensure!(receipt.done, "{receipt:#?}");
    ensure!(management_state(&cluster).await? == "Removed");
    let failure = session.unreachable().await?;
    ensure!(failure.code == Code::NoRegistry, "{failure:#?}");
    Ok(())
}

/// What an administrator switched on is not ours to switch off.
#[tokio::test]
async fn what_others_switched_on_stays() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    session.refused::<RemoveRegistry>(RemoveParams { agreed: true }).await?;
    ensure!(management_state(&cluster).await? == "Managed");
    session.reached().await?;
    Ok(())
}
