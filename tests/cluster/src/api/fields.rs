// SPDX-License-Identifier: LGPL-2.1-or-later
//! Fields of objects, named as in `managedFields`: `f:NAME`, and `k:{…}` for the items of
//! lists that have a key, with `.` for the item as such. Other lists are one field.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A field, from the outside to the inside.
pub(super) type Path = Vec<String>;
pub(super) type Fields = BTreeSet<Path>;

/// Nobody owns these.
const UNOWNED: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];
/// Of the metadata only these are owned.
const OWNED: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];

/// All fields of an object that somebody can own.
pub(super) fn fields_of(object: &Value) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        if name == "metadata" {
            for name in OWNED.into_iter().filter(|name| !value[name].is_null()) {
                walk(
                    &value[name],
                    name,
                    vec!["f:metadata".into(), format!("f:{name}")],
                    &mut fields,
                );
            }
        } else if !UNOWNED.contains(&name.as_str()) {
            walk(value, name, vec![format!("f:{name}")], &mut fields);
        }
    }
    fields
}

fn walk(value: &Value, name: &str, path: Path, fields: &mut Fields) {
    let below = |step: String| path.iter().cloned().chain([step]).collect::<Path>();
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                walk(value, name, below(format!("f:{name}")), fields);
            }
        }
        Value::Array(items) if items.iter().all(|item| key_of(name, item).is_some()) => {
            for item in items {
                let Some(key) = key_of(name, item) else { continue };
                let item_path = below(format!("k:{key}"));
                fields.insert(item_path.iter().cloned().chain([".".to_owned()]).collect());
                walk(item, "", item_path, fields);
            }
        }
        Value::Null => {}
        _ => {
            fields.insert(path);
        }
    }
}

/// The key of a list's item, if the list has such.
fn key_of(list: &str, item: &Value) -> Option<Value> {
    let fields: &[&str] = match list {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => &["name"],
        "volumeMounts" => &["mountPath"],
        "ports" if item["containerPort"].is_number() => &["containerPort", "protocol"],
        "ports" => &["port", "protocol"],
        "ownerReferences" => &["uid"],
        _ => return None,
    };
    let mut key = Map::new();
    for field in fields {
        let value = match &item[field] {
            Value::Null if *field == "protocol" => json!("TCP"),
            Value::Null => return None,
            value => value.clone(),
        };
        key.insert((*field).to_owned(), value);
    }
    Some(Value::Object(key))
}

/// The item of a list with a key.
fn position(items: &[Value], key: &str) -> Option<usize> {
    let key: Value = serde_json::from_str(key).ok()?;
    let key = key.as_object()?;
    items.iter().position(|item| {
        key.iter().all(|(field, value)| {
            item[field] == *value || field == "protocol" && item[field].is_null() && *value == "TCP"
        })
    })
}

/// The value of a field; of an item as such only that it is there.
pub(super) fn at<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    const THERE: &Value = &Value::Bool(true);
    path.iter().try_fold(object, |value, step| match step.split_once(':') {
        Some(("f", name)) => value.get(name),
        Some((_, key)) => {
            let items = value.as_array()?;
            items.get(position(items, key)?)
        }
        None => Some(THERE),
    })
}

/// Puts what is applied over what there is, items of lists by their key.
pub(super) fn merge(live: &mut Value, applied: &Value, name: &str) {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) => {
            for (name, value) in applied {
                merge(live.entry(name.clone()).or_insert(Value::Null), value, name);
            }
        }
        (Value::Array(live), Value::Array(applied))
            if applied.iter().all(|item| key_of(name, item).is_some()) =>
        {
            for item in applied {
                let key = key_of(name, item).unwrap_or_default().to_string();
                match position(live, &key) {
                    Some(at) => {
                        if let Some(live) = live.get_mut(at) {
                            merge(live, item, "");
                        }
                    }
                    None => live.push(item.clone()),
                }
            }
        }
        (live, applied) => live.clone_from(applied),
    }
}

/// Removes a field, and what becomes empty by that.
pub(super) fn remove(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match step.split_once(':') {
        Some(("f", name)) => {
            let Some(map) = value.as_object_mut() else { return };
            let empty = match map.get_mut(name) {
                Some(inner) if !rest.is_empty() => {
                    remove(inner, rest);
                    inner.as_object().is_some_and(Map::is_empty)
                        || inner.as_array().is_some_and(Vec::is_empty)
                }
                _ => true,
            };
            if empty {
                map.remove(name);
            }
        }
        Some((_, key)) => {
            let Some(items) = value.as_array_mut() else { return };
            let Some(at) = position(items, key) else { return };
            if rest == ["."] {
                items.remove(at);
            } else if let Some(item) = items.get_mut(at) {
                remove(item, rest);
            }
        }
        None => {}
    }
}

/// A field in the words of a conflict: `.spec.containers[name="x"].image`.
pub(super) fn words(path: &[String]) -> String {
    path.iter().fold(String::new(), |text, step| match step.split_once(':') {
        Some(("f", name)) => format!("{text}.{name}"),
        Some((_, key)) => {
            let key: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let parts: Vec<_> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{text}[{}]", parts.join(","))
        }
        None => text,
    })
}

/// Reads `fieldsV1`.
pub(super) fn flatten(tree: &Value) -> Fields {
    fn walk(tree: &Value, path: &Path, fields: &mut Fields) {
        match tree.as_object().filter(|map| !map.is_empty()) {
            Some(map) => {
                for (step, inner) in map {
                    let path = path.iter().cloned().chain([step.clone()]).collect();
                    walk(inner, &path, fields);
                }
            }
            None => {
                fields.insert(path.clone());
            }
        }
    }
    let mut fields = Fields::new();
    walk(tree, &Path::new(), &mut fields);
    fields.remove(&Path::new());
    fields
}

/// Writes `fieldsV1`.
pub(super) fn unflatten(fields: &Fields) -> Value {
    let mut tree = json!({});
    for path in fields {
        let mut place = &mut tree;
        for step in path {
            place = &mut place[step];
            if place.is_null() {
                *place = json!({});
            }
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_a_key_are_fields_of_their_own() {
        let ports = json!([{"containerPort": 5000}]);
        let object = json!({
            "kind": "X", "metadata": {"name": "n", "labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "ports": ports, "args": ["x"]}]},
        });
        let fields = fields_of(&object);
        let all: Vec<_> = fields.iter().map(|path| words(path)).collect();
        let item = ".spec.containers[name=\"c\"]";
        let port = format!("{item}.ports[containerPort=5000,protocol=\"TCP\"]");
        let mut expected = vec![
            ".metadata.labels.a".to_owned(),
            item.to_owned(),
            format!("{item}.args"),
            format!("{item}.name"),
            port.clone(),
            format!("{port}.containerPort"),
        ];
        expected.sort();
        let mut sorted = all;
        sorted.sort();
        assert_eq!(sorted, expected);
        assert_eq!(flatten(&unflatten(&fields)), fields);
        for path in &fields {
            assert!(at(&object, path).is_some(), "{path:?}");
        }
    }
}
