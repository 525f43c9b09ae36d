// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, else namespaces.

use std::collections::HashSet;
use std::convert::Infallible;

use futures_util::{StreamExt, stream};
use images_proto::{Code, Failure};
use images_roster::facts::{self, Fact, Kind};
use images_roster::{Coverage, Scope};
use tokio::sync::watch;
use tokio::time::sleep;

use super::Reader;
use super::follow::{Part, Read, refreshed};
use crate::cluster::access::Permission;
use crate::cluster::project::{NAMESPACES, PROJECTS, Project};
use crate::cluster::project_object::Projects;
use crate::cluster::{Collection, Error};
use crate::source::Backoff;

/// Namespaces that are looked for at once.
const CONCURRENCY: usize = 8;
/// Where those that the kubeconfig names count as being read.
const NAMED: Scope = Scope::Everywhere;

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
        // Until one of the two is read, projects may be missing.
        self.writer.begin([(Kind::Project, NAMED)]);
        let (refused, is_refused) = watch::channel(false);
        let tell = |is_refused: bool| {
            seen.send_replace(Some(false));
            if !is_refused {
                self.writer.end(Kind::Project, &NAMED);
            }
            refused.send_replace(is_refused);
        };
        tokio::select! {
            never = self.follow::<Project>(&namespaces, tell) => never,
            never = self.look_for_named(is_refused) => never,
        }
    }

    /// While the user may not list namespaces: looks for those that the kubeconfig names, again at
    /// each refresh.
    async fn look_for_named(&self, mut refused: watch::Receiver<bool>) -> Infallible {
        let mut refreshes = self.writer.state().refreshes();
        loop {
            refreshes.borrow_and_update();
            let is_refused = *refused.borrow_and_update();
            if is_refused {
                let named = self.cluster.written_down().iter();
                let looking: Vec<_> = named.map(|name| self.look_into(name)).collect();
                let found: Vec<_> = stream::iter(looking).buffered(CONCURRENCY).collect().await;
                let found: Vec<_> = found.into_iter().flatten().collect();
                self.writer.update(|roster| {
                    let seen: HashSet<_> = found.iter().map(Fact::key).collect();
                    if !found.is_empty() {
                        let coverage = Coverage::Refused(only_named());
                        roster.set_coverage(Kind::Project, Scope::Cluster, coverage);
                    }
                    roster.keep_only(Kind::Project, &Scope::Cluster, &seen);
                    for fact in found {
                        roster.put(fact);
                    }
                });
                self.writer.end(Kind::Project, &NAMED);
            }
            tokio::select! {
                Ok(()) = refused.changed() => {}
                () = refreshed(&mut refreshes) => {}
            }
        }
    }

    /// A namespace that the user may look at, or into.
    async fn look_into(&self, name: &str) -> Option<Fact> {
        match self.cluster.get::<Project>(&Projects::Plain.path(name)).await {
            Ok(namespace) => return namespace.fact(),
            Err(error) if error.is_forbidden() => {}
            Err(_) => return None,
        }
        let to_list = |group, resource| {
            let (subresource, namespace) = (None, Some(name));
            Permission { verb: "list", group, resource, subresource, namespace, name: None }
        };
        let signs =
            [to_list("", "serviceaccounts"), to_list("rbac.authorization.k8s.io", "rolebindings")];
        for sign in signs {
            if matches!(self.cluster.may(sign).await, Ok(true)) {
                let name = name.to_owned();
                return Some(Fact::Project(facts::Project { name, ..facts::Project::default() }));
            }
        }
        None
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

fn only_named() -> Failure {
    let message = "You may not list the namespaces: those are shown that your kubeconfig names and that you may look into.";
    Failure::new(Code::Forbidden, message).with_fix(
        "Ask an administrator for the right to list namespaces, or name more of them in contexts of your kubeconfig.",
    )
}
