// SPDX-License-Identifier: LGPL-2.1-or-later

//! What was changed, going on with it, and taking it back.

use std::sync::Arc;

use images_proto::history::{Record, Undone, Which};
use images_proto::{Failure, Progress, delete};

use super::Session;
use crate::action;
use crate::record::{Place, Records};
use crate::source::Connection;

impl Session {
    /// The records of all changes.
    pub(crate) fn records(&self) -> &Arc<Records> {
        &self.settings.records
    }

    /// The connection of now, if there is one, and where it leads.
    pub(crate) fn place(&self) -> Option<(Arc<Connection>, Place)> {
        let connection = self.connection.borrow().clone()?;
        let place = Place::of(&connection, &self.state);
        Some((connection, place))
    }

    /// A change with all that is known of it.
    ///
    /// # Errors
    /// When there is no such change, or its record cannot be read.
    pub async fn record(&self, which: Which) -> Result<Record, Failure> {
        let (entry, mut record) = self.settings.records.record(&which.id)?;
        let collections = action::collections(&self.settings.records.entries());
        let here = match self.place() {
            Some((connection, place)) => Some((place.key, action::Closing::of(&connection).await)),
            None => None,
        };
        let here = here.as_ref().map(|(key, closing)| (&**key, closing));
        record.change.undo = action::window_of(&entry, here, &collections);
        if let Some(receipt) = &mut record.receipt {
            receipt.undo = record.change.undo.clone();
        }
        Ok(record)
    }

    /// Goes on with a deletion that was broken off.
    ///
    /// # Errors
    /// When there is no such deletion, or nothing was tried.
    pub async fn resume(
        &self,
        which: Which,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<delete::Receipt, Failure> {
        let connection = self.connection().await?;
        let place = Place::of(&connection, &self.state);
        let unfinished = self.settings.records.unfinished_by_id(&place, &which.id)?;
        action::resume(self.workplace(&connection), unfinished, progress).await
    }

    /// Takes a deletion back.
    ///
    /// # Errors
    /// When nothing was tried; what became of each tag is in the answer.
    pub async fn undo(
        &self,
        which: Which,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Undone, Failure> {
        let connection = self.connection().await?;
        let records = &self.settings.records;
        let undone = action::undo(&connection, &self.state, records, which, progress).await;
        connection.check_the_registry();
        undone
    }
}
