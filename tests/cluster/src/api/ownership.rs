// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who owns which field of an object: its `managedFields`.

use serde_json::{Value, json};

use super::fields::{Fields, Path, at, flatten, unflatten, words};

/// How somebody came to own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// By applying them.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manager<'a> {
    /// Empty if the caller did not say.
    pub(super) name: &'a str,
    pub(super) api_version: &'a str,
    pub(super) now: &'a str,
}

/// A field that is applied, is another's, and has another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Conflict {
    /// The other, in the words of the API server.
    pub(crate) with: String,
    /// The field, such as `.data.key`.
    pub(crate) field: String,
}

/// What one manager owns.
#[derive(Debug, Clone)]
struct Owned {
    manager: String,
    operation: Operation,
    api_version: String,
    time: String,
    fields: Fields,
}

impl Owned {
    fn is(&self, manager: &Manager<'_>, operation: Operation) -> bool {
        self.manager == manager.name && self.operation == operation
    }

    fn words(&self) -> String {
        let Self { manager, api_version, time, .. } = self;
        match self.operation {
            Operation::Apply => format!("\"{manager}\""),
            Operation::Update => format!("\"{manager}\" using {api_version} at {time}"),
        }
    }
}

/// What everybody owns of an object.
#[derive(Debug)]
pub(super) struct Ownership(Vec<Owned>);

impl Ownership {
    /// Reads it from an object.
    pub(super) fn of(object: &Value) -> Self {
        let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let owned = entries.map(|entry| Owned {
            manager: text(&entry["manager"]),
            operation: if entry["operation"] == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            },
            api_version: text(&entry["apiVersion"]),
            time: text(&entry["time"]),
            fields: flatten(&entry["fieldsV1"]),
        });
        Self(owned.collect())
    }

    /// Whether nobody owns anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What somebody owns.
    pub(super) fn fields(&self, manager: &Manager<'_>, operation: Operation) -> Fields {
        let own = self.0.iter().find(|owned| owned.is(manager, operation));
        own.map(|owned| owned.fields.clone()).unwrap_or_default()
    }

    fn others(&self, manager: &Manager<'_>) -> impl Iterator<Item = &Owned> {
        self.0.iter().filter(move |owned| !owned.is(manager, Operation::Apply))
    }

    /// All conflicts of applied fields with others, by those others.
    pub(super) fn conflicts(
        &self,
        manager: &Manager<'_>,
        fields: &Fields,
        live: &Value,
        applied: &Value,
    ) -> Vec<Conflict> {
        let all = self.others(manager).flat_map(|owned| {
            let contested = owned.fields.intersection(fields);
            let differs = contested.filter(|path| at(live, path) != at(applied, path));
            differs.map(|path| Conflict { with: owned.words(), field: words(path) })
        });
        let mut all: Vec<_> = all.collect();
        all.sort();
        all
    }

    /// Takes from all others what is applied with another value.
    pub(super) fn take(
        &mut self,
        manager: &Manager<'_>,
        fields: &Fields,
        live: &Value,
        applied: &Value,
    ) {
        for owned in self.0.iter_mut().filter(|owned| !owned.is(manager, Operation::Apply)) {
            let stays = |path: &Path| !fields.contains(path) || at(live, path) == at(applied, path);
            owned.fields.retain(stays);
        }
    }

    /// Leaves to everybody only some fields.
    pub(super) fn keep(&mut self, stays: impl Fn(&Path) -> bool) {
        for owned in &mut self.0 {
            owned.fields.retain(&stays);
        }
    }

    /// Whether somebody else owns a field, or a part of it.
    pub(super) fn is_anothers(&self, manager: &Manager<'_>, path: &Path) -> bool {
        let within = match path.split_last() {
            Some((last, item)) if last == "." => item,
            _ => path.as_slice(),
        };
        self.others(manager).any(|owned| owned.fields.iter().any(|one| one.starts_with(within)))
    }

    /// From now on somebody owns these.
    pub(super) fn set(&mut self, manager: &Manager<'_>, operation: Operation, fields: Fields) {
        let old = self.0.iter().find(|owned| owned.is(manager, operation));
        let same = old.filter(|old| old.fields == fields);
        let time = same.map_or_else(|| manager.now.to_owned(), |old| old.time.clone());
        self.0.retain(|owned| !owned.is(manager, operation));
        self.0.push(Owned {
            manager: manager.name.to_owned(),
            operation,
            api_version: manager.api_version.to_owned(),
            time,
            fields,
        });
    }

    /// Writes it into an object.
    pub(super) fn write(&self, object: &mut Value) {
        let owning = self.0.iter().filter(|owned| !owned.fields.is_empty());
        let entries: Vec<_> = owning
            .map(|owned| {
                json!({
                    "manager": owned.manager, "operation": owned.operation.name(),
                    "apiVersion": owned.api_version, "time": owned.time,
                    "fieldsType": "FieldsV1", "fieldsV1": unflatten(&owned.fields),
                })
            })
            .collect();
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
            if !entries.is_empty() {
                metadata.insert("managedFields".to_owned(), entries.into());
            }
        }
    }
}
