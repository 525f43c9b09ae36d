// SPDX-License-Identifier: LGPL-2.1-or-later

//! Objects of the cluster before they are created, and the rights that are missing for that.

use images_proto::account::{MissingRight, Object};
use yew::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::components::command::command;
use crate::components::expandable::Expandable;
use crate::text::{plural, tr, tr_with};

/// The objects, each with its YAML on demand; `of` begins their names in tests.
pub fn objects(of: &str, objects: &[Object]) -> Html {
    html! {
        <div>
            { for objects.iter().enumerate().map(|(idx, object)| {
                let title = title(object);
                html! {
                    <Expandable key={object.name.clone() + &object.kind} {title} testid={format!("{of}-object-{idx}")}>
                        <pre class="images-details">{ &object.yaml }</pre>
                    </Expandable>
                }
            }) }
        </div>
    }
}

fn title(Object { kind, namespace, name, .. }: &Object) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The rights that are missing, each with the command that grants it. Nothing when none is.
pub fn missing(rights: &[MissingRight]) -> Html {
    if rights.is_empty() {
        return html! {};
    }
    let title = plural("You lack $0 right", "You lack $0 rights", rights.len() as u64);
    html! {
        <Alert severity={Severity::Warning} {title} testid="missing-rights">
            <p>{ tr("Somebody who has them can grant them, or do this for you.") }</p>
            <ul class="images-items">
                { for rights.iter().map(|right| html! {
                    <li>
                        { words(right) }
                        if let Some(text) = &right.command {
                            { command(text, tr("Copy the command"), "grant-command") }
                        }
                    </li>
                }) }
            </ul>
        </Alert>
    }
}

fn words(MissingRight { verb, resource, namespace, .. }: &MissingRight) -> String {
    match namespace {
        Some(namespace) => tr_with("$0 $1 in namespace $2", &[verb, resource, namespace]),
        None => tr_with("$0 $1 in the whole cluster", &[verb, resource]),
    }
}
