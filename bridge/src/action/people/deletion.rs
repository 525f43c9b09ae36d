// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes users and groups with what leads to them.
//!
//! First the roles go, then the memberships, then the identities, and the object last: wherever
//! that is broken off, somebody has fewer rights than before and never more, and the same deletion
//! goes on with the rest.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use images_proto::account::MissingRight;
use images_proto::grant;
use images_proto::name::valid_member_name;
use images_proto::people::{Deletion, Goes, Identity};
use images_proto::subject::{Subject, SubjectKind};
use images_proto::{Code, Failure};
use images_roster::role_of;

use super::{CONCURRENCY, absent, after, bad_name, keeps_users, refused, to, told};
use crate::action::rights::{self, Tool};
use crate::cluster::binding::{self, Binding, CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS};
use crate::cluster::path::is_name;
use crate::cluster::{Cluster, Collection, Error, identity_mapping};
use crate::shell::word;

/// Projects in which roles are taken away at once; each takes several requests.
const FEW_PROJECTS: usize = 4;
/// Sentences about roles that stay.
const MOST_STAYS: usize = 20;
/// Projects that are looked into one by one, where their bindings may not be listed at once.
const MOST_PROJECTS: usize = 1_000;

/// What there is of somebody.
#[derive(Default)]
struct Traces {
    /// The object; `None` when only its name is used.
    uid: Option<String>,
    identities: Vec<Identity>,
    groups: Vec<String>,
    projects: BTreeSet<String>,
    stays: Vec<String>,
}

/// Says what goes with a user or group and what stays, and deletes it once that is agreed to.
///
/// # Errors
/// When there is no such user or group, it is the user himself, or the cluster refuses.
pub async fn delete_person(cluster: &Cluster, params: Deletion) -> Result<Goes, Failure> {
    let Deletion { subject, agreed } = &params;
    let name = &subject.name;
    let (kind, resource) = match subject.kind {
        SubjectKind::User => ("user", "users"),
        SubjectKind::Group => ("group", "groups"),
        SubjectKind::Robot => {
            return Err(Failure::new(Code::BadRequest, "A robot is deleted in its project."));
        }
    };
    valid_member_name(name).map_err(|error| bad_name("Nobody", &error))?;
    keeps_users(cluster).await?;
    if subject.kind == SubjectKind::User && cluster.user().await.as_ref() == Some(name) {
        let message = format!("{name} is you, and nobody deletes himself here.");
        return Err(
            Failure::new(Code::Unsupported, message).with_fix("Have another administrator do it.")
        );
    }
    let traces = traces(cluster, subject).await?;
    let Traces { uid, identities, groups, projects, stays } = &traces;
    if uid.is_none() && groups.is_empty() && projects.is_empty() && stays.is_empty() {
        return Err(absent(kind, name));
    }
    let mut needed = vec![to("delete", resource, Some(name))];
    needed.extend(identities.first().map(|_| to("delete", "identities", None)));
    needed.extend(groups.iter().map(|group| to("update", "groups", Some(group))));
    let mut goes = Goes {
        done: false,
        identities: identities.clone(),
        groups: groups.clone(),
        projects: projects.iter().cloned().collect(),
        stays: stays.clone(),
        missing: rights::missing(cluster, Tool::Oc, &needed).await,
    };
    if !agreed || !goes.missing.is_empty() {
        return Ok(goes);
    }
    delete(cluster, subject, &traces, &mut goes).await?;
    Ok(goes)
}

async fn delete(
    cluster: &Cluster,
    subject: &Subject,
    traces: &Traces,
    goes: &mut Goes,
) -> Result<(), Failure> {
    let name = &subject.name;
    let mut steps = Vec::new();
    let taking: Vec<_> = traces
        .projects
        .iter()
        .map(|project| async move { (project, take_roles(cluster, subject, project).await) })
        .collect();
    let mut taken = stream::iter(taking).buffered(FEW_PROJECTS);
    while let Some((project, taken)) = taken.next().await {
        let missing = taken.map_err(|failure| after(failure, &steps))?;
        if !missing.is_empty() {
            goes.missing = missing;
            return Ok(());
        }
        steps.push(format!("the roles in {project} were taken away"));
    }
    let (none, one) = (&[], std::slice::from_ref(name));
    let leaving: Vec<_> = traces
        .groups
        .iter()
        .map(|group| async move {
            let left = cluster.change_group(group, none, one).await;
            left.map_err(|error| refused(&error, format_args!("take {name} out of {group}")))
        })
        .collect();
    let left = stream::iter(leaving).buffer_unordered(CONCURRENCY).try_collect::<Vec<_>>().await;
    left.map_err(|failure| after(failure, &steps))?;
    if let Some(groups) = told(&traces.groups) {
        steps.push(format!("{name} was taken out of {groups}"));
    }
    for identity in &traces.identities {
        delete_identity(cluster, identity, name).await.map_err(|failure| after(failure, &steps))?;
        let identity = identity_mapping::name(identity);
        steps.push(format!("the identity {identity} was deleted"));
    }
    if let Some(uid) = &traces.uid {
        let deleted = match subject.kind {
            SubjectKind::User => cluster.delete_user(name, uid).await,
            SubjectKind::Group | SubjectKind::Robot => cluster.delete_group(name, uid).await,
        };
        deleted.map_err(|error| after(refused(&error, format_args!("delete {name}")), &steps))?;
    }
    look(cluster, subject).await.map_err(|failure| after(failure, &steps))?;
    goes.done = true;
    Ok(())
}

