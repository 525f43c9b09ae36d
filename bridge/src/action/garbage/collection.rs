// SPDX-License-Identifier: LGPL-2.1-or-later

//! A collection from its beginning to its end, or to wherever it is broken off.

use std::sync::Arc;

use images_proto::garbage::{Collected, Params};
use images_proto::{Failure, Progress};
use tokio::runtime::Handle;

use super::aftermath::Aftermath;
use super::count;
use super::place::Place;
use super::program::{COLLECTION, check, dry_run, options, run};
use super::read_only::{Hold, Patience, ROLLOUT, Refused};
use super::site::Site;
use super::sizes::{self, Sizes};
use super::words::{cancelled, damage, told};
use crate::cluster::Cluster;
use crate::cluster::exec::{Ended, ExecError};
use crate::cluster::maintenance::Maker;
use crate::record::Writing;

/// The steps of a collection that are told.
const STEPS: u64 = 6;

/// A collection that was begun. Dropped before its end, what has to be set back is set back by the
/// session, and what went by then is counted.
pub(super) struct Collection {
    collected: Collected,
    cluster: Cluster,
    /// What is read-only because of us.
    set_back: Option<Hold>,
    /// Whether the program was started, and nobody knows whether it has ended.
    may_run: bool,
    /// Where the program was started, and what was there before, if that is known.
    begun: Option<(Place, Option<Sizes>)>,
    writing: Option<Writing>,
    aftermath: Arc<Aftermath>,
    runtime: Handle,
}

impl Collection {
    /// One that is written down by `writing`.
    pub(super) fn new(cluster: Cluster, writing: Writing, aftermath: Arc<Aftermath>) -> Self {
        Self {
            collected: Collected { id: Some(writing.id().to_owned()), ..Collected::default() },
            cluster,
            set_back: None,
            may_run: false,
            begun: None,
            writing: Some(writing),
            aftermath,
            runtime: Handle::current(),
        }
    }

    /// Collects, with the pods of `maker` made read-only meanwhile.
    pub(super) async fn run(
        mut self,
        site: &impl Site,
        params: &Params,
        mut place: Place,
        maker: Option<Maker>,
        patience: Patience,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Collected {
        let done = self.collect(site, params, &mut place, maker, patience, progress);
        self.collected.failure = done.await.err();
        if let Some(hold) = self.set_back.clone() {
            progress(step(5, "Making the registry writable again".to_owned()));
            let old = self.begun.as_ref().filter(|_| self.may_run).map(|(place, _)| place);
            if let Err(failure) = release(&self.cluster, &hold, old, patience).await {
                // Worse than whatever went wrong before, for it lasts.
                self.collected.failure = Some(failure);
            }
            self.set_back = None;
        }
        if let Some(writing) = self.writing.take() {
            writing.collected(&self.collected);
        }
        std::mem::take(&mut self.collected)
    }

    async fn collect(
        &mut self,
        site: &impl Site,
        params: &Params,
        place: &mut Place,
        maker: Option<Maker>,
        patience: Patience,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), Failure> {
        if let Some(maker) = maker {
            let hold = Hold::new(maker, self.collected.id.as_deref().unwrap_or_default());
            // From here on, whatever happens, it is set back.
            self.set_back = Some(hold.clone());
            progress(step(0, "Making the registry read-only".to_owned()));
            hold.begin(&self.cluster).await.map_err(|refused| match refused {
                Refused::Unknown(failure) => failure,
                Refused::Unchanged(failure) => {
                    self.set_back = None;
                    failure
                }
            })?;
            hold.wait(place, site, patience).await?;
            // It is another pod by now.
            *place = site.place().await.map_err(|outside| outside.failure)?;
        }
        let (output, config) = dry_run(place, params, &mut |text| progress(step(1, text))).await?;
        if let Some(failure) = damage(&output) {
            return Err(failure);
        }
        self.collected.output = output.last_words();
        if output.blobs().is_empty() && output.manifests().is_empty() {
            self.collected.bytes = Some(0);
            return Ok(());
        }
        progress(step(2, "Looking at the storage".to_owned()));
        let before = sizes::look(place).await;
        if let Some(hold) = &self.set_back {
            hold.check(&self.cluster).await?;
        }
        self.begun = Some((place.clone(), before.clone()));
        self.may_run = true;
        let words = place.words(&config, &options(params));
        let tell = &mut |text| progress(step(3, text));
        let (output, ended) = run(place, &words, COLLECTION, "Collecting", tell).await;
        // What was not begun has no end.
        self.may_run = !matches!(
            ended,
            Ok(_)
                | Err(ExecError::Forbidden { .. }
                    | ExecError::Gone { .. }
                    | ExecError::NoProgram { .. })
        );
        self.collected.output = output.last_words();
        progress(step(4, "Looking at the storage again".to_owned()));
        // Also after a failure: what went, went.
        let after = match &before {
            Some(_) => sizes::look(place).await,
            None => None,
        };
        if let (Some(before), Some(after)) = (before, after) {
            let (blobs, bytes) = before.without(&after);
            (self.collected.blobs, self.collected.bytes) = (blobs, Some(bytes));
        } else if ended.as_ref().is_ok_and(Ended::is_success) {
            self.collected.blobs = count(output.blobs().len());
        }
        let ended = ended.map_err(|error| told(&error, place, "collect the garbage"))?;
        check(&ended, &output, params)
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        let Some(writing) = self.writing.take() else { return };
        let (cluster, hold, may_run) = (self.cluster.clone(), self.set_back.take(), self.may_run);
        let begun = self.begun.take();
        let mut collected = std::mem::take(&mut self.collected);
        let work = async move {
            let mut failure = cancelled(hold.is_some());
            let is_over = hold.is_some();
            let old = begun.as_ref().filter(|_| may_run).map(|(place, _)| place);
            if let Some(hold) = hold
                && let Err(left) = release(&cluster, &hold, old, ROLLOUT).await
            {
                failure = left;
            }
            match begun {
                None => collected.bytes = Some(0),
                // What the program removed before it went with its pod.
                Some((place, Some(before))) if is_over => {
                    if let Ok(place) = place.again().await
                        && let Some(after) = sizes::look(&place).await
                    {
                        let (blobs, bytes) = before.without(&after);
                        (collected.blobs, collected.bytes) = (blobs, Some(bytes));
                    }
                }
                Some(_) => {}
            }
            collected.failure = Some(failure);
            writing.collected(&collected);
        };
        self.aftermath.spawn_on(work, &self.runtime);
    }
}

/// Sets back what a collection changed; `old`: the pod in which the program may still run.
async fn release(
    cluster: &Cluster,
    hold: &Hold,
    old: Option<&Place>,
    patience: Patience,
) -> Result<(), Failure> {
    if let Some(old) = old {
        hold.outlive(old, patience).await?;
    }
    hold.end(cluster, patience).await
}

fn step(done: u64, text: String) -> Progress {
    Progress { text, done, total: Some(STEPS) }
}
