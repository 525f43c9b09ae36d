// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is deleted, in the words of headings and buttons.

use images_proto::delete::{Orphan, Plan, Receipt, Target};

use crate::components::target_name::target_name;
use crate::state::deletion::{accepted, summary, tags_gone, tally};
use crate::state::target::{self, Kind, common_kind, short_name};
use crate::text::{plural, plural_with, tr, tr_with};

/// The question above a plan.
pub(super) fn heading(targets: &[Target]) -> String {
    let [target] = targets else {
        let count = targets.len() as u64;
        return match common_kind(targets) {
            Some(Kind::Tag) => plural("Delete $0 tag?", "Delete $0 tags?", count),
            Some(Kind::Revision) => {
                plural("Delete $0 older revision?", "Delete $0 older revisions?", count)
            }
            Some(Kind::Image) => plural("Delete $0 image?", "Delete $0 images?", count),
            Some(Kind::Repository) => {
                plural("Delete $0 repository?", "Delete $0 repositories?", count)
            }
            Some(Kind::Blob) => plural("Delete $0 layer?", "Delete $0 layers?", count),
            Some(Kind::Many) | None => plural("Delete $0 item?", "Delete $0 items?", count),
        };
    };
    let name = short_name(target);
    match target {
        Target::Tag(_) => tr_with("Delete the tag $0?", &[&name]),
        Target::Revision { repository, tag, digest } => tr_with(
            "Delete the revision $1 of $0?",
            &[&format!("{repository}:{tag}"), &digest.short()],
        ),
        Target::Manifest { repository, digest } => {
            tr_with("Delete the image $0 from $1?", &[&digest.short(), repository.as_str()])
        }
        Target::Image(_) => tr_with("Delete the image $0 everywhere?", &[&name]),
        Target::Repository(_) => tr_with("Delete the repository $0?", &[&name]),
        Target::Layer(_) => tr_with("Delete every image that contains the layer $0?", &[&name]),
        Target::Blob(_) => tr_with("Delete the layer $0?", &[&name]),
        Target::Found { project: None, .. } => tr_with("Delete all that “$0” finds?", &[&name]),
        Target::Found { project: Some(project), .. } => {
            tr_with("Delete all that “$0” finds in the project $1?", &[&name, project])
        }
        Target::Orphans(Orphan::Images) => tr("Delete the images that no image stream names?"),
        Target::Orphans(Orphan::Untagged) => tr("Delete the images without a tag?"),
        Target::Orphans(Orphan::Signatures) => tr("Delete the signatures of images that are gone?"),
        Target::Rows { .. } => tr_with("Delete $0?", &[&target_name(target)]),
    }
}

/// The heading of a receipt.
pub(super) fn result(receipt: &Receipt) -> String {
    let (gone, all) = (tally(receipt).gone, receipt.items.len());
    match receipt.items.as_slice() {
        [item] if target::kind(&item.target) != Kind::Many => {
            let name = short_name(&item.target);
            match gone {
                0 => tr_with("$0 is NOT deleted", &[&name]),
                _ => tr_with("$0 is gone", &[&name]),
            }
        }
        [_] if gone == 0 => tr("NOT everything is deleted"),
        [_] => match tags_gone(receipt) {
            0 => tr("All of it is gone"),
            tags => plural("$0 tag is gone", "$0 tags are gone", tags),
        },
        items if gone == all => {
            let count = gone as u64;
            match common_kind(items.iter().map(|item| &item.target)) {
                Some(Kind::Tag) => plural("$0 tag is gone", "$0 tags are gone", count),
                Some(Kind::Repository) => {
                    plural("$0 repository is gone", "$0 repositories are gone", count)
                }
                _ => plural("$0 item is gone", "$0 items are gone", count),
            }
        }
        _ => plural_with(
            "$0 of $1 item is gone",
            "$0 of $1 items are gone",
            all as u64,
            &[&gone.to_string(), &all.to_string()],
        ),
    }
}

/// The words on the red button: they name what goes.
pub(super) fn confirm(plan: &Plan) -> String {
    let sum = summary(plan);
    let along = sum.along.as_slice().len();
    let mut targets = accepted(plan).map(|item| &item.target);
    match (targets.next(), targets.next()) {
        (Some(only), None) if target::kind(only) != Kind::Many && along > 0 => plural_with(
            "Delete $0 and $1 more tag",
            "Delete $0 and $1 more tags",
            along as u64,
            &[&short_name(only), &along.to_string()],
        ),
        (Some(only), None) if target::kind(only) != Kind::Many => {
            tr_with("Delete $0", &[&short_name(only)])
        }
        _ => {
            let count = accepted(plan).count() as u64;
            let tags = sum.tags.as_slice().len() as u64;
            match common_kind(accepted(plan).map(|item| &item.target)) {
                Some(Kind::Repository) => {
                    plural("Delete $0 repository", "Delete $0 repositories", count)
                }
                Some(Kind::Revision) => {
                    plural("Delete $0 older revision", "Delete $0 older revisions", count)
                }
                Some(Kind::Blob) => plural("Delete $0 layer", "Delete $0 layers", count),
                Some(Kind::Image) => plural("Delete $0 image", "Delete $0 images", count),
                _ if tags > 0 => plural("Delete $0 tag", "Delete $0 tags", tags),
                None if sum.images > 0 => plural("Delete $0 image", "Delete $0 images", sum.images),
                _ => tr("Delete"),
            }
        }
    }
}

/// What happens, in one or two sentences.
pub(super) fn verdict(plan: &Plan) -> String {
    if plan.steps.is_empty() {
        return tr("Nothing would be done.");
    }
    let sum = summary(plan);
    let mut sentences = Vec::new();
    let tags = sum.tags.as_slice().len() as u64;
    if tags > 0 {
        sentences.push(plural("$0 tag goes.", "$0 tags go.", tags));
    }
    if sum.history > 0 {
        sentences.push(plural(
            "$0 older revision is lost with its history.",
            "$0 older revisions are lost with their history.",
            sum.history,
        ));
    }
    if sum.revisions > 0 {
        sentences.push(plural(
            "$0 revision goes from the history of a tag.",
            "$0 revisions go from the history of tags.",
            sum.revisions as u64,
        ));
    }
    if tags == 0 && sum.revisions == 0 && sum.images > 0 {
        sentences.push(plural("$0 image goes.", "$0 images go.", sum.images));
    }
    if sum.repositories > 0 {
        sentences.push(plural(
            "$0 repository goes.",
            "$0 repositories go.",
            sum.repositories as u64,
        ));
    }
    if sum.blobs > 0 {
        sentences.push(plural(
            "$0 layer or config goes.",
            "$0 layers and configs go.",
            sum.blobs as u64,
        ));
    }
    sentences.join(" ")
}
