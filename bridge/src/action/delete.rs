// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes, then asks again what is left. Only what a later look did not find is called deleted.

mod distribution;
mod openshift;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use images_catalog::Catalog;
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
    let content = state.content();
    let repositories = super::repositories(&params.targets);
    let source = connection.source();
    if matches!(source, Source::Distribution(_)) || !params.planned.is_empty() {
        // Which tag is on which manifest is asked now, not remembered.
        super::reread(connection, state, content, &repositories).await?;
    }
    let meter = Meter::new(params.targets.len(), progress);
    let moved = moved(state, &params);
    if state.content() != content {
        return Err(super::left());
    }
    let mut targets = Vec::with_capacity(params.targets.len());
    let mut left = HashSet::new();
    for (moved, target) in moved.iter().zip(&params.targets) {
        match (moved, target) {
            (None, target) => targets.push(target.clone()),
            (Some(_), Target::Tag(tag)) => drop(left.insert(tag)),
            (Some(_), _) => {}
        }
    }
    if targets.len() < params.targets.len() {
        meter.advance(params.targets.len() - targets.len());
    }
    // Whoever agreed to lose a tag meant what it named then.
    let agreed: Vec<_> = params.agreed.iter().filter(|tag| !left.contains(tag)).cloned().collect();
    let done = match source {
        Source::Openshift(source) => openshift::delete(source.cluster(), &targets, &meter).await,
        Source::Distribution(source) => {
            let known = distribution::Known { state, content };
            distribution::delete(source.registry(), known, &targets, &agreed, &meter).await
        }
    };
    let mut done = done.into_iter();
    let outcomes = moved.into_iter().map(|moved| match moved {
        Some(failure) => Outcome::Kept(failure),
        None => done.next().unwrap_or(Outcome::Untried),
    });
    // What is shown from now on is what is left.
    let mut reread = super::reread(connection, state, content, &repositories).await;
    let catalog = state.catalog();
    if state.content() != content {
        reread = Err(super::left());
    }
    if let Err(failure) = &reread {
        tracing::warn!(message = %failure.message, "not read again after a deletion");
    }
    let items = params.targets.into_iter().zip(outcomes).map(|(target, outcome)| {
        let outcome = looked_at_again(&catalog, &target, outcome, &reread);
        ReceiptItem { target, outcome }
    });
    Ok(Receipt { items: items.collect() })
}

/// The targets that name another digest by now than the plan showed.
fn moved(state: &State, params: &Params) -> Vec<Option<Failure>> {
    let catalog = state.catalog();
    let moved = |(idx, target): (usize, &Target)| {
        let planned = (*params.planned.get(idx)?)?;
        let now = super::plan::digest(&catalog, target)?;
        (now != planned).then(|| {
            Failure::new(
                images_proto::Code::Conflict,
                format!(
                    "It names another image by now: {} instead of {}.",
                    now.short(),
                    planned.short()
                ),
            )
            .with_fix("Look at what would go again.")
        })
    };
    params.targets.iter().enumerate().map(moved).collect()
}

/// A revision has no address of its own to ask at, and of a tag it may be that only its manifest was
/// asked for: the repository that was just read again tells.
fn looked_at_again(
    catalog: &Catalog,
    target: &Target,
    outcome: Outcome,
    reread: &Result<(), Failure>,
) -> Outcome {
    if outcome != Outcome::Deleted || matches!(target, Target::Manifest { .. }) {
        return outcome;
    }
    if let Err(failure) = reread {
        return Outcome::Unproved(failure.clone());
    }
    let is_there = match target {
        Target::Revision { repository, tag, digest } => {
            let known = catalog.tag(&super::tag_ref(repository, tag));
            known.is_some_and(|known| known.revisions.iter().any(|r| r.digest == *digest))
        }
        Target::Tag(tag) => catalog.tag(tag).is_some(),
        Target::Manifest { .. } => false,
    };
    if is_there { Outcome::Kept(still_there("the cluster")) } else { outcome }
}

fn still_there(who: &str) -> Failure {
    Failure::new(
        images_proto::Code::Conflict,
        format!("It is still there, although {who} said that it was deleted."),
    )
    .retryable()
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
