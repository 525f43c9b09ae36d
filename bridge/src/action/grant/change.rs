// SPDX-License-Identifier: LGPL-2.1-or-later

//! The steps by which some get exactly one role of ours in a project, whatever they and others had.
//!
//! One step is done at a time, by a fresh look at all bindings; when a look finds nothing to do any
//! more, it is done, and that look is the proof. What others change meanwhile is never undone: a
//! binding is written as it was read, or not at all.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use images_proto::subject::{Role, Subject};
use images_proto::{Code, Failure};
use images_roster::facts::RoleRef;
use images_roster::role_of;
use tokio::time::sleep;

use super::words;
use crate::action::rights::Tool;
use crate::cluster::role_binding::RoleBinding;
use crate::cluster::{Cluster, Error};

/// How often in a row somebody else may be faster.
const TRIES: u32 = 12;
/// The most steps. Each role of ours has a few bindings in a project.
const STEPS: u32 = 1_000;
/// The time after which it is tried again, doubled each time up to 32 of it.
const PAUSE: Duration = Duration::from_millis(20);

/// Who shall have what in a project.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub(super) project: &'a str,
    pub(super) subjects: &'a [Subject],
    /// The role of ours, and what it is in this cluster; `None`: none of ours.
    pub(super) role: Option<(Role, RoleRef)>,
    pub(super) tool: Tool,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// These get the role by a new binding.
    Create(RoleBinding, Vec<Subject>),
    /// These get it by this binding, which has them already here.
    Add(RoleBinding, Vec<Subject>),
    /// These lose another role of ours by this binding, which lacks them already here.
    Remove(RoleBinding, Vec<Subject>),
    /// They were all that had this binding.
    Delete(RoleBinding, Vec<Subject>),
}

impl Step {
    /// The verb of the API.
    fn verb(&self) -> &'static str {
        match self {
            Self::Create(..) => "create",
            Self::Add(..) | Self::Remove(..) => "update",
            Self::Delete(..) => "delete",
        }
    }

    /// What the bindings are after it, if nobody else changes them.
    fn apply(self, bindings: &mut Vec<RoleBinding>) {
        match self {
            Self::Create(binding, _) => bindings.push(binding),
            Self::Add(binding, _) | Self::Remove(binding, _) => {
                for old in bindings.iter_mut().filter(|old| old.name() == binding.name()) {
                    old.clone_from(&binding);
                }
            }
            Self::Delete(binding, _) => bindings.retain(|old| old.name() != binding.name()),
        }
    }
}

