// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes, then asks again what is left. Only what a later look did not find is called deleted.

mod distribution;
mod openshift;

use std::sync::{Mutex, PoisonError};

use images_proto::delete::{Outcome, Params, Receipt, ReceiptItem, Target};
use images_proto::{Failure, Progress};

use crate::session::state::State;
use crate::source::{Connection, Source};

/// Repositories or manifests that are worked on at once.
const CONCURRENCY: usize = 8;

/// Deletes. Dropping it stops the work before the next item.
///
/// # Errors
/// When nothing was tried.
pub async fn delete(
    connection: &Connection,
    state: &State,
    params: Params,
    progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    super::check(&params)?;
    let meter = Meter::new(params.targets.len(), progress);
    let outcomes = match connection.source() {
        Source::Openshift(source) => {
            openshift::delete(source.cluster(), &params.targets, &meter).await
        }
        Source::Distribution(source) => {
            distribution::delete(connection, source.registry(), state, &params, &meter).await?
        }
    };
    // What is shown from now on is what is left.
    let repositories = super::repositories(&params.targets);
    let reread = connection.reread(state, &repositories).await;
    if let Err(failure) = &reread {
        tracing::warn!(message = %failure.message, "not read again after a deletion");
    }
    let items = params.targets.into_iter().zip(outcomes).map(|(target, outcome)| {
        let outcome = looked_at_again(state, &target, outcome, &reread);
        ReceiptItem { target, outcome }
    });
    Ok(Receipt { items: items.collect() })
}

/// A revision has no address of its own to ask at: the stream that was just read again tells.
fn looked_at_again(
    state: &State,
    target: &Target,
    outcome: Outcome,
    reread: &Result<(), Failure>,
) -> Outcome {
    let Target::Revision { repository, tag, digest } = target else { return outcome };
    if let (Outcome::Deleted, Err(failure)) = (&outcome, reread) {
        return Outcome::Unproved(failure.clone());
    }
    let known = state.catalog().tag(&super::tag_ref(repository, tag));
    let is_there = known
        .is_some_and(|known| known.revisions.iter().any(|revision| revision.digest == *digest));
    match outcome {
        Outcome::Deleted if is_there => Outcome::Kept(still_there("the cluster")),
        outcome => outcome,
    }
}

fn still_there(who: &str) -> Failure {
    Failure {
        code: images_proto::Code::Conflict,
        message: format!("It is still there, although {who} said that it was deleted."),
        retryable: true,
        fix: None,
        details: None,
    }
}

/// Tells how many targets are done.
struct Meter<P> {
    told: Mutex<(u64, P)>,
    total: u64,
}

impl<P: FnMut(Progress)> Meter<P> {
    fn new(total: usize, progress: P) -> Self {
        let meter = Self { told: Mutex::new((0, progress)), total: total as u64 };
        meter.tell(0);
        meter
    }

    fn advance(&self, count: usize) {
        self.tell(count);
    }

    fn tell(&self, count: usize) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, progress) = &mut *told;
        *done += count as u64;
        let text = "Deleting".to_owned();
        progress(Progress { text, done: *done, total: Some(self.total) });
    }
}
