// SPDX-License-Identifier: LGPL-2.1-or-later

//! Makes an empty repository: an image stream. A plain registry has no such thing.

use images_proto::name::{self, NameError};
use images_proto::project::{Done, NewRepository};
use images_proto::{Code, Failure, RepositoryName};
use serde_json::json;

use super::{invalid, none};
use crate::action::rights::{self, Tool};
use crate::cluster::access::Permission;
use crate::cluster::{Cluster, Error};

/// Makes an image stream. Without a cluster that has such: says how a repository comes into being;
/// `host` is the registry's address for clients, if one is known.
///
/// # Errors
/// When there is one of that name, no project for it, or the user may not; and on plain registries.
pub async fn create_repository(
    cluster: Option<&Cluster>,
    host: Option<&str>,
    params: NewRepository,
) -> Result<Done, Failure> {
    let NewRepository { name: repository } = params;
    let Some(cluster) = cluster else { return Err(pushed_only(&repository, host)) };
    check(&repository)?;
    let (project, name) = (repository.project().unwrap_or_default(), repository.name_in_project());
    let stream = json!({
        "kind": "ImageStream",
        "apiVersion": "image.openshift.io/v1",
        "metadata": { "name": name, "namespace": project },
    });
    if let Err(error) = cluster.create_stream(&repository, &stream).await {
        return Err(not_made(cluster, &repository, &error).await);
    }
    match cluster.stream_object(&repository).await {
        Ok(Some(_)) => Ok(Done {}),
        Ok(None) => {
            let message =
                format!("The cluster took the repository {repository}, yet does not show it.");
            Err(Failure::new(Code::BadAnswer, message).with_fix("Look again in a moment."))
        }
        Err(error) => Err(error.failure(format_args!("look at the new repository {repository}"))),
    }
}

fn check(repository: &RepositoryName) -> Result<(), Failure> {
    let checked = match repository.project() {
        Some(project) => name::valid_namespace_name(project)
            .and_then(|()| name::valid_repository_name(project, repository.name_in_project())),
        None => Err(NameError::Empty),
    };
    checked.map_err(|error| {
        Failure::new(Code::BadRequest, "A repository is named PROJECT/NAME, and not so.")
            .with_fix(error.to_string())
    })
}

async fn not_made(cluster: &Cluster, repository: &RepositoryName, error: &Error) -> Failure {
    let project = repository.project().unwrap_or_default();
    if error.is_already_there() {
        let message = format!("There is a repository {repository} already.");
        return Failure::new(Code::Conflict, message).with_fix("Choose another name.");
    }
    if error.is_not_found() {
        return none(project);
    }
    if error.is_about_terminating() {
        let message = format!("The project {project} is being deleted.");
        return Failure::new(Code::Conflict, message);
    }
    if let Some(failure) = invalid(error) {
        return failure;
    }
    let failure = error.failure(format_args!("make the repository {repository}"));
    if !error.is_forbidden() {
        return failure;
    }
    let missing = rights::missing(cluster, Tool::Oc, &[to_create(project)]).await;
    match missing.into_iter().find_map(|right| right.command) {
        Some(command) => failure.with_command(command),
        None => failure,
    }
}

fn to_create(project: &str) -> Permission<'_> {
    Permission {
        verb: "create",
        group: "image.openshift.io",
        resource: "imagestreams",
        subresource: None,
        namespace: Some(project),
        name: None,
    }
}

/// A plain registry keeps no empty repositories.
fn pushed_only(repository: &RepositoryName, host: Option<&str>) -> Failure {
    let host = host.unwrap_or("REGISTRY");
    Failure::new(
        Code::Unsupported,
        "This registry knows no empty repositories: one comes into being with the first push.",
    )
    .with_fix("Push an image into it.")
    .with_command(format!("podman push IMAGE {host}/{repository}:TAG"))
}
