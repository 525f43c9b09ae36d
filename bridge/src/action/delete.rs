// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes, then asks again what is left. Only what a later look did not find is called deleted.
//!
//! ```text
//! the plan that was agreed on -> a record with what an undo needs -> its steps, each checked right
//! before and looked after right afterwards -> every digest asked for again -> the receipt
//! ```
//!
//! Dropped in between, it leaves a record without an end. The same deletion goes on from there.

mod distribution;
mod openshift;
pub(super) mod persistence;
mod probe;
mod purge;
mod receipt;
pub(super) mod repointing;
mod second_look;
#[cfg(test)]
pub(super) mod tests;
mod words;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use images_proto::delete::{Outcome, Params, Plan, Receipt, Step};
use images_proto::{Code, Failure, Progress, RepositoryName};

use self::probe::{Places, Probe};
use self::work::Work;
use super::everywhere::Everywhere;
use super::plan::Plans;
use crate::record::{Header, Place, Records, Unfinished, Writing};
use crate::session::state::State;
use crate::source::{Connection, Documents, Source};

/// Repositories that are worked on at once, and steps of one of them that do not conflict.
const CONCURRENCY: usize = 8;

/// What a deletion works with.
#[derive(Clone, Copy)]
pub struct Workplace<'a> {
    /// The cluster and registry.
    pub connection: &'a Connection,
    /// The catalog.
    pub state: &'a State,
    /// Where changes are written down.
    pub records: &'a Records,
    /// The plans that were shown.
    pub plans: &'a Plans,
}

/// Deletes, or goes on with the same deletion where it was broken off. Dropping it stops the work.
///
/// # Errors
/// When nothing was tried: what became of each target is in the receipt.
pub async fn delete(
    workplace: Workplace<'_>,
    params: Params,
    progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    super::check(&params)?;
    let Workplace { connection, state, records, .. } = workplace;
    let place = Place::of(connection, state);
    if let Some(unfinished) = records.unfinished(&place, &params) {
        return resume(workplace, unfinished, progress).await;
    }
    let content = state.content();
    let read = Instant::now();
    let (plan, documents) = agreed(workplace, &params, content).await?;
    if plan.steps.is_empty() {
        // Nothing is changed, so nothing is written down.
        let now = super::now();
        return Ok(Receipt {
            registry: place.registry,
            user: place.user,
            reason: params.reason,
            started: now,
            ended: now,
            items: receipt::items(&plan, &[]),
            ..Receipt::default()
        });
    }
    let before = super::keep::keep(connection, state, &plan, params.extent, &documents).await?;
    let header = Header::deletion(place, params.clone(), plan.clone(), before);
    let writing = records.begin(header)?;
    let job = Job { params, plan, done: BTreeMap::new(), writing, content, read };
    job.run(workplace, progress).await
}

/// Goes on with a deletion that was broken off: what its record says was done is not done again.
///
/// # Errors
/// When nothing was tried.
pub async fn resume(
    workplace: Workplace<'_>,
    unfinished: Unfinished,
    progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    let Unfinished { params, plan, done, writing, .. } = unfinished;
    let content = workplace.state.content();
    let read = Instant::now();
    reread(workplace, content, &plan).await?;
    Job { params, plan, done, writing, content, read }.run(workplace, progress).await
}

/// The plan that is followed: the one that somebody agreed to, or that of this moment. And what came
/// of the manifests that an undo will want, with the look at their tags.
async fn agreed(
    Workplace { connection, state, plans, .. }: Workplace<'_>,
    params: &Params,
    content: u64,
) -> Result<(Plan, Documents), Failure> {
    if let Some(plan) = params.agreed.as_ref().and_then(|agreed| plans.get(content, agreed, params))
    {
        let documents = super::keep::wanted_of_plan(&plan, params.extent);
        // Which tag is on which manifest is asked now, not remembered.
        let repositories = repositories(&plan);
        super::reread_with(connection, state, content, &repositories, &documents).await?;
        return Ok((plan, documents));
    }
    let documents = super::keep::wanted(params);
    let plan = super::plan::plan_with(connection, state, params.clone(), &documents).await?;
    if params.agreed.as_ref().is_none_or(|agreed| plan.fingerprint == *agreed) {
        return Ok((plan, documents));
    }
    Err(Failure::new(
        Code::Conflict,
        "Something else would be deleted by now than what you agreed to. Nothing was done.",
    )
    .with_fix("Look at the new plan, and agree to that."))
}

