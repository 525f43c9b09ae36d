// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reads what was typed or pasted into the search box.
//!
//! A query is a list of terms, separated by white space; a repository, tag or image has to fit all
//! of them. A term is, in this order:
//!
//! 1. a **filter**: `project:NAME` (the whole name), `tag:TEXT` (a tag that contains TEXT),
//!    `label:TEXT` (an image with a label that, written `KEY=VALUE`, contains TEXT), `layer:HEX` (a
//!    layer or diff ID), `id:HEX` (an image ID), `digest:HEX` (any digest);
//! 2. a **digest**: `sha256:` and 6 or more hex digits, wherever they stand in the term. So it may be
//!    pasted with what is around it: `name@sha256:…`, `docker-pullable://name@sha256:…`, a URL of a
//!    manifest or blob, `"sha256:…",` out of JSON, `sha256-….sig`. What stands in front of it says
//!    where somebody else saw it, and narrows nothing: the digest is looked for everywhere;
//! 3. a **pull spec** with a host or a tag: `[docker://][HOST/]NAME[:TAG]`. The repository contains
//!    NAME, the tag starts with TAG. The host is not compared, as one registry has many;
//! 4. a **word**: the name of the repository or of the tag contains it. A word of 6 or more hex
//!    digits may be a digest as well; `search.rs` says how that is decided.
//!
//! Several digests are alternatives: the answer has what fits any of them. Upper and lower case are
//! the same.

use images_proto::DigestPrefix;

/// The longest query, in bytes.
const MAX_BYTES: usize = 1000;

/// The most terms of a query. One bit of a word of 32 is kept for each condition of a term.
const MAX_TERMS: usize = 16;

/// The fewest hex digits that are looked for.
const MIN_DIGITS: usize = 6;

/// A query as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Words and pull specs.
    pub(crate) terms: Vec<Term>,
    /// The digests wanted, any of them.
    pub(crate) digests: Vec<Wanted>,
    /// What the tag has to contain, in lower case.
    pub(crate) tags: Vec<String>,
    /// What a label has to contain, in lower case.
    pub(crate) labels: Vec<String>,
    /// The project.
    pub(crate) projects: Vec<String>,
}

/// A word or a pull spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// Repository or tag contain it.
    Word {
        /// In lower case.
        text: String,
        /// The digest it may be the start of.
        hex: Option<DigestPrefix>,
    },
    /// The repository contains a name, and has a tag.
    Spec {
        /// In lower case: the name without its host, and with it if there was one, because a
        /// repository may be called so.
        names: Vec<String>,
        /// What the tag starts with, as written.
        tag: Option<String>,
    },
}

/// A digest that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) prefix: DigestPrefix,
    pub(crate) role: Role,
}

/// What the digest has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Any,
    /// A layer or a diff ID.
    Layer,
    /// A config.
    ImageId,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// A sentence for the user that says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("A search takes at most {MAX_BYTES} bytes of text."));
        }
        let mut query = Self::default();
        let mut terms = 0;
        for term in text.split_whitespace().map(bare).filter(|term| !term.is_empty()) {
            terms += 1;
            if terms > MAX_TERMS {
                return Err(format!("A search takes at most {MAX_TERMS} words."));
            }
            query.read(term)?;
        }
        Ok(query)
    }

    /// Whether it asks for nothing, and so lists everything.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a repository with this tag (or without any) has all that terms and filters ask of
    /// names. Both are in lower case.
    pub(crate) fn fits(&self, repository: &str, tag: Option<&str>) -> bool {
        let terms = self.terms.iter().all(|term| match term {
            Term::Word { text, .. } => {
                repository.contains(text) || tag.is_some_and(|tag| tag.contains(text))
            }
            Term::Spec { names, tag: start } => {
                names.iter().any(|name| repository.contains(name))
                    && start.as_ref().is_none_or(|start| {
                        tag.is_some_and(|tag| tag.starts_with(&start.to_ascii_lowercase()))
                    })
            }
        });
        terms && self.tags.iter().all(|text| tag.is_some_and(|tag| tag.contains(text)))
    }

    /// Whether it asks anything that only a tag can fulfil.
    pub(crate) fn needs_tag(&self) -> bool {
        let spec = |term: &Term| matches!(term, Term::Spec { tag: Some(_), .. });
        !self.tags.is_empty() || self.terms.iter().any(spec)
    }

    /// Whether a repository of this project fits.
    pub(crate) fn fits_project(&self, project: Option<&str>) -> bool {
        self.projects.iter().all(|wanted| project == Some(wanted))
    }

    fn read(&mut self, term: &str) -> Result<(), String> {
        if let Some((key, value)) = term.split_once(':')
            && let Some(filter) = filter(key)
        {
            let value = bare(value);
            if value.is_empty() {
                return Err(format!("Write behind “{term}” what to look for."));
            }
            match filter {
                Filter::Project => self.projects.push(value.to_ascii_lowercase()),
                Filter::Tag => self.tags.push(value.to_ascii_lowercase()),
                Filter::Label => self.labels.push(value.to_ascii_lowercase()),
                Filter::Digest(role) => {
                    let prefix = hex(after_algorithm(value).unwrap_or(value))?;
                    self.digests.push(Wanted { prefix, role });
                }
            }
            return Ok(());
        }
        let term = after_scheme(term);
        if let Some(digits) = after_algorithm(term) {
            self.digests.push(Wanted { prefix: hex(digits)?, role: Role::Any });
        } else if let Some(digits) = attached_to(term) {
            self.digests.push(Wanted { prefix: digits, role: Role::Any });
        } else if let Some(name) = other_algorithm(term) {
            return Err(format!("Only sha256 digests can be looked for, not {name}."));
        } else {
            self.terms.extend(name(term));
        }
        Ok(())
    }
}

