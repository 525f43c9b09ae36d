// SPDX-License-Identifier: LGPL-2.1-or-later

//! A plain registry with a thousand repositories of ten tags, read from nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_proto::status::{Phase, View};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::Value;
use tokio::process::Command;

use crate::memory::{MIB, peak};
use crate::table::{Budget, Row, Samples, Unit};

/// Tags, ten in a repository.
const TAGS: &str = "10000";
const SIZE: &str = "1,000 repositories of 10 tags";

/// One in so many repositories is read one request at a time; all of them would take minutes.
const ONE_IN: usize = 50;

/// How often each side is measured.
const ROUNDS: usize = 3;

/// Connections that ask as fast as they are answered, as many as ours at most.
const CONNECTIONS: &str = "32";

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_with(Face::Plain, false, &["--load", TAGS, "--read-only"])?;
    let (mut listed, mut whole, mut saturated) = (Vec::new(), Vec::new(), Vec::new());
    let (mut peaks, mut requests) = (Vec::new(), Vec::new());
    let folder = tempfile::tempdir()?;
    // By turns: a machine is not equally fast all the time.
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let mut session = Session::new()?;
        session.patience = Duration::from_secs(600);
        session.set("KUBECONFIG", cluster.kubeconfig("sarah")?);
        session.set("COCKPIT_IMAGES_REGISTRY", &cluster.ready.registry_url);
        let begin = Instant::now();
        session.start().await?;
        session.status(|view| (view.phase == Phase::Ready).then_some(())).await?;
        listed.push(begin.elapsed());
        let all = |view: &View| (view.counts.configs_unread == 0).then_some(());
        session.status(all).await?;
        whole.push(begin.elapsed());
        peaks.push(peak(session.peer()?.id().context("the bridge ended")?)?);
        session.end().await?;
        requests = cluster.requests().await?;
        requests.retain(|request| request["target"] == "registry");
        saturated.push(saturate(&cluster, &requests, folder.path()).await?);
    }
    let repositories: BTreeSet<_> = requests.iter().filter_map(repository).collect();
    ensure!(repositories.len() == 1000, "{} repositories", repositories.len());
    let one_by_one = one_by_one(&cluster, repositories).await?;
    let whole = Samples::times(whole);
    Ok(vec![
        Row {
            what: format!("{SIZE}, cold, with every manifest and config"),
            ours: whole.clone(),
            yardstick: Some((
                format!(
                    "`skopeo list-tags` and `inspect`, one after the other (a {ONE_IN}th, times {ONE_IN})"
                ),
                Samples::times([one_by_one]),
            )),
            budget: Budget::Faster(10.0),
            note: format!("all tags were there after {}", Samples::times(listed)),
        },
        Row {
            what: format!("{SIZE}, cold, with every manifest and config"),
            ours: whole,
            yardstick: Some((
                format!(
                    "`wrk` with the same {} requests, as fast as the registry answers",
                    requests.len()
                ),
                Samples::times(saturated),
            )),
            budget: Budget::Times(1.5),
            note: String::new(),
        },
        Row {
            what: format!("memory of the bridge at most, reading {SIZE}"),
            ours: Samples::new(Unit::Bytes, peaks.into_iter().map(|bytes| bytes as f64)),
            yardstick: None,
            budget: Budget::AtMost((100 * MIB) as f64),
            note: String::new(),
        },
    ])
}

/// The repository whose tags a request asks for.
fn repository(request: &Value) -> Option<String> {
    let path = request["path"].as_str()?;
    Some(path.strip_prefix("/v2/")?.strip_suffix("/tags/list")?.to_owned())
}

/// What a loop in a shell would take for all of them.
async fn one_by_one(cluster: &Cluster, repositories: BTreeSet<String>) -> Result<Duration> {
    let skopeo = cluster.skopeo("sarah")?;
    let begin = Instant::now();
    for repository in repositories.iter().step_by(ONE_IN) {
        for tag in skopeo.tags(repository).await? {
            skopeo.config(&format!("{repository}:{tag}")).await?;
        }
    }
    Ok(begin.elapsed() * u32::try_from(ONE_IN)?)
}

/// The time in which the registry answers so many requests like these when it has nothing else to do.
async fn saturate(cluster: &Cluster, requests: &[Value], folder: &Path) -> Result<Duration> {
    const SECONDS: u64 = 5;
    // A prime number: lists, manifests and configs take turns, for they do not cost the same.
    const STRIDE: u32 = 7919;
    let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                  application/vnd.docker.distribution.manifest.list.v2+json, \
                  application/vnd.docker.distribution.manifest.v2+json";
    let mut script = "local all = {}\n".to_owned();
    for request in requests {
        let text = |key: &str| request[key].as_str().unwrap_or_default();
        let mark = if text("query").is_empty() { "" } else { "?" };
        // wrk waits for the body of an answer to HEAD.
        writeln!(script, "all[#all+1] = '{}{mark}{}'", text("path"), text("query"))?;
    }
    write!(
        script,
        "local at = 0\nfunction request()\n  at = (at + {STRIDE}) % #all\n  \
         return wrk.format('GET', all[at + 1], {{['Accept'] = '{accept}'}})\nend\n"
    )?;
    let file = folder.join("requests.lua");
    std::fs::write(&file, script)?;
    let output = Command::new("wrk")
        .args(["-t1", "-c", CONNECTIONS, "-d", &SECONDS.to_string(), "-s"])
        .arg(&file)
        .arg(&cluster.ready.registry_url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("wrk: apt install wrk")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate: f64 = rate.with_context(|| format!("wrk: {text}"))?.trim().parse()?;
    Ok(Duration::from_secs_f64(requests.len() as f64 / rate))
}