impl Change<'_> {
    /// What is to be done next, going by the project's bindings. Whoever gets another role has it
    /// before the old one goes.
    pub(super) fn next(&self, bindings: &[RoleBinding]) -> Option<Step> {
        if let Some((_, reference)) = &self.role {
            let of_role = || bindings.iter().filter(|binding| binding.role() == *reference);
            let lacks = |subject: &&Subject| !of_role().any(|binding| binding.has(subject));
            let lacking: Vec<_> = self.subjects.iter().filter(lacks).cloned().collect();
            if !lacking.is_empty() {
                return Some(match of_role().next() {
                    Some(binding) => Step::Add(binding.with(&lacking), lacking),
                    None => {
                        let name = free_name(&reference.name, bindings);
                        let new = RoleBinding::new(self.project, &name, reference, &lacking);
                        Step::Create(new, lacking)
                    }
                });
            }
        }
        let role = self.role.as_ref().map(|(role, _)| *role);
        // An equal role by another name is left. Admin goes last: it may be what this is done with.
        let others = [Role::Pull, Role::Push, Role::Admin].into_iter();
        let mut others = others.filter(|other| Some(*other) != role);
        others.find_map(|other| self.removal(other, bindings))
    }

    /// The next step by which these lose a role of ours.
    fn removal(&self, role: Role, bindings: &[RoleBinding]) -> Option<Step> {
        let mut of_role = bindings.iter().filter(|binding| role_of(&binding.role()) == Some(role));
        of_role.find_map(|binding| {
            let losing: Vec<_> =
                self.subjects.iter().filter(|subject| binding.has(subject)).cloned().collect();
            if losing.is_empty() {
                return None;
            }
            let left = binding.without(&losing);
            Some(match left.is_empty() {
                true => Step::Delete(binding.clone(), losing),
                false => Step::Remove(left, losing),
            })
        })
    }

    /// The verbs of all steps, if nobody else changes the bindings, which become what they are then.
    pub(super) fn foresee(&self, bindings: &mut Vec<RoleBinding>) -> Vec<&'static str> {
        let mut verbs = Vec::new();
        while let Some(step) = self.next(bindings).filter(|_| verbs.len() < STEPS as usize) {
            verbs.push(step.verb());
            step.apply(bindings);
        }
        verbs
    }

    /// Does it, and returns the bindings by which it is so.
    ///
    /// # Errors
    /// When it is not so in the end; what was done by then is told.
    pub(super) async fn run(&self, cluster: &Cluster) -> Result<Vec<RoleBinding>, Failure> {
        let mut done = Vec::new();
        let (mut tries, mut steps) = (0, 0);
        let mut picture = Vec::new();
        loop {
            let bindings = match cluster.role_bindings(self.project).await {
                Ok(bindings) => bindings,
                // With the last step went the user's own right to look, which proves it.
                Err(error)
                    if error.is_forbidden()
                        && !done.is_empty()
                        && self.next(&picture).is_none() =>
                {
                    return Ok(picture);
                }
                Err(error) => {
                    let tried = format!("look who has which role in {}", self.project);
                    return Err(so_far(error.failure(tried), &done));
                }
            };
            let Some(step) = self.next(&bindings) else { return Ok(bindings) };
            steps += 1;
            if steps > STEPS {
                return Err(so_far(self.endless(), &done));
            }
            match take(cluster, &step).await {
                Ok(()) => {
                    tries = 0;
                    done.push(self.told(&step));
                    picture = bindings;
                    step.apply(&mut picture);
                }
                Err(error) if is_overtaken(&step, &error) => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(so_far(self.busy(), &done));
                    }
                    sleep(pause(tries)).await;
                }
                Err(error) => return Err(so_far(self.refused(&error), &done)),
            }
        }
    }

    /// What a step did.
    fn told(&self, step: &Step) -> String {
        match step {
            Step::Create(_, subjects) | Step::Add(_, subjects) => {
                let role = self.role.as_ref().map_or("", |(role, _)| words::role(*role));
                format!("{} got {role}", words::all(subjects))
            }
            Step::Remove(binding, subjects) | Step::Delete(binding, subjects) => {
                let role = role_of(&binding.role()).map_or("", words::role);
                format!("{} lost {role}", words::all(subjects))
            }
        }
    }

    fn busy(&self) -> Failure {
        let message = format!(
            "Others kept changing the roles in {} at the same time, so that it could not be done.",
            self.project
        );
        Failure::new(Code::Conflict, message).retryable().with_fix("Try again in a moment.")
    }

    fn endless(&self) -> Failure {
        let message = format!(
            "The cluster took the changes of the roles in {}, yet shows none.",
            self.project
        );
        Failure::new(Code::BadAnswer, message).retryable()
    }

    fn refused(&self, error: &Error) -> Failure {
        let project = self.project;
        let who = words::all(self.subjects);
        let role = self.role.as_ref().map(|(role, _)| *role);
        let what = match role {
            Some(role) => format!("give {} in {project} to {who}", words::role(role)),
            None => format!("take the roles in {project} from {who}"),
        };
        if error.is_not_found() {
            return Failure::new(
                Code::NotFound,
                format!("There is no project {project} (any more)."),
            );
        }
        if !error.is_forbidden() {
            return error.failure(what);
        }
        let details = crate::body::chain(error);
        if error.is_about_terminating() {
            let message = format!("The project {project} is being deleted.");
            return Failure::new(Code::Conflict, message).with_details(details);
        }
        let message = match error.is_escalation() {
            true => format!(
                "You may not {what}: nobody can give or take a role with more rights than they have themselves."
            ),
            false => format!("You may not {what}."),
        };
        Failure::new(Code::Forbidden, message)
            .with_fix("Ask an administrator of the project or the cluster to do it.")
            .with_command(words::command(self.tool, project, self.subjects, role))
            .with_details(details)
    }
}

async fn take(cluster: &Cluster, step: &Step) -> Result<(), Error> {
    match step {
        Step::Create(binding, _) => cluster.create_role_binding(binding).await,
        Step::Add(binding, _) | Step::Remove(binding, _) => cluster.put_role_binding(binding).await,
        Step::Delete(binding, _) => cluster.delete_role_binding(binding).await,
    }
}

/// Whether somebody else changed, made or deleted the binding since it was read.
fn is_overtaken(step: &Step, error: &Error) -> bool {
    let is_gone = !matches!(step, Step::Create(..)) && error.is_not_found();
    error.status() == Some(http::StatusCode::CONFLICT) || is_gone
}

/// Between half and all of what is due, so that two who met do not meet again.
fn pause(tries: u32) -> Duration {
    let due = PAUSE * (1 << tries.min(5));
    let share = RandomState::new().hash_one(tries) % 1_000;
    due / 2 + due.mul_f64(share as f64 / 2_000.0)
}

/// The name of a binding of this role that no other has, as `oc policy` chooses it.
fn free_name(role: &str, bindings: &[RoleBinding]) -> String {
    let is_free = |name: &String| !bindings.iter().any(|binding| binding.name() == name);
    let numbered = (0..).map(|number: u64| format!("{role}-{number}"));
    let name = std::iter::once(role.to_owned()).chain(numbered).find(is_free);
    name.unwrap_or_else(|| role.to_owned())
}

/// A failure that says what was done before it.
fn so_far(failure: Failure, done: &[String]) -> Failure {
    if done.is_empty() {
        return failure;
    }
    let so_far = format!("Before that, {}; everything else is as it was.", done.join(", "));
    let fix = match &failure.fix {
        Some(fix) => format!("{fix} {so_far}"),
        None => so_far,
    };
    failure.with_fix(fix)
}

#[cfg(test)]
mod tests;
