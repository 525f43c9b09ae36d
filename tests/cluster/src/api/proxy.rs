// SPDX-License-Identifier: LGPL-2.1-or-later
//! The API server's service proxy, with what it takes away and rewrites.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::path::ResourcePath;
use super::refusal::Refusal;
use crate::http::body::{self, Body};
use crate::http::listen::{Peer, host_of};
use crate::http::upstream::Upstream;
use crate::resource::{ENDPOINTS, SERVICES};
use crate::store::Store;

/// Where the service proxy was in clusters of old.
const LEGACY: &str = "/api/v1/proxy/namespaces/";

/// What Go escapes in a path.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// `[SCHEME:]NAME[:PORT]`.
#[derive(Debug, PartialEq, Eq)]
struct ServiceName<'a> {
    tls: bool,
    name: &'a str,
    port: &'a str,
}

impl<'a> ServiceName<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').collect();
        match parts.as_slice() {
            [name] => Some(Self { tls: false, name, port: "" }),
            [name, port] => Some(Self { tls: false, name, port }),
            ["https", name, port] => Some(Self { tls: true, name, port }),
            ["http" | "", name, port] => Some(Self { tls: false, name, port }),
            _ => None,
        }
    }
}

/// Finds where a service's requests go: Endpoints whose address is that of a Pod.
fn backend(store: &Store, namespace: &str, id: &str) -> Result<(SocketAddr, bool), Refusal> {
    let invalid = || Refusal::bad_request(format!("invalid service request \"{id}\""));
    let service_name = ServiceName::parse(id).ok_or_else(invalid)?;
    let name = service_name.name;
    let key = format!("{namespace}/{name}");
    let objects = store.read();
    let missing = || Refusal::not_found("", "services", name);
    let mut port = service_name.port.to_owned();
    if let Ok(number) = port.parse::<u16>() {
        let service = objects.get(&SERVICES, &key).ok_or_else(missing)?.value();
        let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
        let found = ports.find(|port| port["port"] == number).ok_or_else(|| {
            Refusal::unavailable(format!("no service port {number} found for service \"{name}\""))
        })?;
        found["name"].as_str().unwrap_or_default().clone_into(&mut port);
    }
    let endpoints = objects.get(&ENDPOINTS, &key).ok_or_else(missing)?.value();
    let subsets = endpoints["subsets"].as_array().map_or(&[][..], Vec::as_slice);
    if subsets.is_empty() {
        return Err(Refusal::unavailable(format!("no endpoints available for service \"{name}\"")));
    }
    let address = subsets.iter().find_map(|subset| pod_address(subset, &port));
    let address = address.ok_or_else(|| {
        Refusal::unavailable(format!("no endpoints available for service \"{id}\""))
    })?;
    Ok((address, service_name.tls))
}

fn pod_address(subset: &Value, port: &str) -> Option<SocketAddr> {
    let mut ports = subset["ports"].as_array()?.iter();
    let number =
        ports.find(|each| each["name"].as_str().unwrap_or_default() == port)?["port"].as_u64()?;
    let mut addresses = subset["addresses"].as_array()?.iter();
    let ip: IpAddr =
        addresses.find(|each| each["targetRef"]["kind"] == "Pod")?["ip"].as_str()?.parse().ok()?;
    Some(SocketAddr::new(ip, u16::try_from(number).ok()?))
}

/// Reads a path of the service proxy as it was up to Kubernetes 1.9, where `proxy` was a verb:
/// `/api/v1/proxy/namespaces/NAMESPACE/services/[SCHEME:]NAME[:PORT]/…`.
pub(crate) fn legacy(path: &str) -> Option<ResourcePath> {
    let (namespace, rest) = path.strip_prefix(LEGACY)?.split_once('/')?;
    let rest = rest.strip_prefix("services/")?;
    let (id, rest) = rest.split_once('/').map_or((rest, None), |(id, rest)| (id, Some(rest)));
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!id.is_empty()).then(|| ResourcePath {
        namespace: Some(decoded(namespace)),
        resource: "services".to_owned(),
        name: Some(decoded(id)),
        rest: rest.map(|rest| format!("/{rest}")),
        ..ResourcePath::default()
    })
}

