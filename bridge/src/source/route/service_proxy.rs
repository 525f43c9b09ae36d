// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests to a registry through the API server's service proxy. It keeps `Authorization` to
//! itself, so the registry sees nobody's login.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::body::{Body, BoxError};
use crate::cluster::Cluster;
use crate::cluster::service::Endpoint;
use crate::registry::carrier::{Carrier, Standing};

pub(super) struct ServiceProxy {
    cluster: Cluster,
    prefix: String,
}

impl ServiceProxy {
    pub(super) fn new(cluster: Cluster, endpoint: &Endpoint) -> Self {
        Self { cluster, prefix: endpoint.proxy_path() }
    }

    /// By the path that servers knew before the service had a `proxy` of its own.
    pub(super) fn old(cluster: Cluster, endpoint: &Endpoint) -> Self {
        Self { cluster, prefix: endpoint.old_proxy_path() }
    }
}

impl Carrier for ServiceProxy {
    fn carry(
        &self,
        mut request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        async move {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            *request.uri_mut() = format!("{}{path}", self.prefix).parse()?;
            self.cluster.carry(request).await
        }
        .boxed()
    }

    fn standing(&self) -> Standing {
        Standing::Nameless
    }
}
