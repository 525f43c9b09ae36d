// SPDX-License-Identifier: LGPL-2.1-or-later

//! A login begins with what an earlier one of the same user at the same registry knew, and reads again
//! only what changed since.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use images_proto::search::{Params, RepositoryRow, Rows, Search, View};
use images_proto::status::Phase;
use images_tests::cluster::{Cluster, Face};
use images_tests::curl::Curl;
use images_tests::layout::Layout;
use images_tests::session::Session;
use images_tests::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn all() -> Params {
    Params { limit: Params::MAX_LIMIT, ..Params::default() }
}

fn rows(view: &View) -> Vec<RepositoryRow> {
    match &view.rows {
        Rows::Repositories(rows) => rows.clone(),
        Rows::Hits(_) => Vec::new(),
    }
}

/// Everything, once all of it is listed and read, but perhaps for configs.
async fn read(session: &mut Session) -> Result<Vec<RepositoryRow>> {
    session.ready().await?;
    let is_read = |view: &View| !view.coverage.listing && view.coverage.repositories_unread == 0;
    session.look::<Search, _>(all(), |view| is_read(view).then(|| rows(view))).await
}

/// A login that left something for the next one.
struct First {
    session: Session,
    rows: Vec<RepositoryRow>,
    /// What was asked for in vain: it is asked for again.
    in_vain: BTreeSet<String>,
}

/// A first login of Sarah's that has read everything, and ended.
async fn first_login(cluster: &Cluster) -> Result<First> {
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    // It is written once all is read.
    until("the file is written", async || Ok(only_file(&session).ok())).await?;
    let rows = read(&mut session).await?;
    ensure!(!rows.is_empty(), "the seed is empty");
    session.end().await?;
    let in_vain = asked(cluster, |status| status != 200).await?;
    Ok(First { session, rows, in_vain })
}

/// The files that it left.
fn files(session: &Session) -> Result<Vec<PathBuf>> {
    let folder = session.home().join(".cache/cockpit-images/catalogs");
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    files.collect()
}

fn only_file(session: &Session) -> Result<PathBuf> {
    let files = files(session)?;
    let [file] = &files[..] else { anyhow::bail!("not one file: {files:?}") };
    Ok(file.clone())
}

/// Lists of repositories, which wait until they are let go.
struct Held<'a>(&'a Cluster);

impl<'a> Held<'a> {
    async fn order(cluster: &'a Cluster) -> Result<Self> {
        let (on, path) = match cluster.face {
            Face::Openshift => ("api", "/apis/image.openshift.io/v1/imagestreams?limit=*"),
            Face::Plain => ("registry", "/v2/_catalog"),
        };
        cluster.fault(json!({ "on": on, "path": path, "kind": "hold", "name": "list" })).await?;
        Ok(Self(cluster))
    }

    /// Waits until a list waits.
    async fn wait(&self) -> Result<()> {
        let answer = Curl::new().get(&format!("{}/holds?list", self.0.ready.control)).await?;
        ensure!(answer.is_good(), "the cluster does not say what it holds");
        Ok(())
    }

    async fn let_go(self) -> Result<()> {
        self.0.heal().await?;
        self.0.order("holds/release", &json!({ "name": "list" })).await
    }
}

/// What was asked for about single images and answered so, as `METHOD PATH`.
async fn asked(cluster: &Cluster, wanted: fn(u64) -> bool) -> Result<BTreeSet<String>> {
    let text = |request: &Value, key: &str| request[key].as_str().unwrap_or_default().to_owned();
    let requests = cluster.requests().await?;
    let about_images = requests.iter().filter_map(|request| {
        let (method, path) = (text(request, "method"), text(request, "path"));
        let is_about = path.ends_with("/layers")
            || path.contains("/blobs/")
            || path.contains("/manifests/") && method == "GET";
        // What goes through the API server is told by the registry too.
        let is_about = is_about && !path.contains("/proxy/");
        let status = request["status"].as_u64().unwrap_or_default();
        (is_about && wanted(status)).then(|| format!("{method} {path}"))
    });
    Ok(about_images.collect())
}

async fn rows_are_there_before_the_list(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let First { mut session, rows: before, in_vain } = first_login(&cluster).await?;
    let file = only_file(&session)?;
    let mode =
        |path: &Path| Ok::<_, anyhow::Error>(fs::metadata(path)?.permissions().mode() & 0o777);
    let folder = file.parent().context("no folder")?;
    assert_eq!((mode(folder)?, mode(&file)?), (0o700, 0o600));

    let held = Held::order(&cluster).await?;
    cluster.forget_requests().await?;
    session.start().await?;
    held.wait().await?;
    let view = session.look::<Search, _>(all(), |view| Some(view.clone())).await?;
    let now: Vec<_> = rows(&view).into_iter().map(|row| row.name).collect();
    assert_eq!(now, before.iter().map(|row| row.name.clone()).collect::<Vec<_>>());
    assert_eq!(rows(&view), before);
    assert!(view.coverage.listing, "nobody knows yet whether that is still all");
    let checking = session.status(|view| matches!(view.phase, Phase::Filling(_)).then_some(()));
    checking.await?;

    held.let_go().await?;
    assert_eq!(read(&mut session).await?, before);
    session.end().await?;
    let asked = asked(&cluster, |_| true).await?;
    assert!(asked.is_subset(&in_vain), "{:?}", asked.difference(&in_vain));
    Ok(())
}

