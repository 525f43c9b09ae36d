// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, people and who may do what, in a large organization: how soon each view has rows, and
//! what the bridge holds then.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use images_tests::cluster::{Cluster, Face};
use images_tests::session::Session;
use serde_json::{Value, json};

use crate::ROUNDS;
use crate::memory::{MIB, resident};
use crate::table::{Budget, Row, Samples};

/// 2,000 projects, 5,000 users, 300 groups and 20,000 bindings.
const SIZE: &str = "2,000 projects, 5,000 users, 20,000 bindings";

/// A view, and whether a message of it has rows.
struct View {
    name: &'static str,
    method: &'static str,
    params: Value,
    has_rows: fn(&Value) -> bool,
}

fn views() -> Vec<View> {
    let window = json!({ "limit": 50 });
    let user = json!({ "kind": "user", "name": "user00042" });
    let rows: fn(&Value) -> bool = |view| !is_empty(&view["rows"]);
    let members: fn(&Value) -> bool = |view| !is_empty(&view["members"]);
    let view = |name, method, params, has_rows| View { name, method, params, has_rows };
    let project = json!({ "name": "team-0042", "window": window });
    let lens = json!({ "project": "team-0042", "window": window });
    vec![
        view("projects", "projects", window.clone(), rows),
        view("members of a project", "project", project, members),
        view("people", "people", json!({ "kind": "user", "window": window }), rows),
        view("groups", "people", json!({ "kind": "group", "window": window }), rows),
        view("what somebody reaches", "reach", json!({ "subject": user, "window": window }), rows),
        view("who may do what", "lens", lens, rows),
        view("stages", "stages", json!({}), rows),
    ]
}

fn is_empty(rows: &Value) -> bool {
    rows.as_array().is_none_or(Vec::is_empty)
}

pub(crate) async fn measure() -> Result<Vec<Row>> {
    let cluster = Cluster::start(Face::Openshift)?;
    cluster.order("organization", &json!({})).await?;
    let theirs = Samples::times(lists(&cluster).await?);
    let mut rows = Vec::new();
    for view in views() {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(first_rows(&cluster, &view).await?);
        }
        rows.push(Row {
            what: format!("first rows of {}, cold: {SIZE}", view.name),
            ours: Samples::times(times),
            yardstick: Some(("`curl` of all lists".to_owned(), theirs.clone())),
            budget: Budget::AtMost(1.0),
            note: String::new(),
        });
    }
    rows.push(held(&cluster).await?);
    Ok(rows)
}

/// Everything by which rights are given, each list whole, all at once.
async fn lists(cluster: &Cluster) -> Result<Vec<Duration>> {
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let of_rbac = ["rolebindings", "roles", "clusterroles", "clusterrolebindings"];
    let mut urls: Vec<_> = of_rbac.map(|list| format!("{}{rbac}/{list}", cluster.ready.api)).into();
    let others = [
        "/apis/project.openshift.io/v1/projects",
        "/apis/user.openshift.io/v1/users",
        "/apis/user.openshift.io/v1/groups",
    ];
    urls.extend(others.map(|path| format!("{}{path}", cluster.ready.api)));
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        cluster.curl("sarah").fetch_all(&urls).await?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

/// From opening the view, in a session that has read nothing of it yet, to its first rows.
async fn first_rows(cluster: &Cluster, view: &View) -> Result<Duration> {
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    if view.method == "stages" {
        set_stages(&mut session).await?;
    }
    let begin = Instant::now();
    open(&mut session, view, |message| (view.has_rows)(message)).await?;
    let time = begin.elapsed();
    session.end().await?;
    Ok(time)
}

async fn open(
    session: &mut Session,
    view: &View,
    is_wanted: impl Fn(&Value) -> bool,
) -> Result<()> {
    let peer = session.peer()?;
    peer.open(view.name, view.method, view.params.clone()).await?;
    let wanted = |message: &Value| is_wanted(&message["view"]).then_some(());
    peer.until(view.name, wanted).await.with_context(|| view.name.to_owned())
}

async fn set_stages(session: &mut Session) -> Result<()> {
    let peer = session.peer()?;
    let stages = json!({ "by": "project", "stages": ["skyfield", "tools"] });
    peer.open("set", "set-stages", stages).await?;
    let answer = peer.receive("set").await?;
    ensure!(!answer["result"].is_null(), "{answer}");
    Ok(())
}

/// What the bridge has in memory with all these views open and everything read.
async fn held(cluster: &Cluster) -> Result<Row> {
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    set_stages(&mut session).await?;
    for view in views() {
        let is_whole = |message: &Value| {
            let reading = &message["about"]["reading"];
            (view.has_rows)(message) && (reading.is_null() || *reading == false)
        };
        open(&mut session, &view, is_whole).await?;
    }
    let pid = session.peer()?.id().context("the bridge ended")?;
    let bytes = resident(pid)?;
    session.end().await?;
    Ok(Row {
        what: format!("memory of the bridge with all these views open: {SIZE}"),
        ours: Samples::bytes(bytes),
        yardstick: None,
        budget: Budget::AtMost((100 * MIB) as f64),
        note: String::new(),
    })
}
