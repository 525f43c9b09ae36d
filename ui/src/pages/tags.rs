// SPDX-License-Identifier: LGPL-2.1-or-later

//! The table of a repository's tags, on its own page and, in brief, in the list.

use std::rc::Rc;

use images_proto::delete::List;
use images_proto::repository::{Kind, Origin, RevisionRow, TagRow, View};
use images_proto::status::Source;
use images_proto::{RepositoryName, Tag};
use yew::prelude::*;

use crate::components::bytes::{bytes, unknown};
use crate::components::digest::digest_link;
use crate::components::label::{Colour, label};
use crate::components::link::Link;
use crate::components::moment::moment;
use crate::components::pull_command::pull_command;
use crate::components::quick_delete::{
    QuickDelete, RowTargets, marked, td_check, td_trash, th_all, trash,
};
use crate::components::table::{long_table, td, td_toggle, th, th_unseen};
use crate::part::part;
use crate::scrolled::Shown;
use crate::session::Session;
use crate::state::pull;
use crate::state::route::{self, Route};
use crate::state::set::Set;
use crate::state::target;
use crate::text::{plural, tr, tr_with};

/// The table.
#[derive(PartialEq)]
pub(super) struct Tags {
    pub(super) view: Rc<View>,
    pub(super) shown: Shown,
    pub(super) list: List,
    pub(super) quick: QuickDelete,
    /// Without rows that open.
    pub(super) brief: bool,
}

part!(Tags, use_tags, "tags");

#[hook]
fn use_tags(props: &Tags) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let open = use_state(|| Rc::new(Set::<Tag>::default()));
    let Tags { view, shown, list, quick, brief } = props;
    let name = &view.name;
    let columns = Columns {
        pushes: session.knows_pushes(),
        origin: view.tags.iter().any(|row| row.origin != Origin::Unknown),
        brief: *brief,
    };
    let all = view.tags.iter().map(|row| Ok(target::of_tag(name, &row.tag)));
    let targets = RowTargets::of(list.clone(), shown.total(), all);
    let head = html! {
        <>
            { th_all(quick, &targets, *brief) }
            if !brief { { th_unseen(tr("More")) } }
            { th(tr("Tag")) }
            { th(tr("Digest")) }
            if !brief { { th(tr("Top layer")) } }
            { th(tr("Size")) }
            { th(columns.time_name()) }
            if columns.origin { { th(tr("Comes from")) } }
            if quick.on { { th_unseen(tr("Delete")) } }
        </>
    };
    let body = view.tags.iter().enumerate().map(|(idx, row)| {
        let is_open = !brief && open.contains(&row.tag);
        let toggle = {
            let (open, tag) = (open.clone(), row.tag.clone());
            Callback::from(move |_: MouseEvent| {
                open.set(Rc::new((**open).clone().toggled(tag.clone())));
            })
        };
        html! {
            <tbody class={classes!("pf-v6-c-table__tbody", is_open.then_some("pf-m-expanded"))}
                key={row.tag.to_string()}>
                { tag_row(name, row, columns, (quick, &targets, idx), (is_open, toggle), shown.row_index(idx)) }
                if is_open {
                    <tr class="pf-v6-c-table__tr pf-v6-c-table__expandable-row pf-m-expanded">
                        <td class="pf-v6-c-table__td" colspan="9">
                            <div class="pf-v6-c-table__expandable-row-content">
                                { more(view, row, quick) }
                            </div>
                        </td>
                    </tr>
                }
            </tbody>
        }
    });
    let label = tr_with("Tags of $0", &[name.as_str()]);
    let table = long_table(label, head, html! { <>{ for body }</> }, shown);
    html! { <>if !brief { { marked(quick, &targets) } }{ table }</> }
}

#[derive(Clone, Copy)]
struct Columns {
    pushes: bool,
    origin: bool,
    brief: bool,
}

impl Columns {
    fn time_name(self) -> String {
        if self.pushes { tr("Pushed") } else { tr("Built") }
    }
}

fn tag_row(
    name: &RepositoryName,
    row: &TagRow,
    columns: Columns,
    (quick, targets, idx): (&QuickDelete, &RowTargets, usize),
    (is_open, toggle): (bool, Callback<MouseEvent>),
    index: Option<String>,
) -> Html {
    let time = if columns.pushes { row.created } else { row.built };
    html! {
        <tr class="pf-v6-c-table__tr" data-row={row.tag.to_string()} aria-rowindex={index}>
            { td_check(quick, targets, idx) }
            if !columns.brief {
                { td_toggle(is_open, tr_with("More about $0", &[row.tag.as_str()]), toggle) }
            }
            { td(tr("Tag"), tag_name(name, row)) }
            { td(tr("Digest"), digest(name, row)) }
            if !columns.brief {
                { td(tr("Top layer"), match row.top_layer {
                    Some(layer) => digest_link(layer, Route::layer(layer), Some("top-layer")),
                    None if row.kind == Kind::Index => unknown(tr("Each image of the index has its own.")),
                    None => unknown(tr("Not known yet: the image has not been read.")),
                }) }
            }
            { td(tr("Size"), bytes(row.size)) }
            { td(columns.time_name(), match time {
                Some(time) => moment(time),
                None if columns.pushes => unknown(tr("It is not known when it was pushed.")),
                None => unknown(tr("Not known yet, or the image does not say when it was built.")),
            }) }
            if columns.origin {
                { td(tr("Comes from"), origin(&row.origin)) }
            }
            { td_trash(quick, targets, idx) }
        </tr>
    }
}

