// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes and changes projects, and repositories in them. What was done is looked at afterwards: only
//! what the cluster then shows is reported as done.

mod deletion;
mod repository;

use std::collections::BTreeMap;
use std::time::Duration;

use images_proto::name::{self, NameError};
use images_proto::project::{Done, Wording};
use images_proto::{Code, Failure};
use tokio::time::{Instant, sleep};

pub use self::deletion::{Place, delete_project};
pub use self::repository::create_repository;
use super::rights::{self, Tool};
use crate::cluster::project_object::{DESCRIPTION, DISPLAY_NAME, Projects, REQUESTER, Standing};
use crate::cluster::{Cluster, Error};
use crate::shell::word;

/// How long the cluster may take to show what was done, and how often it is looked at. Its answers
/// come from memories that are a moment old.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
const PAUSE: Duration = Duration::from_millis(250);

/// Makes a project. On OpenShift the user becomes its administrator.
///
/// # Errors
/// When there is one of that name, or the cluster does not let this user make one.
pub async fn create_project(
    cluster: &Cluster,
    openshift: bool,
    params: Wording,
) -> Result<Done, Failure> {
    let Wording { name, display_name, description } = params;
    check(&name, openshift, display_name.as_deref())?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (display_name, description) = (given(display_name), given(description));
    let user = cluster.user().await;
    let made = match openshift {
        true => {
            cluster.request_project(&name, display_name.as_deref(), description.as_deref()).await
        }
        false => {
            let texts = [
                (DISPLAY_NAME, display_name.as_deref()),
                (DESCRIPTION, description.as_deref()),
                (REQUESTER, user.as_deref()),
            ];
            let annotations: BTreeMap<_, _> =
                texts.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
            cluster.create_namespace(&name, &annotations).await
        }
    };
    if let Err(error) = made {
        let texts = [("display-name", &display_name), ("description", &description)];
        return Err(not_made(cluster, openshift, &name, &texts, user.as_deref(), &error).await);
    }
    let is_there = |standing: &Standing| !standing.is_going;
    match seen(cluster, Projects::of(openshift), &name, is_there).await {
        Ok(true) => Ok(Done {}),
        Ok(false) => {
            let message = format!("The cluster took the project {name}, yet does not show it.");
            Err(Failure::new(Code::BadAnswer, message).with_fix("Look again in a moment."))
        }
        Err(error) if error.is_forbidden() => {
            let message = format!("The project {name} was made, but you may not see it.");
            let command = match openshift {
                true => administer(&name, user.as_deref()),
                false => rights::to_administer(cluster, &name, true).await,
            };
            Err(Failure::new(Code::Forbidden, message)
                .with_fix("Ask an administrator of the cluster to let you administer it.")
                .with_command(command)
                .with_details(crate::body::chain(&error)))
        }
        Err(error) => Err(error.failure(format_args!("look at the new project {name}"))),
    }
}

/// Changes what a project is called and said to be.
///
/// # Errors
/// When there is none of that name, or the user may not change it.
pub async fn change_project(
    cluster: &Cluster,
    openshift: bool,
    params: Wording,
) -> Result<Done, Failure> {
    let Wording { name, display_name, description } = params;
    check(&name, false, display_name.as_deref())?;
    let projects = Projects::of(openshift);
    let texts = [(DISPLAY_NAME, display_name.as_deref()), (DESCRIPTION, description.as_deref())];
    let wanted: BTreeMap<_, _> = texts
        .into_iter()
        .filter_map(|(key, text)| Some((key, text?)))
        .map(|(key, text)| (key, (!text.is_empty()).then_some(text)))
        .collect();
    let tried = format!("change the project {name}");
    if let Err(error) = cluster.annotate_project(projects, &name, &wanted).await {
        if error.is_not_found() {
            return Err(none(&name));
        }
        if !error.is_forbidden() {
            return Err(invalid(&error).unwrap_or_else(|| error.failure(tried)));
        }
        let needed = [projects.permission("patch", &name)];
        let missing = rights::missing(cluster, tool(openshift), &needed).await;
        let failure = error.failure(tried);
        return Err(match missing.into_iter().find_map(|right| right.command) {
            Some(command) => failure.with_command(command),
            None => failure,
        });
    }
    let is_so = |standing: &Standing| {
        wanted.iter().all(|(key, text)| {
            standing.annotations.get(*key).map(String::as_str).filter(|text| !text.is_empty())
                == *text
        })
    };
    match seen(cluster, projects, &name, is_so).await {
        Ok(true) => Ok(Done {}),
        Ok(false) => {
            let message = format!("The project {name} says something else by now.");
            Err(Failure::new(Code::Conflict, message).with_fix(
                "Somebody else may have changed it at the same moment: look at it again.",
            ))
        }
        Err(error) => Err(error.failure(format_args!("look at the project {name} afterwards"))),
    }
}

