// SPDX-License-Identifier: LGPL-2.1-or-later

//! The places of the page and their addresses, as `cockpit.location` has them: a path and options.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use images_proto::subject::{Subject, SubjectKind};
use images_proto::{Digest, RepositoryName};

use super::filtered::Filtered;
use super::history;
use super::listing::Listing;
use super::window::{from_options, write_options};

/// The options behind the `?` of an address.
pub type Options = BTreeMap<String, String>;

/// A place of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The list, `#/`.
    Images(Listing),
    /// One repository, `#/repository/NAME`.
    Repository {
        /// Its name.
        name: RepositoryName,
        /// Which of its tags are shown.
        tags: Tags,
    },
    /// One image or index, `#/image/DIGEST`.
    Image {
        /// The digest of its manifest.
        digest: Digest,
        /// The repository that the user came from.
        repository: Option<RepositoryName>,
    },
    /// One layer, `#/layer/DIGEST`.
    Layer {
        /// The digest of the compressed layer.
        digest: Digest,
        /// The first of its images that is seen.
        from: u32,
    },
    /// The registry and the routes to it, `#/registry`.
    Registry,
    /// What was changed, `#/history`; the first row that is seen.
    History(u32),
    /// One change, `#/history/ID`.
    Record(String),
    /// What nothing leads to, `#/clean-up`.
    CleanUp,
    /// The projects, `#/projects`.
    Projects(Filtered),
    /// One project, `#/project/NAME`.
    Project {
        /// Its name.
        name: String,
        /// What of it is shown.
        tab: Tab,
        /// Which rows are shown.
        list: Filtered,
    },
    /// The users or the groups, `#/people`.
    People {
        /// Which of both.
        kind: SubjectKind,
        /// Which of them are shown.
        list: Filtered,
    },
    /// One user or group, `#/person/user/NAME` or `#/person/group/NAME`.
    Person {
        /// Who.
        subject: Subject,
        /// What is reached is shown instead of groups or members.
        reach: bool,
        /// Which rows are shown.
        list: Filtered,
    },
    /// The stages, `#/stages`.
    Stages {
        /// Which rows are shown.
        list: Filtered,
        /// Only those that differ.
        differing: bool,
    },
    /// No place of ours.
    Unknown,
}

/// What of a project is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Who has a role.
    #[default]
    Members,
    /// Who can do what, and through what.
    Access,
    /// Robot accounts and their tokens.
    Robots,
}

/// Which tags of a repository are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// Only tags that contain this text.
    pub filter: String,
    /// Signatures and the like too.
    pub attachments: bool,
    /// The first tag that is seen.
    pub from: u32,
}

impl Route {
    /// The list without any query.
    pub fn home() -> Self {
        Self::Images(Listing::default())
    }

    /// The repository with all its tags.
    pub fn repository(name: &RepositoryName) -> Self {
        Self::Repository { name: name.clone(), tags: Tags::default() }
    }

    /// The image, seen from a repository.
    pub fn image(digest: Digest, repository: Option<&RepositoryName>) -> Self {
        Self::Image { digest, repository: repository.cloned() }
    }

    /// The layer.
    pub fn layer(digest: Digest) -> Self {
        Self::Layer { digest, from: 0 }
    }

    /// The project with its members.
    pub fn project(name: &str) -> Self {
        Self::Project { name: name.to_owned(), tab: Tab::Members, list: Filtered::default() }
    }

    /// The page of a user or group; that of a robot is among those of its project.
    pub fn of_subject(subject: &Subject) -> Self {
        match &subject.project {
            Some(project) => Self::Project {
                name: project.clone(),
                tab: Tab::Robots,
                list: Filtered { filter: subject.name.clone(), ..Filtered::default() },
            },
            None => Self::person(subject.clone()),
        }
    }

    /// The users or the groups.
    pub fn people(kind: SubjectKind) -> Self {
        Self::People { kind, list: Filtered::default() }
    }

    /// A user or a group.
    pub fn person(subject: Subject) -> Self {
        Self::Person { subject, reach: false, list: Filtered::default() }
    }

    /// The stages.
    pub fn stages() -> Self {
        Self::Stages { list: Filtered::default(), differing: false }
    }

