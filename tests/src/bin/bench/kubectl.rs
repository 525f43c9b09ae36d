// SPDX-License-Identifier: LGPL-2.1-or-later

//! What there is without us: kubectl's list of all images, and jq to find something in it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use tokio::process::Command;

use crate::large;
use crate::memory::MIB;
use crate::table::{Budget, Row, Samples};

/// With ten times as many kubectl takes three minutes.
const IMAGES: u32 = 10_000;
const SIZE: &str = "10,000 images in 1,000 streams";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_loaded(Face::Openshift, IMAGES)?;
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("images.json");
    let listed = kubectl(&cluster, &list).await?;
    let bytes = std::fs::metadata(&list)?.len();
    let needle = digest(&cluster).await?;
    let sought = jq(&list, &needle).await?;
    let mut login = large::login(&cluster).await?;
    large::wait_until_idle(&cluster).await?;
    let times = large::search(&mut login.session, &[needle]).await?;
    login.session.end().await?;
    Ok(vec![
        Row {
            what: format!("everything of {SIZE} at hand"),
            ours: Samples::times([login.whole]),
            yardstick: Some(("`kubectl get images -o json`".to_owned(), Samples::times([listed]))),
            budget: Budget::Faster(2.0),
            note: format!("kubectl wrote {} MiB", bytes / MIB),
        },
        Row {
            what: format!("an image found by its digest among {IMAGES}"),
            ours: Samples::times(times),
            yardstick: Some(("`jq` in what kubectl wrote".to_owned(), Samples::times([sought]))),
            budget: Budget::Faster(100.0),
            note: String::new(),
        },
    ])
}

/// The digest of some image of the load.
async fn digest(cluster: &Cluster) -> Result<String> {
    let list = cluster.api("sarah", "/apis/image.openshift.io/v1/images?limit=1").await?;
    let name = list["items"][0]["metadata"]["name"].as_str();
    name.map(str::to_owned).context("there are no images")
}

/// The time that kubectl takes for the list of all images.
async fn kubectl(cluster: &Cluster, list: &Path) -> Result<Duration> {
    let begin = Instant::now();
    let status = Command::new("kubectl")
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig("sarah")?)
        .args(["get", "images.image.openshift.io", "-o", "json"])
        .env("HOME", list.parent().context("no folder")?)
        .stdout(std::fs::File::create(list)?)
        .stdin(Stdio::null())
        .status()
        .await
        .context("kubectl: apt install kubernetes-client")?;
    ensure!(status.success(), "kubectl: {status}");
    Ok(begin.elapsed())
}

/// The time that jq takes to find an image in that list.
async fn jq(list: &Path, digest: &str) -> Result<Duration> {
    let begin = Instant::now();
    let filter = "[.items[] | select(.metadata.name == $digest)] | length";
    let output = Command::new("jq")
        .args(["--arg", "digest", digest, filter])
        .arg(list)
        .stdin(Stdio::null())
        .output()
        .await
        .context("jq: apt install jq")?;
    ensure!(output.stdout.trim_ascii() == b"1", "jq found {output:?}");
    Ok(begin.elapsed())
}