/// Waits until the project is there and as wanted; `false`: it is not within [`PATIENCE`].
async fn seen(
    cluster: &Cluster,
    projects: Projects,
    name: &str,
    is_so: impl Fn(&Standing) -> bool,
) -> Result<bool, Error> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let is_over = Instant::now() >= give_up;
        match cluster.project_standing(projects, name).await {
            Ok(Some(standing)) if is_so(&standing) => return Ok(true),
            Ok(_) if is_over => return Ok(false),
            // Who asked for it has his rights after a moment.
            Err(error) if is_over || !error.is_forbidden() => return Err(error),
            Ok(_) | Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn not_made(
    cluster: &Cluster,
    openshift: bool,
    name: &str,
    texts: &[(&str, &Option<String>)],
    user: Option<&str>,
    error: &Error,
) -> Failure {
    if error.is_already_there() {
        let what = if openshift { "project" } else { "namespace" };
        let message = format!("There is a {what} {name} already, even if you cannot see it.");
        return Failure::new(Code::Conflict, message).with_fix("Choose another name.");
    }
    if let Some(failure) = invalid(error) {
        return failure;
    }
    if !error.is_forbidden() {
        return error.failure(format_args!("make the project {name}"));
    }
    let (message, command) = match openshift {
        true => {
            let texts = texts.iter().filter_map(|(option, text)| {
                Some(format!(" --{option}={}", word(text.as_deref()?)))
            });
            let user = word(user.unwrap_or("USER")).into_owned();
            let command =
                format!("oc adm new-project {name} --admin={user}{}", texts.collect::<String>());
            ("This cluster lets only its administrators make projects.", command)
        }
        false => (
            "You may not make namespaces in this cluster.",
            rights::to_administer(cluster, name, false).await,
        ),
    };
    Failure::new(Code::Forbidden, message)
        .with_fix("Ask an administrator of the cluster to make it for you.")
        .with_command(command)
        .with_details(crate::body::chain(error))
}

/// The command that makes the user an administrator of a project that is there.
fn administer(name: &str, user: Option<&str>) -> String {
    let user = word(user.unwrap_or("USER")).into_owned();
    format!("oc adm policy add-role-to-user admin {user} -n {name}")
}

/// What the cluster found wrong with an object, if that is what it says.
fn invalid(error: &Error) -> Option<Failure> {
    let status = error.status()?;
    if status != http::StatusCode::UNPROCESSABLE_ENTITY {
        return None;
    }
    Some(
        Failure::new(Code::BadRequest, "The cluster does not accept that name or text.")
            .with_fix("Its own words in the details say what is wrong with it.")
            .with_details(crate::body::chain(error)),
    )
}

fn none(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("There is no project {name} (any more)."))
}

/// Checks what was typed. `requested`: as OpenShift does when somebody asks for a project.
fn check(name: &str, requested: bool, display_name: Option<&str>) -> Result<(), Failure> {
    let wrong = |what: &str, error: NameError| {
        Failure::new(Code::BadRequest, format!("A project cannot be {what} so."))
            .with_fix(error.to_string())
    };
    let named = match requested {
        true => name::valid_project_name(name),
        false => name::valid_namespace_name(name),
    };
    named.map_err(|error| wrong("named", error))?;
    let called = display_name.map_or(Ok(()), name::valid_display_name);
    called.map_err(|error| wrong("called", error))
}

fn tool(openshift: bool) -> Tool {
    if openshift { Tool::Oc } else { Tool::Kubectl }
}

#[cfg(test)]
mod tests;
