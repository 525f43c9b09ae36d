// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the list of images shows: query, project, order, and how far it is scrolled.

use images_proto::delete::List;
use images_proto::search::{self, Sort};

use super::route::{Options, Route, Tags};
use super::window::{self, Window};

/// The choices that make up the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// As typed into the search box.
    pub query: String,
    /// Only this project.
    pub project: Option<String>,
    /// The order of repositories.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// The first row that is seen.
    pub from: u32,
}

impl Listing {
    /// The parameters of the search that shows a window of this.
    pub fn params(&self, window: Window, refresh: u32) -> search::Params {
        search::Params {
            query: self.query.clone(),
            project: self.project.clone(),
            sort: self.sort,
            descending: self.descending,
            offset: window.offset,
            limit: window.limit,
            refresh,
        }
    }

    /// What is listed, whatever its order.
    pub fn list(&self) -> List {
        List::Search { query: self.query.clone(), project: self.project.clone() }
    }

    /// The list for another query: from its top.
    pub fn searching(&self, query: &str) -> Self {
        Self { query: query.to_owned(), from: 0, ..self.clone() }
    }

    /// The list of another project: from its top.
    pub fn in_project(&self, project: Option<String>) -> Self {
        Self { project, from: 0, ..self.clone() }
    }

    /// The list after a click on a column: that order, or, if it is the order already, the other
    /// way round. What is large or new comes first at the first click.
    pub fn sorted_by(&self, sort: Sort) -> Self {
        let descending = if self.sort == sort { !self.descending } else { sort != Sort::Name };
        Self { sort, descending, from: 0, ..self.clone() }
    }

    pub(super) fn from_options(options: &Options) -> Self {
        let order = options.get("sort").map_or("", String::as_str);
        let (descending, order) = match order.strip_prefix('-') {
            Some(order) => (true, order),
            None => (false, order),
        };
        let sort = SORTS.iter().find(|(_, name)| *name == order);
        Self {
            query: options.get("q").cloned().unwrap_or_default(),
            project: options.get("project").filter(|project| !project.is_empty()).cloned(),
            sort: sort.map_or(Sort::Name, |(sort, _)| *sort),
            descending,
            from: window::from_options(options),
        }
    }

    pub(super) fn write_options(&self, options: &mut Options) {
        if !self.query.is_empty() {
            options.insert("q".to_owned(), self.query.clone());
        }
        if let Some(project) = &self.project {
            options.insert("project".to_owned(), project.clone());
        }
        if (self.sort, self.descending) != (Sort::Name, false) {
            let name =
                SORTS.iter().find(|(sort, _)| *sort == self.sort).map_or("name", |(_, name)| name);
            let sign = if self.descending { "-" } else { "" };
            options.insert("sort".to_owned(), format!("{sign}{name}"));
        }
        window::write_options(self.from, options);
    }
}

const SORTS: [(Sort, &str); 4] =
    [(Sort::Name, "name"), (Sort::Tags, "tags"), (Sort::Size, "size"), (Sort::Newest, "newest")];

/// What Enter in the search box does, once this answer is there.
pub fn on_enter(typed: &str, answer: &search::View) -> Enter {
    if answer.query != typed {
        // The answer to what was typed is on its way.
        return Enter::Wait;
    }
    let Some(exact) = &answer.exact else { return Enter::Stay };
    let filter = exact.tag.as_ref().map(|tag| tag.to_string()).unwrap_or_default();
    let tags = Tags { filter, ..Tags::default() };
    Enter::Open(Route::Repository { name: exact.repository.clone(), tags })
}

/// What Enter in the search box does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enter {
    /// Nothing before the answer to what was typed.
    Wait,
    /// Nothing: what was typed names no single thing.
    Stay,
    /// Opens what was typed.
    Open(Route),
}

#[cfg(test)]
mod tests {
    use images_proto::search::{Coverage, Exact, Rows, View};

    use super::*;

    fn answer(query: &str, exact: Option<(&str, Option<&str>)>) -> View {
        View {
            query: query.to_owned(),
            understood: None,
            mistake: None,
            exact: exact.map(|(repository, tag)| Exact {
                repository: repository.parse().unwrap(),
                tag: tag.map(|tag| tag.parse().unwrap()),
            }),
            rows: Rows::Repositories(vec![]),
            offset: 0,
            total: 0,
            projects: vec![],
            changes: 0,
            coverage: Coverage::default(),
        }
    }

    #[test]
    fn enter_opens_only_what_was_typed() {
        assert_eq!(on_enter("a/b", &answer("a/", Some(("a/b", None)))), Enter::Wait);
        assert_eq!(on_enter("a/b", &answer("a/b", None)), Enter::Stay);
        let name = "a/b".parse().unwrap();
        assert_eq!(
            on_enter("a/b", &answer("a/b", Some(("a/b", None)))),
            Enter::Open(Route::repository(&name))
        );
        let Enter::Open(route) = on_enter("a/b:v1", &answer("a/b:v1", Some(("a/b", Some("v1")))))
        else {
            panic!("did not open");
        };
        assert_eq!(route.href(), "#/repository/a%2Fb?filter=v1");
    }

    #[test]
    fn a_column_sorts_and_then_turns_around() {
        let by_size = Listing::default().sorted_by(Sort::Size);
        assert!(by_size.descending);
        assert!(!by_size.sorted_by(Sort::Size).descending);
        let by_name = by_size.sorted_by(Sort::Name);
        assert!(!by_name.descending);
        assert!(by_name.sorted_by(Sort::Name).descending);
    }

    #[test]
    fn other_choices_begin_at_the_top() {
        let listing = Listing { from: 400, ..Listing::default() };
        assert_eq!(listing.searching("x").from, 0);
        assert_eq!(listing.in_project(Some("p".to_owned())).from, 0);
        assert_eq!(listing.sorted_by(Sort::Tags).from, 0);
        let params = listing.params(Window { offset: 380, limit: 60 }, 2);
        assert_eq!((params.offset, params.limit, params.refresh), (380, 60, 2));
    }
}
