// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, else namespaces.

use std::convert::Infallible;

use images_roster::Scope;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Reader;
use super::follow::{Part, refreshed};
use crate::cluster::project::{NAMESPACES, PROJECTS, Project};
use crate::cluster::{Collection, Error};
use crate::source::Backoff;

impl Reader {
    /// Lists and follows until it is dropped. `seen` learns, after the first list or when there is
    /// none, whether they are OpenShift's.
    pub(super) async fn follow_projects(&self, seen: &watch::Sender<Option<bool>>) -> Infallible {
        let part = Part::new(Collection::whole(PROJECTS), Scope::Cluster);
        let mut backoff = Backoff::default();
        let mut refreshes = self.writer.state().refreshes();
        let mut is_read = false;
        loop {
            refreshes.borrow_and_update();
            match self.follow_them(&part, seen, &mut backoff).await {
                Ok(true) => is_read = true,
                // Nobody tells what changes: our own changes do.
                Ok(false) => {
                    is_read = true;
                    refreshed(&mut refreshes).await;
                }
                Err(error) if error.is_no_path() => break,
                Err(error) => {
                    seen.send_replace(Some(true));
                    self.stumble::<Project>(&part, &error, is_read);
                    tokio::select! {
                        () = sleep(backoff.next_delay()) => {}
                        () = refreshed(&mut refreshes) => {}
                    }
                }
            }
        }
        self.writer.update(|roster| roster.set_about(None, false));
        self.writer.know();
        let namespaces = Part::new(Collection::whole(NAMESPACES), Scope::Cluster);
        let tell = |_| {
            seen.send_replace(Some(false));
        };
        self.follow::<Project>(&namespaces, tell).await
    }

    /// Lists OpenShift's projects and follows them until the watch ends; `false` where they cannot
    /// be watched.
    async fn follow_them(
        &self,
        part: &Part,
        seen: &watch::Sender<Option<bool>>,
        backoff: &mut Backoff,
    ) -> Result<bool, Error> {
        // The list says no version to watch from. So the watch begins before the list: what
        // changes meanwhile is told by both.
        let watch = self.cluster.follow::<Project>(&Collection::whole(PROJECTS), "0").await;
        self.list::<Project>(part).await?;
        self.writer.update(|roster| roster.set_about(None, true));
        self.writer.know();
        seen.send_replace(Some(true));
        let watch = match watch {
            Ok(watch) => watch,
            Err(error) if error.is_forbidden() || error.is_unsupported() => return Ok(false),
            Err(error) => return Err(error),
        };
        self.drain(part, watch, &mut String::new(), backoff).await?;
        sleep(backoff.next_delay()).await;
        Ok(true)
    }
}
