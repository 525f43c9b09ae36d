// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live views of projects, people and robots: what the roster says, how many repositories a
//! project has, and what the user may do about it.

pub(crate) mod asker;
mod own;
mod pace;
mod shown;

use std::collections::HashMap;
use std::sync::Arc;

use images_proto::Method;
use images_proto::project::About;
use images_proto::status::{Phase, Source};
use images_roster::query::{LiveView, Outside};

pub(crate) use self::own::{Own, Question};
pub(crate) use self::pace::Pace;
use self::shown::Shown;
use crate::live::Live;
use crate::session::Session;
use crate::session::roster::RosterFeed;

type Params<V> = <<V as LiveView>::Method as Method>::Params;
type Answer<V> = <<V as LiveView>::Method as Method>::Answer;

/// A view of the roster.
pub(crate) struct RosterView<V: LiveView> {
    session: Arc<Session>,
    feed: RosterFeed,
    view: V,
    params: Params<V>,
    own: Own,
    pace: Pace,
    repositories: Repositories,
    is_reading: bool,
}

impl<V> RosterView<V>
where
    V: Shown,
    Params<V>: Clone + Send,
    Answer<V>: PartialEq + Send + Sync,
{
    /// A view with these parameters.
    pub(crate) fn new(session: Arc<Session>, params: Params<V>) -> Self {
        let feed = session.roster_feed();
        let own = Own::of(session.clone());
        let pace = Pace::new(session.roster().changes());
        let view = V::new(params.clone());
        let repositories = Repositories::default();
        Self { session, feed, view, params, own, pace, repositories, is_reading: true }
    }
}

impl<V> Live for RosterView<V>
where
    V: Shown,
    Params<V>: Clone + Send,
    Answer<V>: PartialEq + Send + Sync,
{
    type Params = Params<V>;
    type Answer = Answer<V>;

    fn set_params(&mut self, params: Params<V>) {
        self.params = params.clone();
        self.view.set_params(params);
    }

    fn render(&mut self) -> Answer<V> {
        self.pace.seen();
        let repositories = self.repositories.of(&self.session);
        let outside = Outside { repositories: &|project| repositories(project) };
        let roster = self.session.roster().look();
        let mut answer = self.view.render(&roster, &outside);
        let access = roster.access(V::project(&self.params));
        drop(roster);
        let about = V::about(&mut answer);
        complete(about, &self.session);
        self.is_reading = about.reading;
        let questions = match self.session.roster().is_known() {
            true => V::questions(&self.params, about.openshift),
            // What kind of cluster it is, is not known yet.
            false => Vec::new(),
        };
        self.own.want(questions, access);
        V::complete(&self.params, &mut answer, &self.own);
        self.feed.want(V::want(&self.params, &answer));
        answer
    }

    fn is_working(&self) -> bool {
        self.is_reading || self.session.connected().is_some() && self.own.is_asking()
    }

    async fn work(&mut self) {
        tokio::select! {
            () = self.own.work() => {}
            () = self.pace.changed() => {}
        }
    }
}

/// Adds what the roster does not know: whether the registry asks the cluster, whether more is being
/// read, and what is wrong.
pub(crate) fn complete(about: &mut About, session: &Session) {
    let status = session.status();
    let source = status.registry.as_ref().map(|registry| registry.source);
    about.decides = source.map(|source| source == Source::Openshift);
    let state = session.roster();
    match (session.connected().is_some(), status.phase) {
        (true, _) => about.reading |= state.is_reading(),
        (false, Phase::Failed(failure)) => {
            about.reading = false;
            about.unread.push(failure);
        }
        // A registry alone has no projects.
        (false, Phase::Ready | Phase::Filling(_)) => about.reading = false,
        (false, Phase::Connecting) => about.reading = true,
    }
    about.unread.extend(state.troubles());
}

/// How many repositories each project has, counted again when the catalog is another one.
#[derive(Default)]
struct Repositories {
    generation: Option<u64>,
    counts: Option<HashMap<String, u32>>,
}

impl Repositories {
    /// How many a project has; `None`: unknown.
    fn of(&mut self, session: &Session) -> impl Fn(&str) -> Option<u32> {
        let catalog = session.catalog();
        if self.generation != Some(catalog.generation()) {
            self.generation = Some(catalog.generation());
            // Elsewhere the first part of a repository's name has nothing to do with projects.
            let is_known = catalog.is_listed() && catalog.source() == Some(Source::Openshift);
            self.counts = is_known.then(|| {
                let mut counts: HashMap<String, u32> = HashMap::new();
                for name in catalog.repository_names() {
                    let Some(project) = name.project() else { continue };
                    match counts.get_mut(project) {
                        Some(count) => *count += 1,
                        None => drop(counts.insert(project.to_owned(), 1)),
                    }
                }
                counts
            });
        }
        |project| {
            let counts = self.counts.as_ref()?;
            Some(counts.get(project).copied().unwrap_or_default())
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
