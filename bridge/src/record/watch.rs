// SPDX-License-Identifier: LGPL-2.1-or-later

//! Notices what other processes write into the folder of the records. The kernel tells; nothing
//! polls.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use inotify::{EventStream, Inotify, WatchMask};
use tokio::time::timeout;

use super::folder;

/// What comes within this time is noticed together.
const TOGETHER: Duration = Duration::from_millis(100);

/// The folder, being watched.
pub(crate) struct Watch {
    events: EventStream<[u8; 4096]>,
}

impl Watch {
    /// Watches a folder, which is made if it is not there.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        folder::create(folder)?;
        let inotify = Inotify::init()?;
        // A session that ends, however it does, closes what it was writing.
        let mask = WatchMask::CLOSE_WRITE | WatchMask::MOVED_TO | WatchMask::DELETE;
        inotify.watches().add(folder, mask)?;
        Ok(Self { events: inotify.into_event_stream([0; 4096])? })
    }

    /// Returns when something changed. May be dropped and called again.
    pub(crate) async fn changed(&mut self) {
        if self.events.next().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(_)) = timeout(TOGETHER, self.events.next()).await {}
    }
}
