// SPDX-License-Identifier: LGPL-2.1-or-later

//! The board of the stages: what each has of every repository, and how that compares with the stage
//! before.

mod choices;
mod compare;
mod past;
mod rows;
#[cfg(test)]
mod tests;

use images_proto::stage::{By, Cell, Params, Row, Setting, State, View};
use images_proto::status::Source;
use images_proto::{RepositoryName, TagRef, window};

use self::compare::{Found, states};
pub use self::past::Past;
use self::rows::Line;
use super::LiveView;
use crate::Catalog;
use crate::names::NameId;

/// What the board shows besides the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The stages.
    pub setting: Setting,
    /// What tags named earlier, as far as somebody else than the catalog knows.
    pub past: Past,
    /// Projects that may have no repositories yet.
    pub projects: Vec<String>,
}

/// The view. Its rows are by name, so they have no order to keep.
pub struct Stages {
    params: Params,
    around: Around,
    choices: choices::Choices,
}

/// A row that fits, until it is shown.
struct Fitting {
    /// Where its repositories are.
    group: usize,
    tag: Option<NameId>,
}

impl Stages {
    /// Takes what is shown besides the catalog.
    pub fn set_around(&mut self, around: Around) {
        self.around = around;
        self.choices = choices::Choices::default();
    }

    /// What is shown besides the catalog.
    pub fn around(&self) -> &Around {
        &self.around
    }
}

impl LiveView for Stages {
    type Method = images_proto::stage::Stages;

    fn new(params: Params) -> Self {
        Self { params, around: Around::default(), choices: choices::Choices::default() }
    }

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    fn render(&mut self, catalog: &Catalog) -> View {
        let Around { setting, past, projects } = &self.around;
        let by = self.params.by.unwrap_or(setting.by);
        let choices = self.choices.get(catalog, by, projects);
        let board = Board { catalog, setting, past };
        let filter = self.params.window.filter.trim().to_lowercase();
        let (mut groups, mut fitting, mut differing) = (Vec::new(), Vec::new(), 0);
        rows::groups(catalog, setting, |group| {
            let before = fitting.len();
            rows::lines(catalog, setting, &group, |line| {
                let differs = board.differs(&line);
                differing += u32::from(differs);
                if (differs || !self.params.differing) && board.fits(&group, line.tag, &filter) {
                    fitting.push(Fitting { group: groups.len(), tag: line.tag });
                }
            });
            if fitting.len() > before {
                groups.push(group);
            }
        });
        let window =
            window::places(self.params.window.offset, self.params.window.limit, fitting.len());
        let shown = fitting[window.clone()].iter();
        View {
            setting: setting.clone(),
            choices,
            rows: shown.filter_map(|row| board.row(&groups[row.group], row.tag)).collect(),
            offset: window.start as u32,
            total: fitting.len() as u32,
            differing,
            reading: !catalog.is_listed() || !catalog.tags_are_read(),
        }
    }
}

/// What is needed to say something of a row.
#[derive(Clone, Copy)]
struct Board<'a> {
    catalog: &'a Catalog,
    setting: &'a Setting,
    past: &'a Past,
}

impl<'a> Board<'a> {
    /// Whether a later stage is not what the one before it is. What was not read may be equal.
    fn differs(&self, line: &Line<'a>) -> bool {
        let differs = |state: State| !matches!(state, State::First | State::Equal | State::Unknown);
        self.states(line).any(differs)
    }

    fn states(&self, line: &Line<'a>) -> impl Iterator<Item = State> {
        let has_history = self.catalog.source() == Some(Source::Openshift);
        states(self.catalog, self.past, has_history, line)
    }

    fn fits(&self, group: &rows::Group<'a>, tag: Option<NameId>, filter: &str) -> bool {
        if filter.is_empty() || group.name.contains(filter) {
            return true;
        }
        let Some(tag) = tag.map(|tag| self.catalog.tag_names.lower(tag)) else { return false };
        let whole = || {
            filter
                .split_once(':')
                .is_some_and(|(name, start)| group.name.ends_with(name) && tag.starts_with(start))
        };
        tag.contains(filter) || whole()
    }

    /// A row as it is shown; `None` where a stage's repository cannot be named.
    fn row(&self, group: &rows::Group<'a>, tag: Option<NameId>) -> Option<Row> {
        let line = rows::line(self.catalog, self.setting, group, tag);
        let cells = self.setting.stages.iter().zip(line.cells()).zip(self.states(&line));
        let cells = cells.map(|((stage, cell), state)| {
            let tag = match (self.setting.by, tag) {
                (By::Project, Some(tag)) => TagRef {
                    repository: format!("{stage}/{}", group.name).parse().ok()?,
                    tag: self.catalog.tag_name(tag),
                },
                _ => TagRef {
                    repository: group.name.parse::<RepositoryName>().ok()?,
                    tag: stage.parse().ok()?,
                },
            };
            let now = match cell.found {
                Found::Named(revisions) => revisions.first(),
                Found::Missing | Found::Unknown => None,
            };
            Some(Cell {
                tag,
                digest: now.map(|now| self.catalog.digests.digest(now.digest)),
                since: now
                    .and_then(|now| now.created.get().or_else(|| self.catalog.built(now.digest))),
                commit: now.and_then(|now| self.catalog.commit(now.digest)).map(str::to_owned),
                state,
            })
        });
        Some(Row {
            repository: group.name.to_owned(),
            tag: tag.map(|tag| self.catalog.tag_name(tag)),
            cells: cells.collect::<Option<_>>()?,
        })
    }
}
