// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift with a hundred thousand images in ten thousand streams: reading it from nothing, what
//! that takes, searching in it, and searching while pushes go on.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use images_proto::status::Phase;
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::{Value, json};

use crate::memory::{MIB, peak, resident};
use crate::replay::replay;
use crate::table::{Budget, Row, Samples, Unit};

/// Images, in a tenth as many streams.
pub(crate) const IMAGES: u32 = 100_000;
pub(crate) const SIZE: &str = "100,000 images in 10,000 streams";

/// How often each side of a long measurement is measured.
const ROUNDS: usize = 5;

/// Searches of each kind.
const SEARCHES: usize = 200;

/// Pushes in a second, and for how many seconds.
pub(crate) const RATE: u32 = 200;
const SECONDS: u64 = 20;

/// Between two searches meanwhile: far less than anybody types.
const REST: Duration = Duration::from_millis(5);

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start_loaded(Face::Openshift, IMAGES)?;
    let mut rows = Vec::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut first, mut peaks, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    // By turns: a machine is not equally fast all the time.
    for _ in 0..ROUNDS {
        cluster.forget_requests().await?;
        let mut login = login(&cluster).await?;
        peaks.push(peak(login.pid()?)?);
        ours.push(login.whole);
        first.push(login.first);
        login.session.end().await?;
        requests = cluster.requests().await?;
        theirs.push(replay(&cluster, &requests).await?);
    }
    let whole = Samples::times(ours);
    rows.push(Row {
        what: format!("cold index of {SIZE}"),
        ours: whole.clone(),
        yardstick: Some(("`curl` of the same answers".to_owned(), Samples::times(theirs))),
        budget: Budget::Times(1.2),
        note: format!("{} requests", requests.len()),
    });
    rows.push(Row {
        what: format!("first rows of {SIZE}, cold"),
        ours: Samples::times(first),
        yardstick: Some(("the whole index".to_owned(), whole)),
        budget: Budget::Times(0.2),
        note: "from the start of the bridge".to_owned(),
    });
    rows.push(Row {
        what: format!("memory of the bridge at most, reading {SIZE}"),
        ours: Samples::new(Unit::Bytes, peaks.into_iter().map(|bytes| bytes as f64)),
        yardstick: None,
        budget: Budget::AtMost((100 * MIB) as f64),
        note: String::new(),
    });
    let mut login = login(&cluster).await?;
    let words = words(&mut login.session, IMAGES / 10).await?;
    wait_until_idle(&cluster).await?;
    let times = search(&mut login.session, &words).await?;
    let middle = Samples::times(times.clone());
    rows.push(Row {
        what: format!("search in {SIZE}, 99th percentile"),
        ours: Samples::times([percentile(times, 99)]),
        yardstick: None,
        budget: Budget::AtMost(0.001),
        note: format!("by the bridge's pipe and back, answers as JSON; of all: {middle}"),
    });
    rows.push(pushes(&cluster, &mut login, &words).await?);
    let pid = login.pid()?;
    rows.push(Row {
        what: format!("memory of the bridge after all this: {SIZE}"),
        ours: Samples::bytes(resident(pid)?),
        yardstick: None,
        budget: Budget::AtMost((100 * MIB) as f64),
        note: String::new(),
    });
    login.session.end().await?;
    Ok(rows)
}

/// A bridge that has read everything.
pub(crate) struct Login {
    pub(crate) session: Session,
    /// From its start to the first rows of the list.
    first: Duration,
    /// From its start until nothing is left to read of the API.
    pub(crate) whole: Duration,
}

impl Login {
    pub(crate) fn pid(&mut self) -> Result<u32> {
        self.session.peer()?.id().context("the bridge ended")
    }
}

pub(crate) async fn login(cluster: &Cluster) -> Result<Login> {
    let mut session = Session::new()?;
    session.patience = PATIENCE;
    session.set("KUBECONFIG", cluster.kubeconfig("sarah")?);
    for (variable, value) in ALLOCATOR {
        session.set(variable, value);
    }
    let begin = Instant::now();
    session.start().await?;
    let peer = session.peer()?;
    peer.open("list", "search", json!({})).await?;
    let has_rows = |message: &Value| {
        let rows = message["view"]["rows"]["repositories"].as_array();
        rows.is_some_and(|rows| !rows.is_empty()).then_some(())
    };
    peer.until("list", has_rows).await?;
    let first = begin.elapsed();
    session.status(|view| (view.phase == Phase::Ready).then_some(())).await?;
    Ok(Login { session, first, whole: begin.elapsed() })
}

