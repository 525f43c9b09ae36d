// SPDX-License-Identifier: LGPL-2.1-or-later
//! Tables for people, as `oc get` shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::object::metadata_only;
use super::project::DISPLAY_NAME;
use crate::http::query::Query;
use crate::resource::{IMAGE_STREAMS, IMAGES, PROJECTS, Resource};

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, \
    although some resources may allow a client to request the generation of an appropriate name \
    automatically. Name is primarily intended for creation idempotence and configuration \
    definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const REPOSITORY: &str = "dockerImageRepository represents the effective location this stream may \
    be accessed at. May be empty until the server determines where the repository is located";
const REFERENCE: &str = "dockerImageReference is the string that can be used to pull this image.";
const UPDATED: &str = "Last update time.";

/// How much of the object comes with its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    None,
    Metadata,
    Object,
}

impl Include {
    /// Reads `includeObject`.
    pub(crate) fn of(query: &Query) -> Self {
        match query.get("includeObject") {
            Some("None") => Self::None,
            Some("Object") => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// A table.
pub(crate) fn table(columns: Vec<Value>, metadata: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

fn column(name: &str, description: &str, priority: u8) -> Value {
    let format = if name == "Name" { "name" } else { "" };
    json!({
        "name": name, "type": "string", "format": format,
        "description": description, "priority": priority,
    })
}

/// The columns of a stored kind.
pub(crate) fn columns(resource: &Resource) -> Vec<Value> {
    if resource == &IMAGE_STREAMS {
        return vec![
            column("Name", NAME, 0),
            column("Image Repository", REPOSITORY, 0),
            column("Tags", "Human readable list of tags.", 0),
            column("Updated", UPDATED, 0),
        ];
    }
    if resource == &IMAGES {
        return vec![column("Name", NAME, 0), column("Image Reference", REFERENCE, 0)];
    }
    if resource == &PROJECTS {
        let shown = "the name under which it is shown";
        return vec![
            column("Name", NAME, 0),
            column("Display Name", shown, 0),
            column("Status", "the current lifecycle phase", 0),
        ];
    }
    vec![column("Name", NAME, 0), column("Age", UPDATED, 0)]
}

/// The columns of ImageStreamTags.
pub(crate) fn tag_columns() -> Vec<Value> {
    vec![
        column("Name", NAME, 0),
        column("Image Reference", REFERENCE, 0),
        column("Updated", UPDATED, 0),
        column("Image Name", "image associated with the ImageStream and tag.", 1),
    ]
}

/// The row of a stored object.
pub(crate) fn row(resource: &Resource, item: &[u8], include: Include) -> Value {
    let object: Value = serde_json::from_slice(item).unwrap_or_default();
    let name = &object["metadata"]["name"];
    let cells = if resource == &IMAGE_STREAMS {
        stream_cells(&object)
    } else if resource == &IMAGES {
        json!([name, object["dockerImageReference"]])
    } else if resource == &PROJECTS {
        let shown = object["metadata"]["annotations"][DISPLAY_NAME].as_str().unwrap_or_default();
        json!([name, shown, object["status"]["phase"]])
    } else {
        json!([name, age(&object["metadata"]["creationTimestamp"])])
    };
    with_object(cells, &object, include)
}

/// The row of an ImageStreamTag.
pub(crate) fn tag_row(tag: &Value, include: Include) -> Value {
    let image = &tag["image"];
    let updated = ago(&tag["metadata"]["creationTimestamp"]);
    let cells = json!([
        tag["metadata"]["name"],
        image["dockerImageReference"],
        updated,
        image["metadata"]["name"]
    ]);
    with_object(cells, tag, include)
}

fn with_object(cells: Value, object: &Value, include: Include) -> Value {
    match include {
        Include::None => json!({"cells": cells}),
        Include::Metadata => {
            json!({"cells": cells, "object": metadata_only(object.to_string().as_bytes())})
        }
        Include::Object => json!({"cells": cells, "object": object}),
    }
}

fn stream_cells(stream: &Value) -> Value {
    let tags: Vec<_> = stream["status"]["tags"].as_array().into_iter().flatten().collect();
    let names: Vec<_> = tags.iter().filter_map(|tag| tag["tag"].as_str()).collect();
    let shown = match names.as_slice() {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first},{second},{third} + {} more...", rest.len())
        }
        names => names.join(","),
    };
    let created = tags.iter().flat_map(|tag| tag["items"].as_array().into_iter().flatten());
    let newest = created.filter_map(|item| item["created"].as_str()).max();
    let repository = match &stream["status"]["publicDockerImageRepository"] {
        Value::Null => &stream["status"]["dockerImageRepository"],
        public => public,
    };
    let updated = newest.map(|time| ago(&json!(time))).unwrap_or_default();
    json!([stream["metadata"]["name"], repository, shown, updated])
}

fn seconds_since(time: &Value) -> i64 {
    let time = time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time.map_or(0, |time| (Timestamp::now().as_second() - time.as_second()).max(0))
}

fn ago(time: &Value) -> String {
    let seconds = seconds_since(time);
    let (count, unit) = match seconds {
        0..=59 => (seconds, "second"),
        60..=3599 => (seconds / 60, "minute"),
        3600..=86_399 => (seconds / 3600, "hour"),
        86_400..=604_799 => (seconds / 86_400, "day"),
        _ => (seconds / 604_800, "week"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

fn age(time: &Value) -> String {
    let seconds = seconds_since(time);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
