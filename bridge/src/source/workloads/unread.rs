// SPDX-License-Identifier: LGPL-2.1-or-later

//! What could not be looked at, in words.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::{Code, Failure};

use crate::cluster::Error;
use crate::cluster::usage::Kind;

/// The projects that are named one by one.
const MOST: usize = 10;
/// The kinds that are named one by one: more are simply all that runs.
const FEW: usize = 4;

/// What could not be looked at.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// What the user may not list, by project.
    refused: BTreeMap<String, BTreeSet<Kind>>,
    /// Lists that failed, by what went wrong.
    failed: BTreeMap<String, Failed>,
    /// What is told first.
    others: Vec<Failure>,
}

/// Lists that failed in the same way.
#[derive(Debug)]
struct Failed {
    error: Error,
    kinds: BTreeSet<Kind>,
    /// None where the whole cluster was asked.
    projects: BTreeSet<String>,
}

impl Unread {
    pub(super) fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.failed.is_empty() && self.others.is_empty()
    }

    /// The user may not list this kind in a project.
    pub(super) fn refused(&mut self, kind: Kind, project: String) {
        self.refused.entry(project).or_default().insert(kind);
    }

    /// What the user may not see of this kind was counted by somebody else.
    pub(super) fn counted(&mut self, kind: Kind) {
        for kinds in self.refused.values_mut() {
            kinds.remove(&kind);
        }
        self.refused.retain(|_, kinds| !kinds.is_empty());
    }

    /// A list could not be read.
    pub(super) fn failed(&mut self, kind: Kind, project: Option<&str>, error: Error) {
        let failed = self.failed.entry(error.failure("list them").message);
        let failed = failed.or_insert_with(|| Failed {
            error,
            kinds: BTreeSet::new(),
            projects: BTreeSet::new(),
        });
        failed.kinds.insert(kind);
        failed.projects.extend(project.map(str::to_owned));
    }

    /// Not even the projects could be listed.
    pub(super) fn no_projects(&mut self, error: &Error) {
        self.others.push(error.failure("list the projects, to look for users in each of them"));
    }

    /// There are more projects than are looked at.
    pub(super) fn more_projects(&mut self, more: usize) {
        let failure = Failure::new(
            Code::Unsupported,
            format!(
                "{more} more projects were not looked at: there are too many to ask each of them."
            ),
        );
        self.others.push(failure.with_fix("Ask somebody who may list pods in the whole cluster."));
    }

    /// There are more objects of a kind than are looked at.
    pub(super) fn too_many(&mut self, kind: Kind) {
        let message = format!("Not all {} were looked at: there are too many.", kind.words());
        self.others.push(Failure::new(Code::Unsupported, message));
    }

    /// All of it.
    pub(super) fn told(self) -> Vec<Failure> {
        let Self { refused, failed, others: mut told } = self;
        told.extend(failed.into_values().map(|Failed { error, kinds, projects }| {
            let kinds: Vec<_> = kinds.into_iter().map(Kind::words).collect();
            let place = match projects.iter().next() {
                None => String::new(),
                Some(project) if projects.len() == 1 => format!(" of the project {project}"),
                Some(_) => format!(" of {} projects", projects.len()),
            };
            error.failure(format_args!("list the {}{place}", listed(&kinds)))
        }));
        // Most often the same is refused in all of them.
        let mut alike: BTreeMap<BTreeSet<Kind>, Vec<String>> = BTreeMap::new();
        for (project, kinds) in refused {
            alike.entry(kinds).or_default().push(project);
        }
        told.extend(alike.into_iter().map(|(kinds, projects)| not_allowed(&kinds, &projects)));
        told
    }
}

fn not_allowed(kinds: &BTreeSet<Kind>, projects: &[String]) -> Failure {
    let kinds: Vec<_> = kinds.iter().copied().map(Kind::words).collect();
    let (what, them) = match kinds.len() > FEW {
        true => ("What runs and builds".to_owned(), "it"),
        false => (capital(&listed(&kinds)), "them"),
    };
    let place = match projects {
        [project] => format!("in the project {project}"),
        projects => {
            let more = projects.len().saturating_sub(MOST);
            let mut names: Vec<_> = projects.iter().take(MOST).map(String::as_str).collect();
            let more = format!("{more} more");
            if projects.len() > MOST {
                names.push(&more);
            }
            format!("in the projects {}", listed(&names))
        }
    };
    let message = format!("{what} could not be looked at {place}: you may not list {them}.");
    Failure::new(Code::Forbidden, message)
        .with_fix("Ask an administrator for the role view there, or somebody who has it.")
}

/// Nobody knows of a cluster.
pub(super) fn no_cluster() -> Failure {
    Failure::new(
        Code::NoCluster,
        "Who uses the images is unknown: no cluster is known, only a registry.",
    )
    .with_fix("Put a kubeconfig of the cluster in place that uses this registry.")
}

/// Words with commas and an "and".
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_listed_is_told_once() {
        let told = |refused: &[(&str, &[Kind])]| {
            let mut unread = Unread::default();
            for (project, kinds) in refused {
                kinds.iter().for_each(|kind| unread.refused(*kind, (*project).to_owned()));
            }
            unread.told().into_iter().map(|failure| failure.message).collect::<Vec<_>>()
        };
        let some = [Kind::Job, Kind::Pod, Kind::Build];
        assert_eq!(
            told(&[("shop", &some), ("bank", &Kind::ALL), ("team", &Kind::ALL)]),
            [
                "What runs and builds could not be looked at in the projects bank and team: you may \
                 not list it.",
                "Pods, jobs and builds could not be looked at in the project shop: you may not list \
                 them.",
            ]
        );
        let names: Vec<_> = (10..22).map(|idx| format!("p{idx}")).collect();
        let many: Vec<_> = names.iter().map(|name| (&**name, &some[..])).collect();
        let [message] = &told(&many)[..] else { panic!() };
        assert!(message.contains("projects p10, p11, p12"), "{message}");
        assert!(message.contains("p19 and 2 more: you may"), "{message}");
    }

    #[test]
    fn what_was_counted_is_not_unread() {
        let mut unread = Unread::default();
        unread.refused(Kind::Pod, "shop".to_owned());
        unread.refused(Kind::Job, "shop".to_owned());
        unread.counted(Kind::Pod);
        assert!(!unread.is_empty());
        unread.counted(Kind::Job);
        assert!(unread.is_empty());
    }
}
