// SPDX-License-Identifier: LGPL-2.1-or-later
//! The shape of JSON: which fields there are and of which type, whatever the values.

use std::collections::BTreeSet;

use serde_json::Value;

/// Objects whose keys are data.
const MAPS: [&str; 7] =
    ["Labels", "ExposedPorts", "Volumes", "labels", "blobs", "images", "selector"];

/// Every path with its type.
pub(crate) type Shape = BTreeSet<String>;

/// The shape of one value, without `managedFields`: they say who wrote, not what.
pub(crate) fn shape(value: &Value) -> Shape {
    let mut shape = Shape::new();
    walk(value, "", &mut shape);
    shape
}

fn walk(value: &Value, path: &str, shape: &mut Shape) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    shape.insert(format!("{path}: {kind}"));
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| walk(item, &format!("{path}[]"), shape))
        }
        Value::Object(fields) => {
            let last = path.rsplit('.').next().unwrap_or_default();
            for (name, value) in fields.iter().filter(|(name, _)| *name != "managedFields") {
                let name = if MAPS.contains(&last) { "*" } else { name };
                walk(value, &format!("{path}.{name}"), shape);
            }
        }
        _ => {}
    }
}

/// Our answers must look like the recorded ones: no field that none of them has, and every
/// field that all of them have. `also` names what the samples happened not to have.
pub(crate) fn assert_alike(what: &str, ours: &[&Value], recorded: &[&Value], also: &[&str]) {
    assert!(!ours.is_empty() && !recorded.is_empty(), "{what}: nothing to compare");
    let shapes: Vec<_> = recorded.iter().map(|value| shape(value)).collect();
    let known: Shape = shapes.iter().flatten().cloned().collect();
    let needed = shapes.iter().skip(1).fold(shapes[0].clone(), |common, one| &common & one);
    for value in ours {
        let shape = shape(value);
        let invented: Vec<_> =
            shape.difference(&known).filter(|path| !also.contains(&path.as_str())).collect();
        assert!(invented.is_empty(), "{what}: {invented:?} in {value}");
        let missing: Vec<_> = needed.difference(&shape).collect();
        assert!(missing.is_empty(), "{what}: no {missing:?} in {value}");
    }
}

#[test]
fn a_shape_forgets_values_but_not_types() {
    use serde_json::json;
    let one = shape(&json!({"a": [{"b": 1}], "Labels": {"x": "y"}}));
    assert_eq!(one, shape(&json!({"a": [{"b": 2}, {"b": 3}], "Labels": {"z": ""}})));
    assert_ne!(one, shape(&json!({"a": [{"b": "1"}], "Labels": {"x": "y"}})));
}
