// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which signatures, attestations and SBOMs go along with an image: those that are kept under tags
//! (cosign's `sha256-HEX.sig`, and the fallback of the distribution-spec for referrers).

use std::collections::{BTreeMap, BTreeSet};

use images_proto::{Digest, Tag};

/// What tags name, as far as it matters here.
pub(super) type Tags = BTreeMap<Tag, Digest>;

/// What is attached to an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attached {
    /// Goes along.
    pub(super) goes: Tags,
    /// Stays behind, because the target has something else there: it may be signatures that only
    /// the target has.
    pub(super) stays: Vec<Tag>,
}

/// What is attached to these in the source, by what the target has of it already.
pub(super) fn attached(source: &Tags, target: &Tags, subjects: &BTreeSet<Digest>) -> Attached {
    let mut attached = Attached::default();
    for (tag, digest) in source {
        if !tag.attached_to().is_some_and(|subject| subjects.contains(&subject)) {
            continue;
        }
        match target.get(tag) {
            None => drop(attached.goes.insert(tag.clone(), *digest)),
            Some(there) if there == digest => {}
            Some(_) => attached.stays.push(tag.clone()),
        }
    }
    attached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_target_has_is_left_as_it_is() {
        let digest = |byte| Digest::from_bytes([byte; 32]);
        let tag = |byte, kind: &str| -> Tag {
            format!("sha256-{}{kind}", digest(byte).hex()).parse().unwrap()
        };
        let source = Tags::from([
            (tag(1, ".sig"), digest(10)),
            (tag(1, ".att"), digest(11)),
            (tag(2, ".sbom"), digest(12)),
            (tag(3, ".sig"), digest(13)),
            (tag(1, ""), digest(14)),
            ("latest".parse().unwrap(), digest(1)),
        ]);
        let target = Tags::from([(tag(1, ".sig"), digest(10)), (tag(1, ".att"), digest(99))]);
        let subjects = BTreeSet::from([digest(1), digest(2)]);
        let attached = attached(&source, &target, &subjects);
        assert_eq!(attached.goes.into_keys().collect::<Vec<_>>(), [tag(1, ""), tag(2, ".sbom")]);
        assert_eq!(attached.stays, [tag(1, ".att")]);
    }
}