#[tokio::test]
async fn rows_are_there_before_the_list_openshift() -> Result<()> {
    rows_are_there_before_the_list(Face::Openshift).await
}

#[tokio::test]
async fn rows_are_there_before_the_list_plain() -> Result<()> {
    rows_are_there_before_the_list(Face::Plain).await
}

/// Pushes a new image beside the others of a repository. What has to be asked for then.
async fn push(cluster: &Cluster, repository: &str) -> Result<BTreeSet<String>> {
    let layout = Layout::small()?;
    cluster.skopeo("sarah")?.push(layout.path(), &format!("{repository}:pushed")).await?;
    let registry = format!("GET /v2/{repository}");
    // Where tags are looked at, a new one is looked at with its manifest.
    let reference = match cluster.face {
        Face::Openshift => layout.manifest.to_string(),
        Face::Plain => "pushed".to_owned(),
    };
    let mut asked = vec![
        format!("{registry}/manifests/{reference}"),
        format!("{registry}/blobs/{}", layout.config),
    ];
    if cluster.face == Face::Openshift {
        let (project, name) = repository.split_once('/').context("no project")?;
        let streams = format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreams");
        asked.push(format!("GET {streams}/{name}/layers"));
    }
    Ok(asked.into_iter().collect())
}

async fn only_what_changed_is_read_again(face: Face) -> Result<()> {
    let cluster = Cluster::start(face)?;
    let First { mut session, rows: before, in_vain } = first_login(&cluster).await?;
    let file = only_file(&session)?;
    let written = fs::read(&file)?;
    let [changed, gone] = {
        let mut tagged = before.iter().filter(|row| row.tag_count == Some(1));
        let changed = before.iter().find(|row| row.tag_count > Some(1)).context("no tags")?;
        let gone = tagged.next().context("no repository with one tag")?;
        [changed.name.to_string(), gone.name.to_string()]
    };
    let expected = push(&cluster, &changed).await?;
    if face == Face::Openshift {
        let (project, name) = gone.split_once('/').context("no project")?;
        let streams = format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreams");
        let url = format!("{}{streams}/{name}", cluster.ready.api);
        ensure!(cluster.curl("sarah").delete(&url).await?.is_good(), "{url} stays");
    }
    cluster.forget_requests().await?;
    session.start().await?;
    session.ready().await?;
    // Once all is read, configs too.
    let is_new = async || Ok((fs::read(&file)? != written).then_some(()));
    until("what was read is written", is_new).await?;
    let now = read(&mut session).await?;
    session.end().await?;
    let tags = |rows: &[RepositoryRow], name: &str| {
        rows.iter().find(|row| row.name.as_str() == name).and_then(|row| row.tag_count)
    };
    assert_eq!(tags(&now, &changed), tags(&before, &changed).map(|count| count + 1));
    if face == Face::Openshift {
        assert_eq!(tags(&now, &gone), None);
    }
    let asked = asked(&cluster, |_| true).await?;
    assert_eq!(asked.difference(&in_vain).cloned().collect::<BTreeSet<_>>(), expected);
    // And that is what the next login begins with.
    let held = Held::order(&cluster).await?;
    session.start().await?;
    held.wait().await?;
    assert_eq!(session.look::<Search, _>(all(), |view| Some(rows(view))).await?, now);
    session.end().await
}

#[tokio::test]
async fn only_what_changed_is_read_again_openshift() -> Result<()> {
    only_what_changed_is_read_again(Face::Openshift).await
}

#[tokio::test]
async fn only_what_changed_is_read_again_plain() -> Result<()> {
    only_what_changed_is_read_again(Face::Plain).await
}

/// No row is there before the list.
async fn begins_with_nothing(session: &mut Session, cluster: &Cluster) -> Result<()> {
    let held = Held::order(cluster).await?;
    session.start().await?;
    held.wait().await?;
    let view = session.look::<Search, _>(all(), |view| Some(view.clone())).await?;
    assert_eq!((view.total, rows(&view)), (0, Vec::new()));
    held.let_go().await
}