/// Takes the roles of ours in a project away; the rights that are missing for it.
async fn take_roles(
    cluster: &Cluster,
    subject: &Subject,
    project: &str,
) -> Result<Vec<MissingRight>, Failure> {
    let params = grant::Params {
        project: project.to_owned(),
        subjects: vec![subject.clone()],
        role: None,
        agreed: false,
        even_own: false,
    };
    // Boxed: many requests make futures of many kilobytes.
    let granted = Box::pin(crate::action::grant::grant(cluster, true, params)).await?;
    if granted.last_right {
        let name = &subject.name;
        let message = format!("{name} gives you the last right to give roles in {project}.");
        return Err(Failure::new(Code::Conflict, message)
            .with_fix(format!("Give yourself the role Admin in {project} by name first.")));
    }
    Ok(granted.missing)
}

/// Deletes an identity, unless it leads to somebody else by now.
async fn delete_identity(
    cluster: &Cluster,
    identity: &Identity,
    user: &str,
) -> Result<(), Failure> {
    let name = identity_mapping::name(identity);
    let found = cluster.find_identity(identity).await;
    let found =
        found.map_err(|error| error.failure(format_args!("look at the identity {name}")))?;
    match found {
        Some(found) if found.object.user().is_none_or(|leads_to| leads_to == user) => {
            let deleted = cluster.delete_identity(identity, &found.uid).await;
            deleted.map_err(|error| refused(&error, format_args!("delete the identity {name}")))
        }
        _ => Ok(()),
    }
}

/// Whether nothing of it is left that was to go.
async fn look(cluster: &Cluster, subject: &Subject) -> Result<(), Failure> {
    let name = &subject.name;
    let tried = |error: Error| error.failure(format_args!("look whether {name} is gone"));
    let left = match subject.kind {
        SubjectKind::User => {
            let groups = match cluster.groups_of(name).await {
                // That they are not known was told before.
                Err(error) if error.is_forbidden() => Vec::new(),
                groups => groups.map_err(tried)?,
            };
            cluster.find_user(name).await.map_err(tried)?.is_some() || !groups.is_empty()
        }
        SubjectKind::Group | SubjectKind::Robot => {
            cluster.find_group(name).await.map_err(tried)?.is_some()
        }
    };
    match left {
        false => Ok(()),
        true => {
            let message = format!("{name} is there again: somebody made it anew, or it logged in.");
            Err(Failure::new(Code::Conflict, message).retryable())
        }
    }
}

