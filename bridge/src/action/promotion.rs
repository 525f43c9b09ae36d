// SPDX-License-Identifier: LGPL-2.1-or-later

//! Promotes: has tags of a later stage name the images of an earlier one, by digest, with everything
//! that belongs to them, and looks afterwards.
//!
//! ```text
//! what somebody agreed to -> a record -> for each move: look again, what is attached, the tag, look
//! afterwards -> the receipt
//! ```
//!
//! A tag is the last step of its move, so that a move that is broken off leaves the tag as it was,
//! and the same promotion goes on from there.

mod attachments;
mod comparison;
mod distribution;
mod look;
mod openshift;
mod plan;
mod remembered;
mod rights;
#[cfg(test)]
mod tests;
mod tree;
mod versions;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use images_proto::stage::{Agreed, Change, Item, Move, Plan, Receipt, Wanted};
use images_proto::{Code, Digest, Failure, Progress, RepositoryName};

pub use self::remembered::Promotions;
pub use self::versions::versions;
use crate::record::{Header, Place, Planned, Records};
use crate::session::state::State;
use crate::source::details::Details;
use crate::source::{Connection, Source};

/// Repositories that are promoted to at once.
const CONCURRENCY: usize = 6;

/// Reads what images are made of.
pub trait Reader: Sync {
    /// Manifest and config of an image, or the children of an index.
    fn details<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<Arc<Details>, Failure>>;
}

/// What a promotion works with.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The cluster and registry.
    pub connection: &'a Connection,
    /// The catalog.
    pub state: &'a State,
    /// Where changes are written down.
    pub records: &'a Records,
    /// The plans that were shown.
    pub promotions: &'a Promotions,
    /// Reads what images are made of.
    pub read: &'a dyn Reader,
}

/// What a promotion would change.
///
/// # Errors
/// When it makes no sense, or the registry cannot be reached.
pub async fn plan_promotion(ground: Ground<'_>, wanted: Wanted) -> Result<Plan, Failure> {
    let content = ground.state.content();
    let plan = plan::plan(ground, &wanted).await?;
    ground.promotions.put(content, wanted, plan.clone());
    Ok(plan)
}

/// Promotes. Dropping it stops the work.
///
/// # Errors
/// When nothing was tried: what became of each move is in the receipt.
pub async fn promote(
    ground: Ground<'_>,
    agreed: Agreed,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    let Ground { connection, state, records, .. } = ground;
    let content = state.content();
    let plan = agreed_plan(ground, content, &agreed).await?;
    if let Some(right) = plan.missing.first() {
        return Err(words::missing(right));
    }
    if state.content() != content {
        return Err(super::left());
    }
    let place = Place::of(connection, state);
    let planned = plan.changes.iter().map(|change| Planned {
        wanted: change.wanted.clone(),
        was: change.was,
        from: source_tag(state, &change.wanted),
    });
    let header = Header::promotion(place, planned.collect(), agreed.reason.as_deref());
    let writing = records.begin(header)?;
    let total = plan.changes.len() as u64;
    let mut items: BTreeMap<usize, Item> = BTreeMap::new();
    {
        // Collected: a closure that lives on in the stream hides that all of it can be sent.
        let groups = groups(&plan.changes).into_iter();
        let working: Vec<_> = groups.map(|group| move_group(ground, group, &writing)).collect();
        let mut working = std::pin::pin!(stream::iter(working).flatten_unordered(CONCURRENCY));
        while let Some(done) = working.next().await {
            match done {
                Step::Begins(change) => progress(Progress {
                    text: format!("Promoting to {}", change.wanted.to),
                    done: items.len() as u64,
                    total: Some(total),
                }),
                Step::Ended(idx, item) => drop(items.insert(idx, *item)),
            }
        }
    }
    let touched: BTreeSet<_> =
        plan.changes.iter().map(|change| &change.wanted.to.repository).collect();
    let touched: Vec<_> = touched.into_iter().cloned().collect();
    // What is shown from now on is what came of it.
    if let Err(failure) = super::reread(connection, state, content, &touched).await {
        tracing::warn!(message = %failure.message, "not read again after a promotion");
    }
    let receipt =
        Receipt { id: Some(writing.id().to_owned()), items: items.into_values().collect() };
    writing.promoted(&receipt);
    connection.check_the_registry();
    Ok(receipt)
}

