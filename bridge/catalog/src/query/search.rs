// SPDX-License-Identifier: LGPL-2.1-or-later

//! The list of repositories, or the hits of a digest.
//!
//! A word of 6 or more hex digits, such as `decade` or `4f2a91c`, may be text or the start of a
//! digest. It is decided by what is there:
//!
//! | a digest starts so | a repository or tag contains it | 6 to 11 digits | 12 or more |
//! |--------------------|---------------------------------|----------------|------------|
//! | yes                | no                              | digest         | digest     |
//! | no                 | yes                             | word           | word       |
//! | yes                | yes                             | word           | digest     |
//! | no                 | no                              | word           | digest     |
//!
//! So a repository called so is not hidden by chance; a name that contains 12 digits of a digest was
//! most likely made from it. `digest:` in front makes it a digest in any case, and the answer says
//! so where a digest was passed over. Tags such as `sha256-….sig`, which contain the digest that
//! they are attached to, do not make it a word.

mod repositories;
#[cfg(test)]
mod tests;

use images_proto::delete::Target;
use images_proto::search::{Exact, Hit, Params, RepositoryRow, Rows, Sort, View};
use images_proto::{DigestPrefix, RepositoryName};

use super::LiveView;
use super::hits::{Goals, HitRow};
use super::order::{Row, Table};
use super::text::{Query, Role, Term};
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::repository::RepositoryId;

/// Hex digits from which a word that is both is taken for a digest.
const SURELY_DIGEST: usize = 12;

/// The view.
pub struct Search {
    params: Params,
    /// The query as it was read, or what is wrong with it.
    query: Result<Query, String>,
    shown: Option<Shown>,
}

/// What is shown, and of which generation of the catalog.
struct Shown {
    generation: u64,
    understood: Option<String>,
    rows: ShownRows,
}

enum ShownRows {
    Repositories(Table<RepositoryId, RepositoryRow>),
    Hits(Table<HitRow, Hit>),
}

/// The rows as they would stand now.
enum Fresh {
    Repositories(Vec<RepositoryId>),
    Hits(Vec<HitRow>),
}

impl LiveView for Search {
    type Method = images_proto::search::Search;

    fn new(params: Params) -> Self {
        let query = Query::parse(&params.query);
        Self { params, query, shown: None }
    }

    fn set_params(&mut self, params: Params) {
        let order = |params: &Params| (params.sort, params.descending, params.refresh);
        if params.query != self.params.query
            || params.project != self.params.project
            || order(&params) != order(&self.params)
        {
            *self = Self::new(params);
        } else {
            self.params = params;
        }
    }

    fn render(&mut self, catalog: &Catalog) -> View {
        let mut view = View {
            query: self.params.query.clone(),
            understood: None,
            mistake: None,
            exact: None,
            rows: Rows::Repositories(Vec::new()),
            offset: 0,
            total: 0,
            projects: catalog.projects().map(str::to_owned).collect(),
            changes: 0,
            coverage: catalog.coverage(),
        };
        let query = match &self.query {
            Ok(query) => query,
            Err(mistake) => {
                view.mistake = Some(mistake.clone());
                return view;
            }
        };
        let generation = catalog.generation();
        if self.shown.as_ref().is_none_or(|shown| shown.generation != generation) {
            let reading = Reading::new(catalog, query);
            let fresh = match &reading.digests {
                Some(digests) => Fresh::Hits(hits(catalog, &reading.names, &self.params, digests)),
                None => Fresh::Repositories(repositories::find(catalog, query, &self.params)),
            };
            let settled = settled(catalog, query, &self.params, reading.digests.is_some());
            let rows = self.shown.take().map(|shown| shown.rows);
            let rows = ShownRows::look(rows, fresh, settled);
            self.shown = Some(Shown { generation, understood: reading.understood(), rows });
        }
        let Some(shown) = &mut self.shown else { return view };
        let Params { offset, limit, .. } = self.params;
        let window = match &mut shown.rows {
            ShownRows::Repositories(table) => {
                view.exact = exact(catalog, query, &self.params, table.rows());
                let window = table.show(offset, limit, |id| repositories::show(catalog, query, id));
                window.map(Rows::Repositories)
            }
            ShownRows::Hits(table) => {
                table.show(offset, limit, |row| row.show(catalog)).map(Rows::Hits)
            }
        };
        view.rows = window.contents;
        (view.offset, view.total, view.changes) = (window.offset, window.total, window.changes);
        view.understood.clone_from(&shown.understood);
        view
    }
}