fn tag_name(name: &RepositoryName, row: &TagRow) -> Html {
    let tag = html! { <span class="images-break">{ row.tag.as_str() }</span> };
    html! {
        <>
            if let Some(digest) = row.digest {
                <Link to={Route::image(digest, Some(name))}>{ tag }</Link>
            } else {
                { tag }
            }
            { kind(row.kind) }
            if row.problem.is_some() {
                { " " }{ label(Colour::Red, tr("import failed"), Some("import-failed")) }
            }
            if row.sibling_count > 0 {
                <div class="images-secondary images-break" data-testid="siblings">{ siblings(name, row) }</div>
            }
            if !row.older.is_empty() {
                <div class="images-secondary" data-testid="older-count">
                    { plural("$0 older revision", "$0 older revisions", row.older.len() as u64) }
                </div>
            }
        </>
    }
}

fn kind(kind: Kind) -> Html {
    match kind {
        Kind::Index => html! { <>{ " " }{ label(Colour::Grey, tr("index"), Some("kind")) }</> },
        Kind::Missing => html! {
            <>{ " " }{ label(Colour::Red, tr("image missing"), Some("kind")) }</>
        },
        Kind::Image | Kind::Unknown => html! {},
    }
}

/// The other tags on the digest, in few words: of this repository without its name.
fn siblings(name: &RepositoryName, row: &TagRow) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = row
        .siblings
        .iter()
        .take(SHOWN)
        .map(|sibling| match sibling.repository == *name {
            true => sibling.tag.to_string(),
            false => sibling.to_string(),
        })
        .collect();
    let same = tr_with("same image: $0", &[&names.join(", ")]);
    match u64::from(row.sibling_count).saturating_sub(names.len() as u64) {
        0 => same,
        rest => format!("{same} {}", plural("and $0 other", "and $0 others", rest)),
    }
}

fn digest(name: &RepositoryName, row: &TagRow) -> Html {
    match row.digest {
        Some(digest) => digest_link(digest, Route::image(digest, Some(name)), Some("digest")),
        None if row.problem.is_some() => unknown(tr("Nothing was imported.")),
        None => unknown(tr("Not known yet, or nothing was imported.")),
    }
}

fn origin(origin: &Origin) -> Html {
    match origin {
        Origin::Pushed => html! { { tr("pushed") } },
        Origin::Imported { from, scheduled } => html! {
            <span class="images-break">
                { tr_with("imported from $0", &[from]) }
                if *scheduled { <span class="images-secondary">{ " " }{ tr("(scheduled)") }</span> }
            </span>
        },
        Origin::Follows { from } => html! {
            <span class="images-break">{ tr_with("follows $0", &[from]) }</span>
        },
        Origin::Unknown => unknown(tr("The registry does not say.")),
    }
}

/// What an opened row shows.
fn more(view: &View, row: &TagRow, quick: &QuickDelete) -> Html {
    let host = view.host.as_deref();
    let command = pull::pull_command(host, &view.name, Some(&row.tag), None);
    html! {
        <div class="images-more" data-testid="more">
            { pull_command(&command, host.is_some()) }
            if let Some(problem) = &row.problem {
                <div>
                    <strong>{ tr("The import failed:") }</strong>
                    <pre class="images-details">{ problem }</pre>
                </div>
            }
            if row.sibling_count > 0 {
                <div>
                    <strong>{ tr("Other tags on the same digest") }</strong>
                    <ul class="images-items">
                        { for row.siblings.iter().map(|sibling| {
                            let tags = route::Tags { filter: sibling.tag.to_string(), ..Default::default() };
                            let to = Route::Repository { name: sibling.repository.clone(), tags };
                            html! { <li><Link {to} class="images-break">{ sibling.to_string() }</Link></li> }
                        }) }
                        if u64::from(row.sibling_count) > row.siblings.len() as u64 {
                            <li>{ plural("and $0 other", "and $0 others",
                                u64::from(row.sibling_count) - row.siblings.len() as u64) }</li>
                        }
                    </ul>
                </div>
            }
            if !row.older.is_empty() {
                <div>
                    <strong>{ tr("Older revisions") }</strong>
                    <ul class="images-items" data-testid="older-revisions">
                        { for row.older.iter().map(|revision| older(&view.name, &row.tag, revision, quick)) }
                    </ul>
                </div>
            }
        </div>
    }
}

fn older(name: &RepositoryName, tag: &Tag, revision: &RevisionRow, quick: &QuickDelete) -> Html {
    let target = target::of_revision(name, tag, revision);
    html! {
        <li data-row={target::name(&target)} class="images-revision">
            { digest_link(revision.digest, Route::image(revision.digest, Some(name)), Some("older-digest")) }
            <span class="images-secondary">
                { revision.created.map_or_else(|| unknown(tr("It is not known when it was pushed.")), moment) }
            </span>
            if quick.on { { trash(quick, Ok(&target)) } }
        </li>
    }
}

/// The images of a repository that no tag leads to.
pub(super) fn untagged(view: &View, quick: &QuickDelete, source: Option<Source>) -> Html {
    let name = &view.name;
    let rest = u64::from(view.untagged_count).saturating_sub(view.untagged.len() as u64);
    html! {
        <ul class="images-items" data-testid="untagged-images">
            { for view.untagged.iter().map(|digest| {
                let target = target::of_untagged(name, *digest, source);
                html! {
                    <li data-row={digest.to_string()} class="images-revision">
                        { digest_link(*digest, Route::image(*digest, Some(name)), Some("digest")) }
                        if quick.on { { trash(quick, target.as_ref().map_err(|why| *why)) } }
                    </li>
                }
            }) }
            if rest > 0 { <li><Link to={Route::CleanUp}>{ plural("and $0 other", "and $0 others", rest) }</Link></li> }
        </ul>
    }
}