/// Passes a request on to the service.
///
/// # Errors
/// When there is no such service, or it does not answer.
pub(crate) async fn pass(
    store: &Store,
    upstream: &Upstream,
    path: &ResourcePath,
    request: Request<Body>,
    peer: &Peer,
) -> Result<Response<Body>, Refusal> {
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let id = path.name.as_deref().unwrap_or_default();
    let prefix = if path.subresource.is_empty() {
        format!("{LEGACY}{namespace}/services/{id}")
    } else {
        format!("/api/v1/namespaces/{namespace}/services/{id}/proxy")
    };
    let Some(rest) = &path.rest else {
        return Ok(to_slash(&prefix, request.uri().query()));
    };
    let (address, tls) = backend(store, namespace, id)?;
    let host = host_of(&request).unwrap_or_default();
    let request = forwarded(request, rest, &format!("{prefix}{rest}"), &host, peer)?;
    let answer = if tls {
        upstream.https(address, request).await
    } else {
        upstream.http(address, request).await
    };
    let mut answer = answer
        .map_err(|error| Refusal::unavailable(format!("error trying to reach service: {error}")))?;
    rewrite_location(&mut answer, &prefix, &host);
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    Ok(answer)
}

fn to_slash(prefix: &str, query: Option<&str>) -> Response<Body> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(value) = HeaderValue::from_str(&format!("{prefix}/{query}")) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// The request as the backend sees it: without any credential, and with who asked for what.
fn forwarded(
    request: Request<Body>,
    rest: &str,
    whole: &str,
    host: &str,
    peer: &Peer,
) -> Result<Request<Body>, Refusal> {
    let (mut parts, body) = request.into_parts();
    // `%2F` becomes a slash, what must be escaped stays so.
    let path = percent_decode_str(rest).decode_utf8_lossy();
    let mut path = utf8_percent_encode(&path, ESCAPED).to_string();
    if let Some(query) = parts.uri.query() {
        path = format!("{path}?{query}");
    }
    let wrong = |_| Refusal::bad_request("the path cannot be passed on");
    parts.uri = path.parse::<Uri>().map_err(wrong)?;
    let headers = &mut parts.headers;
    headers.remove(header::AUTHORIZATION);
    let remote: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("x-remote-")).cloned().collect();
    for name in remote {
        headers.remove(name);
    }
    if let Ok(value) = HeaderValue::from_str(host) {
        headers.insert(header::HOST, value);
    }
    if let Ok(value) = HeaderValue::from_str(&peer.address.ip().to_string()) {
        headers.insert("x-forwarded-for", value);
    }
    if let Ok(value) = HeaderValue::from_str(whole) {
        headers.insert("x-forwarded-uri", value);
    }
    if !headers.contains_key(header::ACCEPT_ENCODING) {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(Request::from_parts(parts, body))
}

/// Locations lead back through the proxy, over http because nobody says that it was https.
/// Links to a next page are not looked at.
fn rewrite_location(answer: &mut Response<Body>, prefix: &str, host: &str) {
    let Some(location) =
        answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok())
    else {
        return;
    };
    let Ok(uri) = location.parse::<Uri>() else { return };
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let rewritten = match uri.authority() {
        None => format!("{prefix}{path}"),
        Some(authority) if authority.as_str() == host => format!("http://{host}{prefix}{path}"),
        Some(_) => return,
    };
    if let Ok(value) = HeaderValue::from_str(&rewritten) {
        answer.headers_mut().insert(header::LOCATION, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legacy_path_names_a_service() {
        let path = legacy("/api/v1/proxy/namespaces/n/services/https:r:p/v2/a%2Fb").unwrap();
        assert_eq!(path.name.as_deref(), Some("https:r:p"));
        assert_eq!(
            (path.namespace.as_deref(), path.rest.as_deref()),
            (Some("n"), Some("/v2/a%2Fb"))
        );
        let path = legacy("/api/v1/proxy/namespaces/n/services/r").unwrap();
        assert_eq!(path.rest, None);
        assert_eq!(legacy("/api/v1/proxy/namespaces/n/pods/p/"), None);
        assert_eq!(legacy("/api/v1/namespaces/n/services/r/proxy/"), None);
    }

    #[test]
    fn service_names_have_three_forms() {
        assert_eq!(ServiceName::parse("r"), Some(ServiceName { tls: false, name: "r", port: "" }));
        assert_eq!(
            ServiceName::parse("r:5000"),
            Some(ServiceName { tls: false, name: "r", port: "5000" })
        );
        assert_eq!(
            ServiceName::parse("https:r:p"),
            Some(ServiceName { tls: true, name: "r", port: "p" })
        );
        assert_eq!(
            ServiceName::parse("http:r:"),
            Some(ServiceName { tls: false, name: "r", port: "" })
        );
        assert_eq!(ServiceName::parse("ftp:r:p"), None);
    }
}
