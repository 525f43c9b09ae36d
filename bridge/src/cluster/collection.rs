// SPDX-License-Identifier: LGPL-2.1-or-later

//! A collection of objects that is listed and then watched: where it is, which of its objects are
//! wanted, and how much of each.

use serde::de::DeserializeOwned;

use super::list::page_query;
use super::{Cluster, Error, Form, List, Watch};
use crate::uri::escaped;

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    path: String,
    /// What the query has besides.
    more: String,
    is_metadata: bool,
}

impl Collection {
    /// All objects at this path, whole.
    pub fn whole(path: impl Into<String>) -> Self {
        Self { path: path.into(), more: String::new(), is_metadata: false }
    }

    /// The metadata of the objects at this path.
    pub fn metadata(path: impl Into<String>) -> Self {
        Self { is_metadata: true, ..Self::whole(path) }
    }

    /// Those alone that a label selector finds.
    #[must_use]
    pub fn selecting(self, labels: &str) -> Self {
        Self { more: format!("&labelSelector={}", escaped(labels)), ..self }
    }
}

impl Cluster {
    /// A page: the first, or the one that `token` leads to.
    ///
    /// # Errors
    /// When it cannot be read; [`Error::is_expired`] when the token is too old.
    pub async fn page<T: DeserializeOwned>(
        &self,
        of: &Collection,
        token: Option<&str>,
    ) -> Result<List<T>, Error> {
        let query = page_query(&of.path, &of.more, token);
        if of.is_metadata { self.get_metadata(&query).await } else { self.get(&query).await }
    }

    /// Starts to watch for what changes after `version`.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub async fn follow<T>(&self, what: &Collection, version: &str) -> Result<Watch<T>, Error> {
        let form = if what.is_metadata { Form::METADATA } else { Form::JSON };
        self.watch_as(&what.path, &what.more, form, version).await
    }
}