enum Filter {
    Project,
    Tag,
    Label,
    Digest(Role),
}

fn filter(key: &str) -> Option<Filter> {
    Some(match &*key.to_ascii_lowercase() {
        "project" => Filter::Project,
        "tag" => Filter::Tag,
        "label" => Filter::Label,
        "layer" => Filter::Digest(Role::Layer),
        "id" => Filter::Digest(Role::ImageId),
        "digest" => Filter::Digest(Role::Any),
        _ => return None,
    })
}

/// Without the quotes, brackets and commas that come along when something is copied out of a text,
/// and without the ellipsis of a shortened digest.
fn bare(term: &str) -> &str {
    let around = |c: char| "\"'`()[]{}<>,;“”„".contains(c);
    let term = term.trim_matches(around).trim_end_matches('…');
    term.strip_suffix("...").unwrap_or(term)
}

/// Without `docker://`, `https://` and the like.
fn after_scheme(term: &str) -> &str {
    term.split_once("://").map_or(term, |(_, rest)| rest)
}

/// What stands behind `sha256:`, wherever that is.
fn after_algorithm(term: &str) -> Option<&str> {
    let place = find_ignoring_case(term, "sha256:")?;
    let before = term[..place].bytes().next_back();
    // `mysha256:v1` is a name with a tag.
    (!before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        .then(|| &term[place + "sha256:".len()..])
}

/// The digest that a tag such as `sha256-HEX.sig` is attached to.
fn attached_to(term: &str) -> Option<DigestPrefix> {
    let place = find_ignoring_case(term, "sha256-")?;
    let digits = &term[place + "sha256-".len()..];
    let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
    (end >= MIN_DIGITS).then(|| DigestPrefix::from_hex(&digits[..end]))?
}

fn other_algorithm(term: &str) -> Option<&str> {
    let (front, digits) = term.rsplit_once(':')?;
    let name = front.rsplit(['@', '/']).next()?;
    let known = ["sha1", "sha224", "sha384", "sha512", "blake3", "md5"];
    let many = digits.len() >= 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (many && known.contains(&name)).then_some(name)
}

/// The hex digits at the start of what stands behind `sha256:`.
fn hex(text: &str) -> Result<DigestPrefix, String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let digits = &text[..end];
    match DigestPrefix::from_hex(digits) {
        Some(prefix) if prefix.len() >= MIN_DIGITS => Ok(prefix),
        Some(_) => Err(format!("At least {MIN_DIGITS} hex digits of a digest are needed.")),
        None if digits.is_empty() => {
            Err(format!("At least {MIN_DIGITS} hex digits of a digest are needed."))
        }
        None if digits.len() > 64 => Err("A sha256 digest has 64 hex digits, not more.".to_owned()),
        None => Err(format!("“{digits}” is no digest: it has other characters than hex digits.")),
    }
}

/// A pull spec or a word; none when only separators are left.
fn name(term: &str) -> Option<Term> {
    let term = term.trim_end_matches([':', '@']);
    let (host, rest) = match term.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (true, rest),
        _ => (false, term),
    };
    let (path, tag) = reference(if host { rest } else { term });
    if tag.is_none() && !host {
        let text = term.to_ascii_lowercase();
        let hex = DigestPrefix::from_hex(&text).filter(|prefix| prefix.len() >= MIN_DIGITS);
        return (!text.is_empty()).then_some(Term::Word { text, hex });
    }
    let mut names = vec![path.to_ascii_lowercase()];
    if host && rest.starts_with(path) {
        // Up to the end of the path, which is a part of the term.
        let whole = &term[..term.len() - rest.len() + path.len()];
        names.push(whole.to_ascii_lowercase());
    }
    let tag = tag.map(str::to_owned);
    Some(Term::Spec { names, tag })
}

/// Name and tag, also out of a registry's URL: `v2/NAME/manifests/TAG` or `v2/NAME/tags/list`.
fn reference(text: &str) -> (&str, Option<&str>) {
    if let Some(path) = text.strip_prefix("v2/") {
        if let Some((name, tag)) = path.split_once("/manifests/") {
            return (name, Some(tag));
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return (name, None);
        }
    }
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(needle.len());
    windows.into_iter().position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests;
