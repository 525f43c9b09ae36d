// SPDX-License-Identifier: LGPL-2.1-or-later

//! The robots of a project, by name, and their tokens.

use images_proto::natural;
use images_proto::project::Within;
use images_proto::robot::{self, List, Row, Token};
use images_proto::subject::SubjectKind;

use super::holders::Holders;
use super::page::{Filter, Page};
use super::{LiveView, Outside};
use crate::Roster;
use crate::facts::Kind;
use crate::roster::Place;
use crate::who::Named;

/// The view.
pub struct Robots {
    params: Within,
}

impl LiveView for Robots {
    type Method = robot::Robots;

    fn new(params: Within) -> Self {
        Self { params }
    }

    fn set_params(&mut self, params: Within) {
        self.params = params;
    }

    fn render(&self, roster: &Roster, _: &Outside<'_>) -> List {
        let project = self.params.project.as_str();
        let covered = |kind| roster.covered.of_project(kind, project);
        let about = roster
            .about(&[covered(Kind::Robot), covered(Kind::Token), covered(Kind::Binding)], &[]);
        let Some(id) = roster.names.get(project) else {
            return List { about, ..List::default() };
        };
        let filter = Filter::new(&self.params.window.filter);
        let robots = roster.robots.range(Place::all_in(Some(id)));
        let robots = robots.map(|(place, robot)| (roster.names.name(place.name), robot));
        let page = Page::of(
            robots.filter(|(name, _)| filter.fits([*name])).collect(),
            &self.params.window,
            |(a, _), (b, _)| natural::compare(a, b),
        );
        let holders = Holders::of(roster, id);
        let tokens_are_whole = covered(Kind::Token).is_whole();
        let rows = page.rows.into_iter().map(|(name, robot)| {
            let named = Named { kind: SubjectKind::Robot, name, project: Some(project) };
            let held = holders.get(roster, named);
            Row {
                name: name.to_owned(),
                system: robot.system,
                role: held.role,
                others: held.others(roster),
                created: robot.created,
                tokens: tokens_are_whole.then(|| tokens(roster, id, name)),
            }
        });
        List {
            about,
            rows: rows.collect(),
            offset: page.offset,
            total: page.total,
            may_create: None,
        }
    }
}

/// The tokens of a robot, the newest first.
fn tokens(roster: &Roster, project: crate::names::NameId, robot: &str) -> Vec<Token> {
    let tokens = roster.tokens.range(Place::all_in(Some(project))).map(|(_, token)| token);
    let mut tokens: Vec<_> = tokens
        .filter(|token| token.robot == robot)
        .map(|token| Token {
            name: token.name.clone(),
            purpose: token.purpose.clone(),
            created: token.created,
            expires: token.expires,
        })
        .collect();
    tokens
        .sort_by(|a, b| b.created.cmp(&a.created).then_with(|| natural::compare(&a.name, &b.name)));
    tokens
}
