// SPDX-License-Identifier: LGPL-2.1-or-later
//! Server-side apply: what somebody applies no more goes, and what others own stays theirs.

use serde_json::{Value, json};

use super::fields::{Fields, at, fields_of, merge, remove};
use super::ownership::{Manager, Operation, Ownership};
use super::refusal::Refusal;

/// The object after somebody applied a part of it.
///
/// # Errors
/// When the caller does not say who it is, or a field is somebody else's.
pub(super) fn apply(
    before: Option<&Value>,
    applied: &Value,
    manager: &Manager<'_>,
    force: bool,
) -> Result<Value, Refusal> {
    const GROUP: &str = "meta.k8s.io";
    if manager.name.is_empty() {
        let why = "Required value: is required for apply patch";
        return Err(Refusal::invalid(GROUP, "PatchOptions", "", "fieldManager", why));
    }
    if !applied["metadata"]["managedFields"].is_null() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let nothing = json!({});
    let live = before.unwrap_or(&nothing);
    let mut ownership = Ownership::of(live);
    if before.is_some() && ownership.is_empty() {
        // What nobody owns yet is somebody's, or it would go with the first who owns it too.
        let others = Manager { name: "before-first-apply", ..*manager };
        ownership.set(&others, Operation::Update, fields_of(live));
    }
    let fields = fields_of(applied);
    let conflicts = ownership.conflicts(manager, &fields, live, applied);
    if !conflicts.is_empty() && !force {
        return Err(Refusal::not_theirs(&conflicts));
    }
    ownership.take(manager, &fields, live, applied);
    let mut after = live.clone();
    merge(&mut after, applied, "");
    let old = ownership.fields(manager, Operation::Apply);
    // An item goes as a whole, before its fields: `.` sorts before `f`.
    for path in old.difference(&fields) {
        if !ownership.is_anothers(manager, path) {
            remove(&mut after, path);
        }
    }
    ownership.set(manager, Operation::Apply, fields);
    ownership.write(&mut after);
    Ok(after)
}

/// Notes who created or changed what by other means.
pub(super) fn note_update(before: Option<&Value>, after: &mut Value, manager: &Manager<'_>) {
    let nothing = json!({});
    let before = before.unwrap_or(&nothing);
    let mut ownership = Ownership::of(before);
    let (now, then) = (fields_of(after), fields_of(before));
    let changed: Fields = now
        .iter()
        .filter(|path| !then.contains(*path) || at(before, path) != at(after, path))
        .cloned()
        .collect();
    ownership.keep(|path| now.contains(path) && !changed.contains(path));
    if !changed.is_empty() && !manager.name.is_empty() {
        let mut all = ownership.fields(manager, Operation::Update);
        all.extend(changed);
        ownership.set(manager, Operation::Update, all);
    }
    ownership.write(after);
}

/// Whether two states of an object differ in nothing but the times of their managers.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let entries = object["metadata"]["managedFields"].as_array_mut();
        for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
            entry.remove("time");
        }
        object
    };
    timeless(one) == timeless(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CI: Manager<'_> = Manager { name: "ci", api_version: "v1", now: "1" };
    const PAGE: Manager<'_> = Manager { name: "page", api_version: "v1", now: "2" };

    fn pod(image: &str, port: u16) -> Value {
        let container = json!({"name": "a", "image": image, "ports": [{"containerPort": port}]});
        json!({"metadata": {"name": "x", "labels": {"app": "x"}}, "spec": {"containers": [container]}})
    }

    #[test]
    fn what_is_applied_no_more_goes() {
        let first = apply(None, &pod("one", 1), &CI, false).unwrap();
        let second = apply(Some(&first), &pod("two", 2), &CI, false).unwrap();
        assert_eq!(second["spec"], pod("two", 2)["spec"]);
        let bare = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a"}]}});
        let third = apply(Some(&second), &bare, &CI, false).unwrap();
        assert_eq!(third["spec"], bare["spec"]);
        assert!(third["metadata"].get("labels").is_none());
    }

    #[test]
    fn anothers_field_is_a_conflict_unless_forced() {
        let mut live = pod("one", 1);
        note_update(None, &mut live, &PAGE);
        let refusal = apply(Some(&live), &pod("two", 1), &CI, false).unwrap_err().status();
        let message = "Apply failed with 1 conflict: conflict with \"page\" using v1 at 2: \
                       .spec.containers[name=\"a\"].image";
        assert_eq!((refusal["message"].as_str(), &refusal["code"]), (Some(message), &json!(409)));
        let forced = apply(Some(&live), &pod("two", 1), &CI, true).unwrap();
        assert_eq!(forced["spec"]["containers"][0]["image"], "two");
        // What both own stays when one gives it up.
        let less = json!({"metadata": {"name": "x"}, "spec": {"containers": [{"name": "a", "image": "two"}]}});
        let after = apply(Some(&forced), &less, &CI, false).unwrap();
        assert_eq!(after["metadata"]["labels"]["app"], "x");
        assert_eq!(after["spec"], forced["spec"]);
    }

    #[test]
    fn what_was_there_before_stays() {
        let page = json!({"metadata": {"name": "x"}, "spec": {"containers": [
            {"name": "a", "env": [{"name": "MODE", "value": "read-only"}]},
        ]}});
        let applied = apply(Some(&pod("one", 1)), &page, &PAGE, false).unwrap();
        assert_eq!(applied["spec"]["containers"][0]["env"][0]["name"], "MODE");
        let nothing = json!({"metadata": {"name": "x"}});
        let back = apply(Some(&applied), &nothing, &PAGE, false).unwrap();
        assert_eq!(back["spec"], pod("one", 1)["spec"]);
    }

    #[test]
    fn the_same_once_more_changes_nothing() {
        let first = apply(None, &pod("one", 1), &CI, false).unwrap();
        let later = Manager { now: "9", ..CI };
        assert!(same(&first, &apply(Some(&first), &pod("one", 1), &later, false).unwrap()));
        let nobody = Manager { name: "", ..CI };
        assert!(apply(None, &pod("one", 1), &nobody, false).is_err());
    }
}
