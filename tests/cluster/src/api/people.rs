// SPDX-License-Identifier: LGPL-2.1-or-later
//! What OpenShift's API demands of users, groups and identities.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::resource::{GROUPS, IDENTITIES, Resource, USERS};

/// Whoever is let in before there is an identity provider.
const BOOTSTRAP: &str = "kube:admin";

/// Checks an object of `user.openshift.io` that is to be written.
///
/// # Errors
/// When its name is none, or a field is missing, wrong, or must not change.
pub(super) fn check(
    resource: &Resource,
    name: &str,
    after: &Value,
    before: Option<&Value>,
) -> Result<(), Refusal> {
    let invalid = |field: &str, why: &str| {
        Err(Refusal::invalid(resource.group, resource.kind, name, field, why))
    };
    let named = |field: &str, value: &str, reason: Option<String>| match reason {
        Some(reason) => invalid(field, &format!("Invalid value: \"{value}\": {reason}")),
        None => Ok(()),
    };
    if resource == &USERS {
        named("metadata.name", name, bad_name(name).filter(|_| name != BOOTSTRAP))?;
        let identities = after["identities"].as_array().into_iter().flatten();
        for (at, identity) in identities.enumerate() {
            let identity = identity.as_str().unwrap_or_default();
            named(&format!("identities[{at}]"), identity, bad_identity(identity))?;
        }
    } else if resource == &GROUPS {
        named("metadata.name", name, bad_name(name))?;
        for (at, user) in after["users"].as_array().into_iter().flatten().enumerate() {
            let user = user.as_str().unwrap_or_default();
            let reason = bad_name(user).filter(|_| user != BOOTSTRAP);
            named(&format!("users[{at}]"), user, reason)?;
        }
    } else if resource == &IDENTITIES {
        named("metadata.name", name, bad_identity(name))?;
        for field in ["providerName", "providerUserName"] {
            let text = after[field].as_str().unwrap_or_default();
            if text.is_empty() {
                return invalid(field, "Required value");
            }
            if before.is_some_and(|before| before[field] != after[field]) {
                let why = format!("Invalid value: \"{text}\": may not change {field}");
                return invalid(field, &why);
            }
        }
        let text = |field: &str| after[field].as_str().unwrap_or_default();
        let expected = format!("{}:{}", text("providerName"), text("providerUserName"));
        if name != expected {
            return named("metadata.name", name, Some(format!("must be {expected}")));
        }
    }
    Ok(())
}

/// Fills in what is always there.
pub(super) fn fill(resource: &Resource, object: &mut Value) {
    let (field, nothing) = if resource == &USERS {
        ("groups", Value::Null)
    } else if resource == &GROUPS {
        ("users", Value::Null)
    } else {
        ("user", json!({}))
    };
    if object[field].is_null() {
        object[field] = nothing;
    }
    // Empty ones are left out, as Go's `omitempty` does.
    if let Some(fields) = object.as_object_mut() {
        for field in ["fullName", "identities", "extra"] {
            let empty = fields.get(field).is_some_and(|value| match value {
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                value => value.is_null(),
            });
            if empty {
                fields.remove(field);
            }
        }
    }
}

/// Why that is no name of a user or a group.
fn bad_name(name: &str) -> Option<String> {
    if name == "~" {
        return Some("may not equal \"~\"".to_owned());
    }
    bad_segment(name).or_else(|| {
        // That is where the name of an identity is cut.
        name.contains(':').then(|| "may not contain \":\"".to_owned())
    })
}

/// Why that is no name of an identity.
fn bad_identity(name: &str) -> Option<String> {
    const FORM: &str = "must be in the format <providerName>:<providerUserName>";
    bad_segment(name).or_else(|| match name.split_once(':') {
        Some(("", _)) => Some(format!("{FORM} with a non-empty providerName")),
        Some((_, "")) => Some(format!("{FORM} with a non-empty providerUserName")),
        Some((_, rest)) => rest.contains(':').then(|| FORM.to_owned()),
        None => Some(FORM.to_owned()),
    })
}

/// Why that cannot stand in a path.
pub(super) fn bad_segment(name: &str) -> Option<String> {
    if name == "." || name == ".." {
        return Some(format!("may not be '{name}'"));
    }
    let bad = ["/", "%"].into_iter().find(|bad| name.contains(bad))?;
    Some(format!("may not contain '{bad}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parts_of_paths_without_colons() {
        for good in ["josh", "Josh", "josh@example.com", "a b", "-"] {
            assert_eq!(bad_name(good), None, "{good}");
        }
        for bad in ["bad/name", "50%", "..", "~", "system:admin"] {
            assert!(bad_name(bad).is_some(), "{bad}");
        }
        assert_eq!(bad_identity("htpasswd:josh"), None);
        for bad in ["josh", ":josh", "htpasswd:", "a:b:c", "a/b:c"] {
            assert!(bad_identity(bad).is_some(), "{bad}");
        }
    }
}
