// SPDX-License-Identifier: LGPL-2.1-or-later

//! The kinds of things that nothing leads to, a card each.

use std::rc::Rc;

use images_proto::TagRef;
use images_proto::delete::{Orphan, Target};
use images_proto::orphans::{OrphanImage, Part, Untagged};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::bytes::{bytes, unknown};
use crate::components::digest::digest_link;
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::icon::Icon;
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::table::{long_table, rows, td, th, th_unseen};
use crate::scrolled::{Scrolled, Shown};
use crate::session::{Deletion, Session};
use crate::state::route::{Route, Tags};
use crate::state::target;
use crate::text::{plural, tr, tr_with};

/// What there is of a kind, and how far it is scrolled.
type List<'a, T> = (&'a Part<T>, &'a Scrolled);

/// What a row deletes, and its cells.
type Row = (Option<Target>, Vec<Html>);

/// A card.
struct Card {
    kind: Orphan,
    testid: &'static str,
    title: String,
    /// What they are and why they may go.
    about: String,
    columns: Vec<String>,
}

/// Images that no image stream names.
pub(super) fn images(part: List<'_, OrphanImage>, session: &Session, again: &Callback<()>) -> Html {
    let card = Card {
        kind: Orphan::Images,
        testid: "orphan-images",
        title: tr("Images that no image stream names"),
        about: tr(
            "The cluster still keeps them and their layers. Pruning removes them when they are old enough.",
        ),
        columns: vec![tr("Digest"), tr("Pushed or imported"), tr("Came as")],
    };
    draw(&card, part, session, again, |image| {
        let created = image.created.map(moment);
        let from =
            image.from.as_ref().map(|from| html! { <span class="images-break">{ from }</span> });
        let cells = vec![
            digest_link(image.digest, Route::image(image.digest, None), Some("orphan")),
            created.unwrap_or_else(|| unknown(tr("The cluster does not say when."))),
            from.unwrap_or_else(|| unknown(tr("The cluster does not say from where."))),
        ];
        (Some(Target::Image(image.digest)), cells)
    })
}

/// Images without a tag.
pub(super) fn untagged(part: List<'_, Untagged>, session: &Session, again: &Callback<()>) -> Html {
    let card = Card {
        kind: Orphan::Untagged,
        testid: "orphan-untagged",
        title: tr("Images without a tag"),
        about: tr(
            "They can be pulled by their digest alone. Somebody may do just that, and this page cannot see it everywhere.",
        ),
        columns: vec![tr("Repository"), tr("Digest"), tr("Size")],
    };
    let source = session.source();
    draw(&card, part, session, again, |image| {
        let Untagged { repository, digest, size } = image;
        let cells = vec![
            html! { <Link to={Route::repository(repository)} class="images-break">{ repository.to_string() }</Link> },
            digest_link(*digest, Route::image(*digest, Some(repository)), Some("orphan")),
            bytes(*size),
        ];
        (target::of_untagged(repository, *digest, source).ok(), cells)
    })
}

/// Signatures and the like of images that are gone.
pub(super) fn signatures(part: List<'_, TagRef>, session: &Session, again: &Callback<()>) -> Html {
    let card = Card {
        kind: Orphan::Signatures,
        testid: "orphan-signatures",
        title: tr("Signatures of images that are gone"),
        about: tr(
            "Tags that hold signatures, attestations or bills of materials of images that the repository does not have any more.",
        ),
        columns: vec![tr("Tag")],
    };
    draw(&card, part, session, again, |tag| {
        let filter = tag.tag.to_string();
        let tags = Tags { filter, attachments: true, ..Tags::default() };
        let to = Route::Repository { name: tag.repository.clone(), tags };
        let cell = html! { <Link {to} class="images-break">{ tag.to_string() }</Link> };
        (Some(Target::Tag(tag.clone())), vec![cell])
    })
}

/// Draws a card; `row` says what a row deletes and its cells.
fn draw<T>(
    card: &Card,
    (part, list): List<'_, T>,
    session: &Session,
    again: &Callback<()>,
    row: impl Fn(&T) -> Row,
) -> Html {
    let drawn: Vec<_> = part.rows.iter().map(row).collect();
    let shown = list.show(part.offset, drawn.len(), part.total.unwrap_or(part.rows.len() as u32));
    around(card, (drawn, &shown), part.total, part.failure.as_ref(), session, again)
}

/// The same for drawn rows; apart, since it is compiled once and not for each kind.
fn around(
    card: &Card,
    (drawn, shown): (Vec<Row>, &Shown),
    total: Option<u32>,
    failure: Option<&images_proto::Failure>,
    session: &Session,
    again: &Callback<()>,
) -> Html {
    let delete = session.delete.reform({
        let again = again.clone();
        move |target: Target| Deletion {
            targets: Rc::new(vec![target]),
            changed: again.clone(),
            gone: Callback::noop(),
        }
    });
    let all = Target::Orphans(card.kind);
    let any = !drawn.is_empty();
    let count = match total {
        Some(0) => html! { <p>{ tr("There are none.") }</p> },
        Some(_) => html! {},
        None if failure.is_some() => html! {},
        None => html! {
            <div class="images-asking" role="status">{ spinner() }<span>{ tr("Still looking") }</span></div>
        },
    };
    let body = drawn.into_iter().enumerate().map(|(idx, (target, cells))| {
        let name = target.as_ref().map(target::name);
        let label = target.as_ref().map(target::short_name).unwrap_or_default();
        let delete = delete.clone();
        let onclick =
            Callback::from(move |_: MouseEvent| target.iter().cloned().for_each(|it| delete.emit(it)));
        html! {
            <tr class="pf-v6-c-table__tr" data-row={name.clone().unwrap_or_default()} aria-rowindex={shown.row_index(idx)}>
                { for card.columns.iter().zip(cells).map(|(column, cell)| td(column.clone(), cell)) }
                { td(String::new(), html! {
                    <Button look={Look::Plain} icon={Icon::Trash} label={tr_with("Delete $0", &[&label])}
                        disabled={name.is_none()} deletes={name.map(AttrValue::from)} {onclick} />
                }) }
            </tr>
        }
    });
    let head = html! {
        <>{ for card.columns.iter().cloned().map(th) }{ th_unseen(tr("Delete")) }</>
    };
    html! {
        <div class="pf-v6-c-card images-card" data-testid={card.testid} data-total={total.map(|total| total.to_string())}>
            <div class="pf-v6-c-card__title"><h2 class="pf-v6-c-card__title-text">{ &card.title }</h2></div>
            <div class="images-body">
                <p class="images-secondary">{ &card.about }</p>
                { count }
                if let Some(failure) = failure {
                    <div>
                        <p class="images-warning">{ Icon::Warning.draw() }{ " " }{ tr("How many there are is not known.") }</p>
                        { failure::words(failure) }
                        <div class="images-buttons">{ failure::offers(failure) }</div>
                    </div>
                }
                if let Some(total) = total.filter(|total| *total > 0) {
                    <div>
                        <Button icon={Icon::Trash} testid="delete-all" onclick={delete.reform(move |_: MouseEvent| all.clone())}
                            label={plural("Delete it", "Delete all $0", total.into())} />
                    </div>
                }
            </div>
            if any { { long_table(card.title.clone(), head, rows(body), shown) } }
        </div>
    }
}
