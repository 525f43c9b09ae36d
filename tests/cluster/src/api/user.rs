// SPDX-License-Identifier: LGPL-2.1-or-later
//! `users/~`: the caller.

use serde_json::{Value, json};

use crate::access::User;
use crate::resource::USERS;
use crate::store::Store;

/// The caller as a User object. Only who came by OAuth has one; others get one made up, without
/// uid.
pub(crate) fn myself(store: &Store, user: &User) -> Value {
    let mut groups = user.groups.clone();
    groups.sort();
    let stored = store.read().get(&USERS, &user.name);
    let mut object = match stored {
        Some(stored) => stored.value(),
        None => {
            let mut metadata = json!({"name": user.name});
            if let Some(uid) = &user.uid {
                metadata["uid"] = json!(uid);
            }
            json!({"metadata": metadata, "identities": null})
        }
    };
    object["kind"] = json!("User");
    object["apiVersion"] = json!("user.openshift.io/v1");
    object["groups"] = json!(groups);
    object
}
