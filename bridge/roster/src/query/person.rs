// SPDX-License-Identifier: LGPL-2.1-or-later

//! One user with groups, or one group with members.

use images_proto::people::{self, View, Which};
use images_proto::subject::SubjectKind;

use super::page::{Filter, Page};
use super::people::{groups, row};
use super::{LiveView, Outside};
use crate::Roster;
use crate::facts::Kind;
use crate::who::{Named, Who};

/// The view.
pub struct Person {
    which: Which,
}

impl LiveView for Person {
    type Method = people::Person;

    fn new(which: Which) -> Self {
        Self { which }
    }

    fn set_params(&mut self, which: Which) {
        self.which = which;
    }

    fn render(&self, roster: &Roster, _: &Outside<'_>) -> View {
        let bindings = roster.all_bindings();
        let about = roster.about(
            &[roster.people_coming(Kind::User), roster.people_coming(Kind::Group)],
            &[bindings],
        );
        let named = Named::of(&self.which.subject);
        let is_heard_of = roster.names.who(named).is_some_and(|who| match who.kind {
            SubjectKind::User => {
                roster.users.contains_key(&who.name) || roster.mentions.contains_key(&who)
            }
            SubjectKind::Group => {
                roster.groups.contains_key(&who.name) || roster.mentions.contains_key(&who)
            }
            SubjectKind::Robot => false,
        });
        if !is_heard_of {
            return View { about, ..View::default() };
        }
        let filter = Filter::new(&self.which.window.filter);
        let mut near: Vec<Named<'_>> = match named.kind {
            SubjectKind::Group => {
                let users = roster.group(named.name).map(|group| &group.users[..]);
                let users = users.unwrap_or_default().iter().copied().map(Who::user);
                users.map(|who| roster.names.named(who)).collect()
            }
            _ => groups(roster, named).into_iter().map(Named::group).collect(),
        };
        near.retain(|named| filter.fits_somebody(roster, *named));
        let page = Page::of(near, &self.which.window, |a, b| a.order(*b));
        let is_whole = bindings.is_whole();
        View {
            about,
            row: Some(row(roster, named, is_whole)),
            members: page.rows.into_iter().map(|named| row(roster, named, is_whole)).collect(),
            offset: page.offset,
            total: page.total,
            may_change: None,
        }
    }
}
