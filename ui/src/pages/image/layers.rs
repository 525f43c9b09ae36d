// SPDX-License-Identifier: LGPL-2.1-or-later

//! The layers of an image in their order, each with the command that made it and the other images
//! that contain it.

use std::rc::Rc;

use images_proto::image::{LayerRow, SharedBy};
use yew::prelude::*;

use crate::components::bytes::{bytes, unknown};
use crate::components::digest::digest_link;
use crate::components::link::Link;
use crate::components::table::{table, td, td_toggle, th, th_unseen};
use crate::pages::hits::older;
use crate::part::part;
use crate::state::route::Route;
use crate::state::set::Set;
use crate::text::{plural, tr, tr_with};

/// The table; a layer that others share opens to them.
#[derive(PartialEq)]
pub(super) struct Layers {
    pub(super) rows: Vec<LayerRow>,
}

part!(Layers, use_layers, "layers");

#[hook]
fn use_layers(props: &Layers) -> Html {
    let open = use_state(|| Rc::new(Set::<usize>::default()));
    let head = html! {
        <>
            { th_unseen(tr("Others")) }
            { th(tr("Layer")) }
            { th(tr("Size")) }
            { th(tr("Command")) }
            { th(tr("Shared with")) }
        </>
    };
    let body = props.rows.iter().enumerate().map(|(idx, row)| {
        let is_open = open.contains(&idx);
        let toggle = {
            let open = open.clone();
            Callback::from(move |_: MouseEvent| {
                open.set(Rc::new((**open).clone().toggled(idx)));
            })
        };
        html! {
            <tbody class={classes!("pf-v6-c-table__tbody", is_open.then_some("pf-m-expanded"))}>
                { layer(row, is_open, toggle) }
                if is_open {
                    <tr class="pf-v6-c-table__tr pf-v6-c-table__expandable-row pf-m-expanded">
                        <td class="pf-v6-c-table__td" colspan="5">
                            <div class="pf-v6-c-table__expandable-row-content">{ others(row) }</div>
                        </td>
                    </tr>
                }
            </tbody>
        }
    });
    let title = plural("$0 layer", "$0 layers", props.rows.len() as u64);
    html! {
        <div class="pf-v6-c-card images-card">
            <div class="pf-v6-c-card__title"><h2 class="pf-v6-c-card__title-text">{ title }</h2></div>
            { table(tr("Layers, lowest first"), head, html! { <>{ for body }</> }) }
        </div>
    }
}

fn layer(row: &LayerRow, is_open: bool, toggle: Callback<MouseEvent>) -> Html {
    html! {
        <tr class="pf-v6-c-table__tr" data-row={row.digest.to_string()}>
            if row.shared_count > 0 {
                { td_toggle(is_open, tr_with("Other images with layer $0", &[&row.digest.short()]), toggle) }
            } else {
                <td class="pf-v6-c-table__td" role="gridcell" />
            }
            { td(tr("Layer"), html! {
                <>
                    { digest_link(row.digest, Route::layer(row.digest), Some("layer")) }
                    if let Some(diff_id) = row.diff_id {
                        <div class="images-secondary images-nowrap" title={diff_id.to_string()}>
                            { tr_with("diff ID $0", &[&diff_id.short()]) }
                        </div>
                    }
                </>
            }) }
            { td(tr("Size"), bytes(row.size)) }
            { td(tr("Command"), match &row.command {
                Some(command) => html! { <code class="images-command-text">{ command }</code> },
                None => unknown(tr("Not known: the config has not been read, or does not say.")),
            }) }
            { td(tr("Shared with"), html! {
                <span data-testid="shared" class="images-nowrap">
                    { match row.shared_count {
                        0 => tr("no other image"),
                        others => plural("$0 other image", "$0 other images", others.into()),
                    } }
                </span>
            }) }
        </tr>
    }
}

fn others(row: &LayerRow) -> Html {
    let rest = u64::from(row.shared_count).saturating_sub(row.shared.len() as u64);
    html! {
        <ul class="images-items" data-testid="shared-with">
            { for row.shared.iter().map(other) }
            if rest > 0 {
                <li>
                    <Link to={Route::layer(row.digest)}>{ plural("and $0 other", "and $0 others", rest) }</Link>
                </li>
            }
        </ul>
    }
}

fn other(shared: &SharedBy) -> Html {
    let to = Route::image(shared.digest, Some(&shared.repository));
    html! {
        <li>
            <Link {to} title={shared.digest.to_string()} class="images-break">
                { match &shared.tag {
                    Some(tag) => format!("{}:{}", shared.repository, tag.name),
                    None => format!("{}@{}", shared.repository, shared.digest.short()),
                } }
            </Link>
            { older(shared.tag.as_ref().map_or(0, |tag| tag.age)) }
        </li>
    }
}