#[tokio::test]
async fn nobody_sees_what_another_user_read() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let First { mut session, rows: before, .. } = first_login(&cluster).await?;
    // The same home, and who may see less.
    session.set("KUBECONFIG", cluster.kubeconfig("jane")?);
    begins_with_nothing(&mut session, &cluster).await?;
    let hers = read(&mut session).await?;
    assert!(hers.len() < before.len(), "{hers:?}");
    session.end().await?;
    assert_eq!(files(&session)?.len(), 2);
    // Another cluster of the same seed and the same users.
    let other = Cluster::start(Face::Openshift)?;
    session.set("KUBECONFIG", other.kubeconfig("sarah")?);
    begins_with_nothing(&mut session, &other).await?;
    session.end().await
}

#[tokio::test]
async fn who_lost_all_rights_sees_nothing_of_before() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let First { mut session, .. } = first_login(&cluster).await?;
    let images = "/apis/image.openshift.io/v1";
    for path in [format!("{images}/imagestreams"), format!("{images}/namespaces/")] {
        cluster
            .fault(json!({ "on": "api", "path": path, "kind": "status", "status": 403 }))
            .await?;
    }
    let projects = "/apis/project.openshift.io/v1/projects";
    let hold = json!({ "on": "api", "path": projects, "kind": "hold", "name": "list" });
    cluster.fault(hold).await?;
    session.start().await?;
    // She may not list them all, which says nothing yet.
    Held(&cluster).wait().await?;
    session.look::<Search, _>(all(), |view| (view.total > 0).then_some(())).await?;
    cluster.order("holds/release", &json!({ "name": "list" })).await?;
    session.failure().await?;
    let view = session.look::<Search, _>(all(), |view| Some(view.clone())).await?;
    assert_eq!(view.total, 0);
    session.end().await
}

#[tokio::test]
async fn a_damaged_file_is_made_anew() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let First { mut session, rows: before, .. } = first_login(&cluster).await?;
    let file = only_file(&session)?;
    let mut bytes = fs::read(&file)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes)?;
    begins_with_nothing(&mut session, &cluster).await?;
    until("the file is a new one", async || Ok((fs::read(&file)? != bytes).then_some(()))).await?;
    assert_eq!(read(&mut session).await?, before);
    session.end().await?;
    let held = Held::order(&cluster).await?;
    session.start().await?;
    held.wait().await?;
    assert_eq!(session.look::<Search, _>(all(), |view| Some(rows(view))).await?, before);
    session.end().await
}

/// The rows before the list, and after it.
async fn begin_again(session: &mut Session, cluster: &Cluster) -> Result<[View; 2]> {
    let held = Held::order(cluster).await?;
    session.start().await?;
    held.wait().await?;
    let before = session.look::<Search, _>(all(), |view| Some(view.clone())).await?;
    held.let_go().await?;
    session.ready().await?;
    let after =
        session.look::<Search, _>(all(), |view| (!view.coverage.listing).then(|| view.clone()));
    Ok([before, after.await?])
}

#[tokio::test]
async fn a_kill_in_the_middle_of_writing_leaves_what_was_written_before() -> Result<()> {
    // More than fits a pipe.
    let cluster = Cluster::start_loaded(Face::Openshift, 1_000)?;
    let mut session = Session::using(&cluster.kubeconfig("sarah")?).await?;
    session.ready().await?;
    session.end().await?;
    let file = only_file(&session)?;
    let written = fs::read(&file)?;
    cluster.order("events", &json!({ "count": 1 })).await?;

    let held = Held::order(&cluster).await?;
    session.start().await?;
    held.wait().await?;
    let pid = session.peer()?.id().context("the bridge ended")?;
    // It writes into a pipe that nobody empties.
    let new = file.with_extension(format!("{pid}.new"));
    ensure!(Command::new("mkfifo").arg(&new).status()?.success(), "no pipe");
    held.let_go().await?;
    let reading = new.clone();
    let pipe = tokio::task::spawn_blocking(move || -> Result<File> {
        let mut pipe = File::open(reading)?;
        pipe.read_exact(&mut [0])?;
        Ok(pipe)
    });
    let pipe = pipe.await??;
    let pid = Pid::from_raw(pid.try_into()?).context("no process")?;
    kill_process(pid, Signal::KILL)?;
    ensure!(!session.peer()?.ended().await?.success(), "it ended by itself");
    drop(pipe);
    assert!(new.exists(), "it was not done");
    assert!(fs::read(&file)? == written, "the old file is another");

    fs::remove_file(&new)?;
    let [before, after] = begin_again(&mut session, &cluster).await?;
    assert!(before.total > 0 && rows(&before) != rows(&after), "one event happened");
    // Once all is read, it is written without waiting for the end.
    until("the file is a new one", async || Ok((fs::read(&file)? != written).then_some(())))
        .await?;
    session.end().await?;
    let [before, _] = begin_again(&mut session, &cluster).await?;
    assert_eq!(rows(&before), rows(&after));
    session.end().await
}
