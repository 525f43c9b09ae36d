// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of the projects in which somebody may do something.

use std::sync::Arc;

use images_proto::lens::{Place, Reached};
use images_proto::people::Which;
use images_roster::Roster;
use images_roster::query::LiveView;
use images_roster::query::projects::Projects;
use images_roster::query::reach::Reach;

use super::NOTHING;
use super::reviews::{Review, Reviews};
use crate::live::Live;
use crate::roster::{Pace, complete};
use crate::session::Session;
use crate::session::roster::{RosterFeed, Want};

/// Rows that the cluster is asked about; it takes four requests for each.
const ASKED: usize = 50;

/// The view.
pub struct ReachView {
    session: Arc<Session>,
    /// It wants all projects for as long as the view is open.
    _feed: RosterFeed,
    view: Reach,
    which: Which,
    rows: Reviews,
    pace: Pace,
    is_reading: bool,
}

impl ReachView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, which: Which) -> Self {
        let feed = session.roster_feed();
        feed.want(Want { all: true, ..Want::default() });
        Self {
            _feed: feed,
            view: Reach::new(which.clone()),
            which,
            rows: Reviews::of(session.clone()),
            pace: Pace::new(session.roster().changes()),
            session,
            is_reading: true,
        }
    }

    /// Whether what binds the user cannot be read, so that only asking tells what he reaches.
    fn is_in_the_dark(&self, roster: &Roster, reached: &Reached) -> bool {
        let is_me = roster.me() == Some(&self.which.subject);
        is_me && !reached.about.reading && !reached.about.unread.is_empty()
    }
}

impl Live for ReachView {
    type Params = Which;
    type Answer = Reached;

    fn set_params(&mut self, which: Which) {
        self.which = which.clone();
        self.view.set_params(which);
    }

    fn render(&mut self) -> Reached {
        self.pace.seen();
        let subject = self.which.subject.clone();
        let roster = self.session.roster().look();
        let mut reached = self.view.render(&roster, &NOTHING);
        if self.is_in_the_dark(&roster, &reached) {
            let list = Projects::new(self.which.window.clone()).render(&roster, &NOTHING);
            (reached.offset, reached.total) = (list.offset, list.total);
            let places = list.rows.into_iter().map(|row| {
                let (rights, via) = roster.rights(&row.name, &subject);
                Place { project: row.name, rights, via }
            });
            reached.rows = places.collect();
        }
        let asked = &reached.rows[..reached.rows.len().min(ASKED)];
        let reviews = asked.iter().map(|place| Review::of(&roster, &subject, &place.project));
        let reviews = reviews.collect();
        // It only ever grows, and with each of them.
        let state = asked.iter().map(|place| roster.access(&place.project)).sum();
        drop(roster);
        self.rows.want(reviews, state);
        let places = reached.rows.iter_mut();
        reached.asked = self
            .rows
            .overlay(places.map(|place| (&subject, place.project.as_str(), &mut place.rights)));
        complete(&mut reached.about, &self.session);
        self.is_reading = reached.about.reading;
        reached
    }

    fn is_working(&self) -> bool {
        self.is_reading || self.session.connected().is_some() && self.rows.is_asking()
    }

    async fn work(&mut self) {
        tokio::select! {
            () = self.rows.work() => {}
            () = self.pace.changed() => {}
        }
    }
}
