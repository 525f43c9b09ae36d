// SPDX-License-Identifier: LGPL-2.1-or-later

//! Every step of a plan, in order.

use images_proto::delete::Step;
use yew::prelude::*;

use crate::components::expandable::Expandable;
use crate::text::{plural, tr_with};

/// The most steps that are listed one by one.
const LISTED: usize = 500;

/// The list, closed at first.
pub(super) fn steps(steps: &[Step]) -> Html {
    let rest = steps.len().saturating_sub(LISTED);
    html! {
        <Expandable testid="steps" title={plural("The only step", "All $0 steps, in order", steps.len() as u64)}>
            <ol class="images-steps">
                { for steps.iter().take(LISTED).map(|step| html! { <li class="images-break">{ words(step) }</li> }) }
            </ol>
            if rest > 0 {
                <p class="images-secondary">{ plural("and $0 more step", "and $0 more steps", rest as u64) }</p>
            }
        </Expandable>
    }
}

fn words(step: &Step) -> String {
    match step {
        Step::Tag { tag, digest: Some(digest) } => tr_with(
            "Delete the tag $0, as long as it names $1",
            &[&tag.to_string(), &digest.short()],
        ),
        Step::Tag { tag, digest: None } => tr_with("Delete the tag $0", &[&tag.to_string()]),
        Step::Revision { tag, digest } => tr_with(
            "Take the revision $0 out of the history of $1",
            &[&digest.short(), &tag.to_string()],
        ),
        Step::Manifest { repository, digest, .. } => {
            tr_with("Delete the manifest $0 from $1", &[&digest.to_string(), repository.as_str()])
        }
        Step::Link { repository, digest } => {
            tr_with("Take the blob $0 out of $1", &[&digest.to_string(), repository.as_str()])
        }
        Step::Repository(name) => tr_with("Delete the repository $0", &[name.as_str()]),
        Step::Blob(digest) => {
            tr_with("Remove the blob $0 from the storage", &[&digest.to_string()])
        }
        Step::Image(digest) => {
            tr_with("Have the cluster forget the image $0", &[&digest.to_string()])
        }
    }
}
