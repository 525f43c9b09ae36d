// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes groups, and takes users into them and out of them.

use std::collections::HashSet;

use images_proto::name::{valid_group_name, valid_member_name};
use images_proto::people::{Changed, GroupChange};
use images_proto::{Code, Failure};

use super::{absent, bad_name, changed_back, done, keeps_users, note_unknown, refused, taken, to};
use crate::action::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::group::Group;
use crate::cluster::object::Change;

/// Makes a group with the users that it takes in.
///
/// # Errors
/// When the name is none or taken, or the cluster refuses.
pub async fn create_group(cluster: &Cluster, params: GroupChange) -> Result<Changed, Failure> {
    let GroupChange { name, add, .. } = &params;
    valid_group_name(name).map_err(|error| bad_name("A group", &error))?;
    check(&params)?;
    keeps_users(cluster).await?;
    let missing = rights::missing(cluster, Tool::Oc, &[to("create", "groups", None)]).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    match cluster.make_group(name, add).await {
        Ok(()) => {}
        Err(error) if error.is_already_there() => return Err(taken("group", name)),
        Err(error) => return Err(refused(&error, format_args!("make the group {name}"))),
    }
    look(cluster, &params).await?;
    Ok(done(note_unknown(cluster, add, name).await.into_iter().collect()))
}

/// Takes users into a group and out of it. What others change of it at the same time stays.
///
/// # Errors
/// When there is no such group, the cluster refuses, or somebody else changed the same users.
pub async fn change_group(cluster: &Cluster, params: GroupChange) -> Result<Changed, Failure> {
    let GroupChange { name, add, remove } = &params;
    valid_group_name(name).map_err(|error| bad_name("A group", &error))?;
    check(&params)?;
    keeps_users(cluster).await?;
    let needed = [to("get", "groups", Some(name)), to("update", "groups", Some(name))];
    let missing = rights::missing(cluster, Tool::Oc, &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    match cluster.change_group(name, add, remove).await {
        Ok(Change::NotThere) => return Err(absent("group", name)),
        Ok(Change::Same(_) | Change::Done(_)) => {}
        Err(error) => return Err(refused(&error, format_args!("change the group {name}"))),
    }
    let group = look(cluster, &params).await?;
    let filled = filled_by(&group).map(|by| {
        format!(
            "{name} is filled from {by}: the next synchronization undoes what was changed here."
        )
    });
    let unknown = note_unknown(cluster, add, name).await;
    Ok(done(filled.into_iter().chain(unknown).collect()))
}

fn check(GroupChange { add, remove, .. }: &GroupChange) -> Result<(), Failure> {
    if add.len() + remove.len() > GroupChange::MAX_USERS {
        let most = GroupChange::MAX_USERS;
        let message = format!("A group cannot be changed by more than {most} users at once.");
        return Err(Failure::new(Code::BadRequest, message).with_fix("Do it in several steps."));
    }
    for user in add {
        valid_member_name(user)
            .map_err(|error| bad_name(format_args!("A user {user:?}"), &error))?;
    }
    let added: HashSet<_> = add.iter().collect();
    match remove.iter().find(|user| added.contains(user)) {
        Some(user) => {
            let message = format!("{user} cannot be taken into a group and out of it at once.");
            Err(Failure::new(Code::BadRequest, message))
        }
        None => Ok(()),
    }
}

/// The group, if it is as the change wanted it.
async fn look(
    cluster: &Cluster,
    GroupChange { name, add, remove }: &GroupChange,
) -> Result<Group, Failure> {
    let found = cluster.find_group(name).await;
    let found = found.map_err(|error| error.failure(format_args!("look at the group {name}")))?;
    let group = found.ok_or_else(|| changed_back(format_args!("The group {name}")))?.object;
    let users: HashSet<_> = group.users.iter().flatten().collect();
    let is_so = add.iter().all(|user| users.contains(user))
        && !remove.iter().any(|user| users.contains(user));
    if is_so { Ok(group) } else { Err(changed_back(format_args!("The group {name}"))) }
}

/// The server that fills the group.
fn filled_by(group: &Group) -> Option<&str> {
    let host = group.metadata.note(|notes| notes.ldap_host.as_ref());
    host.or_else(|| group.metadata.note(|notes| notes.ldap_url.as_ref()))
}
