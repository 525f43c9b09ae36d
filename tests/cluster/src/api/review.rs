// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who am I, and what may I do?

use serde_json::{Value, json};

use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::clock::Clock;

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
    let spec = &review["spec"];
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
    let status = match access.allows(user, &what) {
        Some(reason) => json!({"allowed": true, "reason": reason}),
        None => json!({"allowed": false}),
    };
    json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "metadata": {}, "spec": spec, "status": status,
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
