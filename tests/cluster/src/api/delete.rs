// SPDX-License-Identifier: LGPL-2.1-or-later
//! Deleting stored objects.

use serde_json::{Value, json};

use super::Call;
use super::refusal::{Refusal, details, success};
use crate::resource::{NAMESPACES, Resource};
use crate::store::{Store, key};

/// Kinds of which a delete answers with the object instead of a Status.
const RETURNED: [&str; 6] = [
    "namespaces",
    "persistentvolumeclaims",
    "pods",
    "serviceaccounts",
    "services",
    "storageclasses",
];

/// Deletes an object; a namespace only begins to end.
///
/// # Errors
/// When it is not there, or not what the caller expects.
pub(super) fn delete(
    store: &Store,
    resource: &'static Resource,
    call: &Call<'_>,
) -> Result<Value, Refusal> {
    let name = call.path.name.as_deref().unwrap_or_default();
    let key = key(call.path.namespace.as_deref().filter(|_| resource.namespaced), name);
    store.write(|objects, clock| {
        let missing = || Refusal::not_found(resource.group, resource.plural, name);
        let mut object = objects.get(resource, &key).ok_or_else(missing)?.value();
        let about = (resource.group, resource.kind, name);
        precondition(call, about, &object, &["uid", "resourceVersion"])?;
        let uid = object["metadata"]["uid"].clone();
        if resource == &NAMESPACES && object["status"]["phase"] == "Terminating" {
            let why = "The system is ensuring all content is removed from this namespace.  Upon \
                       completion, this namespace will automatically be purged by the system.";
            return Err(Refusal::conflict(resource.group, resource.plural, name, why));
        }
        if resource == &NAMESPACES {
            // It ends when it is empty.
            object["metadata"]["deletionTimestamp"] = json!(clock.now());
            object["status"]["phase"] = json!("Terminating");
            if !is_dry_run(call) {
                object = objects.put(resource, object, clock).value();
            }
        } else if !is_dry_run(call) {
            objects.delete(resource, &key);
        }
        if RETURNED.contains(&resource.plural) {
            return Ok(resource.alone(object));
        }
        let mut about = details(resource.group, resource.plural, Some(name));
        about["uid"] = uid;
        Ok(success(Some(about)))
    })
}

/// Whether nothing is to be done, only said.
pub(crate) fn is_dry_run(call: &Call<'_>) -> bool {
    call.query.get("dryRun") == Some("All") || call.body["dryRun"] == json!(["All"])
}

/// Compares what the caller says about the object with what it is.
///
/// # Errors
/// When they differ.
pub(crate) fn precondition(
    call: &Call<'_>,
    (group, kind, name): (&str, &str, &str),
    object: &Value,
    fields: &[&str],
) -> Result<(), Refusal> {
    let all = [
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    ];
    for (field, words, fate) in all.into_iter().filter(|(field, ..)| fields.contains(field)) {
        let (said, is) = (&call.body["preconditions"][field], &object["metadata"][field]);
        let (Some(said), Some(is)) = (said.as_str(), is.as_str()) else { continue };
        if said == is {
            continue;
        }
        let why = format!(
            "the {words} in the precondition ({said}) does not match the {words} in record \
             ({is}). The object might have been {fate}"
        );
        return Err(Refusal::conflict(group, kind, name, &why));
    }
    Ok(())
}
