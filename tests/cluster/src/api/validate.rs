// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the API server demands of objects, as far as a registry's objects show it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{people, project};
use crate::controller::account;
use crate::resource::{
    CLAIMS, CLUSTER_ROLE_BINDINGS, DEPLOYMENTS, PROJECTS, RBAC, ROLE_BINDINGS, Resource, SECRETS,
    SERVICES, USER,
};

/// Checks an object that is to be written.
///
/// # Errors
/// When a field is missing, wrong, or must not change.
pub(super) fn check(
    resource: &Resource,
    name: &str,
    after: &Value,
    before: Option<&Value>,
) -> Result<(), Refusal> {
    let invalid = |field: &str, why: &str| {
        Err(Refusal::invalid(resource.group, resource.kind, name, field, why))
    };
    if resource == &PROJECTS {
        return project::check(name, after, before);
    }
    if resource.group == USER {
        return people::check(resource, name, after, before);
    }
    check_name(resource, name)?;
    let spec = &after["spec"];
    if resource == &DEPLOYMENTS {
        let (selector, labels) = (&spec["selector"], &spec["template"]["metadata"]["labels"]);
        let Some(wanted) = selector["matchLabels"].as_object().filter(|all| !all.is_empty()) else {
            return invalid("spec.selector", "Required value");
        };
        if spec["template"]["spec"]["containers"].as_array().is_none_or(Vec::is_empty) {
            return invalid("spec.template.spec.containers", "Required value");
        }
        if wanted.iter().any(|(name, value)| labels[name] != *value) {
            let why =
                format!("Invalid value: {labels}: `selector` does not match template `labels`");
            return invalid("spec.template.metadata.labels", &why);
        }
        if before.is_some_and(|before| before["spec"]["selector"] != *selector) {
            let why = format!("Invalid value: {selector}: field is immutable");
            return invalid("spec.selector", &why);
        }
    } else if resource == &SERVICES {
        let headless = spec["type"] == "ExternalName" || spec["clusterIP"] == "None";
        if !headless && spec["ports"].as_array().is_none_or(Vec::is_empty) {
            return invalid("spec.ports", "Required value");
        }
        let (old, new) = (before.map(|before| &before["spec"]["clusterIP"]), &spec["clusterIP"]);
        if !new.is_null() && old.is_some_and(|old| old != new) {
            let why = format!("Invalid value: {}: field is immutable", json!([new]));
            return invalid("spec.clusterIPs[0]", &why);
        }
    } else if resource == &CLAIMS {
        if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
            let why = "Required value: at least 1 access mode is required";
            return invalid("spec.accessModes", why);
        }
        if spec["resources"]["requests"]["storage"].is_null() {
            return invalid("spec.resources[storage]", "Required value");
        }
    } else if resource == &SECRETS {
        if after["type"] == account::TYPE
            && after["metadata"]["annotations"][account::NAME].is_null()
        {
            let field = format!("metadata.annotations[{}]", account::NAME);
            return invalid(&field, "Required value");
        }
        let old = before.map(|before| &before["type"]);
        if old.is_some_and(|old| !after["type"].is_null() && *old != after["type"]) {
            let why = format!("Invalid value: {}: field is immutable", after["type"]);
            return invalid("type", &why);
        }
    } else if resource == &ROLE_BINDINGS || resource == &CLUSTER_ROLE_BINDINGS {
        let reference = &after["roleRef"];
        if reference["name"].as_str().is_none_or(str::is_empty) {
            return invalid("roleRef.name", "Required value");
        }
        if before.is_some_and(|before| before["roleRef"] != *reference) {
            let why = format!(
                "Invalid value: {{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}: cannot change roleRef",
                reference["apiGroup"], reference["kind"], reference["name"]
            );
            return invalid("roleRef", &why);
        }
        let subjects = after["subjects"].as_array().into_iter().flatten();
        for (at, subject) in subjects.enumerate() {
            check_subject(resource, name, at, subject)?;
        }
    }
    Ok(())
}

/// Whoever gets a role: a user, a group or a service account.
fn check_subject(
    resource: &Resource,
    name: &str,
    at: usize,
    subject: &Value,
) -> Result<(), Refusal> {
    let invalid = |field: &str, why: &str| {
        let field = format!("subjects[{at}].{field}");
        Err(Refusal::invalid(resource.group, resource.kind, name, &field, why))
    };
    let text = |field: &str| subject[field].as_str().unwrap_or_default();
    if text("name").is_empty() {
        return invalid("name", "Required value");
    }
    let group = match text("kind") {
        "ServiceAccount" => {
            if let Some(why) = bad_subdomain(text("name")) {
                return invalid("name", &format!("Invalid value: \"{}\": {why}", text("name")));
            }
            if text("namespace").is_empty() {
                return invalid("namespace", "Required value");
            }
            ""
        }
        "User" | "Group" => RBAC,
        kind => {
            let why = format!(
                "Unsupported value: \"{kind}\": supported values: \"ServiceAccount\", \"User\", \
                 \"Group\""
            );
            return invalid("kind", &why);
        }
    };
    if text("apiGroup") != group {
        let why =
            format!("Unsupported value: \"{}\": supported values: \"{group}\"", text("apiGroup"));
        return invalid("apiGroup", &why);
    }
    Ok(())
}

/// Names of roles and bindings are parts of a path, those of others parts of a host name.
fn check_name(resource: &Resource, name: &str) -> Result<(), Refusal> {
    let is_label = matches!(resource.plural, "namespaces" | "services");
    let why = match resource.group {
        RBAC => people::bad_segment(name),
        _ if is_label => bad_label(name),
        _ => bad_subdomain(name),
    };
    let Some(why) = why else { return Ok(()) };
    let why = format!("Invalid value: \"{name}\": {why}");
    Err(Refusal::invalid(resource.group, resource.kind, name, "metadata.name", &why))
}

/// Why that is no part of a host name.
pub(super) fn bad_label(name: &str) -> Option<String> {
    let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \
               '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
               '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    if name.len() > 63 {
        return Some("must be no more than 63 bytes".to_owned());
    }
    (!is_label(name)).then(|| why.to_owned())
}

/// Why that is no host name.
fn bad_subdomain(name: &str) -> Option<String> {
    let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
               '-' or '.', and must start and end with an alphanumeric character (e.g. \
               'example.com', regex used for validation is \
               '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    if name.len() > 253 {
        return Some("must be no more than 253 bytes".to_owned());
    }
    (!name.split('.').all(is_label)).then(|| why.to_owned())
}

fn is_label(text: &str) -> bool {
    let end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.starts_with(end)
        && text.ends_with(end)
        && text.chars().all(|letter| end(letter) || letter == '-')
}
