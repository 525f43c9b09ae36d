// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion would take with it, in words.

use images_proto::delete::{Plan, PlanItem, Target};
use images_proto::status::Source;
use images_proto::{Digest, TagRef};
use yew::prelude::*;

use crate::components::failure;
use crate::components::icon::Icon;
use crate::components::label::{Colour, label};
use crate::state::deletion::{chosen, summary, taken_along, unnamed};
use crate::state::set::Set;
use crate::state::target;
use crate::text::{plural, plural_with, tr, tr_with};

/// The most items without consequences that are listed one by one.
pub(super) const LISTED: usize = 200;

/// The plan.
pub(super) fn plan(plan: &Plan, source: Option<Source>) -> Html {
    let sum = summary(plan);
    let chosen = chosen(plan);
    // What has consequences is always listed, and first.
    let (notable, plain): (Vec<_>, Vec<_>) =
        plan.items.iter().partition(|item| is_notable(item, &chosen));
    let (listed, rest) = plain.split_at(plain.len().min(LISTED));
    html! {
        <div class="images-plan" data-testid="plan">
            if sum.along > 0 {
                <p class="images-warning" data-testid="goes-along">
                    { Icon::Warning.draw() }{ " " }
                    { plural("$0 more tag names the same image and goes with it.",
                        "$0 more tags name the same images and go with them.", sum.along as u64) }
                </p>
            }
            if sum.refused > 0 {
                <p class="images-warning">
                    { Icon::Warning.draw() }{ " " }
                    { plural("$0 item cannot be deleted.", "$0 items cannot be deleted.", sum.refused as u64) }
                </p>
            }
            <ul class="images-items">{ for notable.iter().chain(listed).map(|planned| item(planned, &chosen)) }</ul>
            if !rest.is_empty() {
                <details>
                    <summary>{ plural("and $0 more item", "and $0 more items", rest.len() as u64) }</summary>
                    <p class="images-break">{ names(rest) }</p>
                </details>
            }
            if sum.targets > 0 {
                <p class="images-secondary">{ space(source) }</p>
            }
        </div>
    }
}

/// Whether more happens than that the item goes.
fn is_notable(item: &PlanItem, chosen: &Set<&TagRef>) -> bool {
    item.refused.is_some()
        || item.history > 0
        || !item.breaks.is_empty()
        || item.returns.is_some()
        || !taken_along(item, chosen).is_empty()
}

fn names(items: &[&PlanItem]) -> String {
    items.iter().map(|item| target::name(&item.target)).collect::<Vec<_>>().join(", ")
}

fn item(item: &PlanItem, chosen: &Set<&TagRef>) -> Html {
    let along = taken_along(item, chosen);
    let unnamed = unnamed(item);
    let name = target::short_name(&item.target);
    html! {
        <li data-plan={target::name(&item.target)}>
            <strong class="images-break">{ name }</strong>
            if let (Some(digest), Target::Tag(_)) = (item.digest, &item.target) {
                { " " }<code title={digest.to_string()}>{ digest.short() }</code>
            }
            <ul class="images-consequences">
                if let Some(refused) = &item.refused {
                    <li data-testid="refused">
                        { label(Colour::Red, tr("Not possible"), None) }{ " " }{ &refused.message }
                        if let Some(fix) = &refused.fix { { " " }{ fix } }
                        <div class="images-buttons">{ failure::offers(refused) }</div>
                    </li>
                }
                if !along.is_empty() {
                    <li data-testid="along">
                        { label(Colour::Orange, tr("Goes too"), None) }{ " " }{ tags(along.into_iter()) }
                    </li>
                }
                if item.history > 0 {
                    <li data-testid="history">
                        { plural("Its history is lost: $0 older revision.",
                            "Its history is lost: $0 older revisions.", item.history.into()) }
                    </li>
                }
                if !item.stays.is_empty() || unnamed > 0 {
                    <li data-testid="stays">
                        { label(Colour::Grey, tr("Stays"), None) }{ " " }{ tags(item.stays.iter()) }
                        if unnamed > 0 { { " " }{ plural("and $0 more", "and $0 more", unnamed) } }
                    </li>
                }
                if !item.breaks.is_empty() {
                    <li data-testid="breaks">
                        { plural_with("An index that contains it breaks: $0",
                            "Indexes that contain it break: $0", item.breaks.len() as u64,
                            &[&digests(&item.breaks)]) }
                    </li>
                }
                if let Some(returns) = &item.returns {
                    <li data-testid="returns">{ tr_with("It may come back: $0", &[returns]) }</li>
                }
            </ul>
        </li>
    }
}

fn tags<'a>(tags: impl Iterator<Item = &'a TagRef>) -> Html {
    let names: Vec<String> = tags.map(ToString::to_string).collect();
    html! { <span class="images-break">{ names.join(", ") }</span> }
}

fn digests(digests: &[Digest]) -> String {
    digests.iter().map(Digest::short).collect::<Vec<_>>().join(", ")
}

/// What becomes of the space, which nobody may learn only afterwards.
fn space(source: Option<Source>) -> String {
    match source {
        Some(Source::Openshift) => tr(
            "Tags and their history go from the cluster. The data of their images stays in the registry until it is pruned.",
        ),
        Some(Source::Distribution) => tr(
            "Manifests go from the registry. Its garbage collection frees the space of layers that nothing else uses.",
        ),
        None => tr("This cannot be undone."),
    }
}
