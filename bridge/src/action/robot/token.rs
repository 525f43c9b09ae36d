// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tokens of robots: given out, replaced by others, and ended before their time.

use images_proto::robot::{Changed, Issued, NewToken, WhichToken};
use images_proto::{Code, Failure, Secret};
use secrecy::ExposeSecret;

use super::{check, find, gone, refuse_system, to, tool};
use crate::action::rights;
use crate::cluster::path::is_name;
use crate::cluster::robot_object::TokenSecret;
use crate::cluster::token_request::{AccountToken, Bound};
use crate::cluster::{Cluster, Error};

/// The user that one logs in as with a token. OpenShift's registry takes any.
const USER: &str = "serviceaccount";
/// The longest text that says what a token is for, in characters.
const LONGEST: usize = 200;
/// What somebody should know who ended a token: the API server and the registry remember for this
/// long that it was good.
const FORGOTTEN_SOON: &str =
    "It may go on working for about 10 seconds, until the cluster has forgotten it.";

/// Gives out a token, and ends the one that it replaces.
///
/// The secret that it is bound to comes first, and is taken back when there is no token. What is
/// broken off in between leaves a secret to which no token is bound, which is shown and can be
/// revoked like any other.
///
/// # Errors
/// When there is no such robot, the time is too short, or the cluster refuses.
pub async fn issue_token(
    cluster: &Cluster,
    is_openshift: bool,
    params: NewToken,
) -> Result<Issued, Failure> {
    let NewToken { project, robot, purpose, seconds, replaces } = &params;
    check(project, robot)?;
    let purpose = purpose.as_deref().map(str::trim).filter(|purpose| !purpose.is_empty());
    check_token(*seconds, purpose, replaces.as_deref())?;
    let mut needed = vec![
        to("get", "serviceaccounts", None, project, Some(robot)),
        to("create", "serviceaccounts", Some("token"), project, Some(robot)),
    ];
    let of_secrets = ["create", "patch", "delete"];
    needed.extend(of_secrets.map(|verb| to(verb, "secrets", None, project, None)));
    needed.extend(replaces.iter().map(|_| to("get", "secrets", None, project, None)));
    let missing = rights::missing(cluster, tool(is_openshift), &needed).await;
    if !missing.is_empty() {
        return Ok(Issued { missing, ..Issued::default() });
    }
    let account = find(cluster, project, robot).await?.ok_or_else(|| gone(project, robot))?;
    refuse_system(project, robot, &account.object)?;
    if let Some(old) = replaces {
        secret(cluster, project, robot, old).await?.ok_or_else(|| no_token(robot, old))?;
    }
    let tried = |error: Error| error.failure(format_args!("get a token of the robot {robot}"));
    let made = cluster.make_token_secret(project, robot, &account.uid, purpose).await;
    let made = made.map_err(tried)?;
    let AccountToken { token, expires } = match bound(cluster, &params, &made).await {
        Ok(token) => token,
        Err(error) => {
            let failure = tried(error);
            return Err(match cluster.delete_token_secret(project, &made).await {
                Ok(()) => failure,
                Err(_) => failure
                    .with_fix(format!("Revoke the token {}, which nobody has got.", made.name)),
            });
        }
    };
    let mut notes = Vec::new();
    if let Some(old) = replaces {
        match revoke(cluster, project, robot, old).await {
            Ok(()) => notes.push(format!("The token {old} was revoked. {FORGOTTEN_SOON}")),
            Err(failure) => notes.push(format!("The token {old} still works. {}", failure.message)),
        }
    }
    Ok(Issued {
        done: true,
        name: made.name,
        user: USER.to_owned(),
        token: Some(Secret::new(token.expose_secret())),
        expires,
        host: None,
        missing: Vec::new(),
        notes,
    })
}

/// Ends a token.
///
/// # Errors
/// When it is none that was made here, or the cluster refuses.
pub async fn revoke_token(
    cluster: &Cluster,
    is_openshift: bool,
    params: WhichToken,
) -> Result<Changed, Failure> {
    let WhichToken { project, robot, token } = &params;
    check(project, robot)?;
    check_name(token)?;
    let needed = ["get", "delete"].map(|verb| to(verb, "secrets", None, project, Some(token)));
    let missing = rights::missing(cluster, tool(is_openshift), &needed).await;
    if !missing.is_empty() {
        return Ok(Changed { missing, ..Changed::default() });
    }
    revoke(cluster, project, robot, token).await?;
    Ok(Changed { done: true, notes: vec![FORGOTTEN_SOON.to_owned()], ..Changed::default() })
}

/// A token that lives as long as the secret, on which its real end is written.
async fn bound(
    cluster: &Cluster,
    NewToken { project, robot, seconds, .. }: &NewToken,
    secret: &TokenSecret,
) -> Result<AccountToken, Error> {
    let bound = Bound { name: &secret.name, uid: &secret.uid };
    let token = cluster.request_token(project, robot, *seconds, Some(bound)).await?;
    if let Some(expires) = token.expires {
        // That also looks whether the secret is there still, without which the token is dead.
        cluster.date_token_secret(project, secret, expires).await?;
    }
    Ok(token)
}

/// Deletes the secret, and looks.
async fn revoke(cluster: &Cluster, project: &str, robot: &str, name: &str) -> Result<(), Failure> {
    let found =
        secret(cluster, project, robot, name).await?.ok_or_else(|| no_token(robot, name))?;
    let deleted = cluster.delete_token_secret(project, &found).await;
    deleted.map_err(|error| error.failure(format_args!("revoke the token {name}")))?;
    match secret(cluster, project, robot, name).await? {
        Some(left) if left == found => {
            let message =
                format!("The token {name} is not revoked yet: something holds its secret.");
            Err(Failure::new(Code::Conflict, message).retryable())
        }
        _ => Ok(()),
    }
}

async fn secret(
    cluster: &Cluster,
    project: &str,
    robot: &str,
    name: &str,
) -> Result<Option<TokenSecret>, Failure> {
    let found = cluster.find_token_secret(project, robot, name).await;
    found.map_err(|error| error.failure(format_args!("look at the token {name}")))
}

fn check_token(seconds: u32, purpose: Option<&str>, replaces: Option<&str>) -> Result<(), Failure> {
    if seconds < NewToken::MIN_SECONDS {
        return Err(Failure::new(
            Code::BadRequest,
            "A token cannot be good for less than 10 minutes: the cluster gives out none.",
        )
        .with_fix("Choose a longer time. A token can be revoked at any moment."));
    }
    let is_bad = |text: &str| text.chars().count() > LONGEST || text.chars().any(char::is_control);
    if purpose.is_some_and(is_bad) {
        let message =
            format!("Say in one line of at most {LONGEST} characters what the token is for.");
        return Err(Failure::new(Code::BadRequest, message));
    }
    replaces.map_or(Ok(()), check_name)
}

fn check_name(token: &str) -> Result<(), Failure> {
    if is_name(token) {
        Ok(())
    } else {
        Err(Failure::new(Code::BadRequest, "No token has that name."))
    }
}

fn no_token(robot: &str, name: &str) -> Failure {
    let message = format!("{robot} has no token {name} (any more) that was made here.");
    Failure::new(Code::NotFound, message)
}
