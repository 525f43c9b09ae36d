// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who can do what in the project, and through what.

use images_proto::lens::Lens;
use images_proto::project::{About, Within};
use yew::prelude::*;

use super::{Open, members};
use crate::bridge::use_view;
use crate::components::about::about;
use crate::components::button::Button;
use crate::components::empty_state::{EmptyState, Picture};
use crate::components::filtered::{self, list};
use crate::components::icon::Icon;
use crate::components::rights::{cells, heads};
use crate::components::subject;
use crate::components::table::grid;
use crate::components::waiting;
use crate::filtered::UseFiltered;
use crate::part::part;
use crate::text::{plural, tr};

/// The tab.
pub(super) struct Access {
    pub(super) project: AttrValue,
    pub(super) filtered: UseFiltered,
    pub(super) open: Callback<Open>,
}

impl PartialEq for Access {
    fn eq(&self, _: &Self) -> bool {
        // What is typed into the filter is always another.
        false
    }
}

part!(Access, use_access, "access");

#[hook]
fn use_access(props: &Access) -> Html {
    let Access { project, filtered, open } = props;
    let view = use_view::<Lens>(Within { project: project.to_string(), window: filtered.params() });
    let ask = open.reform(|_: MouseEvent| Open::Why(None));
    waiting::show(&view.state, &view.retry, |answer| {
        let source = match answer.asked {
            true => tr("This is the cluster's own answer."),
            false => tr(
                "This is what role bindings say; the cluster itself was not asked, for you may not ask it about others.",
            ),
        };
        let mut columns = vec![tr("Who")];
        columns.extend(heads());
        columns.push(tr("Question"));
        html! {
            <>
                { about(&About { decides: None, ..answer.about.clone() }) }
                { list(
                    filtered::List {
                        filter: tr("Filter by name"),
                        tools: html! {
                            <div class="pf-v6-c-toolbar__item">
                                <Button label={tr("Why can't …?")} testid="ask-why" onclick={ask} />
                            </div>
                        },
                        found: [plural("$0 user, group or robot account", "$0 users, groups and robot accounts", answer.total.into()), source].join(". "),
                        reading: answer.about.reading,
                        table: grid(tr("Who can do what"), &columns, answer.rows.iter().map(|row| {
                            let who = subject::subject(&row.subject, row.full_name.as_deref(), None);
                            let mut all = vec![who];
                            all.extend(cells(&row.rights, &row.via));
                            all.push(members::why(row.subject.clone(), open));
                            (subject::name(&row.subject), all)
                        }).collect(), Some(&filtered.show(answer.offset, answer.rows.len(), answer.total))),
                        nothing: html! {
                            <EmptyState state="empty" picture={Picture::Icon(Icon::Lock)} title={match answer.about.unread.is_empty() {
                                true => tr("Nobody is known who can do something here"),
                                false => tr("Not known: you may not read who has which role here"),
                            }} />
                        },
                    },
                    filtered,
                ) }
            </>
        }
    })
}
