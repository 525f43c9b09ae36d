// SPDX-License-Identifier: LGPL-2.1-or-later

//! The API of a Kubernetes or OpenShift cluster: connection, identity, image streams, projects and
//! services.
//!
//! Knows neither the registry's API nor the catalog. Requests go through the kube crate's client,
//! which knows kubeconfigs and every way to log in; bodies are read here, with bounds.

pub mod access;
mod error;
mod identity;
pub mod image;
pub mod image_stream;
pub mod image_stream_tag;
mod kubeconfig;
mod list;
pub mod metadata;
pub mod project;
pub mod service;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

pub use self::error::{Error, Kind, Refusal};
pub use self::identity::Identity;
pub use self::kubeconfig::Error as ConfigError;
pub use self::list::List;
pub use self::watch::{Event, Watch};
use crate::body::{self, Body, BoxError, Excess};

/// The largest answer that is read whole, in bytes: a page of 500 image streams with long histories.
const ANSWER_LIMIT: usize = 64 << 20;
/// The bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;
/// The time a whole request may take. A page of a big cluster takes a second or two.
const WHOLE: Duration = Duration::from_secs(60);

/// A connection to a cluster's API. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    address: Arc<Address>,
}

struct Address {
    server: String,
    context: Option<String>,
    token: Option<SecretString>,
    authorities: Vec<Vec<u8>>,
}

impl Cluster {
    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.address.server
    }

    /// The kubeconfig's context, if it came from one.
    pub fn context(&self) -> Option<&str> {
        self.address.context.as_deref()
    }

    /// The bearer token that the kubeconfig holds. A user with a client certificate has none.
    pub fn token(&self) -> Option<&SecretString> {
        self.address.token.as_ref()
    }

    /// The certificate authorities that the kubeconfig trusts, as DER.
    pub fn authorities(&self) -> &[Vec<u8>] {
        &self.address.authorities
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached, or sends something else.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Gets JSON as bytes, for an object that is sent back changed.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn get_bytes(&self, path: &str) -> Result<Bytes, Error> {
        self.whole(Method::GET, path, Bytes::new()).await
    }

    /// Posts JSON and gets JSON.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached, or sends something else.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Bytes) -> Result<T, Error> {
        self.ask(Method::POST, path, body).await
    }

    /// Puts JSON.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn put(&self, path: &str, body: Bytes) -> Result<(), Error> {
        self.whole(Method::PUT, path, body).await.map(drop)
    }

    /// Deletes.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.whole(Method::DELETE, path, Bytes::new()).await.map(drop)
    }

    /// Sends any request, such as one for a service behind the API server, and returns whatever
    /// comes back, with the body still to be read.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn carry(&self, request: Request<()>) -> Result<Response<Body>, BoxError> {
        let request = request.map(|()| kube::client::Body::empty());
        let response = self.client.send(request).await?;
        Ok(response.map(|body| Box::pin(body.into_data_stream().map_err(Into::into)) as Body))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Error> {
        let bytes = self.whole(method.clone(), path, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| Error::new(method, path, Kind::Json(error)))
    }

    async fn whole(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Error> {
        let asking = async {
            let (head, body) = self.begin(&method, path, body).await?.into_parts();
            let answer = body::read(&head.headers, body, ANSWER_LIMIT, Excess::Refuse).await;
            let answer = answer.map_err(Kind::Body)?;
            if body::is_html(&head.headers, &answer) { Err(Kind::Html) } else { Ok(answer) }
        };
        timeout(WHOLE, asking)
            .await
            .unwrap_or(Err(Kind::Timeout { seconds: WHOLE.as_secs() }))
            .map_err(|kind| Error::new(method, path, kind))
    }

    /// Sends a request and returns the answer's head, if it is a good one.
    async fn begin(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Body>, Kind> {
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::new(kube::client::Body::from(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().map_err(|_| Kind::Path)?;
        request.headers_mut().insert(ACCEPT, json.clone());
        request.headers_mut().insert(CONTENT_TYPE, json);
        let response = self.client.send(request).await.map_err(Kind::from_send)?;
        let (head, body) = response.into_parts();
        let body: Body = Box::pin(body.into_data_stream().map(|chunk| chunk.map_err(Into::into)));
        if head.status.is_success() {
            return Ok(Response::from_parts(head, body));
        }
        let text =
            body::read(&head.headers, body, ERROR_LIMIT, Excess::Cut).await.unwrap_or_default();
        let html = body::is_html(&head.headers, &text);
        Err(Kind::Refused(Refusal::parse(head.status, &text, html)))
    }
}
