// SPDX-License-Identifier: LGPL-2.1-or-later
//! Manifests: the streams say which there are, docker-registry keeps their bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::access::may_create;
use super::blob;
use super::error::{bare, error, manifest_unknown, name_unknown, unknown};
use super::front::Front;
use super::route::Repository;
use crate::access::User;
use crate::http::body::{self, Body, collect};
use crate::identifier::{digest_of, is_digest};
use crate::image::layers::Layers;
use crate::image::object::{self, INDEX, LIST, OCI, SCHEMA2};
use crate::image::{mapping, stream};
use crate::resource::{IMAGES, NAMESPACES};

/// Everything that docker-registry has.
const ANY: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json";

/// A manifest by tag or digest.
pub(crate) async fn get(
    front: &Front,
    repository: Repository<'_>,
    reference: &str,
    headers: &HeaderMap,
) -> Response<Body> {
    let by_tag = !is_digest(reference);
    let digest = match find(front, repository, reference) {
        Ok(digest) => digest,
        Err(refusal) => return *refusal,
    };
    let mut answer = fetch(front, repository, &digest).await;
    let Some((media_type, _)) = &answer else { return no_revision(repository, &digest) };
    let accepted = accepted(headers);
    let accepts = |wanted: &str| accepted.iter().any(|one| one == wanted);
    let mut served = digest;
    if !accepts(media_type) {
        match media_type.as_str() {
            OCI | INDEX => {
                let kind = if media_type == OCI { "manifest" } else { "index" };
                let message = format!(
                    "OCI {kind} found, but accept header does not support OCI {kind}{}",
                    plural(kind)
                );
                return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &message, None);
            }
            LIST if by_tag && accepts(SCHEMA2) => {
                let Some(child) = answer.as_ref().and_then(|(_, text)| amd64(text)) else {
                    return manifest_unknown(None);
                };
                answer = fetch(front, repository, &child).await;
                served = child;
            }
            // The real one converts; another digest would come out.
            _ if by_tag => {
                let message = "schema 1 is not served by the loopback cluster: accept schema 2";
                return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message, None);
            }
            _ => {}
        }
    }
    let Some((media_type, text)) = answer else { return no_revision(repository, &served) };
    if media_type == OCI
        && let Some(config) = front.store.read().get(&IMAGES, &served).map(|image| image.value())
        && let Some(config) = config["dockerImageMetadata"]["Id"].as_str()
    {
        front.remembered.keep(repository, config, &served);
    }
    let mut response = body::answer(StatusCode::OK, &media_type, text);
    let headers = response.headers_mut();
    if let (Ok(digest), Ok(tag)) =
        (HeaderValue::from_str(&served), HeaderValue::from_str(&format!("\"{served}\"")))
    {
        headers.insert("docker-content-digest", digest);
        headers.insert(header::ETAG, tag);
    }
    response
}

fn plural(kind: &str) -> &str {
    if kind == "index" { "es" } else { "s" }
}

fn no_revision(repository: Repository<'_>, digest: &str) -> Response<Body> {
    manifest_unknown(Some(json!({"Name": repository.name(), "Revision": digest})))
}

/// The digest that a reference means, if the stream has it.
fn find(
    front: &Front,
    repository: Repository<'_>,
    reference: &str,
) -> Result<String, Box<Response<Body>>> {
    let by_tag = !is_digest(reference);
    let Some(stream) = front.stream(repository) else {
        return Err(Box::new(if by_tag { name_unknown(None) } else { unknown(Some(json!({}))) }));
    };
    let objects = front.store.read();
    if by_tag {
        let digest = stream::head(&stream, reference).and_then(|head| head["image"].as_str());
        let digest = digest
            .ok_or_else(|| Box::new(manifest_unknown(Some(json!({"Tag": reference})))))?
            .to_owned();
        let there = objects.get(&IMAGES, &digest).is_some();
        return there
            .then(|| digest.clone())
            .ok_or_else(|| Box::new(no_revision(repository, &digest)));
    }
    let there = Layers::of(&objects, &stream).has_image(reference);
    there.then(|| reference.to_owned()).ok_or_else(|| Box::new(no_revision(repository, reference)))
}

/// The type and text of a manifest that the stream has.
async fn fetch(front: &Front, repository: Repository<'_>, digest: &str) -> Option<(String, Bytes)> {
    if let Some(pushed) = pushed(front, repository, digest).await {
        return Some(pushed);
    }
    // Not pushed here, but tagged: the registry has the text all the same, unless it was imported.
    let image = front.store.read().get(&IMAGES, digest).map(|image| image.value())?;
    let media_type = image["dockerImageManifestMediaType"].as_str()?.to_owned();
    Some((media_type, blob::stored(&front.storage_root, digest).await?.into()))
}

