// SPDX-License-Identifier: LGPL-2.1-or-later
//! The API server: who asks, may they, and what is the answer.
//!
//! The order is that of the real one: a credential that nobody knows is 401, then
//! a missing right is 403, and only then is something missing 404.

mod authenticate;
pub(crate) mod discovery;
pub(crate) mod object;
pub(crate) mod path;
mod project;
mod proxy;
pub(crate) mod refusal;
mod review;
pub(crate) mod style;
pub(crate) mod table;
mod user;
mod watch;

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::Value;

use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::control::Control;
use crate::control::observe::observe;
use crate::control::record::Target;
use crate::http::body::{self, Body};
use crate::http::listen::{Handler, Peer};
use crate::http::query::Query;
use crate::http::upstream::Upstream;
use crate::image;
use crate::ready::Face;
use crate::resource::{Resource, STORED};
use crate::store::Store;
use path::ResourcePath;
use refusal::Refusal;
use style::Style;

/// The API server.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) face: Face,
    pub(crate) access: Arc<Access>,
    pub(crate) store: Arc<Store>,
    pub(crate) upstream: Upstream,
    pub(crate) control: Arc<Control>,
    /// Where pull specs from outside point: `127.0.0.1:PORT`.
    pub(crate) public_registry: String,
    /// Whether the API server reaches the cluster's network, which the service proxy needs.
    pub(crate) service_proxy: bool,
}

/// A request that was read and may be answered.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a ResourcePath,
    pub(crate) query: &'a Query,
    pub(crate) style: &'a Style,
    pub(crate) verb: &'a str,
    /// Null if there was none.
    pub(crate) body: Value,
}

impl Handler for Api {
    async fn handle(self: Arc<Self>, request: Request<Body>, peer: Arc<Peer>) -> Response<Body> {
        let query = Query::parse(request.uri().query());
        let style = Style::of(request.headers(), &query);
        let user = match authenticate::authenticate(&self.access, request.headers(), &peer) {
            Ok(user) => user,
            Err(refusal) => return refusal.response(style.as_ref().unwrap_or(&Style::PLAIN)),
        };
        // Boxed: the futures of proxying are large, and most requests need none of them.
        let answer = Box::pin(self.respond(request, &peer, &user, &query, style));
        match answer.await {
            (Ok(response), _) => response,
            (Err(refusal), style) => refusal.response(&style),
        }
    }
}

impl Api {
    async fn respond(
        &self,
        request: Request<Body>,
        peer: &Peer,
        user: &User,
        query: &Query,
        style: Result<Style, Refusal>,
    ) -> (Result<Response<Body>, Refusal>, Style) {
        let known = *style.as_ref().unwrap_or(&Style::PLAIN);
        let path = request.uri().path().to_owned();
        let Some(resource) = ResourcePath::parse(&path) else {
            return (self.document(user, request.method(), &path, &known), known);
        };
        let verb = resource.verb(request.method(), query.flag("watch"));
        if let Err(refusal) = self.authorize(user, &resource.attributes(verb)) {
            return (Err(refusal), known);
        }
        if resource.subresource == "proxy" && resource.resource == "services" {
            return (self.proxy(&resource, request, peer).await, known);
        }
        let style = match style {
            Ok(style) => style,
            Err(refusal) => return (Err(refusal), known),
        };
        let bytes = match body::collect(request.into_body()).await {
            Ok(bytes) => bytes,
            Err(error) => return (Err(Refusal::bad_request(error.to_string())), style),
        };
        let body = match serde_json::from_slice(&bytes) {
            Ok(value) => value,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(error) => return (Err(Refusal::bad_request(error.to_string())), style),
        };
        let call = Call { path: &resource, query, style: &style, verb, body };
        (self.answer(user, &call), style)
    }

    fn authorize(&self, user: &User, what: &Attributes<'_>) -> Result<(), Refusal> {
        let allowed = self.access.allows(user, what).is_some();
        allowed.then_some(()).ok_or_else(|| Refusal::forbidden(user, what))
    }

