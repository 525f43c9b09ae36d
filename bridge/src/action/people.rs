// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes, changes and deletes users and groups. Only OpenShift keeps them as objects of the API
//! (`user.openshift.io/v1`). What was changed is looked at again before it is said to be done.

mod deletion;
mod group;
mod user;

use std::fmt;

use futures_util::{StreamExt, stream};
use http::StatusCode;
use images_proto::name::NameError;
use images_proto::people::Changed;
use images_proto::{Code, Failure};

pub use self::deletion::delete_person;
pub use self::group::{change_group, create_group};
pub use self::user::{change_user, create_user};
use crate::cluster::access::Permission;
use crate::cluster::{Cluster, Error, Kind};

/// Requests that are made at once.
const CONCURRENCY: usize = 8;
/// Users that are asked for one by one, to know whether the cluster knows them; of more, all are
/// listed.
const FEW: usize = 20;
/// Names that a sentence tells.
const MOST_TOLD: usize = 5;

/// Fails where the cluster keeps no users, with what to do there.
async fn keeps_users(cluster: &Cluster) -> Result<(), Failure> {
    let keeps = cluster.keeps_users().await;
    if keeps.map_err(|error| error.failure("find out whether the cluster keeps users"))? {
        return Ok(());
    }
    Err(Failure::new(
        Code::Unsupported,
        "This cluster keeps no users and groups: whoever logs in, comes from its certificates or from its login provider.",
    )
    .with_fix("Make users and groups there, and give their names roles here: a role needs no more than a name. For programs, make robots."))
}

/// A right about users, groups and identities.
fn to<'a>(verb: &'a str, resource: &'a str, name: Option<&'a str>) -> Permission<'a> {
    let group = "user.openshift.io";
    Permission { verb, group, resource, subresource: None, namespace: None, name }
}

/// What the user is told of a change that the cluster refused.
fn refused(error: &Error, tried: impl fmt::Display) -> Failure {
    match &error.kind {
        Kind::Refused(refusal) if refusal.status == StatusCode::UNPROCESSABLE_ENTITY => {
            Failure::new(Code::BadRequest, format!("The cluster did not {tried}: it is invalid."))
                .with_details(refusal.message.clone())
        }
        _ => error.failure(tried),
    }
}

fn bad_name(what: impl fmt::Display, error: &NameError) -> Failure {
    Failure::new(Code::BadRequest, format!("{what} cannot be named so. {error}"))
}

fn taken(what: &str, name: &str) -> Failure {
    Failure::new(Code::Conflict, format!("There is a {what} {name} already."))
        .with_fix("Choose another name, or change the one that there is.")
}

fn absent(what: &str, name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("There is no {what} {name} (any more)."))
}

/// The look afterwards found something else.
fn changed_back(what: impl fmt::Display) -> Failure {
    let message =
        format!("{what} is not as it was just made: somebody else changed it at the same time.");
    Failure::new(Code::Conflict, message).retryable().with_fix("Look at it, and try again.")
}

/// Adds to a failure what had been done before.
fn after(mut failure: Failure, done: &[String]) -> Failure {
    if let Some(done) = told(done) {
        failure.message = format!("{} Done before that: {done}.", failure.message);
    }
    failure
}

fn done(notes: Vec<String>) -> Changed {
    Changed { done: true, notes, ..Changed::default() }
}

/// Those of the users that the cluster does not know, as a note; nothing where that cannot be asked.
async fn note_unknown(cluster: &Cluster, users: &[String], group: &str) -> Option<String> {
    // Names with colons are the cluster's own, of which there are no objects.
    let mut asked: Vec<_> = users.iter().filter(|user| !user.contains(':')).cloned().collect();
    asked.sort();
    asked.dedup();
    let unknown: Vec<String> = if asked.len() > FEW {
        let known = cluster.user_names().await.ok()?;
        asked.into_iter().filter(|user| !known.contains(user)).collect()
    } else {
        let asking = asked.into_iter().map(|user| async move {
            let found = cluster.find_user(&user).await;
            matches!(found, Ok(None)).then_some(user)
        });
        let asked: Vec<_> = stream::iter(asking).buffered(CONCURRENCY).collect().await;
        asked.into_iter().flatten().collect()
    };
    let names = told(&unknown)?;
    Some(format!(
        "The cluster does not know {names} yet: who logs in by that name later is in {group} then."
    ))
}

/// Names in a sentence: the first few, and how many more.
fn told(names: &[String]) -> Option<String> {
    let few = &names[..names.len().min(MOST_TOLD)];
    let more = names.len() - few.len();
    let (last, first) = few.split_last()?;
    Some(match (first, more) {
        ([], 0) => last.clone(),
        (first, 0) => format!("{} and {last}", first.join(", ")),
        (_, more) => format!("{} and {more} more", few.join(", ")),
    })
}

#[cfg(test)]
mod tests;