/// Waits until the bridge asks for nothing any more: the configs that the load has only by name are
/// asked for in the background.
pub(crate) async fn wait_until_idle(cluster: &Cluster) -> Result<()> {
    loop {
        cluster.forget_requests().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if cluster.requests().await?.is_empty() {
            return Ok(());
        }
    }
}

/// What Cockpit starts the bridge with: see `manifest.json`.
const ALLOCATOR: [(&str, &str); 2] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// What somebody types or pastes: names, tags, projects, and digests of images and layers, whole and
/// in part, of rows all over the list.
pub(crate) async fn words(session: &mut Session, rows: u32) -> Result<Vec<String>> {
    let peer = session.peer()?;
    let mut words = Vec::new();
    for step in 0..SEARCHES {
        let offset = step * (rows as usize - 1) / SEARCHES;
        peer.open("row", "search", json!({ "offset": offset, "limit": 1 })).await?;
        let row = peer.receive("row").await?["view"]["rows"]["repositories"][0].take();
        peer.close("row").await?;
        peer.expect("close", "row").await?;
        let name = row["name"].as_str().with_context(|| format!("no row at {offset}"))?;
        let tag = row["tags"][0].as_str().context("no tag")?;
        peer.open("tags", "repository", json!({ "repository": name })).await?;
        let found = |message: &Value| {
            let digest = message["view"]["tags"][0]["digest"].as_str();
            digest.map(str::to_owned)
        };
        let digest = peer.until("tags", found).await?;
        peer.close("tags").await?;
        peer.expect("close", "tags").await?;
        let (project, stream) = name.split_once('/').context("no project")?;
        words.extend([
            name.to_owned(),
            stream.to_owned(),
            stream.chars().take(3).collect(),
            format!("{stream}:{tag}"),
            format!("tag:{tag}"),
            format!("project:{project} {stream}"),
            digest.clone(),
            digest.chars().skip(7).take(12).collect(),
        ]);
    }
    Ok(words)
}

/// The time of each search, from asking to the whole answer.
pub(crate) async fn search(session: &mut Session, words: &[String]) -> Result<Vec<Duration>> {
    let peer = session.peer()?;
    let mut times = Vec::new();
    for word in words {
        let asked = Instant::now();
        peer.message("list", &json!({ "params": { "query": word } })).await?;
        loop {
            let frame = peer.next().await?;
            if frame.channel == "list" {
                let took = asked.elapsed();
                if frame.json()?["view"]["query"] == word.as_str() {
                    times.push(took);
                    break;
                }
            }
        }
    }
    Ok(times)
}

/// Searches while somebody pushes all the time.
async fn pushes(cluster: &Cluster, login: &mut Login, words: &[String]) -> Result<Row> {
    cluster.order("events", &json!({ "per_second": RATE, "for": SECONDS })).await?;
    let end = Duration::from_secs(SECONDS);
    let (begin, mut times) = (Instant::now(), Vec::new());
    let before = crate::memory::processor_time(login.pid()?)?;
    for word in words.iter().cycle() {
        if begin.elapsed() > end {
            break;
        }
        let word = std::slice::from_ref(word);
        times.extend(search(&mut login.session, word).await?);
        tokio::time::sleep(REST).await;
    }
    let spent = crate::memory::processor_time(login.pid()?)? - before;
    let middle = Samples::times(times.clone());
    Ok(Row {
        what: format!("search in {SIZE} during {RATE} pushes a second, 99th percentile"),
        ours: Samples::times([percentile(times, 99)]),
        yardstick: None,
        budget: Budget::AtMost(0.002),
        note: format!(
            "of all: {middle}; the bridge took {:.0} % of a core, searches too",
            spent.as_secs_f64() / begin.elapsed().as_secs_f64() * 100.0
        ),
    })
}

/// The time that so many of a hundred do not pass.
pub(crate) fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}
