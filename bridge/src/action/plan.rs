// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion would do, by a look at everything that it touches, now. Decides nothing: that is
//! the catalog's planner.

mod remembered;
mod surroundings;

use std::collections::BTreeSet;

use images_proto::delete::{Fate, List, Params, Plan, Target};
use images_proto::{Code, Failure, usage};

pub use self::remembered::Plans;
use crate::aside::aside;
use crate::session::state::State;
use crate::source::{Connection, Documents};

/// Plans.
///
/// # Errors
/// When the repositories cannot be read, or a list that the safety of the plan depends on.
pub async fn plan(connection: &Connection, state: &State, params: Params) -> Result<Plan, Failure> {
    plan_with(connection, state, params, &Documents::default()).await
}

/// Plans what is done at once: what an undo will want is got with the same requests.
///
/// # Errors
/// As [`plan`].
pub(super) async fn plan_with(
    connection: &Connection,
    state: &State,
    params: Params,
    documents: &Documents,
) -> Result<Plan, Failure> {
    super::check(&params)?;
    let content = state.content();
    if params.targets.iter().any(is_everywhere) {
        tokio::select! {
            biased;
            () = state.content_forgotten(content) => return Err(super::left()),
            caught_up = connection.catch_up(state) => caught_up?,
        }
    }
    let needs = aside(|| state.catalog().deletion_needs(&params));
    let repositories: Vec<_> = needs.repositories.into_iter().collect();
    super::reread_with(connection, state, content, &repositories, documents).await?;
    // What was read leads to what else has to be asked.
    let needs = aside(|| state.catalog().deletion_needs(&params));
    let mut around = Box::pin(surroundings::ask(connection, state, &params, &needs)).await?;
    let (plan, wanted) = aside(|| {
        let catalog = state.catalog();
        let plan = catalog.plan_deletion(&params, &around);
        let wanted = catalog.wanted_sizes(&plan);
        (plan, wanted)
    });
    let mut plan = if wanted.is_empty() {
        plan
    } else {
        around.sizes = surroundings::sizes(connection, state, &plan, wanted).await;
        aside(|| state.catalog().plan_deletion(&params, &around))
    };
    if state.content() != content {
        return Err(super::left());
    }
    let (touched, left_out) = touched(&plan);
    plan.used = Box::pin(super::usage(connection, state, &touched)).await;
    plan.used.unread.extend(left_out);
    plan.undo = super::window(connection, params.extent, &plan.steps, super::now()).await;
    Ok(plan)
}

/// Whether it may be in repositories that nobody has looked at yet.
fn is_everywhere(target: &Target) -> bool {
    match target {
        Target::Image(_)
        | Target::Layer(_)
        | Target::Blob(_)
        | Target::Found { .. }
        | Target::Orphans(_)
        | Target::Rows { list: List::Search { .. } | List::Layer(_), .. } => true,
        Target::Tag(_)
        | Target::Revision { .. }
        | Target::Manifest { .. }
        | Target::Repository(_)
        | Target::Rows { list: List::Tags { .. }, .. } => false,
    }
}

/// Whose users a plan concerns: the images that go, and the tags, whatever becomes of their images.
fn touched(plan: &Plan) -> (usage::Params, Option<Failure>) {
    let digests = plan.images.iter().filter(|image| image.fate != Fate::Stays);
    let digests: Vec<_> = digests.map(|image| image.digest).collect();
    let tags: BTreeSet<_> = plan.items.iter().flat_map(|item| &item.goes).collect();
    let left_out = digests.len().max(tags.len()).saturating_sub(usage::Params::MAX_DIGESTS);
    let left_out = (left_out > 0).then(|| {
        let words = format!("Of {left_out} more images or tags it was not asked who uses them.");
        Failure::new(Code::Unsupported, words).with_fix("Delete them in several steps.")
    });
    let params = usage::Params {
        digests: digests.into_iter().take(usage::Params::MAX_DIGESTS).collect(),
        tags: tags.into_iter().take(usage::Params::MAX_DIGESTS).cloned().collect(),
    };
    (params, left_out)
}
