// SPDX-License-Identifier: LGPL-2.1-or-later

//! What every page knows of the session.

use std::rc::Rc;

use images_proto::delete::Target;
use images_proto::stage::Move;
use images_proto::status::{self, Source};
use images_proto::{Offer, TagRef, garbage};
use yew::Callback;

/// The last answer of the `status` view, as a Yew context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// `None` before the first answer.
    pub status: Option<Rc<status::View>>,
    /// Takes a step that mends a failure: opens its dialog.
    pub offer: Callback<Offer>,
    /// Opens the dialog that deletes. It belongs to no page, so that going elsewhere breaks nothing
    /// off.
    pub delete: Callback<Deletion>,
    /// Opens the dialog that takes a deletion back, by the name of its record in the history.
    pub undo: Callback<String>,
    /// Opens the dialog of other work that goes on while the user goes elsewhere.
    pub work: Callback<Work>,
}

/// Work that a dialog of the application does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Taking back the deletion of this record.
    Undo(String),
    /// Going on with the deletion of this record.
    GoOn(String),
    /// Collecting a plain registry's garbage.
    Collect(Rc<Collection>),
    /// Moving images to other tags.
    Promote {
        /// The moves.
        moves: Rc<Vec<Move>>,
        /// The tag goes back to what it named before.
        back: bool,
    },
    /// Choosing what a tag is to name again.
    Versions(TagRef),
}

/// What is known of a collection of garbage before it is begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Manifests without a tag go too.
    pub untagged: bool,
    /// What it would free.
    pub look: Rc<garbage::View>,
    /// Hears that it is over.
    pub done: Callback<()>,
}

/// What somebody wants deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// The targets.
    pub targets: Rc<Vec<Target>>,
    /// Hears that things may have been deleted.
    pub changed: Callback<()>,
    /// Hears what is gone.
    pub gone: Callback<Vec<Target>>,
}

impl Session {
    /// Who keeps the list of repositories.
    pub fn source(&self) -> Option<Source> {
        Some(self.status.as_ref()?.registry.as_ref()?.source)
    }

    /// Whether the registry says when a tag was pushed. A plain one does not, so that the time of
    /// the build stands in its place.
    pub fn knows_pushes(&self) -> bool {
        self.source() != Some(Source::Distribution)
    }

    /// The kubeconfig in use.
    pub fn kubeconfig(&self) -> Option<&status::Kubeconfig> {
        self.status.as_ref()?.kubeconfig.as_ref()
    }
}
