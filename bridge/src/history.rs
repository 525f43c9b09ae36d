// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of what was changed. The records are files, so they are read beside the view; it
//! looks again when this or another session begins or ends a change.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_proto::history::{Change, Params, View};
use images_proto::window;
use tokio::sync::watch;

use crate::action::{self, Closing};
use crate::live::Live;
use crate::record::{Entry, Records, Watch};
use crate::session::{Session, Way};

/// The view.
pub struct HistoryView {
    session: Arc<Session>,
    params: Params,
    known: Known,
    /// Reading them again.
    reading: Option<BoxFuture<'static, Known>>,
    is_read: bool,
    /// Ticks when this process begins or ends a change.
    changes: watch::Receiver<u64>,
    /// Notices what other processes do; absent where that cannot be.
    watch: Option<Watch>,
    way: Way,
}

/// What was read.
#[derive(Default)]
struct Known {
    entries: Vec<Entry>,
    /// The key of the registry that is connected, and what closes windows there.
    here: Option<(String, Closing)>,
}

impl HistoryView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: Params) -> Self {
        let records = session.records();
        let (changes, watch, way) = (records.changes(), records.watch(), session.way());
        let reading = Some(Self::read(&session));
        let known = Known::default();
        Self { session, params, known, reading, is_read: false, changes, watch, way }
    }

    fn read(session: &Arc<Session>) -> BoxFuture<'static, Known> {
        let session = session.clone();
        async move {
            let records = session.records().clone();
            let entries = tokio::task::spawn_blocking(move || records.entries()).await;
            let here = match session.place() {
                Some((connection, place)) => Some((place.key, Closing::of(&connection).await)),
                None => None,
            };
            Known { entries: entries.unwrap_or_default(), here }
        }
        .boxed()
    }

    fn records(&self) -> &Records {
        self.session.records()
    }

    fn change(&self, entry: &Entry, collections: &action::Collections) -> Change {
        let here = self.known.here.as_ref().map(|(key, closing)| (&**key, closing));
        let undo = action::window_of(entry, here, collections);
        Change { undo, ..entry.change.clone() }
    }
}

impl Live for HistoryView {
    type Params = Params;
    type Answer = View;

    fn set_params(&mut self, params: Params) {
        self.params = params;
    }

    fn render(&mut self) -> View {
        // What can be taken back there is another question.
        let way = self.session.way();
        if way != self.way {
            self.way = way;
            self.reading = Some(Self::read(&self.session));
        }
        let entries = &self.known.entries;
        let collections = action::collections(entries);
        let window = window::places(self.params.offset, self.params.limit, entries.len());
        let offset = window.start as u32;
        View {
            changes: entries[window].iter().map(|entry| self.change(entry, &collections)).collect(),
            offset,
            total: entries.len() as u32,
            folder: self.records().folder(),
            reading: !self.is_read,
        }
    }

    fn is_working(&self) -> bool {
        !self.is_read
    }

    async fn work(&mut self) {
        if let Some(reading) = &mut self.reading {
            self.known = reading.await;
            self.is_read = true;
            self.reading = None;
            return;
        }
        let Self { watch, changes, .. } = self;
        let elsewhere = async {
            match watch {
                Some(watch) => watch.changed().await,
                None => pending().await,
            }
        };
        tokio::select! {
            Ok(()) = changes.changed() => {}
            () = elsewhere => {}
        }
        self.reading = Some(Self::read(&self.session));
    }
}
