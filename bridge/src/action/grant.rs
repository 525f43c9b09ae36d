// SPDX-License-Identifier: LGPL-2.1-or-later

//! Gives, changes and takes roles of ours in a project, and shares it with everybody. Other roles
//! are never touched.

mod change;
mod last_right;
mod roles;
mod sharing;
mod words;

use std::collections::BTreeSet;

use images_proto::grant::{Granted, Params};
use images_proto::name;
use images_proto::subject::{Role, Subject, SubjectKind};
use images_proto::{Code, Failure};
use images_roster::{role_of, subject_of_user};

use self::change::Change;
pub(crate) use self::roles::{Found, find as find_role};
pub use self::sharing::share;
pub(super) use self::words::role as called;
use super::rights::Tool;
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::cluster::role_binding::{RBAC, RoleBinding};

/// Gives these subjects exactly this role of ours, or none.
///
/// # Errors
/// When it could not be done, or not wholly, which is told.
pub async fn grant(cluster: &Cluster, openshift: bool, params: Params) -> Result<Granted, Failure> {
    let Params { project, subjects, role, agreed, even_own } = params;
    check_project(&project)?;
    let subjects = checked(subjects)?;
    let wishes = [Wish { subjects: &subjects, role }];
    let work = Work { cluster, tool: tool(openshift), project: &project, agreed };
    let mut granted = Granted::default();
    let Some(ready) = work.prepare(openshift, &wishes, &mut granted).await? else {
        return Ok(granted);
    };
    let bindings = &ready.bindings;
    granted.last_right =
        !even_own && last_right::is_lost(cluster, &project, bindings, &subjects, role).await;
    if granted.last_right || !granted.missing.is_empty() || !ready.is_agreed {
        return Ok(granted);
    }
    let bindings = work.run(ready, &wishes).await?;
    granted.creates.clear();
    granted.done = true;
    granted.notes = others(&bindings, &subjects);
    Ok(granted)
}

/// What giving these subjects this role of ours takes, without doing any of it: `done` where
/// nothing is in the way.
///
/// # Errors
/// When that cannot be found out, or nobody can be given a role there.
pub(super) async fn foresee(
    cluster: &Cluster,
    openshift: bool,
    params: Params,
) -> Result<Granted, Failure> {
    let Params { project, subjects, role, agreed, .. } = params;
    check_project(&project)?;
    let subjects = checked(subjects)?;
    let wishes = [Wish { subjects: &subjects, role }];
    let work = Work { cluster, tool: tool(openshift), project: &project, agreed };
    let mut granted = Granted::default();
    let ready = work.prepare(openshift, &wishes, &mut granted).await?;
    granted.done = granted.missing.is_empty() && ready.is_some_and(|ready| ready.is_agreed);
    Ok(granted)
}

/// Who shall have which role of ours.
struct Wish<'a> {
    subjects: &'a [Subject],
    role: Option<Role>,
}

/// Where and how roles are given.
struct Work<'a> {
    cluster: &'a Cluster,
    tool: Tool,
    project: &'a str,
    agreed: bool,
}

/// What was found out before anything is done.
struct Ready {
    bindings: Vec<RoleBinding>,
    /// The roles of the wishes that have one.
    found: Vec<Found>,
    /// Nothing has to be created, or that was agreed to.
    is_agreed: bool,
}

