// SPDX-License-Identifier: LGPL-2.1-or-later

//! Takes a deletion back while its data is there: the same digests, in the same order. What somebody
//! put there since is left alone. A later look proves what came back.

mod chance;
mod distribution;
mod history;
mod openshift;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use images_proto::delete::Step;
use images_proto::history::{Undone, UndoneItem, Which};
use images_proto::{Code, Failure, Progress, RepositoryName, TagRef};

use crate::record::{Before, Header, Place, Records, Reversible};
use crate::session::state::State;
use crate::source::{Connection, Source};

pub(crate) use self::chance::{Collections, collections, window_of};
pub(crate) use self::window::{Closing, window};

/// Requests of one kind at once.
const CONCURRENCY: usize = 8;

/// Takes a deletion back. Dropping it stops the work; what is back by then stays, and trying again
/// goes on.
///
/// # Errors
/// When nothing was tried.
pub async fn undo(
    connection: &Connection,
    state: &State,
    records: &Records,
    which: Which,
    progress: impl FnMut(Progress) + Send,
) -> Result<Undone, Failure> {
    let content = state.content();
    let place = Place::of(connection, state);
    let mut reversible = records.reversible(&place, &which.id)?;
    let registry = match connection.source() {
        Source::Openshift(_) => None,
        Source::Distribution(_) => Some(connection.registry(state).await?),
    };
    let mut progress = progress;
    let meter = Meter::new(&mut progress, reversible.change.target_count.into());
    let writing = records.begin(Header::undo(place, &reversible.change))?;
    let repositories = repositories(reversible.steps());
    let report = match (connection.source(), &registry) {
        (Source::Openshift(source), _) => from_streams(source.cluster(), &reversible, &meter).await,
        (Source::Distribution(_), Some(registry)) => {
            from_manifests(registry, &reversible, &meter).await
        }
        (Source::Distribution(_), None) => Report::default(),
    };
    let Report { items, untagged, failures, half } = report;
    if untagged > 0 || items.iter().any(|item| item.left.is_none()) {
        reversible.give_up();
    }
    writing.half(half);
    let undone = Undone { id: Some(writing.id().to_owned()), items, untagged, failures };
    writing.undone(&undone);
    // What is shown from now on is what there is.
    if let Err(failure) = super::reread(connection, state, content, &repositories).await {
        tracing::warn!(message = %failure.message, "not read again after an undo");
    }
    Ok(undone)
}

async fn from_streams(
    cluster: &crate::cluster::Cluster,
    reversible: &Reversible,
    meter: &Meter<'_>,
) -> Report {
    let Before::Openshift { streams } = &reversible.before else { return Report::default() };
    let steps: Vec<_> = reversible.steps().collect();
    let earlier = Earlier { is_broken_off: reversible.is_resumed, half: &reversible.half };
    openshift::undo(cluster, streams, &steps, earlier, meter).await
}

async fn from_manifests(
    registry: &crate::registry::Registry,
    reversible: &Reversible,
    meter: &Meter<'_>,
) -> Report {
    let Before::Distribution(kept) = &reversible.before else { return Report::default() };
    let steps: Vec<_> = reversible.steps().collect();
    distribution::undo(registry, kept, &steps, meter).await
}

/// What became of a part of it.
#[derive(Debug, Default)]
struct Report {
    items: Vec<UndoneItem>,
    /// What is there again and has no tag.
    untagged: u32,
    /// Why others of these are not.
    failures: Vec<Failure>,
    /// Tags that have a part of their revisions again.
    half: Vec<TagRef>,
}

impl Report {
    fn of(parts: Vec<Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.items.extend(part.items);
            whole.untagged += part.untagged;
            whole.failures.extend(part.failures);
            whole.half.extend(part.half);
        }
        whole
    }

    fn len(&self) -> usize {
        self.items.len() + self.untagged as usize + self.failures.len()
    }
}

/// How far earlier attempts came.
#[derive(Clone, Copy)]
struct Earlier<'a> {
    /// Whether one of them was broken off: any tag may have a part of its revisions.
    is_broken_off: bool,
    /// Tags of which one of them said so.
    half: &'a BTreeSet<TagRef>,
}

/// The repositories to which these steps were done.
fn repositories<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<RepositoryName> {
    let names = steps.filter_map(|step| match step {
        Step::Tag { tag, .. } | Step::Revision { tag, .. } => Some(tag.repository.clone()),
        Step::Manifest { repository, .. } | Step::Repository(repository) => {
            Some(repository.clone())
        }
        Step::Link { .. } | Step::Blob(_) | Step::Image(_) => None,
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

fn changed_since(tag: &TagRef) -> Failure {
    Failure::new(Code::Conflict, format!("Somebody put something else on {tag} since."))
        .with_fix("Delete or move that first, if this is what you want back.")
}

fn left(tag: &TagRef) -> Failure {
    Failure::new(Code::Conflict, format!("{tag} is not back, although the other side said yes."))
        .retryable()
}

/// Tells how many tags are back.
struct Meter<'a> {
    told: Mutex<(u64, &'a mut (dyn FnMut(Progress) + Send))>,
    total: u64,
}

impl<'a> Meter<'a> {
    fn new(progress: &'a mut (dyn FnMut(Progress) + Send), total: u64) -> Self {
        let meter = Self { told: Mutex::new((0, progress)), total };
        meter.advance(0);
        meter
    }

    fn advance(&self, count: usize) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, progress) = &mut *told;
        *done += count as u64;
        // A deletion may be of fewer things than the tags that it took with it.
        let total = Some(self.total.max(*done));
        progress(Progress { text: "Putting back".to_owned(), done: *done, total });
    }
}