    /// Reads an address. Whatever does not fit is [`Route::Unknown`], an option that does not fit
    /// is left out.
    pub fn parse(path: &[String], options: &Options) -> Self {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [] | [""] => Self::Images(Listing::from_options(options)),
            // Typed by hand, the slashes of a name are not escaped.
            ["repository", name @ ..] => match name.join("/").parse() {
                Ok(name) => Self::Repository { name, tags: Tags::from_options(options) },
                Err(_) => Self::Unknown,
            },
            ["image", digest] => match parse_digest(digest) {
                Some(digest) => Self::Image {
                    digest,
                    repository: options.get("repository").and_then(|name| name.parse().ok()),
                },
                None => Self::Unknown,
            },
            ["layer", digest] => match parse_digest(digest) {
                Some(digest) => Self::Layer { digest, from: from_options(options) },
                None => Self::Unknown,
            },
            ["registry"] => Self::Registry,
            ["history"] => Self::History(from_options(options)),
            ["history", id] if history::is_id(id) => Self::Record((*id).to_owned()),
            ["clean-up"] => Self::CleanUp,
            ["projects"] => Self::Projects(Filtered::from_options(options)),
            ["project", name] if !name.is_empty() => Self::Project {
                name: (*name).to_owned(),
                tab: match options.get("tab").map(String::as_str) {
                    Some("access") => Tab::Access,
                    Some("robots") => Tab::Robots,
                    _ => Tab::Members,
                },
                list: Filtered::from_options(options),
            },
            ["people"] => Self::People {
                kind: match is(options, "kind", "groups") {
                    true => SubjectKind::Group,
                    false => SubjectKind::User,
                },
                list: Filtered::from_options(options),
            },
            ["person", kind @ ("user" | "group"), name] if !name.is_empty() => Self::Person {
                subject: match *kind {
                    "user" => Subject::user(*name),
                    _ => Subject::group(*name),
                },
                reach: is(options, "tab", "projects"),
                list: Filtered::from_options(options),
            },
            ["stages"] => Self::Stages {
                list: Filtered::from_options(options),
                differing: is(options, "differing", "true"),
            },
            _ => Self::Unknown,
        }
    }

    /// The path and the options of the address.
    pub fn address(&self) -> (Vec<String>, Options) {
        let mut options = Options::new();
        let path = match self {
            Self::Images(listing) => {
                listing.write_options(&mut options);
                vec![]
            }
            Self::Repository { name, tags } => {
                tags.write_options(&mut options);
                vec!["repository".to_owned(), name.to_string()]
            }
            Self::Image { digest, repository } => {
                if let Some(repository) = repository {
                    options.insert("repository".to_owned(), repository.to_string());
                }
                vec!["image".to_owned(), digest.to_string()]
            }
            Self::Layer { digest, from } => {
                write_options(*from, &mut options);
                vec!["layer".to_owned(), digest.to_string()]
            }
            Self::Registry => vec!["registry".to_owned()],
            Self::History(from) => {
                write_options(*from, &mut options);
                vec!["history".to_owned()]
            }
            Self::Record(id) => vec!["history".to_owned(), id.clone()],
            Self::CleanUp => vec!["clean-up".to_owned()],
            Self::Projects(list) => {
                list.write_options(&mut options);
                vec!["projects".to_owned()]
            }
            Self::Project { name, tab, list } => {
                let tab = match tab {
                    Tab::Members => None,
                    Tab::Access => Some("access"),
                    Tab::Robots => Some("robots"),
                };
                options.extend(tab.map(|tab| ("tab".to_owned(), tab.to_owned())));
                list.write_options(&mut options);
                vec!["project".to_owned(), name.clone()]
            }
            Self::People { kind, list } => {
                if *kind == SubjectKind::Group {
                    options.insert("kind".to_owned(), "groups".to_owned());
                }
                list.write_options(&mut options);
                vec!["people".to_owned()]
            }
            Self::Person { subject, reach, list } => {
                if *reach {
                    options.insert("tab".to_owned(), "projects".to_owned());
                }
                list.write_options(&mut options);
                let kind = if subject.kind == SubjectKind::Group { "group" } else { "user" };
                vec!["person".to_owned(), kind.to_owned(), subject.name.clone()]
            }
            Self::Stages { list, differing } => {
                if *differing {
                    options.insert("differing".to_owned(), "true".to_owned());
                }
                list.write_options(&mut options);
                vec!["stages".to_owned()]
            }
            Self::Unknown => vec![],
        };
        (path, options)
    }

    /// The address as the target of a link.
    pub fn href(&self) -> String {
        let (path, options) = self.address();
        let mut href = "#/".to_owned();
        for (idx, part) in path.iter().enumerate() {
            if idx > 0 {
                href.push('/');
            }
            escape(part, &mut href);
        }
        for (idx, (name, value)) in options.iter().enumerate() {
            href.push(if idx == 0 { '?' } else { '&' });
            escape(name, &mut href);
            href.push('=');
            escape(value, &mut href);
        }
        href
    }

    /// Whether both are the same thing to look at, be it with other options. Moving between such
    /// places keeps what is on the screen.
    pub fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Images(_), Self::Images(_))
            | (Self::History(_), Self::History(_))
            | (Self::Projects(_), Self::Projects(_))
            | (Self::Stages { .. }, Self::Stages { .. }) => true,
            (Self::Project { name: a, .. }, Self::Project { name: b, .. }) => a == b,
            (Self::People { kind: a, .. }, Self::People { kind: b, .. }) => a == b,
            (Self::Person { subject: a, .. }, Self::Person { subject: b, .. }) => a == b,
            (Self::Repository { name: a, .. }, Self::Repository { name: b, .. }) => a == b,
            (Self::Image { digest: a, .. }, Self::Image { digest: b, .. })
            | (Self::Layer { digest: a, .. }, Self::Layer { digest: b, .. }) => a == b,
            _ => self == other,
        }
    }
}