impl ShownRows {
    fn look(old: Option<Self>, fresh: Fresh, settled: bool) -> Self {
        match (old, fresh) {
            (Some(Self::Repositories(mut table)), Fresh::Repositories(rows)) => {
                table.look(rows, settled);
                Self::Repositories(table)
            }
            (Some(Self::Hits(mut table)), Fresh::Hits(rows)) => {
                table.look(rows, settled);
                Self::Hits(table)
            }
            // A word turned out to be a digest, or the other way round.
            (_, Fresh::Repositories(rows)) => Self::Repositories(Table::new(rows, settled)),
            (_, Fresh::Hits(rows)) => Self::Hits(Table::new(rows, settled)),
        }
    }
}

impl Row for RepositoryId {
    type Identity = Self;

    fn identity(self) -> Self {
        self
    }
}

/// A query as this catalog makes it understood: with words of hex digits decided.
struct Reading {
    /// The query without the words that are digests.
    names: Query,
    /// The words that are digests.
    words: Vec<DigestPrefix>,
    /// Every digest to look for, if the query is one of digests.
    digests: Option<Vec<(DigestId, Role)>>,
    /// Whether a word that is none starts a digest all the same.
    hidden_digest: bool,
}

impl Reading {
    fn new(catalog: &Catalog, query: &Query) -> Self {
        let mut names = query.clone();
        let (mut words, mut hidden_digest) = (Vec::new(), false);
        names.terms.retain(|term| {
            let Term::Word { text, hex: Some(prefix) } = term else { return true };
            let mut digests = catalog.digests.with_prefix(prefix).into_iter();
            let found = digests.any(|digest| catalog.leads_somewhere(digest));
            let sure = prefix.len() >= SURELY_DIGEST;
            let is_digest = match (found, catalog.is_text(text)) {
                (true, false) => true,
                (false, true) => false,
                _ => sure,
            };
            if is_digest {
                words.push(*prefix);
            }
            hidden_digest |= found && !is_digest;
            !is_digest
        });
        let explicit = query.digests.iter().map(|wanted| (wanted.prefix, wanted.role));
        let words_wanted = words.iter().map(|prefix| (*prefix, Role::Any));
        let mut wanted = explicit.chain(words_wanted).peekable();
        let digests = wanted.peek().is_some().then(|| {
            let found = wanted.flat_map(|(prefix, role)| {
                let found = catalog.digests.with_prefix(&prefix).into_iter();
                found.map(move |digest| (digest, role))
            });
            found.collect()
        });
        Self { names, words, digests, hidden_digest }
    }

    /// How the query was read, for people.
    fn understood(&self) -> Option<String> {
        let mut parts = Vec::new();
        let quoted = |text: &str| format!("“{text}”");
        for wanted in &self.names.digests {
            let what = match wanted.role {
                Role::Any => "digest",
                Role::Layer => "layer or diff ID",
                Role::ImageId => "image ID",
            };
            parts.push(digest_words(what, &wanted.prefix));
        }
        parts.extend(self.words.iter().map(|prefix| digest_words("digest", prefix)));
        for term in &self.names.terms {
            match term {
                Term::Word { text, .. } => {
                    parts.push(format!("repository or tag contains {}", quoted(text)));
                }
                Term::Spec { names, tag } => {
                    let name = names.first().map_or("", |name| name);
                    parts.push(format!("repository contains {}", quoted(name)));
                    let tag = tag.as_ref();
                    parts.extend(tag.map(|tag| format!("tag starts with {}", quoted(tag))));
                }
            }
        }
        let Query { tags, labels, projects, .. } = &self.names;
        parts.extend(tags.iter().map(|text| format!("tag contains {}", quoted(text))));
        parts.extend(labels.iter().map(|text| format!("label contains {}", quoted(text))));
        parts.extend(projects.iter().map(|name| format!("project is {}", quoted(name))));
        let mut sentence = parts.join(", ");
        if self.hidden_digest && self.digests.is_none() {
            sentence.push_str("; a digest starts so too: write “digest:” in front to find it");
        }
        (!sentence.is_empty()).then_some(sentence)
    }
}

fn digest_words(what: &str, prefix: &DigestPrefix) -> String {
    let hex = prefix.lowest().hex();
    match prefix.len() {
        64 => format!("{what} is sha256:{hex}"),
        digits => format!("{what} starts with {}", &hex[..digits]),
    }
}

/// A thing that a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) repository: RepositoryId,
    /// The tag, or none for an image without one.
    pub(crate) tag: Option<NameId>,
    /// What the tag names or named, if it was found by that.
    pub(crate) image: Option<DigestId>,
}

