// SPDX-License-Identifier: LGPL-2.1-or-later
//! JSON patches (RFC 6902), for the objects that take them.

use serde_json::Value;

/// The object after a patch; none if the patch is none, or one of its steps cannot be done.
pub(super) fn apply(before: &Value, patch: &Value) -> Option<Value> {
    let mut after = before.clone();
    for step in patch.as_array()? {
        let path = step["path"].as_str()?;
        match step["op"].as_str()? {
            "test" => {
                if after.pointer(path)? != step.get("value")? {
                    return None;
                }
            }
            "add" => add(&mut after, path, step.get("value")?.clone())?,
            "remove" => {
                remove(&mut after, path)?;
            }
            "replace" => *after.pointer_mut(path)? = step.get("value")?.clone(),
            "copy" => {
                let value = after.pointer(step["from"].as_str()?)?.clone();
                add(&mut after, path, value)?;
            }
            "move" => {
                let value = remove(&mut after, step["from"].as_str()?)?;
                add(&mut after, path, value)?;
            }
            _ => return None,
        }
    }
    Some(after)
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => {
            map.insert(last, value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at = last.parse().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent)? {
        Value::Object(map) => map.remove(&last),
        Value::Array(items) => {
            let at = last.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// The pointer to what holds the value, and the value's name in there.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_are_done_in_order_or_not_at_all() {
        let group = json!({"users": ["greg", "frank"], "metadata": {"labels": {"a/b": "1"}}});
        let patch = json!([
            {"op": "test", "path": "/users/1", "value": "frank"},
            {"op": "add", "path": "/users/-", "value": "josh"},
            {"op": "remove", "path": "/users/0"},
            {"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"},
            {"op": "copy", "from": "/users/0", "path": "/owner"},
            {"op": "move", "from": "/owner", "path": "/metadata/owner"},
        ]);
        let after = apply(&group, &patch).unwrap();
        assert_eq!(after["users"], json!(["frank", "josh"]));
        assert_eq!(after["metadata"], json!({"labels": {"a/b": "2"}, "owner": "frank"}));
        for bad in [
            json!([{"op": "test", "path": "/users/0", "value": "nobody"}]),
            json!([{"op": "remove", "path": "/users/2"}]),
            json!([{"op": "add", "path": "/users/9", "value": "x"}]),
            json!([{"op": "replace", "path": "/nothing", "value": "x"}]),
            json!({"users": []}),
        ] {
            assert_eq!(apply(&group, &bad), None, "{bad}");
        }
    }
}
