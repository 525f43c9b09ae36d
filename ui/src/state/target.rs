// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a row deletes, and how that is written.

use images_proto::delete::{List, Orphan, Target};
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

/// The target that is an image without a tag: on a plain registry a manifest of the repository, on
/// OpenShift what the cluster knows of it.
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
        Some(Source::Openshift) => Ok(Target::Image(digest)),
        None => Err(Undeletable::Unknown),
    }
}

/// The target as people write it: `REPO:TAG`, `REPO:TAG@DIGEST` for a revision, `REPO@DIGEST` for
/// a manifest, else what it is by the names of the wire, such as `image:DIGEST`.
pub fn name(target: &Target) -> String {
    match target {
        Target::Tag(tag) => tag.to_string(),
        Target::Revision { repository, tag, digest } => format!("{repository}:{tag}@{digest}"),
        Target::Manifest { repository, digest } => format!("{repository}@{digest}"),
        Target::Image(digest) => format!("image:{digest}"),
        Target::Repository(name) => name.to_string(),
        Target::Layer(digest) => format!("layer:{digest}"),
        Target::Blob(digest) => format!("blob:{digest}"),
        Target::Found { query, project: None } => format!("found:{query}"),
        Target::Found { query, project: Some(project) } => format!("found:{project}:{query}"),
        Target::Orphans(Orphan::Images) => "orphans:images".to_owned(),
        Target::Orphans(Orphan::Untagged) => "orphans:untagged".to_owned(),
        Target::Orphans(Orphan::Signatures) => "orphans:signatures".to_owned(),
        Target::Rows { list, except } => {
            let list = match list {
                List::Search { query, project } => {
                    [project.as_deref().unwrap_or_default(), query].join(":")
                }
                List::Tags { repository, filter, .. } => format!("{repository}:{filter}"),
                List::Layer(digest) => format!("layer:{digest}"),
            };
            format!("rows:{list} -{}", except.len())
        }
    }
}

/// The target in a heading: what is looked for, and digests in short. Empty for what has no name:
/// orphans, and lists that nothing narrows.
pub fn short_name(target: &Target) -> String {
    match target {
        Target::Tag(tag) => tag.to_string(),
        Target::Revision { repository, tag, digest } => {
            format!("{repository}:{tag}@{}", digest.short())
        }
        Target::Manifest { repository, digest } => format!("{repository}@{}", digest.short()),
        Target::Image(digest) | Target::Layer(digest) | Target::Blob(digest) => digest.short(),
        Target::Repository(name) => name.to_string(),
        Target::Found { query, .. } | Target::Rows { list: List::Search { query, .. }, .. } => {
            query.clone()
        }
        Target::Rows { list: List::Tags { repository, .. }, .. } => repository.to_string(),
        Target::Rows { list: List::Layer(digest), .. } => digest.short(),
        Target::Orphans(_) => String::new(),
    }
}

/// What kind of thing a target is, for the words that count several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tag.
    Tag,
    /// An older revision of a tag.
    Revision,
    /// An image.
    Image,
    /// A repository.
    Repository,
    /// A layer or config.
    Blob,
    /// As many things as turn out.
    Many,
}

/// The kind of a target.
pub fn kind(target: &Target) -> Kind {
    match target {
        Target::Tag(_) => Kind::Tag,
        Target::Revision { .. } => Kind::Revision,
        Target::Manifest { .. } | Target::Image(_) => Kind::Image,
        Target::Repository(_) => Kind::Repository,
        Target::Blob(_) => Kind::Blob,
        Target::Layer(_) | Target::Found { .. } | Target::Orphans(_) | Target::Rows { .. } => {
            Kind::Many
        }
    }
}

/// The kind of all of these, if they are of one.
pub fn common_kind<'a>(targets: impl IntoIterator<Item = &'a Target>) -> Option<Kind> {
    let mut kinds = targets.into_iter().map(kind);
    let first = kinds.next().filter(|kind| *kind != Kind::Many)?;
    kinds.all(|kind| kind == first).then_some(first)
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
        assert!(matches!(of_hit(&untagged, openshift), Ok(Target::Image(_))));
        assert_eq!(of_hit(&untagged, None), Err(Undeletable::Unknown));
    }

    #[test]
    fn names_of_different_targets_differ() {
        let digest = Digest::from_bytes([1; 32]);
        let repository: RepositoryName = "a/b".parse().unwrap();
        let found = |project: Option<&str>| Target::Found {
            query: "x".to_owned(),
            project: project.map(str::to_owned),
        };
        let rows = |list: List| Target::Rows { list, except: vec![] };
        let mut names: Vec<String> = [
            of_hit(&hit(Some(("v1", 0))), Some(Source::Openshift)).unwrap(),
            of_hit(&hit(Some(("v1", 1))), Some(Source::Openshift)).unwrap(),
            Target::Manifest { repository: repository.clone(), digest },
            Target::Image(digest),
            Target::Repository(repository),
            Target::Layer(digest),
            Target::Blob(digest),
            found(None),
            found(Some("p")),
            Target::Orphans(Orphan::Images),
            Target::Orphans(Orphan::Untagged),
            Target::Orphans(Orphan::Signatures),
            rows(List::Search { query: "x".to_owned(), project: None }),
            rows(List::Search { query: "x".to_owned(), project: Some("p".to_owned()) }),
            rows(List::Tags {
                repository: "a/b".parse().unwrap(),
                filter: "x".to_owned(),
                attachments: false,
            }),
            rows(List::Layer(digest)),
        ]
        .iter()
        .map(name)
        .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn several_things_of_one_kind_have_a_name_together() {
        let tag = of_tag(&"a/b".parse().unwrap(), &"v1".parse().unwrap());
        let repository = Target::Repository("a/b".parse().unwrap());
        let layer = Target::Layer(Digest::from_bytes([1; 32]));
        assert_eq!(common_kind([&tag, &tag]), Some(Kind::Tag));
        assert_eq!(common_kind([&tag, &repository]), None);
        assert_eq!(common_kind([&layer]), None);
        assert_eq!(common_kind([]), None);
    }
}
