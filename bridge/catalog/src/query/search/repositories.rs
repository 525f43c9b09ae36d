// SPDX-License-Identifier: LGPL-2.1-or-later

//! Repositories that fit words and filters.

use std::cmp::Reverse;

use images_proto::natural;
use images_proto::search::{Params, RepositoryRow, Sort};

use crate::Catalog;
use crate::names::NameId;
use crate::postings::Id;
use crate::query::text::{Query, Term};
use crate::repository::{Repository, RepositoryId, TagEntry};

/// How many tags a row shows.
const TAGS: usize = 3;

/// The repositories that fit, in the order asked for.
pub(super) fn find(catalog: &Catalog, query: &Query, params: &Params) -> Vec<RepositoryId> {
    let named = fitting_names(catalog, query);
    let labelled = (!query.labels.is_empty()).then(|| labelled(catalog, &query.labels));
    let any_project = params.project.is_none() && query.projects.is_empty();
    let fits = |id: &RepositoryId| {
        let project = || catalog.repository(*id).and_then(|repository| repository.name.project());
        let fits_project = |project| {
            params.project.as_deref().is_none_or(|wanted| project == Some(wanted))
                && query.fits_project(project)
        };
        named.as_ref().is_none_or(|named| named[id.0.index()])
            && labelled.as_ref().is_none_or(|labelled| labelled[id.0.index()])
            && (any_project || fits_project(project()))
    };
    let mut found: Vec<_> = catalog.ids_by_name().filter(fits).collect();
    sort(catalog, &mut found, params);
    found
}

/// Sorts what is sorted by name. What is unknown stands last either way; what is equal stands by
/// name.
fn sort(catalog: &Catalog, found: &mut [RepositoryId], params: &Params) {
    let key = |id: &RepositoryId| {
        let repository = catalog.repository(*id)?;
        let key = match params.sort {
            Sort::Name => None,
            Sort::Tags => repository.tag_count().map(i128::from),
            Sort::Size => repository.size().map(i128::from),
            Sort::Newest => repository.newest.or(repository.built).map(i128::from),
        }?;
        Some(if params.descending { -key } else { key })
    };
    match params.sort {
        Sort::Name if params.descending => found.reverse(),
        Sort::Name => {}
        _ => found.sort_by_cached_key(|id| {
            let key = key(id);
            (key.is_none(), key)
        }),
    }
}

/// The repositories, by id, whose names or tags fit; `None` if nothing is asked of names.
///
/// Each condition is one bit. A name that is searched for once gives its bit to every repository or
/// tag name that contains it; repositories are then visited only by the tags found.
fn fitting_names(catalog: &Catalog, query: &Query) -> Option<Vec<bool>> {
    let conditions = Conditions::new(catalog, query);
    if conditions.all == 0 {
        return None;
    }
    let Conditions { all, only_tag, repositories, tags } = conditions;
    let mut fits: Vec<_> = repositories.iter().map(|bits| only_tag == 0 && *bits == all).collect();
    // A letter or two may be in what all projects are called.
    if fits.iter().all(|fits| *fits) {
        return Some(fits);
    }
    for (tag, bits) in catalog.tag_names.ids().zip(tags) {
        if bits == 0 || bits & only_tag != only_tag {
            continue;
        }
        for id in catalog.named.get(tag) {
            let place = id.0.index();
            fits[place] |= repositories[place] | bits == all;
        }
    }
    Some(fits)
}

struct Conditions {
    /// Every condition.
    all: u32,
    /// Those that only a tag can fulfil.
    only_tag: u32,
    /// Which ones each repository's name fulfils, by id.
    repositories: Vec<u32>,
    /// Which ones the name of each tag fulfils, by id.
    tags: Vec<u32>,
}

impl Conditions {
    fn new(catalog: &Catalog, query: &Query) -> Self {
        let repositories = vec![0; catalog.repository_ids()];
        let tags = vec![0; catalog.tag_names.len()];
        let mut new = Self { all: 0, only_tag: 0, repositories, tags };
        for term in &query.terms {
            let bit = new.next();
            match term {
                Term::Word { text, .. } => {
                    new.repositories_contain(catalog, bit, text);
                    new.tags_contain(catalog, bit, text);
                }
                Term::Spec { names, tag } => {
                    for name in names {
                        new.repositories_contain(catalog, bit, name);
                    }
                    if let Some(tag) = tag {
                        let (bit, start) = (new.next(), tag.to_ascii_lowercase());
                        new.only_tag |= bit;
                        for name in catalog.tag_names.containing(&start) {
                            if catalog.tag_names.lower(name).starts_with(&start) {
                                new.tags[name.index()] |= bit;
                            }
                        }
                    }
                }
            }
        }
        for text in &query.tags {
            let bit = new.next();
            new.only_tag |= bit;
            new.tags_contain(catalog, bit, text);
        }
        new
    }

