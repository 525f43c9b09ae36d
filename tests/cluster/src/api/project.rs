// SPDX-License-Identifier: LGPL-2.1-or-later
//! OpenShift's projects: the namespaces that the caller may see.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::list::List;
use super::object::{Selector, metadata_only};
use super::refusal::{Refusal, success};
use super::style::Form;
use super::validate::bad_label;
use super::{Api, Call, delete, table};
use crate::access::rule::Attributes;
use crate::access::{Access, User};
use crate::http::body::Body;
use crate::resource::{NAMESPACES, PROJECT, PROJECTS};
use crate::store::{Store, Stored};

/// What a project is called besides its name.
pub(super) const DISPLAY_NAME: &str = "openshift.io/display-name";
/// What it is for.
pub(super) const DESCRIPTION: &str = "openshift.io/description";

/// The projects of a user: all at once, whatever page was asked for, and of no version.
///
/// # Errors
/// When the selector is not served.
pub(crate) fn list(api: &Api, user: &User, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
    let selector = Selector::of(call.query)?;
    let visible = visible(&api.store, &api.access, user, &selector);
    let items = visible.iter().map(|namespace| namespace.item());
    let answer = match call.style.form {
        Form::Table => {
            let include = table::Include::of(call.query);
            let rows = items.map(|item| table::row(&PROJECTS, item, include)).collect();
            table::table(table::columns(&PROJECTS), json!({}), rows)
        }
        Form::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {},
            "items": items.map(|item| metadata_only(item)).collect::<Vec<_>>(),
        }),
        Form::Whole | Form::Discovery => {
            let head = List::head(&PROJECTS, call.style.form, &json!({}));
            let items = visible.into_iter().map(|namespace| namespace.item().clone());
            return Ok(call.style.list(List { head, items }));
        }
    };
    Ok(call.style.json(StatusCode::OK, &answer))
}

/// The namespaces that somebody may see.
pub(super) fn visible(
    store: &Store,
    access: &Access,
    user: &User,
    selector: &Selector,
) -> Vec<Arc<Stored>> {
    // The lock is not kept: deciding may take it too.
    let mut all: Vec<_> = store.read().all(&NAMESPACES).cloned().collect();
    all.retain(|namespace| selector.fits(namespace) && may_see(access, user, namespace.name()));
    all
}

/// One project.
///
/// # Errors
/// When it is not there.
pub(crate) fn get(store: &Store, call: &Call<'_>) -> Result<Response<Body>, Refusal> {
    let name = call.path.name.as_deref().unwrap_or_default();
    let found = store.read().get(&NAMESPACES, name);
    let namespace = found.ok_or_else(|| Refusal::not_found("", NAMESPACES.plural, name))?;
    let answer = match call.style.form {
        Form::Metadata => metadata_only(namespace.item()),
        Form::Table => {
            let rows = vec![table::row(&PROJECTS, namespace.item(), table::Include::Metadata)];
            table::table(table::columns(&PROJECTS), json!({}), rows)
        }
        Form::Whole | Form::Discovery => PROJECTS.alone(namespace.value()),
    };
    Ok(call.style.json(StatusCode::OK, &answer))
}

/// Deletes a project: its namespace begins to end.
///
/// # Errors
/// When it is not there, or not what the caller expects.
pub(crate) fn delete(store: &Store, call: &Call<'_>) -> Result<Value, Refusal> {
    delete::delete(store, &NAMESPACES, call)?;
    Ok(success(None))
}

/// Checks a project that is to be written: only display name and description may change.
///
/// # Errors
/// When its name is none, or something else changed.
pub(super) fn check(name: &str, after: &Value, before: Option<&Value>) -> Result<(), Refusal> {
    let invalid = |field: &str, value: &str, why: &str| {
        let why = format!("Invalid value: \"{value}\": {why}");
        Err(Refusal::invalid(PROJECT, PROJECTS.kind, name, field, &why))
    };
    if let Some(why) = bad_name(name) {
        return invalid("metadata.name", name, &why);
    }
    let annotations = &after["metadata"]["annotations"];
    let shown = annotations[DISPLAY_NAME].as_str().unwrap_or_default();
    if shown.contains(['\n', '\t']) {
        let field = format!("metadata.annotations[{DISPLAY_NAME}]");
        return invalid(&field, shown, "may not contain a new line or tab");
    }
    let Some(before) = before else { return Ok(()) };
    if before["spec"]["finalizers"] != after["spec"]["finalizers"] {
        let finalizers = after["spec"]["finalizers"].to_string();
        return invalid("spec.finalizers", &finalizers, "field is immutable");
    }
    for part in ["annotations", "labels"] {
        let free =
            |name: &str| part == "annotations" && [DISPLAY_NAME, DESCRIPTION].contains(&name);
        let (old, new) = (&before["metadata"][part], &after["metadata"][part]);
        let names = [old, new].into_iter().filter_map(Value::as_object).flat_map(|map| map.keys());
        for one in names.filter(|one| !free(one)) {
            if old[one] != new[one] {
                let value = new[one].as_str().unwrap_or_default();
                let why = "field is immutable, try updating the namespace";
                return invalid(&format!("metadata.{part}[{one}]"), value, why);
            }
        }
    }
    Ok(())
}

/// Why that is no name of a project.
pub(super) fn bad_name(name: &str) -> Option<String> {
    if name.len() < 2 {
        return Some("must be at least 2 characters long".to_owned());
    }
    bad_label(name)
}

fn may_see(access: &Access, user: &User, namespace: &str) -> bool {
    let what = Attributes {
        verb: "get",
        resource: "namespaces",
        namespace: Some(namespace),
        name: Some(namespace),
        ..Attributes::default()
    };
    access.allows(user, &what)
}
