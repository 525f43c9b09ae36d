// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's projects: the namespaces that the caller may see.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::resource::NAMESPACES;
use crate::store::{Store, Stored};

/// The projects of a user.
pub(crate) fn list(store: &Store, access: &Access, user: &User) -> Value {
    // The lock is not kept: deciding may take it too.
    let all: Vec<_> = store.read().all(&NAMESPACES).cloned().collect();
    let visible = all.iter().filter(|namespace| may_see(access, user, namespace.name()));
    let items: Vec<_> = visible.map(|namespace| project(namespace)).collect();
    json!({
        "kind": "ProjectList", "apiVersion": "project.openshift.io/v1", "metadata": {},
        "items": items,
    })
}

/// One project.
///
/// # Errors
/// When it is not there.
pub(crate) fn get(store: &Store, name: &str) -> Result<Value, Refusal> {
    let objects = store.read();
    let namespace = objects.get(&NAMESPACES, name);
    let mut project = project(namespace.ok_or_else(|| Refusal::not_found("", "namespaces", name))?);
    project["kind"] = json!("Project");
    project["apiVersion"] = json!("project.openshift.io/v1");
    Ok(project)
}

fn may_see(access: &Access, user: &User, namespace: &str) -> bool {
    let what = Attributes {
        verb: "get",
        resource: "namespaces",
        namespace: Some(namespace),
        name: Some(namespace),
        ..Attributes::default()
    };
    access.allows(user, &what).is_some()
}

fn project(namespace: &Stored) -> Value {
    namespace.value()
}
