// SPDX-License-Identifier: LGPL-2.1-or-later
//! `useridentitymappings`: which user an identity leads to, written in both objects.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::Call;
use super::refusal::{Refusal, success};
use crate::access::login::{add_identity, uid_of};
use crate::clock::Clock;
use crate::http::body::Body;
use crate::resource::{IDENTITIES, USER, USERS};
use crate::store::{Objects, Store};

const KIND: &str = "UserIdentityMapping";
/// As refusals call it.
const SINGULAR: &str = "useridentitymapping";

/// Shows, makes, changes or deletes a mapping.
///
/// # Errors
/// When it is not there, there is one already, or the identity or the user is not there.
pub(super) fn answer(store: &Store, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
    let said = call.body["identity"]["name"].as_str().unwrap_or_default();
    let name = call.path.name.as_deref().unwrap_or(said);
    let missing = || Refusal::not_found(USER, SINGULAR, name);
    store.write(|objects, clock| {
        let mapped = mapping(objects, name);
        let (status, answer) = match call.verb {
            "get" => (StatusCode::OK, mapped.ok_or_else(missing)?),
            "delete" => {
                let mapped = mapped.ok_or_else(missing)?;
                unmap(objects, clock, name, &mapped["user"]["name"]);
                put_user(objects, clock, name, json!({}));
                (StatusCode::OK, success(None))
            }
            "create" => {
                if mapped.is_some() {
                    return Err(Refusal::already_exists(USER, SINGULAR, name));
                }
                (StatusCode::CREATED, map(objects, clock, name, &call.body, None)?)
            }
            _ => {
                let mapped = mapped.ok_or_else(missing)?;
                let before = Some(&mapped["user"]["name"]);
                (StatusCode::OK, map(objects, clock, name, &call.body, before)?)
            }
        };
        Ok(call.style.json(status, &answer))
    })
}

/// The mapping of an identity whose user is there, and has it.
fn mapping(objects: &Objects, name: &str) -> Option<Value> {
    let identity = objects.get(&IDENTITIES, name)?.value();
    let user = identity["user"]["name"].as_str()?;
    let uid = uid_of(objects, user).filter(|uid| identity["user"]["uid"] == uid.as_str())?;
    let meta = &identity["metadata"];
    Some(json!({
        "kind": KIND, "apiVersion": format!("{USER}/v1"),
        "metadata": {
            "name": name, "uid": meta["uid"], "resourceVersion": meta["resourceVersion"],
            "creationTimestamp": meta["creationTimestamp"],
        },
        "identity": {"name": name, "uid": meta["uid"]},
        "user": {"name": user, "uid": uid},
    }))
}

fn map(
    objects: &mut Objects,
    clock: &Clock,
    name: &str,
    body: &Value,
    before: Option<&Value>,
) -> Result<Value, Refusal> {
    let unknown = |field: &str, value: &str, what: &str| {
        let why = format!("Invalid value: \"{value}\": referenced {what} does not exist");
        Refusal::invalid(USER, KIND, name, field, &why)
    };
    if objects.get(&IDENTITIES, name).is_none() {
        return Err(unknown("identity.name", name, "identity"));
    }
    let wanted = body["user"]["name"].as_str().unwrap_or_default();
    let user = objects.get(&USERS, wanted).map(|user| user.value());
    let mut user = user.ok_or_else(|| unknown("user.name", wanted, "user"))?;
    let uid = user["metadata"]["uid"].clone();
    if add_identity(&mut user, name) {
        objects.put(&USERS, user, clock);
    }
    put_user(objects, clock, name, json!({"name": wanted, "uid": uid}));
    if let Some(before) = before.filter(|before| *before != wanted) {
        unmap(objects, clock, name, before);
    }
    mapping(objects, name).ok_or_else(|| Refusal::not_found(USER, SINGULAR, name))
}

/// The user of an identity.
fn put_user(objects: &mut Objects, clock: &Clock, identity: &str, user: Value) {
    if let Some(found) = objects.get(&IDENTITIES, identity) {
        let mut changed = found.value();
        changed["user"] = user;
        objects.put(&IDENTITIES, changed, clock);
    }
}

/// The user has the identity no more.
fn unmap(objects: &mut Objects, clock: &Clock, identity: &str, user: &Value) {
    let found = user.as_str().and_then(|user| objects.get(&USERS, user));
    let Some(mut user) = found.map(|user| user.value()) else { return };
    if let Some(identities) = user["identities"].as_array_mut() {
        identities.retain(|one| one != identity);
    }
    super::people::fill(&USERS, &mut user);
    objects.put(&USERS, user, clock);
}
