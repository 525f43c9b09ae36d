// SPDX-License-Identifier: LGPL-2.1-or-later
//! Secrets with the tokens of service accounts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Controller;
use crate::access::token::{BoundTo, Claims};
use crate::clock::Clock;
use crate::identifier;
use crate::resource::{SECRETS, SERVICE_ACCOUNTS};
use crate::store::{Objects, key};

/// The type of such Secrets.
pub(crate) const TYPE: &str = "kubernetes.io/service-account-token";
/// The annotation that names the account.
pub(crate) const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";

/// In clusters of old every account gets a Secret; everywhere such a Secret gets its token,
/// and goes with its account.
pub(super) fn reconcile(objects: &mut Objects, clock: &Clock, controller: &Controller) {
    if controller.old {
        give_secrets(objects, clock);
    }
    let secrets: Vec<_> = objects.all(&SECRETS).map(|secret| secret.value()).collect();
    for mut secret in secrets.into_iter().filter(|secret| secret["type"] == TYPE) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (namespace, name) =
            (text(&secret["metadata"]["namespace"]), text(&secret["metadata"]["name"]));
        let account_name = text(&secret["metadata"]["annotations"][NAME]);
        let account = objects.get(&SERVICE_ACCOUNTS, &key(Some(&namespace), &account_name));
        let uid = account.map(|account| text(&account.value()["metadata"]["uid"]));
        let known = &secret["metadata"]["annotations"][UID];
        let Some(uid) = uid.filter(|uid| known.is_null() || known == uid) else {
            objects.delete(&SECRETS, &key(Some(&namespace), &name));
            continue;
        };
        if !secret["data"]["token"].is_null() {
            continue;
        }
        let token = controller.access.tokens.issue(&Claims {
            namespace: namespace.clone(),
            name: account_name,
            uid: uid.clone(),
            expires: None,
            audiences: Vec::new(),
            bound: Some(BoundTo { kind: SECRETS.kind.to_owned(), name, uid: String::new() }),
        });
        secret["metadata"]["annotations"][UID] = json!(uid);
        secret["data"]["token"] = json!(STANDARD.encode(token));
        secret["data"]["namespace"] = json!(STANDARD.encode(namespace));
        secret["data"]["ca.crt"] = json!(STANDARD.encode(&controller.authorities.cluster));
        objects.put(&SECRETS, secret, clock);
    }
}

fn give_secrets(objects: &mut Objects, clock: &Clock) {
    let accounts: Vec<_> = objects.all(&SERVICE_ACCOUNTS).map(|one| one.value()).collect();
    for mut account in accounts {
        if account["secrets"].is_array() {
            continue;
        }
        let metadata = account["metadata"].clone();
        let name = metadata["name"].as_str().unwrap_or_default();
        let own = format!("{name}-token-{}", identifier::suffix());
        account["secrets"] = json!([{"name": own}]);
        let secret = json!({
            "metadata": {
                "name": own, "namespace": metadata["namespace"],
                "annotations": {NAME: name, UID: metadata["uid"]},
            },
            "type": TYPE, "data": {},
        });
        objects.put(&SECRETS, secret, clock);
        objects.put(&SERVICE_ACCOUNTS, account, clock);
    }
}
