// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion is of, in words.

use images_proto::delete::{Orphan, Target};

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
        _ => short_name(target),
    }
}
