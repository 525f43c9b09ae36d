// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's router before the registry: without a route, or without a pod, it answers itself.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode, header};

use crate::http::body::{self, Body};
use crate::http::listen::{Handler, Peer};
use crate::node;
use crate::resource::ROUTES;
use crate::store::{Store, key};

const UNAVAILABLE: &str = "\
<html>
  <head><title>Application is not available</title></head>
  <body>
    <h1>Application is not available</h1>
    <p>The application is currently not serving requests at this endpoint. It may not have been \
started or is still starting.</p>
  </body>
</html>
";

/// Leads to another server as long as a route leads to a service and that has endpoints.
#[derive(Debug)]
pub(crate) struct Router<H> {
    pub(crate) inner: Arc<H>,
    pub(crate) store: Arc<Store>,
    /// `NAMESPACE/NAME`.
    pub(crate) service: String,
}

impl<H> Router<H> {
    fn has_route(&self) -> bool {
        let objects = self.store.read();
        let mut routes = objects.all(&ROUTES);
        routes.any(|route| {
            let name = route.value()["spec"]["to"]["name"].as_str().map(str::to_owned);
            key(route.namespace(), &name.unwrap_or_default()) == self.service
        })
    }
}

impl<H: Handler> Handler for Router<H> {
    async fn handle(self: Arc<Self>, request: Request<Body>, peer: Arc<Peer>) -> Response<Body> {
        if self.has_route() && node::any(&self.store, &self.service).is_some() {
            return Arc::clone(&self.inner).handle(request, peer).await;
        }
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut answer = body::answer(status, "text/html", UNAVAILABLE);
        let no_store = HeaderValue::from_static("private, max-age=0, no-cache, no-store");
        answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
        answer
    }
}
