// SPDX-License-Identifier: LGPL-2.1-or-later
//! `loopback-cluster seed`: images to begin with, pushed by the real skopeo.

pub(crate) mod direct;
mod layer;
mod layout;
mod recipe;
mod streams;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Method, Request, header};
use jiff::SignedDuration;
use rustls::crypto::ring::default_provider;
use tokio::process::Command;

use crate::args::ServeOptions;
use crate::http::body::{collect, full};
use crate::http::upstream::Upstream;
use crate::ready::Face;
use crate::resource::{IMAGE_STREAMS, IMAGES};
use crate::serve::Cluster;
pub(crate) use layer::Layer;
use layout::Layout;
use recipe::{Format, Push};

/// The projects that everybody finds.
pub(crate) const PROJECTS: [&str; 3] = ["shop", "skyfield", "tools"];

/// To be counted up when the seed changes.
const VERSION: &str = "2\n";

const ACCEPT: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json";

/// Makes the seed of both faces in a folder, unless it is there already.
///
/// # Errors
/// When docker-registry or skopeo are missing or refuse.
pub async fn make(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
    // Tests that start together wait for the first of them; the lock goes with the file.
    let lock = std::fs::File::create(out.join("lock"))?;
    lock.lock().context("locking the seed")?;
    let stamp = out.join("version");
    if std::fs::read_to_string(&stamp).is_ok_and(|version| version == VERSION) {
        return Ok(());
    }
    let work = out.join("work");
    remove(&work)?;
    let mut layout = Layout::create(&work.join("layout"))?;
    let pushes = recipe::cook(&mut layout)?;
    for face in [Face::Plain, Face::Openshift] {
        let options = ServeOptions::new(face, work.join(face.name()));
        let cluster = Cluster::start(&options).await?;
        let done = fill(&cluster, &layout, &pushes).await;
        let objects = cluster.store.save(&[&IMAGE_STREAMS, &IMAGES]);
        let storage = cluster.ready.registry_storage.clone();
        cluster.stop().await;
        done?;
        let to = out.join(face.name());
        remove(&to)?;
        std::fs::create_dir_all(&to)?;
        std::fs::rename(storage, to.join("registry"))?;
        std::fs::write(to.join("objects.json"), objects.to_string())?;
    }
    remove(&work)?;
    Ok(std::fs::write(stamp, VERSION)?)
}

fn remove(dir: &Path) -> std::io::Result<()> {
    if dir.exists() { std::fs::remove_dir_all(dir) } else { Ok(()) }
}

async fn fill(cluster: &Cluster, layout: &Layout, pushes: &[Push]) -> anyhow::Result<()> {
    let upstream = Upstream::new(default_provider().into())?;
    for push in pushes {
        cluster.store.clock.set_back(SignedDuration::from_hours(24 * push.days));
        let [first, others @ ..] = push.tags.as_slice() else { continue };
        skopeo(cluster, &layout.source(&push.image), push, first).await?;
        if !others.is_empty() {
            tag(cluster, &upstream, push.repository, first, others).await?;
        }
    }
    cluster.store.clock.set_back(SignedDuration::ZERO);
    if cluster.ready.face == Face::Openshift {
        streams::add(&cluster.store)?;
    }
    Ok(())
}

async fn skopeo(cluster: &Cluster, source: &str, push: &Push, tag: &str) -> anyhow::Result<()> {
    let ready = &cluster.ready;
    let mut command = Command::new("skopeo");
    command.args(["copy", "--quiet", "--insecure-policy", "--all"]);
    if push.format == Format::Schema2 {
        command.args(["--format", "v2s2"]);
    }
    match ready.face {
        Face::Plain => command.arg("--dest-tls-verify=false"),
        Face::Openshift => {
            let token = ready.tokens.get("sarah").context("sarah has no token")?;
            let authority = ready.ca.parent().unwrap_or(Path::new("/"));
            command.arg(format!("--dest-creds=sarah:{token}")).arg("--dest-cert-dir").arg(authority)
        }
    };
    command.arg(source).arg(format!("docker://{}/{}:{tag}", ready.registry, push.repository));
    let output =
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.context("skopeo")?;
    if !output.status.success() {
        bail!(
            "skopeo: {}:{tag}: {}",
            push.repository,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// Puts more tags on a manifest that is there.
async fn tag(
    cluster: &Cluster,
    upstream: &Upstream,
    repository: &str,
    from: &str,
    tags: &[String],
) -> anyhow::Result<()> {
    let (media_type, manifest) =
        ask(cluster, upstream, Method::GET, repository, from, None).await?;
    for tag in tags {
        let body = Some((media_type.as_str(), manifest.clone()));
        ask(cluster, upstream, Method::PUT, repository, tag, body).await?;
    }
    Ok(())
}

/// Gets or puts a manifest; returns its type and text.
async fn ask(
    cluster: &Cluster,
    upstream: &Upstream,
    method: Method,
    repository: &str,
    tag: &str,
    body: Option<(&str, Bytes)>,
) -> anyhow::Result<(String, Bytes)> {
    let ready = &cluster.ready;
    let (media_type, text) = body.unwrap_or_default();
    let mut request =
        Request::builder().method(method).uri(format!("/v2/{repository}/manifests/{tag}"));
    request = request.header(header::HOST, &ready.registry).header(header::ACCEPT, ACCEPT);
    if !media_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, media_type);
    }
    let address = ready.registry.parse()?;
    let answer = match ready.face {
        Face::Plain => upstream.http(address, request.body(full(text))?).await?,
        Face::Openshift => {
            let token = ready.tokens.get("sarah").context("sarah has no token")?;
            let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            upstream.https(address, request.body(full(text))?).await?
        }
    };
    let (parts, body) = answer.into_parts();
    let text = collect(body).await?;
    if !parts.status.is_success() {
        bail!("{repository}:{tag}: {}: {}", parts.status, String::from_utf8_lossy(&text));
    }
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok((media_type.unwrap_or_default().to_owned(), text))
}
