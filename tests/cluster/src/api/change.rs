// SPDX-License-Identifier: LGPL-2.1-or-later
//! Creating and changing stored objects; deleting is next door.

use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::delete::{self, is_dry_run};
use super::grant::Grant;
use super::ownership::Manager;
use super::refusal::Refusal;
use super::{Api, Call, apply, complete, json_patch, validate};
use crate::access::User;
use crate::access::rule::Attributes;
use crate::clock::Clock;
use crate::http::body::Body;
use crate::identifier;
use crate::resource::{NAMESPACES, PROJECT, Resource, USER};
use crate::store::{Objects, key};

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The content type of what is applied.
pub(super) const APPLY: &str = "application/apply-patch+yaml";

const JSON_PATCH: &str = "application/json-patch+json";

/// Attempts of a patch whose object others change meanwhile.
const ATTEMPTS: usize = 5;

/// Fields of the metadata that are the server's, not the caller's.
const OURS: [&str; 6] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
];

/// A change under way.
struct Change<'a> {
    api: &'a Api,
    user: &'a User,
    resource: &'static Resource,
    call: &'a Call<'a>,
    /// The name of the object; made here if the caller only gave its beginning.
    name: String,
}

/// Creates, updates, patches or deletes.
///
/// # Errors
/// When it is not there, or must not be changed so.
pub(super) fn answer(
    api: &Api,
    user: &User,
    resource: &'static Resource,
    call: &Call<'_>,
) -> Result<Response<Body>, Refusal> {
    if call.verb == "delete" {
        return Ok(call.style.json(StatusCode::OK, &delete::delete(&api.store, resource, call)?));
    }
    let name = match &call.path.name {
        Some(name) => name.clone(),
        None => name_of(&call.body, resource)?,
    };
    let change = Change { api, user, resource, call, name };
    let (object, created) = change.carry_out()?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(call.style.json(status, &resource.alone(object)))
}

/// The name of an object that is to be created.
fn name_of(body: &Value, resource: &Resource) -> Result<String, Refusal> {
    let metadata = &body["metadata"];
    let given = |field: &str| metadata[field].as_str().filter(|text| !text.is_empty());
    if let Some(name) = given("name") {
        return Ok(name.to_owned());
    }
    let beginning = given("generateName").ok_or_else(|| {
        let why = "Required value: name or generateName is required";
        Refusal::invalid(resource.group, resource.kind, "", "metadata.name", why)
    })?;
    Ok(format!("{beginning}{}", identifier::suffix()))
}

