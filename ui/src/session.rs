// SPDX-License-Identifier: LGPL-2.1-or-later

//! What every page knows of the session.

use std::rc::Rc;

use images_proto::Offer;
use images_proto::delete::Target;
use images_proto::status::{self, Source};
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
