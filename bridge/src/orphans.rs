// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of what nothing leads to: what the catalog knows at once, and what cluster or
//! registry have to be asked for as soon as they have answered.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_catalog::query::orphans::{self, Known, Listed};
use images_proto::orphans::{Params, View};
use images_proto::status::Source;
use images_proto::{Code, Digest, Failure, RepositoryName};
use tokio::time::{Instant, sleep_until};

use crate::live::Live;
use crate::session::{Session, Way};

/// How long a list of images stands before a change of the catalog has it read again.
const AGAIN: Duration = Duration::from_secs(60);
/// The most manifests that a registry is asked for; of more, nobody knows how many are gone.
const MOST_SUBJECTS: usize = 2_000;

/// The view.
pub struct OrphansView {
    session: Arc<Session>,
    params: Params,
    known: Known,
    /// Why the images are not known.
    failure: Option<Failure>,
    /// Why the signatures are not known.
    unasked: Option<Failure>,
    asking: Option<BoxFuture<'static, Answer>>,
    /// What was asked, so that it is not asked again because it was not answered.
    asked: Asked,
    /// The way to the registry that was asked.
    way: Way,
}

/// How far asking has come.
#[derive(Default)]
struct Asked {
    /// When the images were listed, and the state of the catalog then.
    images: Option<(Instant, u64)>,
    /// Whether the pull specs of these were asked for.
    origins: HashMap<Digest, ()>,
    subjects: HashMap<(RepositoryName, Digest), ()>,
}

enum Answer {
    Images(Result<Vec<Listed>, Failure>),
    Origins(HashMap<Digest, Option<String>>),
    Subjects(Result<HashMap<(RepositoryName, Digest), bool>, Failure>),
}

impl OrphansView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: Params) -> Self {
        let way = session.way();
        Self {
            session,
            params,
            known: Known::default(),
            failure: None,
            unasked: None,
            asking: None,
            asked: Asked::default(),
            way,
        }
    }

    /// Forgets what was answered, but goes on showing it until there is another answer.
    fn ask_again(&mut self) {
        self.asking = None;
        self.asked = Asked::default();
    }

    /// Begins to ask the next question, if there is one.
    fn begin(&mut self, view: &View) {
        if self.asking.is_some() {
            return;
        }
        let session = self.session.clone();
        let catalog = self.session.catalog();
        let generation = catalog.generation();
        self.asking = match catalog.source() {
            Some(Source::Openshift) if self.asked.images.is_none() => {
                self.asked.images = Some((Instant::now(), generation));
                Some(async move { Answer::Images(session.listed_images().await) }.boxed())
            }
            Some(Source::Openshift) => {
                let rows = view.images.rows.iter().map(|row| row.digest);
                let unknown: Vec<_> = rows
                    .filter(|digest| self.asked.origins.insert(*digest, ()).is_none())
                    .collect();
                (!unknown.is_empty()).then(|| {
                    async move { Answer::Origins(session.image_origins(unknown).await) }.boxed()
                })
            }
            Some(Source::Distribution) => {
                let room = MOST_SUBJECTS.saturating_sub(self.asked.subjects.len());
                let subjects = orphans::subjects(&catalog).into_iter();
                let unknown: Vec<_> = subjects
                    .filter(|subject| !self.asked.subjects.contains_key(subject))
                    .take(room)
                    .collect();
                self.asked.subjects.extend(unknown.iter().cloned().map(|subject| (subject, ())));
                (!unknown.is_empty()).then(|| {
                    async move { Answer::Subjects(session.are_present(unknown).await) }.boxed()
                })
            }
            None => None,
        };
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Images(Ok(images)) => (self.known.images, self.failure) = (Some(images), None),
            Answer::Images(Err(failure)) => {
                (self.known.images, self.failure) = (None, Some(failure));
            }
            Answer::Origins(origins) => self.known.origins.extend(origins),
            Answer::Subjects(Ok(present)) => {
                self.known.present.extend(present);
                self.unasked = None;
            }
            Answer::Subjects(Err(failure)) => self.unasked = Some(failure),
        }
    }

    /// When the images are to be listed again, because the catalog is another one by now.
    fn due(&self) -> Option<Instant> {
        let (when, generation) = self.asked.images?;
        let is_changed = self.session.catalog().generation() != generation;
        (is_changed && self.failure.is_none()).then(|| when + AGAIN)
    }
}

impl Live for OrphansView {
    type Params = Params;
    type Answer = View;

    fn set_params(&mut self, params: Params) {
        let is_refreshed = params.refresh != self.params.refresh;
        self.params = params;
        if is_refreshed {
            self.ask_again();
        }
    }

    fn render(&mut self) -> View {
        // What another cluster or registry said is not this one's.
        let way = self.session.way();
        if way != self.way {
            self.way = way;
            (self.known, self.failure, self.unasked) = (Known::default(), None, None);
            self.ask_again();
        }
        let mut view = orphans::orphans(&self.session.catalog(), &self.params, &self.known);
        self.begin(&view);
        view.images.failure.clone_from(&self.failure);
        view.signatures.failure.clone_from(&self.unasked);
        if self.session.catalog().source() == Some(Source::Distribution) {
            view.images.failure = Some(no_streams());
            view.untagged.failure = Some(unlisted());
            if view.signatures.total.is_none() && self.asked.subjects.len() >= MOST_SUBJECTS {
                view.signatures.failure = Some(too_many());
            }
        }
        view
    }

    fn is_working(&self) -> bool {
        self.asking.is_some()
    }

    async fn work(&mut self) {
        if let Some(asking) = &mut self.asking {
            let answer = asking.await;
            self.asking = None;
            self.take(answer);
            return;
        }
        match self.due() {
            Some(due) => {
                sleep_until(due).await;
                self.asked.images = None;
            }
            None => pending().await,
        }
    }
}

fn no_streams() -> Failure {
    Failure::new(Code::Unsupported, "A plain registry keeps no image apart from its repositories.")
}

/// What the registry's own API has no question for (distribution-spec issue 222).
fn unlisted() -> Failure {
    Failure::new(Code::Unsupported, "A registry does not list the images that have no tag.")
        .with_fix("See what garbage collection would remove together with untagged manifests.")
}

fn too_many() -> Failure {
    Failure::new(
        Code::Unsupported,
        format!("There are more than {MOST_SUBJECTS} signatures of images that no tag leads to; not all were looked for."),
    )
    .with_fix("Delete those that are shown, and look again.")
}

#[cfg(test)]
mod tests;