impl Change<'_> {
    /// Returns the object, and whether it is new.
    fn carry_out(&self) -> Result<(Value, bool), Refusal> {
        self.same_place(&self.call.body)?;
        for _ in 0..ATTEMPTS {
            let objects = self.api.store.read();
            let before = objects.get(self.resource, &self.key()).map(|object| object.value());
            drop(objects);
            let mut after = self.wanted(before.as_ref())?;
            self.identify(&mut after, before.as_ref())?;
            complete::name_groups(self.resource, &mut after);
            validate::check(self.resource, &self.name, &after, before.as_ref())?;
            self.grant().check(&after, before.as_ref())?;
            if let Some(done) = self.write(before.as_ref(), after)? {
                return Ok((done, before.is_none()));
            }
        }
        Err(self.conflict())
    }

    /// The object that the caller wants, from what there is.
    fn wanted(&self, before: Option<&Value>) -> Result<Value, Refusal> {
        let body = &self.call.body;
        let is_json_patch = self.call.content_type == JSON_PATCH && self.call.verb == "patch";
        if !body.is_object() && !is_json_patch {
            return Err(Refusal::bad_request("the body is no object"));
        }
        let missing = || Refusal::not_found(self.resource.group, self.resource.plural, &self.name);
        let now = self.api.store.clock.now();
        let api_version = self.resource.api_version();
        let mut after = match (self.call.verb, self.call.content_type) {
            ("create", _) => {
                if before.is_some() {
                    let (group, plural) = (self.resource.group, self.resource.plural);
                    return Err(Refusal::already_exists(group, plural, &self.name));
                }
                self.same_kind(body)?;
                body.clone()
            }
            ("update", _) => {
                let before = before.ok_or_else(missing)?;
                self.same_kind(body)?;
                self.names_version(body)?;
                self.unchanged(before, body)?;
                body.clone()
            }
            (_, JSON_PATCH) => {
                let before = before.ok_or_else(missing)?;
                let after = json_patch::apply(before, body).ok_or_else(Refusal::bad_patch)?;
                self.unchanged(before, &after)?;
                after
            }
            (_, "application/merge-patch+json") => {
                let before = before.ok_or_else(missing)?;
                self.unchanged(before, body)?;
                let mut after = before.clone();
                merge(&mut after, body);
                after
            }
            (_, APPLY) if !self.api.old => {
                self.same_kind(body)?;
                if before.is_none() {
                    self.may_create()?;
                }
                let manager = Manager {
                    name: self.call.query.get("fieldManager").unwrap_or_default(),
                    api_version: &api_version,
                    now: &now,
                };
                return apply::apply(before, body, &manager, self.call.query.flag("force"));
            }
            _ => return Err(Refusal::unsupported_media_type()),
        };
        let agent = self.call.agent.split('/').next().unwrap_or_default();
        let name = self.call.query.get("fieldManager").unwrap_or(agent);
        let manager = Manager { name, api_version: &api_version, now: &now };
        apply::note_update(before, &mut after, &manager);
        Ok(after)
    }

    /// What the body says it is must be what the path says.
    fn same_kind(&self, body: &Value) -> Result<(), Refusal> {
        let (kind, version) = (&body["kind"], &body["apiVersion"]);
        let expected = self.resource.api_version();
        if kind.is_null() && version.is_null() && self.call.verb != "patch" {
            return Ok(());
        }
        if *kind == self.resource.kind && *version == expected {
            return Ok(());
        }
        let (kind, version) = (kind.as_str().unwrap_or(""), version.as_str().unwrap_or(""));
        Err(Refusal::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {}: expected {expected}",
            self.resource.kind
        )))
    }

    /// Neither name nor namespace may be others than those of the path.
    fn same_place(&self, body: &Value) -> Result<(), Refusal> {
        let (said, url) = (&body["metadata"]["name"], &self.name);
        if let Some(said) = said.as_str().filter(|said| said != url) {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({said}) does not match the name on the URL ({url})"
            )));
        }
        let said = body["metadata"]["namespace"].as_str().filter(|said| !said.is_empty());
        if said.is_some() && said != self.namespace() {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        Ok(())
    }

    /// OpenShift's own objects are not changed blindly.
    fn names_version(&self, body: &Value) -> Result<(), Refusal> {
        let Resource { group, kind, .. } = self.resource;
        let said = body["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !matches!(*group, USER | PROJECT) || !said.is_empty() {
            return Ok(());
        }
        let why = "Invalid value: 0x0: must be specified for an update";
        Err(Refusal::invalid(group, kind, &self.name, "metadata.resourceVersion", why))
    }

    fn unchanged(&self, before: &Value, wanted: &Value) -> Result<(), Refusal> {
        for field in ["uid", "resourceVersion"] {
            let said = wanted["metadata"][field].as_str().filter(|said| !said.is_empty());
            if said.is_some_and(|said| before["metadata"][field] != said) {
                return Err(self.conflict());
            }
        }
        Ok(())
    }

    fn conflict(&self) -> Refusal {
        Refusal::conflict(self.resource.group, self.resource.plural, &self.name, MODIFIED)
    }

    /// Who applies an object that is not there needs the right to create it too.
    fn may_create(&self) -> Result<(), Refusal> {
        let what = Attributes { name: None, ..self.call.path.attributes("create") };
        self.api.authorize(self.user, &what)
    }

    /// Fills in what follows from the path and from what there was.
    fn identify(&self, after: &mut Value, before: Option<&Value>) -> Result<(), Refusal> {
        if !after["metadata"].is_object() {
            after["metadata"] = json!({});
        }
        let metadata = &mut after["metadata"];
        metadata["name"] = json!(self.name);
        if let Some(namespace) = self.namespace() {
            metadata["namespace"] = json!(namespace);
        }
        let fields = metadata.as_object_mut().ok_or_else(|| Refusal::bad_request("no metadata"))?;
        fields.remove("resourceVersion");
        for field in OURS {
            match before.map(|before| &before["metadata"][field]) {
                Some(known) if !known.is_null() => {
                    fields.insert(field.to_owned(), known.clone());
                }
                _ => {
                    fields.remove(field);
                }
            }
        }
        // The status has a path of its own, which controllers use.
        let status = before.map(|before| before["status"].clone()).unwrap_or_default();
        if let Some(object) = after.as_object_mut() {
            object.remove("kind");
            object.remove("apiVersion");
            object.remove("status");
            if !status.is_null() {
                object.insert("status".to_owned(), status);
            }
        }
        Ok(())
    }

    /// Writes it unless others were faster; then the answer is none.
    fn write(&self, before: Option<&Value>, mut after: Value) -> Result<Option<Value>, Refusal> {
        let dry = is_dry_run(self.call);
        self.api.store.write(|objects, clock| {
            let now = objects.get(self.resource, &self.key()).map(|object| object.value());
            let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
            if now.as_ref().map(version) != before.map(version) {
                // An update names the state that it changes; it is not tried again.
                return if self.call.verb == "update" { Err(self.conflict()) } else { Ok(None) };
            }
            if before.is_none() {
                self.place_for(objects)?;
            }
            let network = &self.api.network;
            complete::fill(objects, network, self.resource, &self.name, &mut after, before)?;
            if let Some(before) = before {
                after["metadata"]["resourceVersion"] = version(before);
                if apply::same(before, &after) {
                    return Ok(Some(before.clone()));
                }
                if before["spec"] != after["spec"]
                    && let Some(generation) = before["metadata"]["generation"].as_u64()
                {
                    after["metadata"]["generation"] = json!(generation + 1);
                }
            }
            Ok(Some(if dry {
                pretend(after, clock)
            } else {
                objects.put(self.resource, after, clock).value()
            }))
        })
    }

    /// New objects need a namespace, and one that stays.
    fn place_for(&self, objects: &Objects) -> Result<(), Refusal> {
        if !self.resource.namespaced {
            return Ok(());
        }
        let Some(namespace) = self.namespace() else {
            return Err(Refusal::method_not_allowed());
        };
        let missing = || Refusal::not_found("", NAMESPACES.plural, namespace);
        let found = objects.get(&NAMESPACES, namespace).ok_or_else(missing)?;
        if found.value()["status"]["phase"] == "Terminating" {
            let (group, plural) = (self.resource.group, self.resource.plural);
            return Err(Refusal::namespace_ends(group, plural, &self.name, namespace));
        }
        Ok(())
    }

    fn grant(&self) -> Grant<'_> {
        Grant {
            access: &self.api.access,
            user: self.user,
            resource: self.resource,
            namespace: self.namespace(),
            name: &self.name,
        }
    }

    /// None for objects of the whole cluster.
    fn namespace(&self) -> Option<&str> {
        self.call.path.namespace.as_deref().filter(|_| self.resource.namespaced)
    }

    fn key(&self) -> String {
        key(self.namespace(), &self.name)
    }
}

/// An object as it would be written.
fn pretend(mut object: Value, clock: &Clock) -> Value {
    let metadata = &mut object["metadata"];
    if metadata["uid"].is_null() {
        metadata["uid"] = json!(identifier::uid());
        metadata["creationTimestamp"] = json!(clock.now());
    }
    object
}

/// RFC 7386: null removes.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_removes_what_is_null() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(&mut target, &json!({"a": {"b": null, "e": {"f": null}}, "d": [2]}));
        assert_eq!(target, json!({"a": {"c": 2, "e": {}}, "d": [2]}));
    }
}