    /// The parser allows so few terms that 32 bits are enough.
    fn next(&mut self) -> u32 {
        let bit = self.all.wrapping_add(1);
        self.all |= bit;
        bit
    }

    fn repositories_contain(&mut self, catalog: &Catalog, bit: u32, text: &str) {
        for name in catalog.repository_names.containing(text) {
            self.repositories[name.index()] |= bit;
        }
    }

    fn tags_contain(&mut self, catalog: &Catalog, bit: u32, text: &str) {
        for name in catalog.tag_names.containing(text) {
            self.tags[name.index()] |= bit;
        }
    }
}

/// The repositories, by id, that hold an image with all these labels.
fn labelled(catalog: &Catalog, labels: &[String]) -> Vec<bool> {
    // Each text is one bit, which every config gets that has a label with it.
    let mut bits = vec![0_u32; catalog.configs.digests().len()];
    let mut all = 0_u32;
    for text in labels {
        let bit = all.wrapping_add(1);
        all |= bit;
        catalog.configs.each_with(&catalog.labels, text, |config| bits[config.index()] |= bit);
    }
    let mut fits = vec![false; catalog.repository_ids()];
    let configs = catalog.configs.digests().zip(bits).filter(|(_, bits)| *bits == all);
    for image in configs.flat_map(|(config, _)| catalog.by_config(config)) {
        for id in catalog.holders(image) {
            let fits = &mut fits[id.0.index()];
            *fits = *fits || catalog.repository(id).is_some_and(|holder| holder.holds(image));
        }
    }
    fits
}

/// What is shown of a repository; `None` if it is not there any more.
pub(super) fn show(catalog: &Catalog, query: &Query, id: RepositoryId) -> Option<RepositoryRow> {
    let repository = catalog.repository(id)?;
    let tags = shown_tags(catalog, query, repository);
    Some(RepositoryRow {
        name: repository.name.clone(),
        tags: tags.into_iter().map(|tag| catalog.tag_name(tag)).collect(),
        tag_count: repository.tag_count(),
        size: repository.size(),
        newest: repository.newest,
        built: repository.built,
    })
}

/// The tags that made the repository fit, else all that are no attachments; in natural order.
pub(super) fn fitting_tags<'a>(
    catalog: &Catalog,
    query: &Query,
    repository: &'a Repository,
) -> Vec<TagEntry<'a>> {
    let name = repository.name.as_str();
    let by_name = query.needs_tag() || !query.fits(name, None);
    let by_label = !query.labels.is_empty();
    let mut tags: Vec<_> = repository
        .tags()
        .filter(|tag| {
            if by_name {
                query.fits(name, Some(catalog.tag_names.lower(tag.name)))
            } else {
                !catalog.is_attachment(tag.name)
            }
        })
        .collect();
    if by_label {
        let labelled = |tag: &TagEntry<'_>| {
            let now = tag.revisions.first().map(|revision| revision.digest);
            now.is_some_and(|digest| catalog.has_labels(digest, &query.labels))
        };
        if tags.iter().any(labelled) {
            tags.retain(labelled);
        }
    }
    tags
}

/// The newest of the fitting tags. Where nobody says when a tag was pushed, the time of the build
/// counts, then the larger version.
fn shown_tags(catalog: &Catalog, query: &Query, repository: &Repository) -> Vec<NameId> {
    let lower = |tag: &TagEntry<'_>| catalog.tag_names.lower(tag.name);
    let tags = fitting_tags(catalog, query, repository);
    let time = |tag: &TagEntry<'_>| {
        let now = tag.revisions.first()?;
        now.created.get().or_else(|| catalog.built(now.digest))
    };
    let text = |tag: &TagEntry<'_>| catalog.tag_names.name(tag.name);
    let mut tags: Vec<_> = tags
        .into_iter()
        .map(|tag| (Reverse(is_whole(query, lower(&tag))), Reverse(time(&tag)), tag))
        .collect();
    tags.sort_by(|(whole_a, time_a, a), (whole_b, time_b, b)| {
        (whole_a, time_a).cmp(&(whole_b, time_b)).then_with(|| natural::compare(text(b), text(a)))
    });
    tags.into_iter().take(TAGS).map(|(.., tag)| tag.name).collect()
}

/// Whether the query names this tag as a whole.
fn is_whole(query: &Query, tag: &str) -> bool {
    query.tags.iter().any(|text| text == tag)
        || query.terms.iter().any(|term| match term {
            Term::Word { text, .. } => text == tag,
            Term::Spec { tag: start, .. } => {
                start.as_ref().is_some_and(|start| start.eq_ignore_ascii_case(tag))
            }
        })
}
