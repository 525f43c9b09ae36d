// SPDX-License-Identifier: LGPL-2.1-or-later

//! What every page knows of the session.

use std::rc::Rc;

use images_proto::status::{self, Source};

/// The last answer of the `status` view, as a Yew context.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    /// `None` before the first answer.
    pub status: Option<Rc<status::View>>,
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
}
