// SPDX-License-Identifier: LGPL-2.1-or-later
//! Refusals in the form of the API server: a `Status` object.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::ownership::Conflict;
use super::style::Style;
use crate::access::User;
use crate::access::rule::Attributes;
use crate::http::body::Body;
use crate::resource::Resource;

/// Why a request is refused. Boxed fields are rare; the type travels in every `Result`.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Fields>);

#[derive(Debug)]
struct Fields {
    code: StatusCode,
    reason: Option<&'static str>,
    message: String,
    details: Option<Value>,
    /// A continue token to go on with.
    token: Option<String>,
}

impl Refusal {
    fn new(
        code: StatusCode,
        reason: &'static str,
        message: String,
        details: Option<Value>,
    ) -> Self {
        Self(Box::new(Fields { code, reason: Some(reason), message, details, token: None }))
    }

    /// A credential that nobody knows.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    /// Somebody without the right.
    pub(crate) fn forbidden(user: &User, what: &Attributes<'_>) -> Self {
        if let Some(path) = what.path {
            let message =
                format!("forbidden: User \"{}\" cannot {} path \"{path}\"", user.name, what.verb);
            return Self::new(StatusCode::FORBIDDEN, "Forbidden", message, Some(json!({})));
        }
        let name = what.name.map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let place = match what.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let (qualified, full) =
            (Resource::qualified(what.group, what.resource), what.full_resource());
        let mut message = format!(
            "{qualified}{name} is forbidden: User \"{}\" cannot {} resource \"{full}\" \
             in API group \"{}\" {place}",
            user.name, what.verb, what.group
        );
        if user.is_anonymous() && full == "services/proxy" {
            let changed = "proxy subresource changed to unsafeproxy";
            message += &format!(": {changed}\n{changed}");
        }
        let details = details(what.group, what.resource, what.name);
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message, Some(details))
    }

    /// Somebody with the right, but not for this.
    pub(crate) fn forbidden_because(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("{} \"{name}\" is forbidden: {why}", Resource::qualified(group, resource));
        let details = details(group, resource, Some(name));
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message, Some(details))
    }

    /// Something new in a namespace that ends.
    pub(crate) fn namespace_ends(group: &str, resource: &str, name: &str, namespace: &str) -> Self {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let mut refusal = Self::forbidden_because(group, resource, name, &why);
        if let Some(details) = &mut refusal.0.details {
            details["causes"] = json!([{
                "reason": "NamespaceTerminating", "field": "metadata.namespace",
                "message": format!("namespace {namespace} is being terminated"),
            }]);
        }
        refusal
    }

    /// Applied fields that are others'.
    pub(crate) fn not_theirs(conflicts: &[Conflict]) -> Self {
        let message = match conflicts {
            [Conflict { with, field }] => {
                format!("Apply failed with 1 conflict: conflict with {with}: {field}")
            }
            all => {
                let lines = all.chunk_by(|one, next| one.with == next.with).flat_map(|theirs| {
                    let with =
                        theirs.iter().take(1).map(|one| format!("conflicts with {}:", one.with));
                    with.chain(theirs.iter().map(|one| format!("- {}", one.field)))
                });
                let lines: Vec<_> = lines.collect();
                format!("Apply failed with {} conflicts: {}", all.len(), lines.join("\n"))
            }
        };
        let causes: Vec<_> = conflicts
            .iter()
            .map(|Conflict { with, field }| {
                let message = format!("conflict with {with}");
                json!({"reason": "FieldManagerConflict", "message": message, "field": field})
            })
            .collect();
        Self::new(StatusCode::CONFLICT, "Conflict", message, Some(json!({"causes": causes})))
    }

    /// A JSON patch of which a step cannot be done, a test among them.
    pub(crate) fn bad_patch() -> Self {
        let message = "the server rejected our request due to an error in our request".to_owned();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message, Some(json!({})))
    }

    /// Somebody who may not request projects asks whether they may.
    pub(crate) fn may_not_request() -> Self {
        let message = "projectrequests.project.openshift.io is forbidden: You may not request a \
                       new project via this API.";
        let details = details("project.openshift.io", "projectrequests", None);
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message.to_owned(), Some(details))
    }

    /// A body in a form that is not taken.
    pub(crate) fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types \
            include: application/json-patch+json, application/merge-patch+json, \
            application/apply-patch+yaml";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message.to_owned(),
            Some(json!({})),
        )
    }

    /// An object that is not there.
    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", Resource::qualified(group, resource));
        Self::new(
            StatusCode::NOT_FOUND,
            "NotFound",
            message,
            Some(details(group, resource, Some(name))),
        )
    }

    /// A path that is not served.
    pub(crate) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(StatusCode::NOT_FOUND, "NotFound", message, Some(json!({})))
    }

    /// A method that the resource does not have.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, Some(json!({})))
    }

    /// A watch on something that cannot be watched.
    pub(crate) fn not_watchable(group: &str, resource: &str) -> Self {
        let qualified = Resource::qualified(group, resource);
        let message = format!("watch is not supported on resources of kind \"{qualified}\"");
        let details = Some(details(group, resource, None));
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, details)
    }

    /// A request that makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message.into(), None)
    }

    /// A representation that is not served. Protobuf and YAML are named although they
    /// are not served here: the message is the real one.
    pub(crate) fn not_acceptable() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, \
            application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, \
            application/vnd.kubernetes.protobuf;stream=watch";
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message.to_owned(), Some(json!({})))
    }

    /// A name that is taken.
    pub(crate) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", Resource::qualified(group, resource));
        Self::new(
            StatusCode::CONFLICT,
            "AlreadyExists",
            message,
            Some(details(group, resource, Some(name))),
        )
    }

    /// A change of something that changed meanwhile.
    pub(crate) fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let qualified = Resource::qualified(group, resource);
        let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
        Self::new(
            StatusCode::CONFLICT,
            "Conflict",
            message,
            Some(details(group, resource, Some(name))),
        )
    }

    /// An object with a wrong field. `why` begins as Kubernetes begins: with `Invalid value`,
    /// `Required value`, `Forbidden`, `Not found` or `Unsupported value`.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, field: &str, why: &str) -> Self {
        let message =
            format!("{} \"{name}\" is invalid: {field}: {why}", Resource::qualified(group, kind));
        let mut details = details(group, kind, Some(name).filter(|name| !name.is_empty()));
        let reason = match why.split(':').next() {
            Some("Required value") => "FieldValueRequired",
            Some("Forbidden") => "FieldValueForbidden",
            Some("Not found") => "FieldValueNotFound",
            Some("Unsupported value") => "FieldValueNotSupported",
            _ => "FieldValueInvalid",
        };
        details["causes"] = json!([{"reason": reason, "message": why, "field": field}]);
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message, Some(details))
    }

    /// A continue token for a state that is forgotten.
    pub(crate) fn expired_continue(token: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list \
            result. You can start a new list without the continue parameter, or use the continue \
            token in this response to retrieve the remainder of the results. Continuing with the \
            provided token results in an inconsistent list - objects that were created, modified, \
            or deleted between the time the first chunk was returned and now may show up in the \
            list.";
        let mut refusal = Self::new(StatusCode::GONE, "Expired", message.to_owned(), None);
        refusal.0.token = Some(token);
        refusal
    }

    /// A state that is forgotten.
    pub(crate) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(
            StatusCode::GONE,
            "Expired",
            format!("too old resource version: {asked} ({oldest})"),
            None,
        )
    }

    /// A state that is not yet there.
    pub(crate) fn too_large(asked: u64, now: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {now}");
        let cause =
            json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        let details = json!({"causes": [cause], "retryAfterSeconds": 1});
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message, Some(details))
    }

    /// Something behind the API server does not answer.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message.into(), None)
    }

    /// Something behind the API server fails, and it only passes on how.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        let code = StatusCode::INTERNAL_SERVER_ERROR;
        let (message, reason) = (message.into(), None);
        Self(Box::new(Fields { code, reason, message, details: None, token: None }))
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let fields = &self.0;
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": fields.message, "code": fields.code.as_u16(),
        });
        if let Some(token) = &fields.token {
            status["metadata"]["continue"] = json!(token);
        }
        if let Some(reason) = fields.reason {
            status["reason"] = json!(reason);
        }
        if let Some(details) = &fields.details {
            status["details"] = details.clone();
        }
        status
    }

    /// The answer.
    pub(crate) fn response(&self, style: &Style) -> Response<Body> {
        style.json(self.0.code, &self.status())
    }
}

/// `details` of a `Status`; absent parts are left out, as Go's `omitempty` does.
pub(crate) fn details(group: &str, kind: &str, name: Option<&str>) -> Value {
    let mut details = json!({"kind": kind});
    if let Some(name) = name {
        details["name"] = json!(name);
    }
    if !group.is_empty() {
        details["group"] = json!(group);
    }
    details
}

/// The `Status` of something that was done.
pub(crate) fn success(details: Option<Value>) -> Value {
    let mut status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    if let Some(details) = details {
        status["details"] = details;
    }
    status
}
