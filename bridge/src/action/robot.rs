// SPDX-License-Identifier: LGPL-2.1-or-later

//! Robots: makes service accounts with a role, gives out and ends their tokens, and deletes them.
//!
//! A token is bound to an empty secret of its own, so that it ends with that secret and the robot
//! and its other tokens go on. Nobody keeps the token: it is answered once.

mod token;

use futures_util::{StreamExt, TryStreamExt, stream};
use images_proto::name::{valid_namespace_name, valid_robot_name};
use images_proto::robot::{Changed, NewRobot, WhichRobot};
use images_proto::subject::{Role, Subject};
use images_proto::{Code, Failure, grant};

pub use self::token::{issue_token, revoke_token};
use super::rights::{self, Tool};
use crate::cluster::access::Permission;
use crate::cluster::object::Found;
use crate::cluster::robot_object::RobotObject;
use crate::cluster::{Cluster, Error};

/// Requests that are made at once.
const CONCURRENCY: usize = 8;

/// Makes a robot and gives it a role.
///
/// What has to be agreed to, or is missing, is told while nothing was done. Then the account comes
/// first: a role for a name that nobody has yet would be for whoever takes that name.
///
/// # Errors
/// When the name is none or taken, or the cluster refuses; when that was half way, what is there.
pub async fn create_robot(
    cluster: &Cluster,
    is_openshift: bool,
    params: NewRobot,
) -> Result<Changed, Failure> {
    let NewRobot { project, name, role, agreed } = params;
    check(&project, &name)?;
    let needed = [
        to("get", "serviceaccounts", None, &project, Some(&name)),
        to("create", "serviceaccounts", None, &project, None),
    ];
    let missing = rights::missing(cluster, tool(is_openshift), &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    if find(cluster, &project, &name).await?.is_some() {
        return Err(taken(&project, &name));
    }
    if role.is_some() {
        let wanted = wanted(&project, &name, role, agreed);
        let foreseen = Box::pin(super::grant::foresee(cluster, is_openshift, wanted)).await?;
        if !foreseen.done {
            let grant::Granted { creates, missing, notes, .. } = foreseen;
            return Ok(Changed { done: false, creates, missing, notes });
        }
    }
    cluster.make_robot(&project, &name).await.map_err(|error| match error.is_already_there() {
        true => taken(&project, &name),
        false => error.failure(format_args!("make the robot {name} in {project}")),
    })?;
    if find(cluster, &project, &name).await?.is_none() {
        return Err(gone(&project, &name));
    }
    let Some(role) = role else { return Ok(Changed { done: true, ..Changed::default() }) };
    let half = |mut failure: Failure| {
        let role = super::grant::called(role);
        failure.message = format!(
            "The robot {name} was made in {project}, but did not get the role {role}: {}",
            failure.message
        );
        failure.with_fix(format!("Give {name} the role among the members of {project}, or delete the robot. It has no token yet."))
    };
    let granted = give(cluster, is_openshift, &project, &name, Some(role), agreed).await;
    let granted = granted.map_err(half)?;
    if !granted.done {
        let message = "somebody changed meanwhile what you may do or what has to be created.";
        return Err(half(Failure::new(Code::Conflict, message)));
    }
    Ok(Changed { done: true, notes: granted.notes, ..Changed::default() })
}

/// Deletes a robot once that is agreed to: its roles of ours, its tokens, and the account last.
///
/// # Errors
/// When there is no such robot, it is one of the cluster's own, or the cluster refuses.
pub async fn delete_robot(
    cluster: &Cluster,
    is_openshift: bool,
    params: WhichRobot,
) -> Result<Changed, Failure> {
    let WhichRobot { project, name, agreed } = params;
    check(&project, &name)?;
    let needed = [
        to("get", "serviceaccounts", None, &project, Some(&name)),
        to("delete", "serviceaccounts", None, &project, Some(&name)),
        to("list", "secrets", None, &project, None),
        to("delete", "secrets", None, &project, None),
    ];
    let missing = rights::missing(cluster, tool(is_openshift), &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    let found = find(cluster, &project, &name).await?;
    let Found { uid, object } = found.ok_or_else(|| gone(&project, &name))?;
    refuse_system(&project, &name, &object)?;
    if cluster.user().await == Some(format!("system:serviceaccount:{project}:{name}")) {
        let message = format!("{name} is you, and nobody deletes himself here.");
        return Err(
            Failure::new(Code::Unsupported, message).with_fix("Have another administrator do it.")
        );
    }
    let tried = |error: Error| error.failure(format_args!("delete the robot {name} in {project}"));
    let secrets = cluster.token_secrets(&project, &name).await.map_err(tried)?;
    if !agreed {
        let mut notes = vec![match secrets.len() {
            0 => format!("All tokens of {name} end."),
            1 => format!("Its token that was made here ends, and every other one of {name} too."),
            many => {
                format!("Its {many} tokens that were made here end, and all others of {name} too.")
            }
        }];
        if !object.is_ours() {
            notes.push(format!("{name} was not made here: what else uses it stops working."));
        }
        return Ok(Changed { notes, ..Changed::default() });
    }
    let granted = give(cluster, is_openshift, &project, &name, None, true).await?;
    if !granted.done {
        let grant::Granted { missing, notes, .. } = granted;
        return Ok(Changed { missing, notes, ..Changed::default() });
    }
    let deleting = secrets.iter().map(|secret| cluster.delete_token_secret(&project, secret));
    let deleting: Vec<_> = deleting.collect();
    let deleted: Result<Vec<()>, Error> =
        stream::iter(deleting).buffer_unordered(CONCURRENCY).try_collect().await;
    deleted.map_err(tried)?;
    cluster.delete_robot(&project, &name, &uid).await.map_err(tried)?;
    match find(cluster, &project, &name).await? {
        Some(left) if left.uid == uid => {
            let message = format!("The robot {name} is not gone yet: something holds it back.");
            Err(Failure::new(Code::Conflict, message).retryable())
        }
        _ => Ok(Changed { done: true, notes: granted.notes, ..Changed::default() }),
    }
}

/// Gives a robot a role of ours, or takes those that it has.
async fn give(
    cluster: &Cluster,
    is_openshift: bool,
    project: &str,
    name: &str,
    role: Option<Role>,
    agreed: bool,
) -> Result<grant::Granted, Failure> {
    let wanted = wanted(project, name, role, agreed);
    // Boxed: many requests make futures of many kilobytes.
    Box::pin(super::grant::grant(cluster, is_openshift, wanted)).await
}

fn wanted(project: &str, name: &str, role: Option<Role>, agreed: bool) -> grant::Params {
    grant::Params {
        project: project.to_owned(),
        subjects: vec![Subject::robot(project, name)],
        role,
        agreed,
        even_own: false,
    }
}

async fn find(
    cluster: &Cluster,
    project: &str,
    name: &str,
) -> Result<Option<Found<RobotObject>>, Failure> {
    let found = cluster.find_robot(project, name).await;
    found.map_err(|error| error.failure(format_args!("look at the robot {name} in {project}")))
}

fn check(project: &str, robot: &str) -> Result<(), Failure> {
    let bad = |what: &str, error| {
        Failure::new(Code::BadRequest, format!("{what} cannot be named so. {error}"))
    };
    valid_namespace_name(project).map_err(|error| bad("A project", error))?;
    valid_robot_name(robot).map_err(|error| bad("A robot", error))
}

fn refuse_system(project: &str, name: &str, robot: &RobotObject) -> Result<(), Failure> {
    if !robot.is_system() {
        return Ok(());
    }
    let message =
        format!("{name} is no robot of yours: the cluster made it for its own work in {project}.");
    Err(Failure::new(Code::Unsupported, message).with_fix("Make a robot of your own."))
}

fn taken(project: &str, name: &str) -> Failure {
    Failure::new(Code::Conflict, format!("There is a robot {name} in {project} already."))
        .with_fix("Choose another name, or give that one the role.")
}

fn gone(project: &str, name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("There is no robot {name} in {project} (any more)."))
}

fn tool(is_openshift: bool) -> Tool {
    if is_openshift { Tool::Oc } else { Tool::Kubectl }
}

/// A right in a project.
fn to<'a>(
    verb: &'a str,
    resource: &'a str,
    subresource: Option<&'a str>,
    project: &'a str,
    name: Option<&'a str>,
) -> Permission<'a> {
    Permission { verb, group: "", resource, subresource, namespace: Some(project), name }
}

#[cfg(test)]
mod tests;
