// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's image API beyond reading what is stored: views, changes, deletes.

mod assign;
mod delete;
pub(crate) mod layers;
pub(crate) mod mapping;
pub(crate) mod metadata;
pub(crate) mod object;
pub(crate) mod stream;
mod tag;
mod update;
mod view;

use http::{Response, StatusCode};
use serde_json::Value;

use crate::access::User;
use crate::api::refusal::Refusal;
use crate::api::{Api, Call};
use crate::http::body::Body;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS};
use crate::store::{Objects, key};

/// Answers what is not mere reading.
///
/// # Errors
/// When something is not there, or must not be changed so.
pub(crate) fn answer(api: &Api, user: &User, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
    let store = &*api.store;
    let path = call.path;
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let name = path.name.as_deref().unwrap_or_default();
    let answer = match (path.resource.as_str(), path.subresource.as_str(), call.verb) {
        ("imagestreams", "layers", _) => {
            let objects = store.read();
            layers::document(&objects, &find_stream(&objects, namespace, name)?)
        }
        ("imagestreams", "status", "get") => whole(find_stream(&store.read(), namespace, name)?),
        ("imagestreams", "status", _) => update::status(store, namespace, name, &call.body)?,
        ("imagestreams", "", "update") => update::spec(api, user, namespace, name, &call.body)?,
        ("imagestreams", "", "delete") => delete::stream(store, call, namespace, name)?,
        ("imagestreams", "", "create") => {
            let created = update::create(api, user, namespace, &call.body)?;
            return Ok(call.style.json(StatusCode::CREATED, &created));
        }
        ("images", "", "delete") => delete::image(store, call, name)?,
        ("imagestreamtags", "", "create" | "update") => {
            return assign::answer(api, user, call, namespace);
        }
        ("imagestreamtags", "", "get") => view::get(&store.read(), namespace, name)?,
        ("imagestreamtags", "", "list") => return Ok(view::list(&store.read(), call)),
        ("imagestreamtags" | "imagetags", "", "delete") => {
            delete::tag(store, call, namespace, name)?
        }
        ("imagetags", "", "get") => tag::get(&store.read(), namespace, name)?,
        ("imagetags", "", "list") => tag::list(&store.read(), path.namespace.as_deref()),
        ("imagestreamimages", "", "get") => view::image(&store.read(), namespace, name)?,
        ("imagestreammappings", "", "create") => {
            let done = mapping::create(store, namespace, &call.body)?;
            return Ok(call.style.json(StatusCode::CREATED, &done));
        }
        _ => return Err(Refusal::method_not_allowed()),
    };
    Ok(call.style.json(StatusCode::OK, &answer))
}

/// A stream, parsed.
fn find_stream(objects: &Objects, namespace: &str, name: &str) -> Result<Value, Refusal> {
    let found =
        objects.get(&IMAGE_STREAMS, &key(Some(namespace), name)).map(|stream| stream.value());
    found.ok_or_else(|| Refusal::not_found(IMAGE_GROUP, IMAGE_STREAMS.plural, name))
}

/// A stream that stands alone.
fn whole(stream: Value) -> Value {
    IMAGE_STREAMS.alone(stream)
}
