// SPDX-License-Identifier: LGPL-2.1-or-later

//! What carries requests to a registry: HTTP to its address, or something that stands in between,
//! such as the API server.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::body::{Body, BoxError};

/// Carries requests to one registry. Their URI is a path from `/v2/` on.
pub trait Carrier: Send + Sync {
    /// Sends the request and returns the answer's head, with the body still to come.
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, BoxError>>;

    /// Whether the registry sees who we are.
    fn standing(&self) -> Standing;
}

/// Whether a registry sees who we are. That decides what its 401 means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does: we may not.
    Known,
    /// We have not said, but could.
    Unknown,
    /// Nobody can be named on this route.
    Nameless,
}
