// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who may do what, and what somebody may do: the roster says through what, the cluster says
//! whether.

mod reach;
mod reviews;
mod why;
mod words;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use images_proto::lens::{Row, View};
use images_proto::project::Within;
use images_proto::subject::Verb;
use images_proto::{Code, Failure};
use images_roster::query::lens::{Allowed, Asked, Lens};
use images_roster::query::{LiveView, Outside};

pub use self::reach::ReachView;
use self::reviews::Reviews;
pub use self::why::why;
use crate::cluster::Cluster;
use crate::live::Live;
use crate::roster::asker::Asker;
use crate::roster::{Pace, Question, complete};
use crate::session::Session;
use crate::session::roster::{RosterFeed, Want};

/// What the roster does not know is not shown here.
const NOTHING: Outside<'static> = Outside { repositories: &|_| None };

/// The view of everybody who may do something in a project.
pub struct LensView {
    session: Arc<Session>,
    feed: RosterFeed,
    view: Lens,
    params: Within,
    /// Asked of OpenShift, for the whole project at once.
    all: Asker<String, Said>,
    /// Asked of every cluster else, for the rows that are shown.
    rows: Reviews,
    pace: Pace,
    is_reading: bool,
}

/// What OpenShift says of a project; `None`: it has no such question, or not for this user.
#[derive(Clone, Debug)]
struct Said {
    asked: Option<Asked>,
    /// What the cluster could not look up, or why it did not answer.
    troubles: Vec<Failure>,
}

impl LensView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: Within) -> Self {
        let feed = session.roster_feed();
        Self {
            feed,
            view: Lens::new(params.clone()),
            params,
            all: Asker::new(session.clone(), ask_all),
            rows: Reviews::of(session.clone()),
            pace: Pace::new(session.roster().changes()),
            session,
            is_reading: true,
        }
    }
}

impl Live for LensView {
    type Params = Within;
    type Answer = View;

    fn set_params(&mut self, params: Within) {
        self.params = params.clone();
        self.view.set_params(params);
    }

    fn render(&mut self) -> View {
        self.pace.seen();
        let project = self.params.project.clone();
        let roster = self.session.roster().look();
        let access = roster.access(&project);
        let is_known = self.session.roster().is_known();
        self.all.want(is_known.then(|| project.clone()).into_iter().collect(), access);
        let said = self.all.answer(&project);
        self.view.set_asked(said.and_then(|said| said.asked.clone()));
        let mut view = self.view.render(&roster, &NOTHING);
        // Whom nobody tells of others, the cluster tells of himself.
        let is_dark = view.total == 0 && !view.about.unread.is_empty() && !view.about.reading;
        if is_dark
            && self.params.window.filter.is_empty()
            && let Some(me) = roster.me()
        {
            let (rights, via) = roster.rights(&project, me);
            view.rows = vec![Row { subject: me.clone(), full_name: None, rights, via }];
            view.total = 1;
        }
        // Where the cluster has no answer for all, it is asked about the rows.
        let is_row_by_row = said.is_some_and(|said| said.asked.is_none());
        let rows = view.rows.iter().filter(|_| is_row_by_row);
        let reviews =
            rows.map(|row| reviews::Review::of(&roster, &row.subject, &project)).collect();
        view.about.unread.extend(said.into_iter().flat_map(|said| said.troubles.clone()));
        drop(roster);
        self.rows.want(reviews, access);
        if is_row_by_row {
            view.asked = self.rows.overlay(
                view.rows.iter_mut().map(|row| (&row.subject, project.as_str(), &mut row.rights)),
            );
        }
        complete(&mut view.about, &self.session);
        self.is_reading = view.about.reading;
        let near = BTreeSet::from([project]);
        self.feed.want(Want { near, ..Want::default() });
        view
    }

    fn is_working(&self) -> bool {
        let is_asking = self.all.is_asking() || self.rows.is_asking();
        self.is_reading || self.session.connected().is_some() && is_asking
    }

    async fn work(&mut self) {
        tokio::select! {
            () = self.all.work() => {}
            () = self.rows.work() => {}
            () = self.pace.changed() => {}
        }
    }
}

/// Asks OpenShift who may do each of the four things.
fn ask_all(cluster: Cluster, projects: Vec<String>) -> BoxFuture<'static, HashMap<String, Said>> {
    async move {
        let mut answers = HashMap::new();
        for project in projects {
            let said = ask_about(&cluster, &project).await;
            answers.insert(project, said);
        }
        answers
    }
    .boxed()
}

async fn ask_about(cluster: &Cluster, project: &str) -> Said {
    let asking = Verb::ALL.map(|verb| async move {
        (verb, cluster.who_may(Question::images(verb, project).permission()).await)
    });
    let answers: Vec<_> = stream::iter(asking).buffered(Verb::ALL.len()).collect().await;
    let (mut asked, mut troubles) = (HashMap::new(), Vec::new());
    for (verb, answer) in answers {
        match answer {
            Ok(answer) => {
                troubles.extend(answer.trouble.map(|words| not_evaluated(project, words)));
                let users = answer.users.into_iter().collect();
                let groups = answer.groups.into_iter().collect();
                asked.insert(verb, Allowed { users, groups });
            }
            // It is asked about the rows instead.
            Err(error) if error.is_forbidden() || error.is_no_path() => {}
            Err(error) => {
                let tried = format_args!("ask who may do what in {project}");
                troubles.push(error.failure(tried));
            }
        }
    }
    troubles.dedup();
    let asked = (!asked.is_empty()).then_some(Asked(asked));
    Said { asked, troubles }
}

fn not_evaluated(project: &str, words: String) -> Failure {
    Failure::new(
        Code::BadAnswer,
        format!("The cluster could not look at all that gives rights in {project}."),
    )
    .with_fix("Look for role bindings that name a role which is not there; they give nothing.")
    .with_details(words)
}

#[cfg(test)]
mod tests;
