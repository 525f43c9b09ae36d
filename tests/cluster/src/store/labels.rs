// SPDX-License-Identifier: LGPL-2.1-or-later
//! Selecting objects by their labels.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Stored;

/// One part of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

/// A label selector; an empty one selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Requirement>);

impl Labels {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`; none if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = split(text).into_iter().filter(|part| !part.is_empty());
        parts.map(requirement).collect::<Option<_>>().map(Self)
    }

    /// Whether it selects everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it selects that object.
    pub(crate) fn fit(&self, object: &Stored) -> bool {
        #[derive(Deserialize)]
        struct Object {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            #[serde(default)]
            labels: Option<BTreeMap<String, String>>,
        }
        if self.is_empty() {
            return true;
        }
        let object = serde_json::from_slice::<Object>(object.item()).ok();
        let labels = object.and_then(|object| object.metadata.labels).unwrap_or_default();
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(name, values) => {
                labels.get(name).is_some_and(|own| values.contains(own))
            }
            Requirement::NotIn(name, values) => {
                labels.get(name).is_none_or(|own| !values.contains(own))
            }
            Requirement::Exists(name) => labels.contains_key(name),
            Requirement::Missing(name) => !labels.contains_key(name),
        })
    }
}

/// At commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut inside = false;
    let at_comma = |letter: char| {
        match letter {
            '(' => inside = true,
            ')' => inside = false,
            _ => {}
        }
        letter == ',' && !inside
    };
    text.split(at_comma).map(str::trim).collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    let name = |text: &str| {
        let text = text.trim();
        let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        (!text.is_empty() && text.chars().all(fine)).then(|| text.to_owned())
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(name(key)?, one(value)));
    }
    if let Some((key, value)) = part.split_once('=') {
        return Some(Requirement::In(name(key)?, one(value.trim_start_matches('='))));
    }
    if let Some(key) = part.strip_prefix('!') {
        return Some(Requirement::Missing(name(key)?));
    }
    let Some((head, values)) = part.split_once('(') else {
        return Some(Requirement::Exists(name(part)?));
    };
    let values = values.strip_suffix(')')?.split(',').map(|one| one.trim().to_owned()).collect();
    let (key, operator) = head.trim().split_once(char::is_whitespace)?;
    match operator.trim() {
        "in" => Some(Requirement::In(name(key)?, values)),
        "notin" => Some(Requirement::NotIn(name(key)?, values)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::PODS;
    use crate::store::Store;

    #[test]
    fn selects_by_each_kind_of_requirement() {
        let store = Store::default();
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "labels": {"a/b": "c"}}});
        let pod = store.write(|objects, clock| objects.put(&PODS, pod, clock));
        for (selector, fits) in [
            ("", true),
            ("a/b=c", true),
            ("a/b==c,a/b", true),
            ("a/b!=c", false),
            ("a/b in (x, c),!z", true),
            ("a/b notin (x,c)", false),
            ("z", false),
            ("z!=1", true),
        ] {
            assert_eq!(Labels::parse(selector).unwrap().fit(&pod), fits, "{selector}");
        }
        assert_eq!(Labels::parse("a b"), None);
        assert_eq!(Labels::parse("a near (b)"), None);
    }
}
