// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry of the plain face: docker-registry as it is, only recorded.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response, StatusCode};

use crate::http::body::{Body, answer};
use crate::http::listen::{Handler, Peer};
use crate::http::upstream::Upstream;

/// Passes everything on.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) upstream: Upstream,
    pub(crate) storage: SocketAddr,
}

impl Handler for Plain {
    async fn handle(self: Arc<Self>, request: Request<Body>, _peer: Arc<Peer>) -> Response<Body> {
        self.upstream.http(self.storage, request).await.unwrap_or_else(|error| {
            answer(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", format!("{error}\n"))
        })
    }
}
