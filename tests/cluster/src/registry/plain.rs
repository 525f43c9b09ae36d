// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry of the plain face: docker-registry as it is, only recorded.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::Entry;
use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::http::body::{Body, answer};
use crate::http::listen::{Handler, Peer, host_of};
use crate::http::upstream::Upstream;
use crate::storage::Gate;

/// Passes everything on.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) upstream: Upstream,
    /// Where docker-registry listens.
    pub(crate) storage: SocketAddr,
    /// Closed while that is started anew.
    pub(crate) gate: Gate,
    /// Whether clients come by TLS, which ends here.
    pub(crate) tls: bool,
}

impl Handler for Plain {
    async fn handle(
        self: Arc<Self>,
        mut request: Request<Body>,
        _peer: Arc<Peer>,
    ) -> Response<Body> {
        let host = host_of(&request).and_then(|host| HeaderValue::from_str(&host).ok());
        let headers = request.headers_mut();
        // Locations of uploads name the host and the scheme by which the client came.
        if let Some(host) = host {
            headers.insert(header::HOST, host);
        }
        if let (true, Entry::Vacant(scheme)) = (self.tls, headers.entry("x-forwarded-proto")) {
            scheme.insert(HeaderValue::from_static("https"));
        }
        let _open = self.gate.read().await;
        self.upstream.http(self.storage, request).await.unwrap_or_else(|error| {
            answer(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", format!("{error}\n"))
        })
    }
}
