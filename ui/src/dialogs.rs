// SPDX-License-Identifier: LGPL-2.1-or-later

//! The dialogs, one a file.

pub mod account;
pub mod context;
pub mod delete;
pub mod delete_person;
pub mod garbage;
pub mod go_on;
pub mod host_kubeconfig;
pub mod installation;
pub mod login;
pub mod objects;
pub mod people;
pub mod project;
pub mod promote;
pub mod registry;
pub mod trust;
pub mod undo;
pub mod versions;
pub mod why;

use images_proto::Offer;
use yew::prelude::*;

use crate::part::Part;
use crate::session::Work;

/// The dialog that does a piece of work.
pub fn of_work(work: Work, on_close: Callback<()>) -> Html {
    match work {
        Work::Undo(id) => undo::UndoDialog { id, on_close }.part(),
        Work::GoOn(id) => go_on::GoOnDialog { id, on_close }.part(),
        Work::Collect(collection) => garbage::CollectDialog { collection, on_close }.part(),
        Work::Promote { moves, back } => promote::PromoteDialog { moves, back, on_close }.part(),
        Work::Versions(tag) => versions::VersionsDialog { tag, on_close }.part(),
    }
}

/// The dialog of a step that mends a failure.
pub fn of_offer(offer: Offer, on_close: Callback<()>) -> Html {
    match offer {
        Offer::HostKubeconfig => host_kubeconfig::HostKubeconfigDialog { on_close }.part(),
        Offer::ChooseContext => context::ContextDialog { on_close }.part(),
        Offer::Login => login::LoginDialog { on_close }.part(),
        Offer::ChooseRegistry => registry::RegistryDialog { by_hand: false, on_close }.part(),
        Offer::SetRegistry => registry::RegistryDialog { by_hand: true, on_close }.part(),
        Offer::Account => account::AccountDialog { on_close }.part(),
        Offer::AddRegistry => installation::InstallationDialog { on_close }.part(),
        Offer::Routes | Offer::Unknown => html! {},
    }
}
