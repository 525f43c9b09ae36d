// SPDX-License-Identifier: LGPL-2.1-or-later
//! `projectrequests`: a project for whoever asks for one, who then administers it.

use serde_json::{Value, json};

use super::project::{DESCRIPTION, DISPLAY_NAME, bad_name};
use super::refusal::{Refusal, success};
use super::{Api, Call};
use crate::access::User;
use crate::access::roles::binding;
use crate::access::rule::Attributes;
use crate::furniture::namespace;
use crate::resource::{NAMESPACES, PROJECT, PROJECTS, RBAC, ROLE_BINDINGS};

const KIND: &str = "ProjectRequest";
const PLURAL: &str = "projectrequests";
/// As refusals call it.
const SINGULAR: &str = "project";

/// Names that are the cluster's own.
const RESERVED: [&str; 3] = ["openshift", "kubernetes", "kube"];

/// Makes a project, whose requester gets the role `admin`. The answer is the Project.
///
/// # Errors
/// When the name is taken, even by a project that the caller may not see, or none.
pub(super) fn create(api: &Api, user: &User, call: &Call<'_>) -> Result<Value, Refusal> {
    let body = &call.body;
    let name = body["metadata"]["name"].as_str().unwrap_or_default();
    let text = |field: &str| body[field].as_str().unwrap_or_default();
    let invalid = |field: &str, value: &str, why: &str| {
        let why = format!("Invalid value: \"{value}\": {why}");
        Err(Refusal::invalid(PROJECT, KIND, name, field, &why))
    };
    if let Some(why) = bad_name(name) {
        return invalid("metadata.name", name, &why);
    }
    if text("displayName").contains(['\n', '\t']) {
        return invalid("displayName", text("displayName"), "may not contain a new line or tab");
    }
    for reserved in RESERVED {
        let why = if name == reserved {
            format!("cannot request a project with the name \"{reserved}\"")
        } else if name.starts_with(&format!("{reserved}-")) {
            format!("cannot request a project starting with \"{reserved}-\"")
        } else {
            continue;
        };
        return Err(Refusal::forbidden_because(PROJECT, SINGULAR, name, &why));
    }
    let mut project = namespace::requested(name);
    project["metadata"]["annotations"] = json!({
        DESCRIPTION: text("description"), DISPLAY_NAME: text("displayName"),
        "openshift.io/requester": user.name,
    });
    let subject = json!({"kind": "User", "apiGroup": RBAC, "name": user.name});
    let admin = binding("admin", "admin", Some(name), &[subject]);
    api.store.write(|objects, clock| {
        if objects.get(&NAMESPACES, name).is_some() {
            return Err(Refusal::already_exists(PROJECT, SINGULAR, name));
        }
        let made = objects.put(&NAMESPACES, project, clock).value();
        objects.put(&ROLE_BINDINGS, admin, clock);
        Ok(PROJECTS.alone(made))
    })
}

/// Whether the caller may request one: that is what listing means here.
///
/// # Errors
/// When not.
pub(super) fn list(api: &Api, user: &User) -> Result<Value, Refusal> {
    let what =
        Attributes { verb: "create", group: PROJECT, resource: PLURAL, ..Attributes::default() };
    if api.access.allows(user, &what) {
        return Ok(success(None));
    }
    Err(Refusal::may_not_request())
}