impl Tags {
    /// The tags that contain another text: from their top.
    pub fn filtering(&self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), from: 0, ..self.clone() }
    }

    fn from_options(options: &Options) -> Self {
        Self {
            filter: options.get("filter").cloned().unwrap_or_default(),
            attachments: is(options, "attachments", "true"),
            from: from_options(options),
        }
    }

    fn write_options(&self, options: &mut Options) {
        if !self.filter.is_empty() {
            options.insert("filter".to_owned(), self.filter.clone());
        }
        if self.attachments {
            options.insert("attachments".to_owned(), "true".to_owned());
        }
        write_options(self.from, options);
    }
}

fn is(options: &Options, name: &str, value: &str) -> bool {
    options.get(name).is_some_and(|said| said == value)
}

fn parse_digest(text: &str) -> Option<Digest> {
    text.parse().or_else(|_| Digest::from_hex(text)).ok()
}

/// Percent-encodes all but the unreserved characters of RFC 3986 and the colon of digests.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &[&str], options: &[(&str, &str)]) -> Route {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let options =
            options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Route::parse(&path, &options)
    }

    #[test]
    fn addresses_lead_back_to_their_places() {
        let digest = Digest::from_bytes([7; 32]);
        let name: RepositoryName = "sky/field/api".parse().unwrap();
        let from = 300;
        let listing = Listing { query: "a b&c".to_owned(), from, ..Listing::default() };
        let list = Filtered { filter: "é".to_owned(), from };
        for route in [
            Route::home(),
            Route::Images(listing),
            Route::repository(&name),
            Route::Repository {
                name: name.clone(),
                tags: Tags { filter: "v1".to_owned(), attachments: true, from },
            },
            Route::image(digest, None),
            Route::image(digest, Some(&name)),
            Route::layer(digest),
            Route::Registry,
            Route::History(from),
            Route::Record("20261124-171502-3f9a".to_owned()),
            Route::CleanUp,
            Route::Layer { digest, from },
            Route::Projects(list.clone()),
            Route::project("sky-field"),
            Route::Project { name: "sky".to_owned(), tab: Tab::Access, list: list.clone() },
            Route::of_subject(&Subject::robot("sky", "ci")),
            Route::of_subject(&Subject::user("jane@example.com")),
            Route::people(SubjectKind::User),
            Route::People { kind: SubjectKind::Group, list: list.clone() },
            Route::person(Subject::user("jane")),
            Route::Person { subject: Subject::group("a/b: c"), reach: true, list: list.clone() },
            Route::stages(),
            Route::Stages { list, differing: true },
        ] {
            let (path, options) = route.address();
            assert_eq!(Route::parse(&path, &options), route);
        }
    }

    #[test]
    fn slashes_of_a_name_are_escaped_and_need_not_be() {
        let route = parse(&["repository", "sky", "api"], &[]);
        assert_eq!(route, parse(&["repository", "sky/api"], &[]));
        assert_eq!(route.href(), "#/repository/sky%2Fapi");
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(
            Route::image(digest, Some(&"a/b".parse().unwrap())).href(),
            format!("#/image/{digest}?repository=a%2Fb")
        );
        assert_eq!(parse(&["image", &digest.hex()], &[]), Route::image(digest, None));
    }

    #[test]
    fn nonsense_is_no_place() {
        assert_eq!(parse(&["repository"], &[]), Route::Unknown);
        assert_eq!(parse(&["repository", "A B"], &[]), Route::Unknown);
        assert_eq!(parse(&["image", "sha256:12"], &[]), Route::Unknown);
        assert_eq!(parse(&["nowhere"], &[]), Route::Unknown);
        assert_eq!(parse(&["registry", "x"], &[]), Route::Unknown);
        assert_eq!(parse(&["project", ""], &[]), Route::Unknown);
        assert_eq!(parse(&["project", "a"], &[("tab", "x")]), Route::project("a"));
        assert_eq!(parse(&["person", "robot", "x"], &[]), Route::Unknown);
        assert_eq!(parse(&["person", "user", ""], &[]), Route::Unknown);
        assert_eq!(parse(&["history", "../x"], &[]), Route::Unknown);
        assert_eq!(parse(&["history", ""], &[]), Route::Unknown);
        let digest = Digest::from_bytes([1; 32]);
        assert_eq!(
            parse(&["image", &digest.to_string()], &[("repository", "../x")]),
            Route::image(digest, None)
        );
    }

    #[test]
    fn the_same_thing_with_other_options_is_the_same_place() {
        let listing = Listing { query: "x".to_owned(), ..Listing::default() };
        assert!(Route::home().same_place(&Route::Images(listing)));
        let name = "a/b".parse().unwrap();
        assert!(!Route::home().same_place(&Route::repository(&name)));
        assert!(!Route::repository(&name).same_place(&Route::repository(&"a/c".parse().unwrap())));
    }
}