/// A manifest's type and text from docker-registry.
async fn pushed(
    front: &Front,
    repository: Repository<'_>,
    digest: &str,
) -> Option<(String, Bytes)> {
    let answer = front.ask(&format!("/v2/{}/manifests/{digest}", repository.name()), ANY).await;
    let (parts, body) = answer.into_parts();
    let media_type = parts.headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_owned();
    let text = collect(body).await.ok()?;
    parts.status.is_success().then_some((media_type, text))
}

/// The exact types that a client accepts: stars do not count.
fn accepted(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let parts = values.flat_map(|value| value.split(','));
    parts.map(|part| part.split(';').next().unwrap_or_default().trim().to_owned()).collect()
}

fn amd64(list: &[u8]) -> Option<String> {
    let list: Value = serde_json::from_slice(list).ok()?;
    let child = list["manifests"].as_array()?.iter().find(|child| {
        child["platform"]["architecture"] == "amd64" && child["platform"]["os"] == "linux"
    })?;
    child["digest"].as_str().map(str::to_owned)
}

/// A push: kept by docker-registry, recorded as Image and, if there is a tag, in the stream.
pub(crate) async fn put(
    front: &Front,
    user: &User,
    repository: Repository<'_>,
    reference: &str,
    request: Request<Body>,
) -> Response<Body> {
    let media_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    let (mut parts, body) = request.into_parts();
    let Ok(text) = collect(body).await else { return invalid("the manifest did not arrive") };
    let Ok(manifest) = serde_json::from_slice::<Value>(&text) else { return invalid("not JSON") };
    let digest = digest_of(&text);
    if is_digest(reference) && reference != digest {
        let message = "provided digest did not match uploaded content";
        return error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message, None);
    }
    if !matches!(media_type.as_str(), SCHEMA2 | LIST | OCI | INDEX) {
        return invalid("unsupported manifest type");
    }
    let namespace_exists = front.store.read().get(&NAMESPACES, repository.namespace).is_some();
    let is_new = front.stream(repository).is_none();
    if !namespace_exists || (is_new && !may_create(&front.access, user, repository.namespace)) {
        return error(
            StatusCode::FORBIDDEN,
            "DENIED",
            "requested access to the resource is denied",
            None,
        );
    }
    if blob::link(front, repository, &manifest).await.is_err() {
        return unknown(None);
    }
    // By its digest: docker-registry must know no tags that the stream does not.
    let Ok(uri) = format!("/v2/{}/manifests/{digest}", repository.name()).parse() else {
        return bare(StatusCode::BAD_REQUEST);
    };
    parts.uri = uri;
    let answer = front.forward(Request::from_parts(parts, body::full(text))).await;
    if answer.status() != StatusCode::CREATED {
        return answer;
    }
    let Some(config) = config(front, repository, &media_type, &manifest).await else {
        return invalid("the configuration cannot be read");
    };
    let name = object::reference(repository.namespace, repository.stream, &digest);
    let image =
        object::image(&digest, &media_type, &manifest, &config, &name, &front.store.clock.now());
    if is_digest(reference) {
        mapping::record_untagged(&front.store, image);
    } else {
        let stream = (repository.namespace, repository.stream);
        mapping::record(&front.store, stream, reference, image);
    }
    answer
}

fn invalid(why: &str) -> Response<Body> {
    error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "manifest invalid", Some(json!(why)))
}

/// The configuration of a pushed image; null for an index.
async fn config(
    front: &Front,
    repository: Repository<'_>,
    media_type: &str,
    manifest: &Value,
) -> Option<Value> {
    if object::is_index(media_type) {
        return Some(Value::Null);
    }
    let digest = manifest["config"]["digest"].as_str().filter(|digest| is_digest(digest))?;
    let answer = front.ask(&format!("/v2/{}/blobs/{digest}", repository.name()), "*/*").await;
    let there = answer.status().is_success();
    let text = collect(answer.into_body()).await.ok().filter(|_| there)?;
    serde_json::from_slice(&text).ok()
}

/// A delete. By tag it does nothing at all, and says that it did.
pub(crate) async fn delete(
    front: &Front,
    repository: Repository<'_>,
    reference: &str,
    request: Request<Body>,
) -> Response<Body> {
    if !is_digest(reference) {
        return bare(StatusCode::ACCEPTED);
    }
    let Some(stream) = front.stream(repository) else { return unknown(None) };
    let has_image = front.store.read().get(&IMAGES, reference).is_some();
    if has_image && stream::items(&stream).any(|item| item["image"] == reference) {
        let message = "The operation is unsupported.";
        return error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message, None);
    }
    front.forward(request).await
}
