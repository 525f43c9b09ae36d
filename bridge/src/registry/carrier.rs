// SPDX-License-Identifier: LGPL-2.1-or-later

//! What carries requests to a registry: HTTP to its address, or something that stands in between,
//! such as the API server.

use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::body::{Body, BoxError};

/// Carries requests to one registry. They have no body, and their URI is a path from `/v2/` on.
pub trait Carrier: Send + Sync {
    /// Sends the request and returns the answer's head, with the body still to come.
    fn carry(&self, request: Request<()>) -> BoxFuture<'_, Result<Response<Body>, BoxError>>;

    /// Whether the registry sees who we are. A 401 then means that we may not, else that we did not
    /// say.
    fn has_login(&self) -> bool;
}
