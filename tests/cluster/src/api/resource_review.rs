// SPDX-License-Identifier: LGPL-2.1-or-later
//! Questions that only OpenShift answers: who can do something, and what somebody's rules are.

use serde_json::{Value, json};

use super::Api;
use super::path::ResourcePath;
use super::refusal::Refusal;
use super::review::named;
use crate::access::rule::{Attributes, Rule};
use crate::access::{Access, User};

const GROUP: &str = "authorization.openshift.io";

/// Answers a ResourceAccessReview, or one within a namespace.
///
/// # Errors
/// When it is about nothing, or about a namespace that is not the caller's to ask about.
pub(super) fn able(
    api: &Api,
    user: &User,
    path: &ResourcePath,
    review: &Value,
) -> Result<Value, Refusal> {
    let text = |field: &str| review[field].as_str().unwrap_or_default();
    let local = path.namespace.as_deref();
    let kind = if local.is_some() { "LocalResourceAccessReview" } else { "ResourceAccessReview" };
    let invalid = |field: &str, why: &str| Err(Refusal::invalid(GROUP, kind, "", field, why));
    for field in ["verb", "resource"] {
        if text(field).is_empty() {
            return invalid(field, "Required value");
        }
    }
    let said = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    if let (Some(own), Some(said)) = (local, said)
        && own != said
    {
        let why = format!("Invalid value: \"{said}\": namespace must be: {own}");
        return invalid("namespace", &why);
    }
    if local.is_none() && said.is_some() {
        let what = Attributes {
            verb: "create",
            group: GROUP,
            resource: "localresourceaccessreviews",
            namespace: said,
            ..Attributes::default()
        };
        api.authorize(user, &what)?;
    }
    let namespace = local.or(said);
    let (resource, subresource) =
        text("resource").split_once('/').unwrap_or((text("resource"), ""));
    let what = Attributes {
        verb: text("verb"),
        group: text("resourceAPIGroup"),
        resource,
        subresource,
        namespace,
        name: Some(text("resourceName")).filter(|name| !name.is_empty()),
        path: None,
    };
    let able = api.access.able(&what);
    // The name of the last field is the real one.
    Ok(json!({
        "kind": "ResourceAccessReviewResponse", "apiVersion": format!("{GROUP}/v1"),
        "namespace": namespace.unwrap_or_default(), "users": able.users, "groups": able.groups,
        "evalutionError": able.trouble.unwrap_or_default(),
    }))
}

/// Answers a SubjectRulesReview. Groups are those that it names.
///
/// # Errors
/// When it is about nobody.
pub(super) fn rules_of(
    access: &Access,
    path: &ResourcePath,
    review: &Value,
) -> Result<Value, Refusal> {
    let spec = &review["spec"];
    let user = named(spec);
    if user.name.is_empty() && user.groups.is_empty() {
        return Err(Refusal::bad_request("at least one of user or groups must be specified"));
    }
    let namespace = path.namespace.as_deref();
    let rules: Vec<_> = access.rules_of(&user, namespace).iter().map(written).collect();
    let mut status = json!({"rules": rules});
    if let Some(trouble) = access.missing_for(&user, namespace) {
        status["evaluationError"] = json!(trouble);
    }
    Ok(json!({
        "kind": "SubjectRulesReview", "apiVersion": format!("{GROUP}/v1"),
        "spec": {"user": user.name, "groups": user.groups, "scopes": null}, "status": status,
    }))
}

/// A rule as this API writes it: with a field that has no meaning any more.
fn written(rule: &Rule) -> Value {
    let mut rule = json!(rule);
    rule["attributeRestrictions"] = Value::Null;
    for field in ["apiGroups", "resources"] {
        if rule[field].is_null() {
            rule[field] = json!([]);
        }
    }
    rule
}
