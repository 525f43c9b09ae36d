// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes users, and changes what they are called and which identities lead to them.

use images_proto::name::{valid_group_name, valid_user_name};
use images_proto::people::{Changed, GroupChange, Identity, NewUser, UserChange};
use images_proto::{Code, Failure};

use super::{
    absent, after, bad_name, change_group, changed_back, done, keeps_users, refused, taken, to,
    told,
};
use crate::action::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::cluster::identity_mapping;
use crate::cluster::object::{Change, Found};
use crate::cluster::user::User;

/// Groups that take a new user in at once.
const MOST_GROUPS: usize = 100;
/// The longest text that a user is called, in bytes.
const LONGEST: usize = 1 << 10;

/// Makes a user, the identity that leads to it, and takes it into groups.
///
/// When the identity cannot be made, the user is taken back: nothing else knows it yet, and the
/// same can be tried again. A group that fails takes nothing back, for others may see the user by
/// now; the failure says what was done.
///
/// # Errors
/// When a name is none or taken, a group is not there, or the cluster refuses.
pub async fn create_user(cluster: &Cluster, params: NewUser) -> Result<Changed, Failure> {
    let NewUser { name, full_name, identity, groups } = &params;
    check(name, full_name.as_deref(), identity.as_ref())?;
    if groups.len() > MOST_GROUPS {
        let message =
            format!("A user cannot be taken into more than {MOST_GROUPS} groups at once.");
        return Err(Failure::new(Code::BadRequest, message));
    }
    for group in groups {
        valid_group_name(group).map_err(|error| bad_name("A group", &error))?;
    }
    keeps_users(cluster).await?;
    let mut needed = vec![to("create", "users", None)];
    needed.extend(identity.iter().flat_map(|_| to_map()));
    needed.extend(groups.iter().map(|group| to("update", "groups", Some(group))));
    let missing = rights::missing(cluster, Tool::Oc, &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    for group in groups {
        let found = cluster.find_group(group).await;
        let found = found.map_err(|error| error.failure(format_args!("look at {group}")))?;
        found.ok_or_else(|| absent("group", group))?;
    }
    let full_name = full_name.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let uid = match cluster.make_user(name, full_name).await {
        Ok(uid) => uid,
        Err(error) if error.is_already_there() => return Err(taken("user", name)),
        Err(error) => return Err(refused(&error, format_args!("make the user {name}"))),
    };
    if let Some(identity) = identity
        && let Err(failure) = lead(cluster, identity, name).await
    {
        return Err(match cluster.delete_user(name, &uid).await {
            Ok(()) => failure,
            Err(_) => after(failure, &[format!("the user {name} was made")]),
        });
    }
    let mut notes = Vec::new();
    if identity.is_none() {
        notes.push(format!(
            "No identity leads to {name} yet: whether a login finds this user is up to its provider's mapping method."
        ));
    }
    let mut steps = vec![format!("the user {name} was made")];
    for group in groups {
        let change =
            GroupChange { name: group.clone(), add: vec![name.clone()], remove: Vec::new() };
        let changed =
            change_group(cluster, change).await.map_err(|failure| after(failure, &steps))?;
        if !changed.missing.is_empty() {
            let done = told(&steps).map(|done| format!("Done before that: {done}."));
            return Ok(Changed { notes: done.into_iter().collect(), ..changed });
        }
        notes.extend(changed.notes);
        steps.push(format!("{name} was taken into {group}"));
    }
    look(cluster, name, full_name, identity.as_ref(), None).await?;
    Ok(done(notes))
}

/// Changes a user: first a new identity, then what it is called, then an identity that goes, so
/// that nobody is locked out in between.
///
/// # Errors
/// When there is no such user, an identity leads to somebody else, or the cluster refuses.
pub async fn change_user(cluster: &Cluster, params: UserChange) -> Result<Changed, Failure> {
    let UserChange { name, full_name, add, remove } = &params;
    check(name, full_name.as_deref(), add.as_ref())?;
    keeps_users(cluster).await?;
    let mut needed = vec![to("get", "users", Some(name))];
    needed.extend(full_name.iter().map(|_| to("update", "users", Some(name))));
    needed.extend(add.iter().flat_map(|_| to_map()));
    needed.extend(remove.iter().map(|_| to("delete", "useridentitymappings", None)));
    let missing = rights::missing(cluster, Tool::Oc, &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    let found = cluster.find_user(name).await;
    let found = found.map_err(|error| error.failure(format_args!("look at the user {name}")))?;
    found.ok_or_else(|| absent("user", name))?;

    let mut steps = Vec::new();
    if let Some(identity) = add {
        lead(cluster, identity, name).await?;
        steps.push(format!("{} leads to {name}", identity_mapping::name(identity)));
    }
    let full_name = full_name.as_deref().map(str::trim);
    if let Some(full_name) = full_name {
        match cluster.call_user(name, full_name).await {
            Ok(Change::NotThere) => return Err(after(absent("user", name), &steps)),
            Ok(Change::Same(_) | Change::Done(_)) => {}
            Err(error) => {
                let failure = refused(&error, format_args!("change the user {name}"));
                return Err(after(failure, &steps));
            }
        }
        steps.push(format!("the full name of {name} was changed"));
    }
    if let Some(identity) = remove {
        leave(cluster, identity, name).await.map_err(|failure| after(failure, &steps))?;
    }
    let left = look(cluster, name, full_name, add.as_ref(), remove.as_ref()).await?;
    let nobody = remove.is_some() && left == 0;
    Ok(done(nobody.then(|| format!("No identity leads to {name} any more.")).into_iter().collect()))
}

fn check(name: &str, full_name: Option<&str>, identity: Option<&Identity>) -> Result<(), Failure> {
    valid_user_name(name).map_err(|error| bad_name("A user", &error))?;
    if full_name.is_some_and(|text| text.len() > LONGEST || text.chars().any(char::is_control)) {
        let message = "A user cannot be called so: it is too long, or has a control character.";
        return Err(Failure::new(Code::BadRequest, message));
    }
    if let Some(Identity { provider, name }) = identity {
        // OpenShift takes for both what it takes for users (oauth-apiserver, `validation`).
        valid_user_name(provider).map_err(|error| bad_name("A provider", &error))?;
        valid_user_name(name).map_err(|error| bad_name("A user of a provider", &error))?;
    }
    Ok(())
}

fn to_map() -> [Permission<'static>; 3] {
    [
        to("get", "identities", None),
        to("create", "identities", None),
        to("create", "useridentitymappings", None),
    ]
}

/// Has an identity lead to a user, and makes it if need be. What was made is taken back when it
/// cannot lead there.
async fn lead(cluster: &Cluster, identity: &Identity, user: &str) -> Result<(), Failure> {
    let name = identity_mapping::name(identity);
    let found = cluster.find_identity(identity).await;
    let found =
        found.map_err(|error| error.failure(format_args!("look at the identity {name}")))?;
    let leads_to = found.as_ref().and_then(|found| found.object.user());
    match leads_to {
        Some(leads_to) if leads_to == user => {
            // It may have led to a user of this name that was deleted since.
            let own = cluster.find_user(user).await;
            let own = own.map_err(|error| error.failure(format_args!("look at {user}")))?;
            if own.is_some_and(|own| has(&own.object, identity)) {
                return Ok(());
            }
        }
        Some(leads_to) => {
            let other = cluster.find_user(leads_to).await;
            let other = other.map_err(|error| error.failure(format_args!("look at {leads_to}")))?;
            if other.is_some() {
                let message = format!("The identity {name} leads to the user {leads_to} already.");
                return Err(Failure::new(Code::Conflict, message)
                    .with_fix(format!("Take it away from {leads_to} first.")));
            }
        }
        None => {}
    }
    let made = match found {
        Some(_) => None,
        None => {
            let made = cluster.make_identity(identity).await;
            Some(made.map_err(|error| refused(&error, format_args!("make the identity {name}")))?)
        }
    };
    let Err(error) = cluster.map_identity(identity, user).await else { return Ok(()) };
    let failure = refused(&error, format_args!("have the identity {name} lead to {user}"));
    Err(match made {
        Some(uid) if cluster.delete_identity(identity, &uid).await.is_err() => {
            after(failure, &[format!("the identity {name} was made")])
        }
        _ => failure,
    })
}

/// Has an identity lead to this user no longer; that of another is left alone.
async fn leave(cluster: &Cluster, identity: &Identity, user: &str) -> Result<(), Failure> {
    let name = identity_mapping::name(identity);
    let found = cluster.find_identity(identity).await;
    let found =
        found.map_err(|error| error.failure(format_args!("look at the identity {name}")))?;
    match found {
        Some(Found { object, .. }) if object.user() == Some(user) => {
            let unmapped = cluster.unmap_identity(identity).await;
            unmapped.map_err(|error| refused(&error, format_args!("take {name} from {user}")))
        }
        _ => Ok(()),
    }
}

fn has(user: &User, identity: &Identity) -> bool {
    user.identities().any(|own| own == *identity)
}

/// Looks whether the user is as it was to become, and says how many identities lead to it.
async fn look(
    cluster: &Cluster,
    name: &str,
    full_name: Option<&str>,
    with: Option<&Identity>,
    without: Option<&Identity>,
) -> Result<usize, Failure> {
    let found = cluster.find_user(name).await;
    let found = found.map_err(|error| error.failure(format_args!("look at the user {name}")))?;
    let user = found.ok_or_else(|| changed_back(format_args!("The user {name}")))?.object;
    let is_so = full_name.is_none_or(|text| user.full_name.as_deref().unwrap_or_default() == text)
        && with.is_none_or(|identity| has(&user, identity))
        && !without.is_some_and(|identity| has(&user, identity));
    match is_so {
        true => Ok(user.identities().count()),
        false => Err(changed_back(format_args!("The user {name}"))),
    }
}