/// A deletion that is written down.
struct Job {
    params: Params,
    plan: Plan,
    done: BTreeMap<usize, Outcome>,
    writing: Writing,
    content: u64,
    /// When what the plan touches was last read, at the latest.
    read: Instant,
}

impl Job {
    async fn run(
        self,
        workplace: Workplace<'_>,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Receipt, Failure> {
        let Self { params, plan, done, writing, content, read } = self;
        let Workplace { connection, state, .. } = workplace;
        let is_resumed = !done.is_empty();
        let work = Work::new((state, content), (&params, &plan), &writing, done, progress);
        let places = Places::of(&work);
        match connection.source() {
            Source::Openshift(source) => {
                let cluster = source.cluster();
                openshift::unlink(cluster, &work).await;
                if work.is_purge() {
                    let registry = connection.registry(state).await;
                    match &registry {
                        Ok(registry) => purge::break_links(cluster, registry, &work).await,
                        Err(failure) => purge::keep_links(failure, &work),
                    }
                    openshift::delete_streams(cluster, &work).await;
                    let mut everywhere = Everywhere::of(cluster, state);
                    purge::remove(cluster, &registry, &work, &mut everywhere).await;
                } else {
                    openshift::delete_streams(cluster, &work).await;
                }
            }
            Source::Distribution(source) => {
                distribution::unlink(workplace, source.registry(), &work, read).await;
                if work.is_purge() {
                    // What is linked is what images contain that are still there.
                    match reread(workplace, content, &plan).await {
                        Ok(()) => distribution::break_links(source.registry(), &work).await,
                        Err(failure) => distribution::keep_links(&failure, &work),
                    }
                }
            }
        }
        work.say("Looking at what is left");
        // What is shown from now on is what is left.
        let read_again = reread(workplace, content, &plan).await;
        match &read_again {
            Ok(()) => second_look::look(&work),
            Err(failure) => {
                tracing::warn!(message = %failure.message, "not read again after a deletion");
                // The API was asked about each step of this run right after it.
                if is_resumed || matches!(connection.source(), Source::Distribution(_)) {
                    second_look::doubt(&work, failure);
                }
            }
        }
        let (cluster, registry) = match connection.source() {
            Source::Openshift(source) => (Some(source.cluster()), connection.registry(state).await),
            Source::Distribution(source) => (None, Ok(source.registry().clone())),
        };
        let digests = Probe::new(cluster, registry, &work, places).run().await;
        let ended = super::now();
        let outcomes = work.into_outcomes();
        let receipt = Receipt {
            id: Some(writing.id().to_owned()),
            ..receipt_of(connection, state, &params, &plan, &outcomes)
        };
        let receipt = Receipt {
            started: writing.started(),
            ended,
            space: receipt::space(&plan, &outcomes, &digests),
            digests,
            undo: super::window(connection, params.extent, &plan.steps, ended).await,
            ..receipt
        };
        writing.end(&receipt);
        connection.check_the_registry();
        Ok(receipt)
    }
}

/// Does these, some of them at once.
async fn all(working: Vec<impl Future<Output = ()>>, at_once: usize) {
    stream::iter(working).buffer_unordered(at_once).collect::<()>().await;
}

fn receipt_of(
    connection: &Connection,
    state: &State,
    params: &Params,
    plan: &Plan,
    outcomes: &[Outcome],
) -> Receipt {
    let place = Place::of(connection, state);
    Receipt {
        registry: place.registry,
        user: place.user,
        reason: params.reason.clone(),
        items: receipt::items(plan, outcomes),
        steps: receipt::steps(plan, outcomes),
        ..Receipt::default()
    }
}

async fn reread(
    Workplace { connection, state, .. }: Workplace<'_>,
    content: u64,
    plan: &Plan,
) -> Result<(), Failure> {
    super::reread(connection, state, content, &repositories(plan)).await
}

/// The repositories in which a plan does something.
fn repositories(plan: &Plan) -> Vec<RepositoryName> {
    let repositories = plan.steps.iter().filter_map(|step| match step {
        Step::Tag { tag, .. } | Step::Revision { tag, .. } => Some(&tag.repository),
        Step::Manifest { repository, .. }
        | Step::Link { repository, .. }
        | Step::Repository(repository) => Some(repository),
        Step::Blob(_) | Step::Image(_) => None,
    });
    let distinct: BTreeSet<_> = repositories.collect();
    distinct.into_iter().cloned().collect()
}
