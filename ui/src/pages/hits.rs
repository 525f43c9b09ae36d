// SPDX-License-Identifier: LGPL-2.1-or-later

//! The table of tags and images that a digest leads to, each with what matched.

use images_proto::delete::List;
use images_proto::search::{Hit, Matched};
use yew::prelude::*;

use crate::components::bytes::{bytes, unknown};
use crate::components::digest::digest_link;
use crate::components::label::{Colour, label};
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::quick_delete::{
    QuickDelete, RowTargets, marked, td_check, td_trash, th_all,
};
use crate::components::table::{long_table, rows, td, th, th_unseen};
use crate::scrolled::Shown;
use crate::session::Session;
use crate::state::route::{Route, Tags};
use crate::state::target;
use crate::text::{plural, tr, tr_with};

/// The table.
pub(super) fn hits(
    hits: &[Hit],
    (list, shown): (List, &Shown),
    quick: &QuickDelete,
    session: &Session,
) -> Html {
    let all = hits.iter().map(|hit| target::of_hit(hit, session.source()));
    let targets = RowTargets::of(list, shown.total(), all);
    let pushes = session.knows_pushes();
    let head = html! {
        <>
            { th_all(quick, &targets, false) }
            { th(tr("Image")) }
            { th(tr("Matched")) }
            { th(tr("Digest")) }
            { th(tr("Size")) }
            if pushes { { th(tr("Pushed")) } }
            if quick.on { { th_unseen(tr("Delete")) } }
        </>
    };
    // A row that goes must take the focus of its button with it, so rows are known by their names.
    // One tag may be hit in several ways.
    let mut earlier = Vec::<String>::with_capacity(hits.len());
    let body = hits.iter().enumerate().map(|(idx, hit)| {
        let name = row_name(hit);
        let way = earlier.iter().filter(|other| **other == name).count();
        earlier.push(name.clone());
        html! {
            <tr class="pf-v6-c-table__tr" key={format!("{way} {name}")} data-row={name}
                aria-rowindex={shown.row_index(idx)}>
                { td_check(quick, &targets, idx) }
                { td(tr("Image"), place(hit)) }
                { td(tr("Matched"), matched(hit)) }
                { td(tr("Digest"), digest(hit)) }
                { td(tr("Size"), bytes(hit.size)) }
                if pushes {
                    { td(tr("Pushed"), hit.created.map_or_else(
                        || unknown(tr("It is not known when it was pushed.")), moment)) }
                }
                { td_trash(quick, &targets, idx) }
            </tr>
        }
    });
    let body: Vec<Html> = body.collect();
    let table = long_table(tr("Tags and images"), head, rows(body), shown);
    html! { <>{ marked(quick, &targets) }{ table }</> }
}

/// `REPO:TAG`, or `REPO@DIGEST` where no tag leads there.
fn row_name(hit: &Hit) -> String {
    match &hit.tag {
        Some(revision) if revision.age == 0 => format!("{}:{}", hit.repository, revision.name),
        Some(revision) => format!("{}:{}@{}", hit.repository, revision.name, hit.digest),
        None => format!("{}@{}", hit.repository, hit.digest),
    }
}

fn place(hit: &Hit) -> Html {
    match &hit.tag {
        Some(revision) => {
            let tags = Tags {
                filter: revision.name.to_string(),
                attachments: revision.name.attached_to().is_some(),
                ..Tags::default()
            };
            let to = Route::Repository { name: hit.repository.clone(), tags };
            html! {
                <>
                    <Link {to} class="images-break">{ hit.repository.as_str() }<wbr />{ ":" }{ revision.name.as_str() }</Link>
                    { older(revision.age) }
                </>
            }
        }
        None => html! {
            <>
                <Link to={Route::repository(&hit.repository)} class="images-break">{ hit.repository.as_str() }</Link>
                { " " }{ label(Colour::Grey, tr("untagged"), Some("untagged")) }
            </>
        },
    }
}

/// The mark of a revision that the tag does not name any more.
pub(super) fn older(age: u32) -> Html {
    if age == 0 {
        return html! {};
    }
    let how_far = plural("$0 revision back", "$0 revisions back", age.into());
    html! {
        <span title={how_far}>{ " " }{ label(Colour::Purple, tr("older revision"), Some("older")) }</span>
    }
}

fn matched(hit: &Hit) -> Html {
    let word = match hit.matched {
        Matched::Manifest => tr("manifest"),
        Matched::Index => tr("index"),
        Matched::Child => tr("image in the index"),
        Matched::ImageId => tr("image ID"),
        Matched::Layer => tr("layer"),
        Matched::DiffId => tr("layer content (diff ID)"),
        Matched::Attachment => tr("signature or attachment"),
    };
    let whole = hit.matched_digest.to_string();
    let to = match hit.matched {
        Matched::Layer => Route::layer(hit.matched_digest),
        _ => Route::image(hit.child.unwrap_or(hit.digest), Some(&hit.repository)),
    };
    html! {
        <Link {to} title={tr_with("Matched $0", &[&whole])} class="images-matched">
            { label(Colour::Blue, word, Some("matched")) }
        </Link>
    }
}

fn digest(hit: &Hit) -> Html {
    html! {
        <>
            { digest_link(hit.digest, Route::image(hit.digest, Some(&hit.repository)), Some("digest")) }
            if let Some(child) = hit.child {
                <div class="images-secondary">
                    { tr("by its image") }{ " " }
                    { digest_link(child, Route::image(child, Some(&hit.repository)), Some("child")) }
                </div>
            }
        </>
    }
}