    fn document(
        &self,
        user: &User,
        method: &Method,
        path: &str,
        style: &Style,
    ) -> Result<Response<Body>, Refusal> {
        let verb = method.as_str().to_lowercase();
        self.authorize(
            user,
            &Attributes { verb: &verb, path: Some(path), ..Attributes::default() },
        )?;
        if matches!(path, "/healthz" | "/livez" | "/readyz") {
            return Ok(body::answer(StatusCode::OK, "text/plain; charset=utf-8", "ok"));
        }
        let document = discovery::document(self.face, path, style.form);
        let document = document.ok_or_else(Refusal::no_such_resource)?;
        let mut response = style.json(StatusCode::OK, &document);
        if document["kind"] == "APIGroupDiscoveryList" {
            // Clients look at this to see whether the server understood what they asked for.
            let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(response)
    }

    async fn proxy(
        &self,
        path: &ResourcePath,
        request: Request<Body>,
        peer: &Peer,
    ) -> Result<Response<Body>, Refusal> {
        if !self.service_proxy {
            let message = "error trying to reach service: \
                           proxy error from 127.0.0.1:9345: no tunnel to the network";
            return Err(Refusal::unavailable(message));
        }
        let rest = match &path.rest {
            Some(rest) if self.face == Face::Plain => rest,
            // The front of the other face records for itself.
            _ => return proxy::pass(&self.store, &self.upstream, path, request, peer).await,
        };
        // Faults and records name the registry's own path.
        let (mut parts, body) = request.into_parts();
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let wrong = |_| Refusal::bad_request("the path cannot be passed on");
        // The credential was for the API server and ends here.
        parts.headers.remove(header::AUTHORIZATION);
        // HTTP/2 has the host only there.
        let authority =
            parts.uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
        if let Some(host) = authority {
            parts.headers.insert(header::HOST, host);
        }
        parts.uri = format!("{rest}{query}").parse().map_err(wrong)?;
        let request = Request::from_parts(parts, body);
        let answer = observe(&self.control, Target::Registry, request, |request| async {
            let passed = proxy::pass(&self.store, &self.upstream, path, request, peer).await;
            passed.unwrap_or_else(|refusal| refusal.response(&Style::PLAIN))
        });
        Ok(answer.await)
    }

    fn answer(&self, user: &User, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
        let path = call.path;
        let (group, resource, part) =
            (path.group.as_str(), path.resource.as_str(), path.subresource.as_str());
        let verbs = discovery::verbs(self.face, group, resource, part)
            .ok_or_else(Refusal::no_such_resource)?;
        if call.verb == "watch" && !verbs.contains(&"watch") && verbs.contains(&"list") {
            return Err(Refusal::not_watchable(group, resource));
        }
        if !verbs.contains(&call.verb) {
            return Err(Refusal::method_not_allowed());
        }
        let created = |value| Ok(call.style.json(StatusCode::CREATED, &value));
        let found = |value| Ok(call.style.json(StatusCode::OK, &value));
        match (resource, part, call.verb) {
            ("selfsubjectreviews", ..) => created(review::identity(user, &self.store.clock)),
            ("selfsubjectaccessreviews", ..) => {
                created(review::access(&self.access, user, &call.body))
            }
            ("selfsubjectrulesreviews", ..) => {
                created(review::rules(&self.access, user, &call.body))
            }
            ("projects", _, "list") => found(project::list(&self.store, &self.access, user)),
            ("projects", ..) => {
                found(project::get(&self.store, path.name.as_deref().unwrap_or_default())?)
            }
            ("users", _, "get") if path.name.as_deref() == Some("~") => {
                found(user::myself(&self.store, user))
            }
            (_, "", "get" | "list" | "watch") if let Some(stored) = stored(group, resource) => {
                self.read(stored, call)
            }
            _ => image::answer(&self.store, &self.public_registry, call),
        }
    }

    fn read(
        &self,
        resource: &'static Resource,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Refusal> {
        match call.verb {
            "get" => object::get(&self.store, resource, call.path, call.style),
            "list" => object::list(&self.store, resource, call.path, call.query, call.style),
            _ => watch::start(&self.store, resource, call.path, call.query, call.style),
        }
    }
}

fn stored(group: &str, resource: &str) -> Option<&'static Resource> {
    STORED.into_iter().find(|stored| stored.group == group && stored.plural == resource)
}
