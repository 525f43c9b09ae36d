// SPDX-License-Identifier: LGPL-2.1-or-later

//! Builds the requests. No I/O.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{Method, Request};
use images_proto::{Digest, RepositoryName, Tag};

use super::manifest;
use crate::uri::escaped;

/// The names asked for in one page. OpenShift's registry refuses more.
pub(super) const PAGE: usize = 1_000;

pub(super) fn ping() -> Request<Bytes> {
    request(Method::GET, "/v2/")
}

pub(super) fn catalog(last: Option<&str>) -> Request<Bytes> {
    request(Method::GET, &page("/v2/_catalog", last))
}

pub(super) fn tags(repository: &RepositoryName, last: Option<&str>) -> Request<Bytes> {
    request(Method::GET, &page(&format!("/v2/{repository}/tags/list"), last))
}

pub(super) fn head_manifest(repository: &RepositoryName, reference: &str) -> Request<Bytes> {
    manifest_request(Method::HEAD, repository, reference)
}

pub(super) fn manifest(repository: &RepositoryName, reference: &str) -> Request<Bytes> {
    manifest_request(Method::GET, repository, reference)
}

pub(super) fn delete_manifest(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::DELETE, &format!("/v2/{repository}/manifests/{digest}"))
}

pub(super) fn delete_tag(repository: &RepositoryName, tag: &Tag) -> Request<Bytes> {
    request(Method::DELETE, &format!("/v2/{repository}/manifests/{}", escaped(tag.as_str())))
}

pub(super) fn delete_blob(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::DELETE, &format!("/v2/{repository}/blobs/{digest}"))
}

/// OpenShift's registry alone has that (image-registry, `pkg/dockerregistry/server`).
pub(super) fn delete_blob_everywhere(digest: &Digest) -> Request<Bytes> {
    request(Method::DELETE, &format!("/admin/blobs/{digest}"))
}

pub(super) fn head_blob(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::HEAD, &format!("/v2/{repository}/blobs/{digest}"))
}

pub(super) fn put_manifest(
    repository: &RepositoryName,
    reference: &str,
    media_type: &str,
    bytes: Bytes,
) -> Request<Bytes> {
    let path = format!("/v2/{repository}/manifests/{}", escaped(reference));
    let mut request = request(Method::PUT, &path).map(|_| bytes);
    // What a registry once said of it can stand in a header; anything else is refused there.
    if let Ok(media_type) = http::HeaderValue::from_str(media_type) {
        request.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    request
}

pub(super) fn blob(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::GET, &format!("/v2/{repository}/blobs/{digest}"))
}

/// Asks to have a blob of another repository here. Where that cannot be, an upload begins.
pub(super) fn mount(
    repository: &RepositoryName,
    digest: &Digest,
    from: &RepositoryName,
) -> Request<Bytes> {
    let from = escaped(from.as_str());
    let path = format!("/v2/{repository}/blobs/uploads/?mount={digest}&from={from}");
    let mut request = request(Method::POST, &path);
    // Some registries want to be told that there is nothing.
    request.headers_mut().insert(CONTENT_LENGTH, http::HeaderValue::from_static("0"));
    request
}

/// A piece of an upload, from this byte on.
pub(super) fn piece(path: &str, start: u64, piece: Bytes) -> Request<Bytes> {
    let end = start + (piece.len() as u64).saturating_sub(1);
    let mut request = request(Method::PATCH, path).map(|_| piece);
    let headers = request.headers_mut();
    let octets = http::HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, octets);
    // Digits and a dash can stand in a header.
    if let Ok(range) = http::HeaderValue::from_str(&format!("{start}-{end}")) {
        headers.insert(CONTENT_RANGE, range);
    }
    request
}

/// Ends an upload: it is the blob with this digest.
pub(super) fn finish_upload(path: &str, digest: &Digest) -> Request<Bytes> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut request = request(Method::PUT, &format!("{path}{sign}digest={digest}"));
    request.headers_mut().insert(CONTENT_LENGTH, http::HeaderValue::from_static("0"));
    request
}

pub(super) fn first_of_catalog() -> Request<Bytes> {
    request(Method::GET, "/v2/_catalog?n=1")
}

/// Asks which methods a manifest of the repository may be asked for with.
pub(super) fn manifest_methods(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::OPTIONS, &format!("/v2/{repository}/manifests/{digest}"))
}

pub(super) fn referrers(repository: &RepositoryName, digest: &Digest) -> Request<Bytes> {
    request(Method::GET, &format!("/v2/{repository}/referrers/{digest}"))
}

fn manifest_request(
    method: Method,
    repository: &RepositoryName,
    reference: &str,
) -> Request<Bytes> {
    let path = format!("/v2/{repository}/manifests/{}", escaped(reference));
    let mut request = request(method, &path);
    // Without all of them the registry converts, and the digest is that of something else.
    request.headers_mut().insert(ACCEPT, http::HeaderValue::from_static(manifest::ACCEPTED));
    request
}

fn page(path: &str, last: Option<&str>) -> String {
    let mut path = format!("{path}?n={PAGE}");
    if let Some(last) = last {
        path.push_str("&last=");
        path.push_str(&escaped(last));
    }
    path
}

fn request(method: Method, path: &str) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    // Names, tags and digests have no characters that a URI does not; the rest is escaped.
    *request.uri_mut() = path.parse().unwrap_or_default();
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_paths() {
        let name: RepositoryName = "skyfield/api".parse().unwrap();
        let digest = Digest::from_bytes([0xab; 32]);
        let shown = |request: Request<Bytes>| format!("{} {}", request.method(), request.uri());
        assert_eq!(shown(ping()), "GET /v2/");
        assert_eq!(shown(catalog(None)), "GET /v2/_catalog?n=1000");
        assert_eq!(
            shown(catalog(Some("a/b c&n=1"))),
            "GET /v2/_catalog?n=1000&last=a%2Fb%20c%26n%3D1"
        );
        assert_eq!(shown(tags(&name, None)), "GET /v2/skyfield/api/tags/list?n=1000");
        assert_eq!(
            shown(delete_manifest(&name, &digest)),
            format!("DELETE /v2/skyfield/api/manifests/{digest}")
        );
        assert_eq!(
            shown(delete_tag(&name, &"v1".parse().unwrap())),
            "DELETE /v2/skyfield/api/manifests/v1"
        );
        assert_eq!(shown(delete_blob_everywhere(&digest)), format!("DELETE /admin/blobs/{digest}"));
        assert_eq!(shown(blob(&name, &digest)), format!("GET /v2/skyfield/api/blobs/{digest}"));
    }

    #[test]
    fn manifests_are_asked_for_in_every_form() {
        let request = head_manifest(&"a".parse().unwrap(), "v1");
        let accepted = request.headers()[ACCEPT].to_str().unwrap();
        for form in
            ["manifest.v2+json", "manifest.list.v2+json", "image.manifest.v1", "image.index.v1"]
        {
            assert!(accepted.contains(form), "{form}");
        }
    }
}
