// SPDX-License-Identifier: LGPL-2.1-or-later
//! The API server: who asks, may they, and what is the answer.
//!
//! The order is that of the real one: a credential that nobody knows is 401, then
//! a missing right is 403, and only then is something missing 404.

mod apply;
mod authenticate;
mod change;
mod complete;
pub(crate) mod delete;
pub(crate) mod discovery;
pub(crate) mod exec;
mod fields;
mod grant;
mod identity_mapping;
mod json_patch;
mod list;
pub(crate) mod object;
pub(crate) mod ownership;
pub(crate) mod path;
mod people;
pub(crate) mod port_forward;
mod project;
mod project_request;
mod project_watch;
mod proxy;
pub(crate) mod refusal;
mod resource_review;
mod review;
pub(crate) mod style;
pub(crate) mod table;
mod token_request;
mod user;
mod validate;
mod watch;
mod websocket;

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::Value;

use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::http::body::{self, Body};
use crate::http::listen::{Handler, Peer};
use crate::http::query::Query;
use crate::http::upstream::Upstream;
use crate::image;
use crate::network::Network;
use crate::ready::Face;
use crate::resource::{IMAGE_GROUP, PROJECTS, Resource, STORED};
use crate::store::Store;
use discovery::Edition;
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
    pub(crate) network: Arc<Network>,
    /// Whether it is one of old: Kubernetes 1.9.
    pub(crate) old: bool,
    /// Whether the API server reaches the cluster's network, which the service proxy needs.
    pub(crate) service_proxy: bool,
    /// Whether the API server reaches the kubelet, which port-forwards and commands need.
    pub(crate) port_forward: bool,
    /// The port-forwards under way.
    pub(crate) tunnels: port_forward::Tunnels,
    /// The commands under way.
    pub(crate) commands: exec::Commands,
}

/// A request that was read and may be answered.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a ResourcePath,
    pub(crate) query: &'a Query,
    pub(crate) style: &'a Style,
    pub(crate) verb: &'a str,
    /// Null if there was none.
    pub(crate) body: Value,
    /// Of the body, without parameters.
    pub(crate) content_type: &'a str,
    /// The caller's program.
    pub(crate) agent: &'a str,
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
        if let Some(service) = proxy::legacy(&path) {
            return (self.legacy_proxy(&service, user, request, peer).await, known);
        }
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
        if resource.resource == "pods"
            && verb == "get"
            && matches!(resource.subresource.as_str(), "portforward" | "exec")
        {
            return (self.enter(&resource, user, request, query), known);
        }
        let style = match style {
            Ok(style) => style,
            Err(refusal) => return (Err(refusal), known),
        };
        let (parts, body) = request.into_parts();
        let header = |name| {
            parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let content_type =
            header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
        let agent = header(header::USER_AGENT);
        let bytes = match body::collect(body).await {
            Ok(bytes) => bytes,
            Err(error) => return (Err(Refusal::bad_request(error.to_string())), style),
        };
        let body = match parse(&bytes, content_type) {
            Ok(body) => body,
            Err(refusal) => return (Err(refusal), style),
        };
        let call = Call { path: &resource, query, style: &style, verb, body, content_type, agent };
        (self.answer(user, &call), style)
    }

    fn edition(&self) -> Edition {
        Edition { face: self.face, old: self.old }
    }

    /// Whether somebody may do something.
    ///
    /// # Errors
    /// When not.
    pub(crate) fn authorize(&self, user: &User, what: &Attributes<'_>) -> Result<(), Refusal> {
        let allowed = self.access.allows(user, what);
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
        let document = discovery::document(self.edition(), path, style.form);
        let document = document.ok_or_else(Refusal::no_such_resource)?;
        let mut response = style.json(StatusCode::OK, &document);
        if document["kind"] == "APIGroupDiscoveryList" {
            // Clients look at this to see whether the server understood what they asked for.
            let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(response)
    }

    async fn legacy_proxy(
        &self,
        service: &ResourcePath,
        user: &User,
        request: Request<Body>,
        peer: &Peer,
    ) -> Result<Response<Body>, Refusal> {
        self.authorize(user, &service.attributes("proxy"))?;
        if !self.old {
            return Err(Refusal::no_such_resource());
        }
        self.proxy(service, request, peer).await
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
        proxy::pass(&self.store, &self.upstream, path, request, peer).await
    }

    /// A connection into a pod. Since Kubernetes 1.35 it needs the right to create one as well.
    fn enter(
        &self,
        pod: &ResourcePath,
        user: &User,
        request: Request<Body>,
        query: &Query,
    ) -> Result<Response<Body>, Refusal> {
        if !self.old {
            self.authorize(user, &pod.attributes("create"))?;
        }
        if pod.subresource == "exec" {
            return exec::open(self, pod, request, query);
        }
        port_forward::open(self, pod, request, query)
    }

    fn answer(&self, user: &User, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
        let path = call.path;
        let (group, resource, part) =
            (path.group.as_str(), path.resource.as_str(), path.subresource.as_str());
        let verbs = discovery::verbs(self.edition(), group, resource, part)
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
            ("subjectaccessreviews" | "localsubjectaccessreviews", ..) => {
                created(review::access_of(&self.access, path, &call.body)?)
            }
            ("resourceaccessreviews" | "localresourceaccessreviews", ..) => {
                created(resource_review::able(self, user, path, &call.body)?)
            }
            ("subjectrulesreviews", ..) => {
                created(resource_review::rules_of(&self.access, path, &call.body)?)
            }
            ("selfsubjectrulesreviews", ..) => {
                created(review::rules(&self.access, user, &call.body))
            }
            ("projectrequests", _, "list") => found(project_request::list(self, user)?),
            ("projectrequests", ..) => created(project_request::create(self, user, call)?),
            ("projects", _, "list") => project::list(self, user, call),
            ("projects", _, "watch") => project_watch::start(self, user, call),
            ("projects", _, "get") => project::get(&self.store, call),
            ("projects", _, "delete") => found(project::delete(&self.store, call)?),
            ("projects", ..) => change::answer(self, user, &PROJECTS, call),
            ("useridentitymappings", ..) => identity_mapping::answer(&self.store, call),
            ("users", _, "get") if path.name.as_deref() == Some("~") => {
                found(user::myself(&self.store, user))
            }
            ("serviceaccounts", "token", _) => created(token_request::create(self, call)?),
            (_, "", "get" | "list" | "watch") if let Some(stored) = stored(group, resource) => {
                self.read(stored, call)
            }
            (_, "", _)
                if let Some(stored) = stored(group, resource)
                    && group != IMAGE_GROUP =>
            {
                change::answer(self, user, stored, call)
            }
            _ => image::answer(self, user, call),
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
            _ => watch::start(&self.store, resource, call, self.old),
        }
    }
}

/// A body as a value; null if there is none. Only what is applied may be YAML.
fn parse(bytes: &[u8], content_type: &str) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let wrong = |words: String| Refusal::bad_request(words);
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(_) if content_type == change::APPLY => {
            let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
            serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn stored(group: &str, resource: &str) -> Option<&'static Resource> {
    STORED.into_iter().find(|stored| stored.group == group && stored.plural == resource)
}
