// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users and groups as they are written (`user.openshift.io/v1`).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::group::{GROUPS, Group};
use super::object::{Change, Found};
use super::user::{USERS, User};
use super::{Cluster, Collection, Error};
use crate::uri::escaped;

const API: &str = "/apis/user.openshift.io/v1";

impl Cluster {
    /// Whether the cluster keeps users and groups: only OpenShift does, and not where all of them
    /// come from an OpenID provider.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn keeps_users(&self) -> Result<bool, Error> {
        match self.get::<serde::de::IgnoredAny>(API).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_no_path() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A user; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find_user(&self, name: &str) -> Result<Option<Found<User>>, Error> {
        self.find(&user_path(name)).await
    }

    /// Makes a user, and returns its UID.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is such a user.
    pub async fn make_user(&self, name: &str, full_name: Option<&str>) -> Result<String, Error> {
        let mut user = object("User", name);
        if let Some(full_name) = full_name {
            user["fullName"] = full_name.into();
        }
        let made = self.make_object(USERS, &user).await?;
        Ok(super::object::uid_of(&made).unwrap_or_default().to_owned())
    }

    /// Changes what a user is called; an empty text is removed.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn call_user(&self, name: &str, full_name: &str) -> Result<Change, Error> {
        let change = |user: &mut Value| {
            let before = user["fullName"].as_str().unwrap_or_default();
            let differs = before != full_name;
            if differs {
                user["fullName"] = full_name.into();
            }
            differs
        };
        self.change_object(&user_path(name), change).await
    }

    /// Deletes a user, if it is this one.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete_user(&self, name: &str, uid: &str) -> Result<(), Error> {
        self.delete_object(&user_path(name), uid, None).await
    }

    /// The names of all users.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn user_names(&self) -> Result<HashSet<String>, Error> {
        let names = self
            .list_some(&Collection::whole(USERS), |user: User| Some(user.metadata.name))
            .await?;
        Ok(names.into_iter().collect())
    }

    /// A group; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find_group(&self, name: &str) -> Result<Option<Found<Group>>, Error> {
        self.find(&group_path(name)).await
    }

    /// Makes a group.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is such a group.
    pub async fn make_group(&self, name: &str, users: &[String]) -> Result<(), Error> {
        let mut group = object("Group", name);
        let mut seen = HashSet::new();
        group["users"] = users.iter().filter(|user| seen.insert(user.as_str())).cloned().collect();
        self.make_object(GROUPS, &group).await.map(drop)
    }

    /// Takes users into a group and out of it. Whoever else is in it stays, also when somebody else
    /// changes the group at the same time.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn change_group(
        &self,
        name: &str,
        add: &[String],
        remove: &[String],
    ) -> Result<Change, Error> {
        let change = |group: &mut Value| change_members(group, add, remove);
        self.change_object(&group_path(name), change).await
    }

    /// Deletes a group, if it is this one.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete_group(&self, name: &str, uid: &str) -> Result<(), Error> {
        self.delete_object(&group_path(name), uid, None).await
    }

    /// The groups that a user is in.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn groups_of(&self, user: &str) -> Result<Vec<String>, Error> {
        let pick = |group: Group| {
            let is_in = group.users.iter().flatten().any(|member| member == user);
            is_in.then_some(group.metadata.name)
        };
        self.list_some(&Collection::whole(GROUPS), pick).await
    }
}

fn user_path(name: &str) -> String {
    format!("{USERS}/{}", escaped(name))
}

fn group_path(name: &str) -> String {
    format!("{GROUPS}/{}", escaped(name))
}

fn object(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "apiVersion": "user.openshift.io/v1", "metadata": { "name": name } })
}

/// Changes the members of a group as it was read, and says whether that makes a difference.
fn change_members(group: &mut Value, add: &[String], remove: &[String]) -> bool {
    let before = group["users"].as_array().cloned().unwrap_or_default();
    let mut there: HashSet<&str> = before.iter().filter_map(Value::as_str).collect();
    let new: Vec<&String> = add.iter().filter(|user| there.insert(user)).collect();
    let leaves: HashSet<&str> = remove.iter().map(String::as_str).collect();
    let stays = |user: &&Value| user.as_str().is_none_or(|user| !leaves.contains(user));
    let after: Vec<Value> = before
        .iter()
        .filter(stays)
        .cloned()
        .chain(new.into_iter().map(|user| json!(user)))
        .collect();
    let differs = after != before;
    if differs {
        group["users"] = after.into();
    }
    differs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cluster::fake::Fake;

    fn names(users: &[&str]) -> Vec<String> {
        users.iter().map(|user| (*user).to_owned()).collect()
    }

    #[test]
    fn keeps_what_it_does_not_know() {
        let mut group = json!({ "metadata": { "labels": { "a": "b" } }, "users": null, "new": 1 });
        assert!(change_members(&mut group, &names(&["josh", "josh", "eric"]), &[]));
        assert_eq!(group["users"], json!(["josh", "eric"]));
        assert!(!change_members(&mut group, &names(&["eric"]), &names(&["jane"])));
        assert!(change_members(&mut group, &[], &names(&["josh"])));
        assert_eq!(group["users"], json!(["eric"]));
        assert_eq!((&group["new"], &group["metadata"]["labels"]["a"]), (&json!(1), &json!("b")));
    }

    proptest! {
        /// The others stay in their order, whoever was there is not doubled.
        #[test]
        fn changes_whom_it_names_alone(
            before in prop::collection::vec("[a-e]", 0..6),
            add in prop::collection::vec("[a-h]", 0..4),
            remove in prop::collection::vec("[a-h]", 0..4),
        ) {
            let mut group = json!({ "users": before });
            change_members(&mut group, &add, &remove);
            let after: Vec<String> = serde_json::from_value(group["users"].clone()).unwrap();
            let named = |user: &String| add.contains(user) || remove.contains(user);
            let others = |users: &[String]| -> Vec<String> {
                users.iter().filter(|user| !named(user)).cloned().collect()
            };
            prop_assert_eq!(others(&before), others(&after));
            for user in add.iter().filter(|user| !remove.contains(user)) {
                prop_assert!(after.contains(user));
            }
            for user in remove.iter().filter(|user| !add.contains(user)) {
                prop_assert!(!after.contains(user));
            }
        }
    }

    #[tokio::test]
    async fn a_name_stays_in_its_place() {
        let fake = Fake::start(|_| (200, json!({}))).await;
        fake.cluster.find_user("a b?x=1#é").await.unwrap();
        assert_eq!(fake.log()[0].target, "/apis/user.openshift.io/v1/users/a%20b%3Fx%3D1%23%C3%A9");
    }
}
