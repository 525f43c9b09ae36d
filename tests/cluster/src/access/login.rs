// SPDX-License-Identifier: LGPL-2.1-or-later
//! Logins that tests make while the cluster runs, as OpenShift's login server would.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::User;
use crate::identifier;
use crate::resource::{IDENTITIES, USERS};
use crate::store::{Objects, Store};

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    /// The uid of the User object; none in a cluster that keeps no users.
    pub(crate) uid: Option<String>,
    /// The groups that came with the credential; only in a cluster that keeps no users.
    pub(crate) groups: Vec<String>,
}

impl Login {
    /// Whoever shows its token.
    pub(crate) fn user(self) -> User {
        let Self { user, uid, mut groups } = self;
        if uid.is_some() {
            groups.push("system:authenticated:oauth".to_owned());
        }
        groups.push("system:authenticated".to_owned());
        User { name: user, uid, groups }
    }
}

/// The tokens that were handed out.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<BTreeMap<String, Login>>);

impl Logins {
    /// A token for somebody.
    pub(crate) fn hand_out(&self, login: Login) -> String {
        let token = identifier::token();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), login);
        token
    }

    /// Whose token it is.
    pub(crate) fn of(&self, token: &str) -> Option<Login> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

/// How an identity finds its user at the first login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mapping {
    /// A new user; refused if there is one of that name already: OpenShift's default.
    #[default]
    Claim,
    /// A new user, or the one of that name.
    Add,
    /// Only the user that the identity was mapped to by hand.
    Lookup,
}

/// The user whom a provider's login leads to: the one that its identity is mapped to, or a new one.
///
/// # Errors
/// When the login server would not let them in; the message says why.
pub(crate) fn enter(
    store: &Store,
    provider: &str,
    name: &str,
    mapping: Mapping,
) -> Result<Login, String> {
    store.write(|objects, clock| {
        let key = format!("{provider}:{name}");
        let identity = objects.get(&IDENTITIES, &key).map(|identity| identity.value());
        if let Some(known) = &identity
            && let Some(user) = known["user"]["name"].as_str()
        {
            let uid = uid_of(objects, user).filter(|uid| known["user"]["uid"] == uid.as_str());
            let gone =
                || format!("could not find user \"{user}\", whom identity {key} is mapped to");
            return Ok(Login {
                user: user.to_owned(),
                uid: Some(uid.ok_or_else(gone)?),
                groups: Vec::new(),
            });
        }
        let user = objects.get(&USERS, name).map(|user| user.value());
        match (mapping, &user) {
            (Mapping::Lookup, _) => {
                return Err(format!("identity {key} is not mapped to any user"));
            }
            (Mapping::Claim, Some(_)) => {
                return Err(format!(
                    "user \"{name}\" cannot be claimed by identity \"{key}\" because it is \
                     already mapped to {} or was made by hand: map the identity, or say \
                     \"mapping\": \"add\"",
                    user.as_ref().map(|user| user["identities"].to_string()).unwrap_or_default()
                ));
            }
            _ => {}
        }
        let mut user = user.unwrap_or_else(|| json!({"metadata": {"name": name}, "groups": null}));
        add_identity(&mut user, &key);
        let uid = objects.put(&USERS, user, clock).value()["metadata"]["uid"].clone();
        let mut identity = identity.unwrap_or_else(|| {
            json!({
                "metadata": {"name": key}, "providerName": provider, "providerUserName": name,
            })
        });
        identity["user"] = json!({"name": name, "uid": uid});
        objects.put(&IDENTITIES, identity, clock);
        let uid = uid.as_str().map(str::to_owned);
        Ok(Login { user: name.to_owned(), uid, groups: Vec::new() })
    })
}

/// The uid of a User object.
pub(crate) fn uid_of(objects: &Objects, user: &str) -> Option<String> {
    let user = objects.get(&USERS, user)?.value();
    user["metadata"]["uid"].as_str().map(str::to_owned)
}

/// Adds an identity to a user who does not have it yet; says whether that changed anything.
pub(crate) fn add_identity(user: &mut Value, identity: &str) -> bool {
    let identities = &mut user["identities"];
    if !identities.is_array() {
        *identities = json!([]);
    }
    let Some(identities) = identities.as_array_mut() else { return false };
    let is_new = !identities.iter().any(|one| one == identity);
    if is_new {
        identities.push(json!(identity));
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_login_makes_the_user() {
        let store = Store::default();
        let first = enter(&store, "htpasswd", "josh", Mapping::Claim).unwrap();
        assert_eq!(enter(&store, "htpasswd", "josh", Mapping::Claim).unwrap(), first);
        let user = store.read().get(&USERS, "josh").unwrap().value();
        assert_eq!(user["identities"], json!(["htpasswd:josh"]));
        let other = enter(&store, "ldap", "josh", Mapping::Claim).unwrap_err();
        assert!(other.contains("cannot be claimed"), "{other}");
        assert_eq!(enter(&store, "ldap", "josh", Mapping::Add).unwrap(), first);
        assert!(enter(&store, "ldap", "eric", Mapping::Lookup).is_err());
        // Who is deleted while the identity stays does not come back by it.
        store.write(|objects, _| objects.delete(&USERS, "josh"));
        assert!(enter(&store, "htpasswd", "josh", Mapping::Claim).is_err());
    }
}
