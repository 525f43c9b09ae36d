// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a row deletes, and how that is written.

use images_proto::delete::Target;
use images_proto::repository::RevisionRow;
use images_proto::search::Hit;
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName, Tag, TagRef};

/// The target that is the tag.
pub fn of_tag(repository: &RepositoryName, tag: &Tag) -> Target {
    Target::Tag(TagRef { repository: repository.clone(), tag: tag.clone() })
}

/// The target that is an earlier revision of a tag.
pub fn of_revision(repository: &RepositoryName, tag: &Tag, revision: &RevisionRow) -> Target {
    Target::Revision { repository: repository.clone(), tag: tag.clone(), digest: revision.digest }
}

/// Why a row has nothing to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undeletable {
    /// An image without a tag in an OpenShift registry goes with the next prune only.
    WaitsForPrune,
    /// The registry keeps no history, so an older revision is nothing to delete.
    NoHistory,
    /// It is not known yet who keeps the list of repositories.
    Unknown,
}

/// The target that a hit of a digest search deletes.
///
/// # Errors
/// When the registry at hand has no way to delete it.
pub fn of_hit(hit: &Hit, source: Option<Source>) -> Result<Target, Undeletable> {
    match (&hit.tag, source) {
        (Some(revision), _) if revision.age == 0 => Ok(of_tag(&hit.repository, &revision.name)),
        (Some(revision), Some(Source::Openshift)) => Ok(Target::Revision {
            repository: hit.repository.clone(),
            tag: revision.name.clone(),
            digest: hit.digest,
        }),
        (Some(_), Some(Source::Distribution)) => Err(Undeletable::NoHistory),
        (None, _) => of_untagged(&hit.repository, hit.digest, source),
        (Some(_), None) => Err(Undeletable::Unknown),
    }
}

/// The target that is an image without a tag.
///
/// # Errors
/// When the registry at hand has no way to delete it.
pub fn of_untagged(
    repository: &RepositoryName,
    digest: Digest,
    source: Option<Source>,
) -> Result<Target, Undeletable> {
    match source {
        Some(Source::Distribution) => {
            Ok(Target::Manifest { repository: repository.clone(), digest })
        }
        Some(Source::Openshift) => Err(Undeletable::WaitsForPrune),
        None => Err(Undeletable::Unknown),
    }
}

/// The target as people write it: `REPO:TAG`, `REPO:TAG@DIGEST` for a revision, `REPO@DIGEST` for
/// a manifest.
pub fn name(target: &Target) -> String {
    match target {
        Target::Tag(tag) => tag.to_string(),
        Target::Revision { repository, tag, digest } => format!("{repository}:{tag}@{digest}"),
        Target::Manifest { repository, digest } => format!("{repository}@{digest}"),
    }
}

/// The target in a heading: digests in short.
pub fn short_name(target: &Target) -> String {
    match target {
        Target::Tag(tag) => tag.to_string(),
        Target::Revision { repository, tag, digest } => {
            format!("{repository}:{tag}@{}", digest.short())
        }
        Target::Manifest { repository, digest } => format!("{repository}@{}", digest.short()),
    }
}

#[cfg(test)]
mod tests {
    use images_proto::search::{Matched, Revision};

    use super::*;

    fn hit(tag: Option<(&str, u32)>) -> Hit {
        let digest = Digest::from_bytes([1; 32]);
        Hit {
            repository: "a/b".parse().unwrap(),
            tag: tag.map(|(name, age)| Revision { name: name.parse().unwrap(), age }),
            digest,
            child: None,
            matched: Matched::Layer,
            matched_digest: digest,
            created: None,
            size: None,
        }
    }

    #[test]
    fn a_hit_deletes_what_its_registry_can_delete() {
        let (openshift, plain) = (Some(Source::Openshift), Some(Source::Distribution));
        let current = hit(Some(("v1", 0)));
        assert_eq!(name(&of_hit(&current, openshift).unwrap()), "a/b:v1");
        assert_eq!(name(&of_hit(&current, plain).unwrap()), "a/b:v1");
        let older = hit(Some(("v1", 2)));
        assert!(matches!(of_hit(&older, openshift), Ok(Target::Revision { .. })));
        assert_eq!(of_hit(&older, plain), Err(Undeletable::NoHistory));
        let untagged = hit(None);
        assert!(matches!(of_hit(&untagged, plain), Ok(Target::Manifest { .. })));
        assert_eq!(of_hit(&untagged, openshift), Err(Undeletable::WaitsForPrune));
        assert_eq!(of_hit(&untagged, None), Err(Undeletable::Unknown));
    }

    #[test]
    fn names_of_different_targets_differ() {
        let current = of_hit(&hit(Some(("v1", 0))), Some(Source::Openshift)).unwrap();
        let older = of_hit(&hit(Some(("v1", 1))), Some(Source::Openshift)).unwrap();
        assert_ne!(name(&current), name(&older));
        assert!(short_name(&older).len() < name(&older).len());
    }
}