impl Work<'_> {
    /// Looks at the project, and tells what would be created and which rights are missing. `None`:
    /// the user may not even look.
    async fn prepare(
        &self,
        openshift: bool,
        wishes: &[Wish<'_>],
        granted: &mut Granted,
    ) -> Result<Option<Ready>, Failure> {
        let Self { cluster, tool, project, agreed } = *self;
        let bindings = match cluster.role_bindings(project).await {
            Ok(bindings) => bindings,
            Err(error) if error.is_forbidden() => {
                let all = ["list", "create", "update", "delete"];
                let needed: Vec<_> = all.into_iter().map(|verb| to(verb, project)).collect();
                granted.missing = words::missing(cluster, tool, project, &needed).await;
                if granted.missing.is_empty() {
                    return Err(error.failure(format!("look who has which role in {project}")));
                }
                return Ok(None);
            }
            Err(error) => {
                return Err(error.failure(format!("look who has which role in {project}")));
            }
        };
        let mut found = Vec::new();
        for role in wishes.iter().filter_map(|wish| wish.role) {
            found.push(roles::find(cluster, openshift, project, role).await?);
        }
        let drafts: Vec<_> = found.iter().filter_map(Found::draft).collect();
        granted.creates = drafts.iter().map(|draft| draft.shown()).collect();
        // Two wishes may be for one role.
        granted.creates.dedup();
        let mut picture = bindings.clone();
        let changes = self.changes(&found, wishes);
        let verbs: BTreeSet<_> =
            changes.iter().flat_map(|change| change.foresee(&mut picture)).collect();
        let mut needed: Vec<_> = verbs.into_iter().map(|verb| to(verb, project)).collect();
        needed.extend(drafts.iter().map(|draft| roles::to_create(draft.namespace())));
        granted.missing = words::missing(cluster, tool, project, &needed).await;
        let is_agreed = drafts.is_empty() || agreed;
        Ok(Some(Ready { bindings, found, is_agreed }))
    }

    /// Does it, one wish after the other, and returns the bindings by which all of it is so.
    async fn run(&self, ready: Ready, wishes: &[Wish<'_>]) -> Result<Vec<RoleBinding>, Failure> {
        for draft in ready.found.iter().filter_map(Found::draft) {
            self.cluster.create(draft).await.map_err(|error| {
                let failure = error.failure(format_args!("create {draft}"));
                match error.is_escalation() {
                    true => failure.with_fix(
                        "Nobody can create a role with more rights than they have themselves: ask an administrator of the cluster to do it.",
                    ),
                    false => failure,
                }
            })?;
        }
        let mut bindings = ready.bindings;
        for change in self.changes(&ready.found, wishes) {
            bindings = change.run(self.cluster).await.map_err(|mut failure| {
                for draft in ready.found.iter().filter_map(Found::draft) {
                    failure.message = format!("{} {draft} was created before.", failure.message);
                }
                failure
            })?;
        }
        Ok(bindings)
    }

    fn changes<'a>(&'a self, found: &'a [Found], wishes: &'a [Wish<'_>]) -> Vec<Change<'a>> {
        let mut found = found.iter();
        let changes = wishes.iter().map(|wish| Change {
            project: self.project,
            subjects: wish.subjects,
            role: wish.role.and_then(|role| Some((role, found.next()?.reference().clone()))),
            tool: self.tool,
        });
        changes.collect()
    }
}

/// What these have besides, directly and by roles that are not ours.
fn others(bindings: &[RoleBinding], subjects: &[Subject]) -> Vec<String> {
    /// The most that are told.
    const MOST: usize = 5;
    let others = bindings.iter().filter(|binding| role_of(&binding.role()).is_none());
    let told = others.filter_map(|binding| {
        let have: Vec<_> =
            subjects.iter().filter(|subject| binding.has(subject)).cloned().collect();
        (!have.is_empty()).then(|| {
            let (role, name) = (binding.role().name, binding.name());
            let verb = if have.len() == 1 { "has" } else { "have" };
            format!(
                "{} {verb} the role {role} here too, by the binding {name}, which was left alone.",
                words::all(&have)
            )
        })
    });
    told.take(MOST).map(|note| crate::body::excerpt(note.as_bytes())).collect()
}

fn check_project(project: &str) -> Result<(), Failure> {
    name::valid_namespace_name(project).map_err(|error| {
        Failure::new(Code::BadRequest, "That is not the name of a project.")
            .with_fix(error.to_string())
    })
}

/// The subjects, each once, or why nothing can be given to one of them.
fn checked(subjects: Vec<Subject>) -> Result<Vec<Subject>, Failure> {
    if subjects.is_empty() {
        return Err(Failure::new(Code::BadRequest, "Nobody was named."));
    }
    if subjects.len() > Params::MAX_SUBJECTS {
        let message = format!("More than {} cannot be changed at once.", Params::MAX_SUBJECTS);
        return Err(Failure::new(Code::BadRequest, message).with_fix("Do it in several steps."));
    }
    let mut checked = BTreeSet::new();
    for subject in subjects {
        name::valid_subject(&subject).map_err(|error| {
            let named = crate::body::excerpt(subject.name.as_bytes());
            let message = format!("Nobody can have the name “{named}”.");
            Failure::new(Code::BadRequest, message).with_fix(error.to_string())
        })?;
        checked.insert(match subject.kind {
            SubjectKind::User => subject_of_user(&subject.name),
            SubjectKind::Group | SubjectKind::Robot => subject,
        });
    }
    Ok(checked.into_iter().collect())
}

fn tool(openshift: bool) -> Tool {
    if openshift { Tool::Oc } else { Tool::Kubectl }
}

/// The right to do something with the bindings of a project.
fn to<'a>(verb: &'a str, project: &'a str) -> Permission<'a> {
    let resource = "rolebindings";
    let namespace = Some(project);
    Permission { verb, group: RBAC, resource, subresource: None, namespace, name: None }
}

#[cfg(test)]
mod tests;
