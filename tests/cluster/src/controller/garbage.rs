// SPDX-License-Identifier: LGPL-2.1-or-later
//! What belongs to others goes with them.

use serde_json::Value;

use crate::resource::{CONFIG_MAPS, ROLE_BINDINGS, Resource, SECRETS, SERVICE_ACCOUNTS, STORED};
use crate::store::{Objects, key};

/// Kinds of which people say whose they are. Pods are looked after elsewhere.
const OWNED: [&Resource; 4] = [&CONFIG_MAPS, &ROLE_BINDINGS, &SECRETS, &SERVICE_ACCOUNTS];

/// Deletes what has owners, none of which is there any more.
pub(super) fn collect(objects: &mut Objects) {
    for resource in OWNED {
        let owned = objects.all(resource).filter(|object| object.is_owned());
        let orphans = owned.filter(|object| {
            let value = object.value();
            let mut owners = value["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            !owners.any(|owner| is_there(objects, object.namespace(), owner))
        });
        let orphans: Vec<_> = orphans.map(|object| object.key.clone()).collect();
        for orphan in orphans {
            objects.delete(resource, &orphan);
        }
    }
}

fn is_there(objects: &Objects, namespace: Option<&str>, owner: &Value) -> bool {
    let mut kinds = STORED.into_iter();
    let known = kinds
        .find(|one| owner["kind"] == one.kind && owner["apiVersion"] == one.api_version().as_str());
    // Of a kind that is not kept here: it may be there.
    let Some(kind) = known else { return true };
    let name = owner["name"].as_str().unwrap_or_default();
    let found = objects.get(kind, &key(namespace.filter(|_| kind.namespaced), name));
    found.is_some_and(|found| found.value()["metadata"]["uid"] == owner["uid"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Store;

    #[test]
    fn a_secret_goes_with_its_account() {
        let store = Store::default();
        let account = json!({"metadata": {"name": "ci", "namespace": "n"}});
        let put = |resource, object| store.write(|all, clock| all.put(resource, object, clock));
        let uid = put(&SERVICE_ACCOUNTS, account).value()["metadata"]["uid"].clone();
        let owner = json!({"kind": "ServiceAccount", "apiVersion": "v1", "name": "ci", "uid": uid});
        for (name, owners) in [("token", json!([owner])), ("other", json!(null))] {
            let metadata = json!({"name": name, "namespace": "n", "ownerReferences": owners});
            put(&SECRETS, json!({"metadata": metadata}));
        }
        store.write(|objects, _| collect(objects));
        assert_eq!(store.read().all(&SECRETS).count(), 2);
        store.write(|objects, _| objects.delete(&SERVICE_ACCOUNTS, "n/ci"));
        store.write(|objects, _| collect(objects));
        let left: Vec<_> = store.read().all(&SECRETS).map(|one| one.key.clone()).collect();
        assert_eq!(left, ["n/other"]);
    }
}
