// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry of the openshift face.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use super::access::{Credential, lacking};
use super::error::{bare, error, unauthorized};
use super::remembered::Remembered;
use super::route::{Repository, Route};
use super::{blob, catalog, manifest, signature};
use crate::access::{Access, User};
use crate::http::body::{self, Body};
use crate::http::listen::{Handler, Peer, host_of};
use crate::http::upstream::Upstream;
use crate::resource::IMAGE_STREAMS;
use crate::store::Store;

/// Who knows the token, but not the way.
const DENIED: &str = "Basic realm=openshift,error=\"access denied\"";

/// The front.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) access: Arc<Access>,
    pub(crate) store: Arc<Store>,
    pub(crate) upstream: Upstream,
    /// Where docker-registry listens.
    pub(crate) storage: SocketAddr,
    /// Where it keeps its files.
    pub(crate) storage_root: PathBuf,
    /// `127.0.0.1:PORT`, as it stands in pull specs.
    pub(crate) public: String,
    /// What it learned from manifests.
    pub(crate) remembered: Remembered,
}

impl Handler for Front {
    async fn handle(self: Arc<Self>, request: Request<Body>, _peer: Arc<Peer>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let route = Route::parse(&path);
        let mut response = match route {
            Route::Health => bare(StatusCode::OK),
            Route::Token => self.token(&request),
            Route::Unknown => error(StatusCode::NOT_FOUND, "NOT_FOUND", "page not found", None),
            _ => Box::pin(self.guarded(route, request)).await,
        };
        let headers = response.headers_mut();
        headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
        headers.insert("x-registry-supports-signatures", HeaderValue::from_static("1"));
        response
    }
}

impl Front {
    /// Hands back the token that was shown, or that of the anonymous user.
    fn token(&self, request: &Request<Body>) -> Response<Body> {
        let token = match Credential::of(request.headers(), &self.access) {
            Credential::None => "anonymous".to_owned(),
            Credential::Known(_, token) => token,
            Credential::Wrong => {
                return body::answer(StatusCode::UNAUTHORIZED, "application/json", "");
            }
        };
        let answer = json!({"access_token": token, "token": token}).to_string();
        body::answer(StatusCode::OK, "application/json", answer)
    }

    async fn guarded(&self, route: Route<'_>, request: Request<Body>) -> Response<Body> {
        if route == Route::BadName {
            return bare(StatusCode::BAD_REQUEST);
        }
        let user = match Credential::of(request.headers(), &self.access) {
            Credential::Known(user, _) => user,
            Credential::Wrong => return unauthorized(DENIED, Value::Null),
            Credential::None => {
                let realm =
                    format!("Bearer realm=\"https://{}/openshift/token\"", self.host(&request));
                return unauthorized(&realm, Value::Null);
            }
        };
        if let Some(lacking) = lacking(&self.access, &user, request.method(), &route) {
            return unauthorized(DENIED, lacking);
        }
        self.answer(&user, route, request).await
    }

    async fn answer(
        &self,
        user: &User,
        route: Route<'_>,
        request: Request<Body>,
    ) -> Response<Body> {
        let method = request.method().clone();
        if let Some(methods) = route.methods()
            && !methods.contains(&method.as_str())
        {
            return other_method(&method, methods);
        }
        match (route, method) {
            (Route::Base, _) => body::answer(StatusCode::OK, "application/json", "{}"),
            (Route::Catalog, _) => catalog::catalog(&self.store, request.uri().query()),
            (Route::Tags(repository), _) => catalog::tags(&self.store, repository),
            (Route::Manifest(repository, reference), Method::GET | Method::HEAD) => {
                manifest::get(self, repository, reference, &request.into_parts().0.headers).await
            }
            (Route::Manifest(repository, reference), Method::PUT) => {
                manifest::put(self, user, repository, reference, request).await
            }
            (Route::Manifest(repository, reference), Method::DELETE) => {
                manifest::delete(self, repository, reference, request).await
            }
            (Route::Blob(repository, digest), Method::GET | Method::HEAD) => {
                blob::get(self, repository, digest, request).await
            }
            (Route::Signatures(repository, digest), Method::GET) => {
                signature::list(&self.store, repository, digest)
            }
            (Route::Upload(_), _) => blob::upload(self, user, request).await,
            (Route::Blob(..), Method::DELETE) => self.forward(request).await,
            (Route::AdminBlob(digest), Method::DELETE) => {
                blob::remove(&self.storage_root, digest).await
            }
            _ => error(
                StatusCode::METHOD_NOT_ALLOWED,
                "UNSUPPORTED",
                "The operation is unsupported.",
                None,
            ),
        }
    }

    /// Passes a request on to docker-registry, without the credential.
    pub(crate) async fn forward(&self, mut request: Request<Body>) -> Response<Body> {
        let host = self.host(&request);
        let headers = request.headers_mut();
        headers.remove(header::AUTHORIZATION);
        // Upload locations name the host and the scheme by which the client came.
        if let Ok(host) = HeaderValue::from_str(&host) {
            headers.insert(header::HOST, host);
        }
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let answer = self.upstream.http(self.storage, request).await;
        answer.unwrap_or_else(|_| super::error::unknown(Some(json!({}))))
    }

    /// Asks docker-registry for something of its own.
    pub(crate) async fn ask(&self, path: &str, accept: &str) -> Response<Body> {
        let mut request = Request::new(body::empty());
        match path.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return bare(StatusCode::BAD_REQUEST),
        }
        if let Ok(accept) = HeaderValue::from_str(accept) {
            request.headers_mut().insert(header::ACCEPT, accept);
        }
        self.forward(request).await
    }

    /// The stream of a repository, parsed.
    pub(crate) fn stream(&self, repository: Repository<'_>) -> Option<Value> {
        self.store.read().get(&IMAGE_STREAMS, &repository.name()).map(|stream| stream.value())
    }

    fn host(&self, request: &Request<Body>) -> String {
        host_of(request).unwrap_or_else(|| self.public.clone())
    }
}

/// What distribution says to a method that a path does not have. OPTIONS is the polite way to
/// ask for that.
fn other_method(method: &Method, methods: &[&str]) -> Response<Body> {
    let mut answer = if *method == Method::OPTIONS {
        bare(StatusCode::OK)
    } else {
        let text = "Method not allowed\n";
        body::answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", text)
    };
    if let Ok(methods) = HeaderValue::from_str(&methods.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, methods);
    }
    answer
}
