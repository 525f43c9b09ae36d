// SPDX-License-Identifier: LGPL-2.1-or-later

//! What changes something: plan, do, and ask again. The only place that speaks to both the cluster
//! and the registry.

mod delete;
mod plan;

use std::collections::BTreeSet;

use images_proto::delete::{Params, Target};
use images_proto::{Code, Failure, RepositoryName, TagRef};

pub use self::delete::delete;
pub use self::plan::plan;

fn check(params: &Params) -> Result<(), Failure> {
    if params.targets.len() <= Params::MAX_TARGETS {
        return Ok(());
    }
    Err(Failure {
        code: Code::BadRequest,
        message: format!("More than {} things cannot be deleted at once.", Params::MAX_TARGETS),
        retryable: false,
        fix: Some("Delete them in several steps.".to_owned()),
        details: None,
    })
}

fn repository(target: &Target) -> &RepositoryName {
    match target {
        Target::Tag(tag) => &tag.repository,
        Target::Revision { repository, .. } | Target::Manifest { repository, .. } => repository,
    }
}

/// The repositories of the targets, each once.
fn repositories(targets: &[Target]) -> Vec<RepositoryName> {
    let distinct: BTreeSet<_> = targets.iter().map(repository).collect();
    distinct.into_iter().cloned().collect()
}

/// Why no manifest of a repository can be deleted safely.
fn unread_tags(repository: &RepositoryName) -> Failure {
    Failure {
        code: Code::BadAnswer,
        message: format!(
            "The registry did not say what each tag of {repository} names, so a tag that nobody chose might go too."
        ),
        retryable: true,
        fix: Some("Read it again, and look at the tags that could not be read.".to_owned()),
        details: None,
    }
}

fn no_history() -> Failure {
    Failure {
        code: Code::Unsupported,
        message: "This registry keeps no history of its tags.".to_owned(),
        retryable: false,
        fix: Some("Delete the image itself.".to_owned()),
        details: None,
    }
}

fn only_by_pruning() -> Failure {
    Failure {
        code: Code::Unsupported,
        message: "On OpenShift an image without a tag is deleted by pruning.".to_owned(),
        retryable: false,
        fix: Some("Ask an administrator to run oc adm prune images.".to_owned()),
        details: None,
    }
}

fn absent(what: impl std::fmt::Display) -> Failure {
    Failure {
        code: Code::NotFound,
        message: format!("There is no {what} (any more)."),
        retryable: false,
        fix: None,
        details: None,
    }
}

fn tag_ref(repository: &RepositoryName, tag: &images_proto::Tag) -> TagRef {
    TagRef { repository: repository.clone(), tag: tag.clone() }
}
