// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who am I, and what may I do?

use serde_json::{Value, json};

use super::path::ResourcePath;
use super::refusal::Refusal;
use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::clock::Clock;

const GROUP: &str = "authorization.k8s.io";

/// Answers a SelfSubjectReview.
pub(crate) fn identity(user: &User, clock: &Clock) -> Value {
    let mut info = json!({"username": user.name, "groups": user.groups});
    if let Some(uid) = &user.uid {
        info["uid"] = json!(uid);
        if user.groups.iter().any(|group| group == "system:authenticated:oauth") {
            info["extra"] = json!({"scopes.authorization.openshift.io": ["user:full"]});
        }
    }
    json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": clock.now()}, "status": {"userInfo": info},
    })
}

/// Answers a SelfSubjectAccessReview.
pub(crate) fn access(access: &Access, user: &User, review: &Value) -> Value {
    decided(access, user, "SelfSubjectAccessReview", &review["spec"])
}

/// Answers a SubjectAccessReview, or one within a namespace. Groups are those that it names:
/// nobody looks up in which ones the user is.
///
/// # Errors
/// When it is about nobody or nothing, or about another namespace than its own.
pub(crate) fn access_of(
    access: &Access,
    path: &ResourcePath,
    review: &Value,
) -> Result<Value, Refusal> {
    let spec = &review["spec"];
    let local = path.resource == "localsubjectaccessreviews";
    let kind = if local { "LocalSubjectAccessReview" } else { "SubjectAccessReview" };
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(GROUP, kind, "", field, why));
    let about = &spec["resourceAttributes"];
    match (about.is_object(), spec["nonResourceAttributes"].is_object()) {
        (true, true) => {
            let why = "Invalid value: null: cannot be specified in combination with \
                       resourceAttributes";
            return invalid("spec.nonResourceAttributes", why);
        }
        (false, false) => {
            let why = "Invalid value: null: exactly one of nonResourceAttributes or \
                       resourceAttributes must be specified";
            return invalid("spec.resourceAttributes", why);
        }
        (false, true) if local => {
            let why = "Invalid value: null: disallowed on this kind of request";
            return invalid("spec.nonResourceAttributes", why);
        }
        _ => {}
    }
    let user = named(spec);
    if user.name.is_empty() && user.groups.is_empty() {
        let why = "Invalid value: \"\": at least one of user or group must be specified";
        return invalid("spec.user", why);
    }
    let namespace = path.namespace.as_deref().unwrap_or_default();
    if local && about["namespace"] != namespace {
        let message =
            format!("spec.resourceAttributes.namespace must match namespace: {namespace}");
        return Err(Refusal::bad_request(message));
    }
    Ok(decided(access, &user, kind, spec))
}

/// Whoever a review names.
pub(super) fn named(spec: &Value) -> User {
    User {
        name: spec["user"].as_str().unwrap_or_default().to_owned(),
        uid: spec["uid"].as_str().map(str::to_owned),
        groups: serde_json::from_value(spec["groups"].clone()).unwrap_or_default(),
    }
}

fn decided(access: &Access, user: &User, kind: &str, spec: &Value) -> Value {
    let (asked, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let text = |field: &str| asked[field].as_str().unwrap_or_default();
    let given = |field: &str| asked[field].as_str().filter(|text| !text.is_empty());
    let what = match path["path"].as_str() {
        Some(path_asked) => Attributes {
            verb: path["verb"].as_str().unwrap_or_default(),
            path: Some(path_asked),
            ..Attributes::default()
        },
        None => Attributes {
            verb: text("verb"),
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            namespace: given("namespace"),
            name: given("name"),
            path: None,
        },
    };
    let decision = access.decide(user, &what);
    let mut status = json!({"allowed": decision.allowed});
    if let Some(reason) = decision.reason {
        status["reason"] = json!(reason);
    }
    json!({
        "kind": kind, "apiVersion": format!("{GROUP}/v1"), "metadata": {}, "spec": spec,
        "status": status,
    })
}

/// Answers a SelfSubjectRulesReview.
pub(crate) fn rules(access: &Access, user: &User, review: &Value) -> Value {
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    let (resources, paths): (Vec<_>, Vec<_>) = access
        .rules_of(user, Some(namespace))
        .into_iter()
        .partition(|rule| rule.is_about_resources());
    json!({
        "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {},
        "spec": {},
        "status": {"resourceRules": resources, "nonResourceRules": paths, "incomplete": false},
    })
}
