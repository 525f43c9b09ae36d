// SPDX-License-Identifier: LGPL-2.1-or-later

//! The API of a Kubernetes or OpenShift cluster: connection, identity, image streams, projects and
//! services.
//!
//! Knows neither the registry's API nor the catalog. Requests go through the kube crate's client.
//! Which kubeconfig and which login it is given is decided here (`kubeconfig`, `login`), and bodies
//! are read here, with bounds.

pub mod access;
pub mod access_review;
pub mod account;
pub mod apply;
pub mod binding;
pub mod by_digest;
pub(crate) mod certificate;
mod collection;
pub mod config_map;
pub mod described;
mod error;
pub mod exec;
#[cfg(test)]
pub(crate) mod fake;
pub mod group;
mod identity;
pub mod identity_mapping;
pub mod image;
pub mod image_object;
mod image_origin;
pub mod image_stream;
pub mod image_stream_tag;
pub mod ingress;
pub mod inventory;
pub mod kubeconfig;
mod list;
mod login;
pub mod maintenance;
pub mod metadata;
pub mod node;
pub mod object;
pub mod path;
pub mod port_forward;
mod presented;
pub mod program;
pub mod project;
pub mod project_object;
pub mod pruner;
pub mod robot_object;
pub mod robot_token;
pub mod role;
pub mod role_binding;
pub mod route;
pub mod service;
pub mod service_account;
pub mod storage_class;
mod stream_object;
pub mod tag_naming;
pub mod token_request;
pub mod usage;
pub mod user;
pub mod user_object;
mod watch;
pub mod workload;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

pub use self::collection::Collection;
pub use self::error::{Error, Kind, Refusal};
pub use self::identity::{Identity, Me};
pub use self::kubeconfig::Error as ConfigError;
pub use self::list::List;
use self::login::Login;
pub use self::login::{Error as LoginError, ProgramError, Stale};
pub use self::watch::{Event, Watch};
use crate::aside::aside;
use crate::body::{self, Body, BoxError, Excess};

/// What nearly all requests send and get.
const JSON: &str = "application/json";
/// What the API server tells of an object that only its metadata is wanted of.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,\
                        application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
/// The largest answer that is read whole, in bytes: a page of 500 image streams with long histories.
const ANSWER_LIMIT: usize = 64 << 20;
/// The bytes of an answer from which on it is understood aside, which takes a millisecond or more.
const LARGE: usize = 256 << 10;
/// The bytes that are read of an error.
const ERROR_LIMIT: usize = 64 << 10;
/// The time a whole request may take. A page of a big cluster takes a second or two.
const WHOLE: Duration = Duration::from_secs(60);

/// A connection to a cluster's API. Clones share it.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
    /// See [`Cluster::written_down`].
    namespaces: Arc<[String]>,
}

struct Shared {
    server: String,
    context: Option<String>,
    is_insecure: bool,
    authorities: Vec<Vec<u8>>,
    login: Login,
    /// Where the certificate is that the server presents; `None` where there is no TLS, or a proxy
    /// is in between.
    tls: Option<presented::Place>,
}

/// The media types of what is sent, and of what is wanted.
#[derive(Clone, Copy)]
struct Form {
    sent: &'static str,
    wanted: &'static str,
}

impl Form {
    const JSON: Self = Self { sent: JSON, wanted: JSON };
    const METADATA: Self = Self { sent: JSON, wanted: METADATA };
}

impl Cluster {
    /// The namespaces that the kubeconfig's contexts for this cluster and login name.
    pub fn written_down(&self) -> &[String] {
        &self.namespaces
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.shared.server
    }

    /// The kubeconfig's context, if it came from one.
    pub fn context(&self) -> Option<&str> {
        self.shared.context.as_deref()
    }

    /// Whether the kubeconfig has the server's certificate accepted whatever it is.
    pub fn is_insecure(&self) -> bool {
        self.shared.is_insecure
    }

    /// The bearer token that is valid now, renewed if need be. A user with a client certificate or
    /// a password has none.
    ///
    /// # Errors
    /// When the kubeconfig's way to log in fails.
    pub async fn bearer(&self) -> Result<Option<SecretString>, Error> {
        let login = self.shared.login.valid().await;
        login
            .map(|login| login.token)
            .map_err(|error| Error::new(Method::GET, "(a token)", Kind::Login(error)))
    }

    /// A client of the kube crate with the login of this moment. Whoever keeps it for long, or
    /// before anything else was asked, calls [`Cluster::bearer`] first, which renews the login.
    pub fn kube(&self) -> kube::Client {
        self.shared.login.now().client
    }