/// All that the search view would show, whatever its window: the tags that fit words, or the hits of
/// digests.
///
/// # Errors
/// A sentence for the user that says what is wrong with the query.
pub(crate) fn found(
    catalog: &Catalog,
    query: &str,
    project: Option<&str>,
) -> Result<Vec<Found>, String> {
    let query = &Query::parse(query)?;
    let project = project.map(str::to_owned);
    let params = &Params { project, ..Params::default() };
    let reading = Reading::new(catalog, query);
    if let Some(digests) = &reading.digests {
        let rows = hits(catalog, &reading.names, params, digests).into_iter();
        return Ok(rows.map(HitRow::found).collect());
    }
    let repositories = repositories::find(catalog, query, params).into_iter();
    let found = repositories.flat_map(|id| {
        let repository = catalog.repository(id);
        let tags =
            repository.map(|repository| repositories::fitting_tags(catalog, query, repository));
        let tags = tags.unwrap_or_default().into_iter();
        tags.map(move |tag| Found { repository: id, tag: Some(tag.name), image: None })
    });
    Ok(found.collect())
}

/// What the rows of the search view delete, whatever its window: repositories as a whole, or what a
/// digest leads to.
///
/// # Errors
/// A sentence for the user that says what is wrong with the query.
pub(crate) fn targets(catalog: &Catalog, params: &Params) -> Result<Vec<Target>, String> {
    let query = &Query::parse(&params.query)?;
    let reading = Reading::new(catalog, query);
    if let Some(digests) = &reading.digests {
        let rows = hits(catalog, &reading.names, params, digests).into_iter();
        return Ok(rows.filter_map(|row| row.target(catalog)).collect());
    }
    let repositories = repositories::find(catalog, query, params).into_iter();
    let names = repositories.filter_map(|id| Some(catalog.repository(id)?.name.clone()));
    Ok(names.map(Target::Repository).collect())
}

/// The hits of digests, in repositories and tags whose names fit.
fn hits(
    catalog: &Catalog,
    names: &Query,
    params: &Params,
    digests: &[(DigestId, Role)],
) -> Vec<HitRow> {
    let mut goals = Goals::new(catalog, digests);
    if !names.labels.is_empty() {
        goals.retain(|image| catalog.has_labels(image, &names.labels));
    }
    goals.rows(catalog, |repository, tag| {
        let project = repository.name.project();
        let tag = tag.map(|tag| catalog.tag_names.lower(tag));
        params.project.as_deref().is_none_or(|wanted| project == Some(wanted))
            && names.fits_project(project)
            && names.fits(repository.name.as_str(), tag)
    })
}

/// Whether an order taken now may be kept. While the catalog fills, rows come faster than a person
/// reads, and a page that says "100 changes" instead of showing them is of no use.
fn settled(catalog: &Catalog, query: &Query, params: &Params, digests: bool) -> bool {
    let names = query.is_empty() && matches!(params.sort, Sort::Name);
    let images = digests || !query.labels.is_empty() || matches!(params.sort, Sort::Size);
    catalog.is_listed()
        && (names || catalog.tags_are_read())
        && (!images || catalog.images_are_read())
}

/// The repository that the query names: by its whole name, or by its name in the project if nothing
/// else fits the query.
fn exact(
    catalog: &Catalog,
    query: &Query,
    params: &Params,
    rows: &[RepositoryId],
) -> Option<Exact> {
    let [term] = &query.terms[..] else { return None };
    if !query.tags.is_empty() || !query.labels.is_empty() {
        return None;
    }
    let (names, tag) = match term {
        Term::Word { text, .. } => (std::slice::from_ref(text), None),
        Term::Spec { names, tag } => (&names[..], tag.as_deref()),
    };
    let whole = names.iter().find_map(|name| {
        let name = name.parse::<RepositoryName>().ok()?;
        let project = name.project();
        let fits = params.project.as_deref().is_none_or(|wanted| project == Some(wanted))
            && query.fits_project(project);
        catalog.repository(catalog.id(&name)?).filter(|_| fits)
    });
    let only = || match rows {
        [id] => catalog.repository(*id).filter(|repository| {
            names.iter().any(|name| repository.name.name_in_project() == name)
        }),
        _ => None,
    };
    let repository = whole.or_else(only)?;
    let tag = tag.and_then(|tag| {
        let entry = repository.tag(catalog.tag_names.get(tag)?)?;
        Some(catalog.tag_name(entry.name))
    });
    Some(Exact { repository: repository.name.clone(), tag })
}