async fn traces(cluster: &Cluster, subject: &Subject) -> Result<Traces, Failure> {
    let name = &subject.name;
    let is_user = subject.kind == SubjectKind::User;
    let tried = |error: Error| error.failure(format_args!("look at {name}"));
    let object = async {
        if is_user {
            let found = cluster.find_user(name).await.map_err(tried)?;
            Ok(found.map(|found| (found.uid, found.object.identities().collect())))
        } else {
            let found = cluster.find_group(name).await.map_err(tried)?;
            Ok(found.map(|found| (found.uid, Vec::new())))
        }
    };
    let groups = async { if is_user { cluster.groups_of(name).await } else { Ok(Vec::new()) } };
    let own = list_of(cluster, ROLE_BINDINGS, subject);
    let of_cluster = list_of(cluster, CLUSTER_ROLE_BINDINGS, subject);
    let (object, groups, own, of_cluster) = tokio::join!(object, groups, own, of_cluster);
    let object: Option<(String, Vec<Identity>)> = object?;
    let mut traces = Traces::default();
    if let Some((uid, identities)) = object {
        (traces.uid, traces.identities) = (Some(uid), identities);
    }
    let unread = |error: &Error, what: &str| {
        error.is_forbidden().then(|| format!("You may not list {what}, so none of them changes."))
    };
    match groups {
        Ok(groups) => traces.groups = groups,
        Err(error) => traces.stays.push(unread(&error, "the groups").ok_or_else(|| tried(error))?),
    }
    let mut foreign = Vec::new();
    let own = match own {
        Err(error) if error.is_forbidden() => {
            let (bindings, unknown) = look_around(cluster, subject).await.map_err(tried)?;
            traces.stays.extend(unknown);
            Ok(bindings)
        }
        own => own,
    };
    match own {
        Ok(bindings) => {
            for binding in bindings {
                let Some(project) = binding.metadata.namespace.clone() else { continue };
                match role_of(&binding.role_ref.read()) {
                    Some(_) => drop(traces.projects.insert(project)),
                    None => foreign.push(stays(subject, Some(&project), &binding)),
                }
            }
        }
        Err(error) => return Err(tried(error)),
    }
    match of_cluster {
        Ok(bindings) => {
            foreign.extend(bindings.iter().map(|binding| stays(subject, None, binding)))
        }
        Err(error) => {
            let words = unread(&error, "the role bindings of the cluster");
            traces.stays.push(words.ok_or_else(|| tried(error))?);
        }
    }
    let more = foreign.len().saturating_sub(MOST_STAYS);
    traces.stays.extend(foreign.into_iter().take(MOST_STAYS));
    if more > 0 {
        traces.stays.push(format!("And {more} more roles that were not given here."));
    }
    if let Some(provider) = traces.identities.first().map(|identity| &identity.provider) {
        traces.stays.push(format!(
            "As long as {provider} knows {name}, the next login makes the user anew, without these roles."
        ));
    }
    Ok(traces)
}

/// The bindings that name somebody in the projects that the user sees, where those of all projects
/// may not be listed at once; and what is not known then.
async fn look_around(
    cluster: &Cluster,
    subject: &Subject,
) -> Result<(Vec<Binding>, Vec<String>), Error> {
    let name = &subject.name;
    let mut projects = cluster.projects().await?;
    // They stand in paths.
    projects.retain(|project| is_name(project));
    let mut unread = projects.split_off(projects.len().min(MOST_PROJECTS));
    let looking: Vec<_> = projects
        .into_iter()
        .map(|project| async move {
            let bindings = list_of(cluster, &binding::list_path(&project), subject).await;
            (project, bindings)
        })
        .collect();
    let mut looking = stream::iter(looking).buffered(CONCURRENCY);
    let mut all = Vec::new();
    while let Some((project, bindings)) = looking.next().await {
        match bindings {
            Ok(bindings) => all.extend(bindings),
            // It went meanwhile.
            Err(error) if error.is_not_found() => {}
            Err(error) if error.is_forbidden() => unread.push(project),
            Err(error) => return Err(error),
        }
    }
    let mut unknown = vec![format!(
        "You may not list the role bindings of all projects at once: what {name} has in projects that you do not see is not known and stays."
    )];
    unknown.extend(told(&unread).map(|projects| {
        format!("You may not list the role bindings of {projects}: what {name} has there is not known and stays.")
    }));
    Ok((all, unknown))
}

/// The bindings that name somebody.
async fn list_of(
    cluster: &Cluster,
    path: &str,
    Subject { kind, name, .. }: &Subject,
) -> Result<Vec<Binding>, Error> {
    let kind = match kind {
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
        SubjectKind::Robot => "ServiceAccount",
    };
    let names = |binding: &Binding| {
        let mut subjects = binding.subjects.iter().flatten();
        subjects.any(|subject| subject.kind == kind && subject.name == *name)
    };
    let bindings = Collection::whole(path);
    cluster.list_some(&bindings, |binding: Binding| names(&binding).then_some(binding)).await
}

/// That a role stays, and how it is taken away.
fn stays(subject: &Subject, project: Option<&str>, binding: &Binding) -> String {
    let (role, name) = (&binding.role_ref.name, &subject.name);
    let whom = match subject.kind {
        SubjectKind::User | SubjectKind::Robot => "user",
        SubjectKind::Group => "group",
    };
    let (role_word, name_word) = (word(role), word(name));
    match project {
        Some(project) => {
            // A role of the project itself is not found without this.
            let of = if binding.role_ref.kind == "Role" {
                format!(" --role-namespace={project}")
            } else {
                String::new()
            };
            format!(
                "The role {role} in {project} stays with the name: oc policy remove-role-from-{whom} {role_word} {name_word}{of} -n {project}"
            )
        }
        None => format!(
            "The role {role} in the whole cluster stays with the name: oc adm policy remove-cluster-role-from-{whom} {role_word} {name_word}"
        ),
    }
}
