// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion is of, in words.

use images_proto::delete::{List, Orphan, Target};

use crate::browser::number;
use crate::state::target::short_name;
use crate::text::{tr, tr_with};

/// The name of a target, or what it is where it has none.
pub fn target_name(target: &Target) -> String {
    match target {
        Target::Layer(digest) => tr_with("images with the layer $0", &[&digest.short()]),
        Target::Found { query, .. } => tr_with("all that “$0” finds", &[query]),
        Target::Orphans(Orphan::Images) => tr("images that no image stream names"),
        Target::Orphans(Orphan::Untagged) => tr("images without a tag"),
        Target::Orphans(Orphan::Signatures) => tr("signatures of images that are gone"),
        Target::Rows { list, except } => match except.len() as u64 {
            0 => list_name(list),
            kept => tr_with("$0, but $1", &[&list_name(list), &number(kept)]),
        },
        _ => short_name(target),
    }
}

/// All rows of a list.
pub fn list_name(list: &List) -> String {
    match list {
        List::Search { query, project: None } if query.trim().is_empty() => tr("all repositories"),
        List::Search { query, project: Some(project) } if query.trim().is_empty() => {
            tr_with("all repositories of $0", &[project])
        }
        List::Search { query, project: None } => tr_with("all rows that “$0” finds", &[query]),
        List::Search { query, project: Some(project) } => {
            tr_with("all rows that “$0” finds in $1", &[query, project])
        }
        List::Tags { repository, filter, .. } if filter.trim().is_empty() => {
            tr_with("all tags of $0", &[repository.as_str()])
        }
        List::Tags { repository, filter, .. } => {
            tr_with("all tags of $0 with “$1”", &[repository.as_str(), filter])
        }
        List::Layer(digest) => tr_with("all tags and images with the layer $0", &[&digest.short()]),
    }
}