    /// The certificate authorities that the kubeconfig trusts, as DER.
    pub fn authorities(&self) -> &[Vec<u8>] {
        &self.shared.authorities
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached, or sends something else.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Gets the metadata of an object, or of those of a list.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached, or sends something else.
    pub async fn get_metadata<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answer = self.exchange(Method::GET, path, Form::METADATA, Bytes::new()).await?;
        let wrong = |error| Error::new(Method::GET, path, Kind::Json(error));
        serde_json::from_slice(&answer).map_err(wrong)
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

    /// Changes an object by a patch of this media type and gets JSON.
    ///
    /// # Errors
    /// When the server refuses, cannot be reached, or sends something else.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> Result<T, Error> {
        let answer =
            self.exchange(Method::PATCH, path, Form { sent: media_type, ..Form::JSON }, body);
        let answer = answer.await?;
        let wrong = |error| Error::new(Method::PATCH, path, Kind::Json(error));
        understood(&answer).map_err(wrong)
    }

    /// Deletes.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.whole(Method::DELETE, path, Bytes::new()).await.map(drop)
    }

    /// Deletes on conditions: `body` is the JSON of `DeleteOptions` (meta/v1).
    ///
    /// # Errors
    /// When the server refuses, a condition is not met (409), or it cannot be reached.
    pub async fn delete_with(&self, path: &str, body: Bytes) -> Result<(), Error> {
        self.whole(Method::DELETE, path, body).await.map(drop)
    }

    /// Sends any request, such as one for a service behind the API server, and returns whatever
    /// comes back, with the body still to be read. A 401 may be the service's own, so it renews no
    /// login.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn carry(&self, request: Request<Bytes>) -> Result<Response<Body>, BoxError> {
        let request = request.map(kube::client::Body::from);
        let login = self.shared.login.valid().await?;
        let response = login.client.send(request).await?;
        Ok(response.map(|body| Box::pin(body.into_data_stream().map_err(Into::into)) as Body))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, Error> {
        let answer = self.whole(method.clone(), path, body).await?;
        understood(&answer).map_err(|error| Error::new(method, path, Kind::Json(error)))
    }

    async fn whole(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, Error> {
        self.exchange(method, path, Form::JSON, body).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        form: Form,
        body: Bytes,
    ) -> Result<Bytes, Error> {
        let asking = async {
            let response = self.begin(&method, path, form, body).await?;
            let (head, body) = response.into_parts();
            let answer = body::read(&head.headers, body, ANSWER_LIMIT, Excess::Refuse).await;
            let answer = answer.map_err(Kind::Body)?;
            if body::is_html(&head.headers, &answer) { Err(Kind::Html) } else { Ok(answer) }
        };
        timeout(WHOLE, asking)
            .await
            .unwrap_or(Err(Kind::Timeout { seconds: WHOLE.as_secs() }))
            .map_err(|kind| Error::new(method, path, kind))
    }

    /// Sends a request and returns the answer's head, if it is a good one. A login that is refused
    /// is renewed once, where that can be done.
    async fn begin(
        &self,
        method: &Method,
        path: &str,
        form: Form,
        body: Bytes,
    ) -> Result<Response<Body>, Kind> {
        let login = self.shared.login.valid().await.map_err(Kind::Login)?;
        let refused = match send(&login, method, path, form, body.clone()).await {
            Err(Kind::Refused(refusal)) if refusal.status == StatusCode::UNAUTHORIZED => refusal,
            answer => return answer,
        };
        match self.shared.login.another(login).await.map_err(Kind::Login)? {
            Some(login) => send(&login, method, path, form, body).await,
            None => Err(Kind::Refused(refused)),
        }
    }
}

/// The object that an answer is. A page of a long list takes longer than anybody else should wait.
fn understood<T: DeserializeOwned>(answer: &[u8]) -> Result<T, serde_json::Error> {
    match answer.len() < LARGE {
        true => serde_json::from_slice(answer),
        false => aside(|| serde_json::from_slice(answer)),
    }
}

/// Sends a request with this login.
async fn send(
    login: &login::Current,
    method: &Method,
    path: &str,
    form: Form,
    body: Bytes,
) -> Result<Response<Body>, Kind> {
    let mut request = Request::new(kube::client::Body::from(body));
    *request.method_mut() = method.clone();
    *request.uri_mut() = path.parse().map_err(|_| Kind::Path)?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(form.wanted));
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(form.sent));
    let response = login.client.send(request).await.map_err(Kind::from_send)?;
    let (head, body) = response.into_parts();
    let body: Body = Box::pin(body.into_data_stream().map(|chunk| chunk.map_err(Into::into)));
    if head.status.is_success() {
        return Ok(Response::from_parts(head, body));
    }
    let text = body::read(&head.headers, body, ERROR_LIMIT, Excess::Cut).await.unwrap_or_default();
    let html = body::is_html(&head.headers, &text);
    let mut refusal = Refusal::parse(head.status, &text, html);
    refusal.retry_after = body::retry_after(&head.headers);
    refusal.stale = refusal.is_about_login().then(|| login.stale()).flatten();
    Err(Kind::Refused(refusal))
}

#[cfg(test)]
mod tests;
