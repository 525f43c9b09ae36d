// SPDX-License-Identifier: LGPL-2.1-or-later
//! Objects that no client could write: with a status, or older than they are.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::resource::{IMAGES, Resource, STORED};
use crate::store::Store;

/// How long ago an Image was made.
#[derive(Deserialize)]
pub(super) struct Age {
    image: String,
    minutes: i64,
}

/// Writes objects as they are.
///
/// # Errors
/// When one is of no kind that is stored.
pub(super) fn objects(store: &Store, all: Vec<Value>) -> Result<(), String> {
    let known = |object: Value| {
        let resource = kind(&object).ok_or_else(|| format!("of no kind: {object}"))?;
        if object["metadata"]["name"].as_str().is_none_or(str::is_empty) {
            return Err(format!("without a name: {object}"));
        }
        if resource.namespaced != object["metadata"]["namespace"].is_string() {
            return Err(format!("in the wrong place: {object}"));
        }
        Ok((resource, object))
    };
    let all = all.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
    store.write(|objects, clock| {
        for (resource, object) in all {
            objects.put(resource, object, clock);
        }
    });
    Ok(())
}

fn kind(object: &Value) -> Option<&'static Resource> {
    let mut all = STORED.into_iter();
    all.find(|one| object["kind"] == one.kind && object["apiVersion"] == one.api_version())
}

/// Sets the time at which an Image was made.
///
/// # Errors
/// When there is no such Image.
pub(super) fn age(store: &Store, age: &Age) -> Result<(), String> {
    let then = Timestamp::now().as_second() - 60 * age.minutes;
    let then = Timestamp::from_second(then).map_err(|error| error.to_string())?;
    store.write(|objects, clock| {
        let missing = || format!("there is no Image {}", age.image);
        let mut image = objects.get(&IMAGES, &age.image).ok_or_else(missing)?.value();
        image["metadata"]["creationTimestamp"] = json!(then.to_string());
        objects.put(&IMAGES, image, clock);
        Ok(())
    })
}
