// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the API server demands of objects, as far as a registry's objects show it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::controller::account;
use crate::resource::{
    CLAIMS, CLUSTER_ROLE_BINDINGS, DEPLOYMENTS, RBAC, ROLE_BINDINGS, Resource, SECRETS, SERVICES,
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
    }
    Ok(())
}

/// Names of roles and bindings are parts of a path, those of others parts of a host name.
fn check_name(resource: &Resource, name: &str) -> Result<(), Refusal> {
    let invalid = |why: String| {
        let why = format!("Invalid value: \"{name}\": {why}");
        Err(Refusal::invalid(resource.group, resource.kind, name, "metadata.name", &why))
    };
    if resource.group == RBAC {
        let bad = ["/", "%"].into_iter().find(|bad| name.contains(bad));
        return bad.map_or(Ok(()), |bad| invalid(format!("may not contain '{bad}'")));
    }
    let is_label = matches!(resource.plural, "namespaces" | "services");
    let end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let inner = |letter: char| end(letter) || letter == '-' || letter == '.' && !is_label;
    let longest = if is_label { 63 } else { 253 };
    if name.len() <= longest
        && name.chars().all(inner)
        && name.starts_with(end)
        && name.ends_with(end)
    {
        return Ok(());
    }
    invalid(if is_label {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
         and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
         regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    } else {
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
         or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
         regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            .to_owned()
    })
}
