// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the cluster says of single people in single projects: the rows that are shown.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use images_proto::subject::{Rights, Subject, SubjectKind, Verb};
use images_roster::Roster;

use crate::cluster::Cluster;
use crate::cluster::access_review::Caller;
use crate::roster::Question;
use crate::roster::asker::{Asker, CONCURRENCY};
use crate::session::Session;

/// Somebody in a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Review {
    subject: Subject,
    project: String,
    /// As the cluster knows somebody; absent for the user, about whom everybody may ask.
    caller: Option<Caller>,
}

impl Review {
    /// With the groups that the roster knows: the cluster looks none up.
    pub(super) fn of(roster: &Roster, subject: &Subject, project: &str) -> Self {
        let is_me = roster.me() == Some(subject);
        let caller = (!is_me).then(|| caller(roster, subject));
        Self { subject: subject.clone(), project: project.to_owned(), caller }
    }
}

/// Somebody as the cluster knows him when he does something.
pub(super) fn caller(roster: &Roster, subject: &Subject) -> Caller {
    let groups = roster.groups_of(subject);
    match (subject.kind, &subject.project) {
        (SubjectKind::Group, _) => Caller { user: None, groups: vec![subject.name.clone()] },
        (SubjectKind::Robot, Some(project)) => {
            let user = format!("system:serviceaccount:{project}:{}", subject.name);
            Caller { user: Some(user), groups }
        }
        _ => Caller { user: Some(subject.name.clone()), groups },
    }
}

/// The answers; `None`: the cluster does not say.
pub(super) struct Reviews {
    asker: Asker<Review, Option<Rights>>,
    wanted: Vec<Review>,
}

impl Reviews {
    /// Nothing is asked yet.
    pub(super) fn of(session: Arc<Session>) -> Self {
        Self { asker: Asker::new(session, ask), wanted: Vec::new() }
    }

    /// Says what is wanted now, and in which state of the roster.
    pub(super) fn want(&mut self, wanted: Vec<Review>, state: u64) {
        self.wanted.clone_from(&wanted);
        self.asker.want(wanted, state);
    }

    /// Puts the cluster's answers in the place of what the roster says. Whether all are there.
    pub(super) fn overlay<'a>(
        &self,
        rows: impl Iterator<Item = (&'a Subject, &'a str, &'a mut Rights)>,
    ) -> bool {
        // Where nothing was asked, nothing was answered.
        let mut are_all = !self.wanted.is_empty();
        let wanted: HashMap<_, _> = self
            .wanted
            .iter()
            .map(|review| ((&review.subject, review.project.as_str()), review))
            .collect();
        for (subject, project, rights) in rows {
            let review = wanted.get(&(subject, project));
            match review.and_then(|review| self.asker.answer(review)).copied().flatten() {
                Some(said) => *rights = said,
                None => are_all = false,
            }
        }
        are_all
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asker.is_asking()
    }

    pub(super) async fn work(&mut self) {
        self.asker.work().await;
    }
}

fn ask(
    cluster: Cluster,
    reviews: Vec<Review>,
) -> BoxFuture<'static, HashMap<Review, Option<Rights>>> {
    async move {
        // Who may not ask about others is told so once, not for each row.
        let is_refused = Arc::new(AtomicBool::new(false));
        let asking: Vec<_> = reviews
            .into_iter()
            .map(|review| {
                let (cluster, is_refused) = (cluster.clone(), is_refused.clone());
                async move {
                    let rights = ask_one(&cluster, &review, &is_refused).await;
                    (review, rights)
                }
            })
            .collect();
        // Each asks one after another.
        stream::iter(asking).buffer_unordered(CONCURRENCY).collect().await
    }
    .boxed()
}

/// What the cluster says; `None` unless it answers to all.
async fn ask_one(cluster: &Cluster, review: &Review, is_refused: &AtomicBool) -> Option<Rights> {
    let mut rights = Rights::default();
    for verb in Verb::ALL {
        let question = Question::images(verb, &review.project);
        let verdict = match &review.caller {
            None => cluster.may_i(question.permission()).await,
            Some(_) if is_refused.load(Ordering::Relaxed) => return None,
            Some(caller) => cluster.may_somebody(caller, question.permission()).await,
        };
        match verdict {
            Ok(verdict) => *rights.get_mut(verb) = Some(verdict.allowed),
            Err(error) => {
                if error.is_forbidden() {
                    is_refused.store(true, Ordering::Relaxed);
                }
                return None;
            }
        }
    }
    Some(rights)
}