/// The plan that is followed: the one that somebody agreed to.
async fn agreed_plan(ground: Ground<'_>, content: u64, agreed: &Agreed) -> Result<Plan, Failure> {
    if let Some(mut plan) = ground.promotions.get(content, &agreed.fingerprint, &agreed.wanted) {
        // Rights may have been taken or given since.
        plan.missing = rights::missing(ground, &plan.changes).await?;
        return Ok(plan);
    }
    let plan = plan::plan(ground, &agreed.wanted).await?;
    if plan.fingerprint == agreed.fingerprint {
        return Ok(plan);
    }
    Err(Failure::new(
        Code::Conflict,
        "Something else would be promoted by now than what you agreed to. Nothing was done.",
    )
    .with_fix("Look at the new plan, and agree to that."))
}

/// A tag that names the image now: it shows where it came from.
fn source_tag(state: &State, wanted: &Move) -> Option<images_proto::TagRef> {
    let tags = state.catalog().tags_of_digest(Some(&wanted.from), &wanted.digest);
    let now = tags.into_iter().filter(|(tag, age)| *age == 0 && *tag != wanted.to);
    let mut now: Vec<_> = now.map(|(tag, _)| tag).collect();
    now.sort_by_key(|tag| (tag.tag.attached_to().is_some(), tag.tag != wanted.to.tag));
    now.into_iter().next()
}

/// Moves to the same repository stand in each other's way: one after the other.
fn groups(changes: &[Change]) -> Vec<Vec<(usize, &Change)>> {
    let mut groups: BTreeMap<&RepositoryName, Vec<(usize, &Change)>> = BTreeMap::new();
    for (idx, change) in changes.iter().enumerate() {
        groups.entry(&change.wanted.to.repository).or_default().push((idx, change));
    }
    groups.into_values().collect()
}

/// How far a move is.
enum Step<'a> {
    Begins(&'a Change),
    Ended(usize, Box<Item>),
}

/// Moves to one repository, each written down.
fn move_group<'a>(
    ground: Ground<'a>,
    group: Vec<(usize, &'a Change)>,
    writing: &'a crate::record::Writing,
) -> BoxStream<'a, Step<'a>> {
    stream::iter(group)
        .flat_map(move |(idx, change)| {
            let begins = stream::iter([Step::Begins(change)]);
            begins.chain(
                stream::once(async move {
                    let item = move_one(ground, change).await;
                    writing.moved(idx, &item);
                    Step::Ended(idx, Box::new(item))
                })
                .boxed(),
            )
        })
        .boxed()
}

async fn move_one(ground: Ground<'_>, change: &Change) -> Item {
    let mut done = Done::default();
    let tried = match (&change.refused, ground.connection.source()) {
        (Some(refused), _) => Err(refused.clone()),
        (None, Source::Openshift(source)) => {
            openshift::promote(ground, source.cluster(), change, &mut done).await
        }
        (None, Source::Distribution(source)) => {
            distribution::promote(source.registry(), ground.connection, change, &mut done).await
        }
    };
    let Done { attachments, sent, remark } = done;
    Item {
        wanted: change.wanted.clone(),
        was: change.was,
        done: tried.is_ok(),
        failure: tried.err().or(remark),
        attachments,
        sent: sent.map(|sent| sent.load(Ordering::Relaxed)),
    }
}

/// What a move did besides the tag.
#[derive(Debug, Default)]
struct Done {
    /// Attachments that went along.
    attachments: Vec<images_proto::Tag>,
    /// Bytes that were sent, where that can be.
    sent: Option<AtomicU64>,
    /// What did not go along, or could not be looked at.
    remark: Option<Failure>,
}
