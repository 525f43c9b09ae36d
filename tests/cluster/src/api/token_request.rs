// SPDX-License-Identifier: LGPL-2.1-or-later
//! Tokens of service accounts, on request.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Api, Call};
use crate::access::token::{AUDIENCE, BoundTo, Claims};
use crate::resource::{PODS, SECRETS, SERVICE_ACCOUNTS};
use crate::store::key;

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";

const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;
const DEFAULT: i64 = 3600;

/// Answers a `TokenRequest`.
///
/// # Errors
/// When there is no such account, or it is to last too short or too long a time.
pub(super) fn create(api: &Api, call: &Call<'_>) -> Result<Value, Refusal> {
    let namespace = call.path.namespace.as_deref().unwrap_or_default();
    let name = call.path.name.as_deref().unwrap_or_default();
    let spec = &call.body["spec"];
    let uid_of = |resource, name: &str| {
        let objects = api.store.read();
        let found = objects.get(resource, &key(Some(namespace), name));
        found.map(|one| one.value()["metadata"]["uid"].as_str().unwrap_or_default().to_owned())
    };
    let missing = || Refusal::not_found("", SERVICE_ACCOUNTS.plural, name);
    let uid = uid_of(&SERVICE_ACCOUNTS, name).ok_or_else(missing)?;
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT);
    let wrong = match seconds {
        ..SHORTEST => Some("may not specify a duration less than 10 minutes"),
        SHORTEST..=LONGEST => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(wrong) = wrong {
        let why = format!("Invalid value: {seconds}: {wrong}");
        return Err(Refusal::invalid(GROUP, KIND, "", "spec.expirationSeconds", &why));
    }
    let bound = &spec["boundObjectRef"];
    let bound_to = match (bound["kind"].as_str(), bound["name"].as_str()) {
        (Some(kind @ ("Secret" | "Pod")), Some(name)) => {
            let resource = if kind == "Pod" { &PODS } else { &SECRETS };
            let missing = || Refusal::not_found("", resource.plural, name);
            let uid = uid_of(resource, name).ok_or_else(missing)?;
            if bound["uid"].as_str().is_some_and(|said| said != uid) {
                let why = format!(
                    "the UID in the bound object reference ({}) does not match the UID in record. \
                     The object might have been deleted and then recreated",
                    bound["uid"].as_str().unwrap_or_default()
                );
                return Err(Refusal::conflict("", resource.plural, name, &why));
            }
            Some(BoundTo { kind: kind.to_owned(), name: name.to_owned(), uid })
        }
        (Some(kind), _) => {
            let why = format!("cannot bind token for serviceaccount to object of kind {kind}");
            return Err(Refusal::bad_request(why));
        }
        (None, _) => None,
    };
    let seconds = api.access.tokens.granted(seconds);
    let expires = Timestamp::now().as_second() + seconds;
    let end = Timestamp::from_second(expires).map(|time| time.to_string()).unwrap_or_default();
    let asked: Option<Vec<String>> = serde_json::from_value(spec["audiences"].clone()).ok();
    let audiences = asked.filter(|all| !all.is_empty()).unwrap_or_else(|| vec![AUDIENCE.into()]);
    let token = api.access.tokens.issue(&Claims {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: uid.clone(),
        expires: Some(expires),
        audiences: audiences.clone(),
        bound: bound_to,
    });
    Ok(json!({
        "kind": KIND, "apiVersion": format!("{GROUP}/v1"),
        "metadata": {
            "name": name, "namespace": namespace, "uid": uid,
            "creationTimestamp": api.store.clock.now(),
        },
        "spec": {
            "audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound,
        },
        "status": {"token": token, "expirationTimestamp": end},
    }))
}
