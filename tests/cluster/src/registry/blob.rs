// SPDX-License-Identifier: LGPL-2.1-or-later
//! Blobs: read, uploaded, taken out of the storage.

use std::path::{Path, PathBuf};

use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::Value;

use super::access::may_pull;
use super::error::{bare, error};
use super::front::Front;
use super::route::Repository;
use crate::access::User;
use crate::http::body::{self, Body};
use crate::http::query::Query;
use crate::identifier::is_digest;
use crate::image::layers::Layers;

/// A blob that the repository links to, or that its stream's layers name.
pub(crate) async fn get(
    front: &Front,
    repository: Repository<'_>,
    digest: &str,
    request: Request<Body>,
) -> Response<Body> {
    let answer = front.forward(request).await;
    if answer.status() != StatusCode::NOT_FOUND || !is_of_stream(front, repository, digest) {
        return answer;
    }
    let Some(bytes) = stored(&front.storage_root, digest).await else { return answer };
    let mut response = body::answer(StatusCode::OK, "application/octet-stream", bytes);
    if let Ok(digest) = HeaderValue::from_str(digest) {
        response.headers_mut().insert("docker-content-digest", digest);
    }
    response
}

fn is_of_stream(front: &Front, repository: Repository<'_>, digest: &str) -> bool {
    let Some(stream) = front.stream(repository) else { return false };
    let layers = Layers::of(&front.store.read(), &stream);
    let remembered = || {
        let image = front.remembered.image(repository, digest);
        image.is_some_and(|image| layers.has_image(&image))
    };
    layers.blobs.contains_key(digest) || remembered()
}

/// The bytes of a blob or manifest, whichever repository it was pushed to.
pub(crate) async fn stored(storage_root: &Path, digest: &str) -> Option<Vec<u8>> {
    tokio::fs::read(folder(storage_root, digest)?.join("data")).await.ok()
}

/// Links to a repository the blobs of a manifest that its stream names: docker-registry looks only
/// at links before it takes a manifest, the real registry at the stream as well.
///
/// # Errors
/// When a link cannot be written.
pub(crate) async fn link(
    front: &Front,
    repository: Repository<'_>,
    manifest: &Value,
) -> std::io::Result<()> {
    let layers = manifest["layers"].as_array().into_iter().flatten();
    let blobs = layers.chain([&manifest["config"]]).filter_map(|blob| blob["digest"].as_str());
    for digest in blobs {
        link_one(front, repository, digest).await?;
    }
    Ok(())
}

async fn link_one(front: &Front, repository: Repository<'_>, digest: &str) -> std::io::Result<()> {
    let there = folder(&front.storage_root, digest).is_some_and(|folder| folder.exists());
    let hex = digest.strip_prefix("sha256:").filter(|_| there);
    let Some(hex) = hex.filter(|_| is_of_stream(front, repository, digest)) else { return Ok(()) };
    let links = format!("docker/registry/v2/repositories/{}/_layers/sha256", repository.name());
    let folder = front.storage_root.join(links).join(hex);
    tokio::fs::create_dir_all(&folder).await?;
    tokio::fs::write(folder.join("link"), digest).await
}

/// A step of an upload. A blob is mounted from another repository only for those who may read that
/// one; that it is in the other's stream is enough.
pub(crate) async fn upload(
    front: &Front,
    user: &User,
    mut request: Request<Body>,
) -> Response<Body> {
    let query = Query::parse(request.uri().query());
    let from = query.get("from").map(Repository::parse);
    let allowed =
        from.is_none_or(|from| from.is_some_and(|from| may_pull(&front.access, user, from)));
    if !allowed && let Ok(uri) = request.uri().path().parse() {
        *request.uri_mut() = uri;
    }
    if let (true, Some(Some(from)), Some(digest)) = (allowed, from, query.get("mount"))
        && link_one(front, from, digest).await.is_err()
    {
        return super::error::unknown(None);
    }
    front.forward(request).await
}

/// Removes a blob from the storage, whoever uses it; one that is not there is as good as removed.
pub(crate) async fn remove(storage_root: &Path, digest: &str) -> Response<Body> {
    let Some(folder) = folder(storage_root, digest) else {
        let message = "provided digest did not match uploaded content";
        return error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message, None);
    };
    match tokio::fs::remove_dir_all(folder).await {
        Err(failed) if failed.kind() != std::io::ErrorKind::NotFound => super::error::unknown(None),
        _ => bare(StatusCode::NO_CONTENT),
    }
}

/// Where docker-registry keeps a blob; none if that is no digest.
fn folder(storage_root: &Path, digest: &str) -> Option<PathBuf> {
    let hex = digest.strip_prefix("sha256:").filter(|_| is_digest(digest))?;
    Some(storage_root.join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex))
}
