// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the cluster's workloads name and run, read now and kept for a moment: a plan is followed by
//! another plan, and a page that shows one image shows its neighbour next.
//!
//! Each kind is listed for the whole cluster if that is allowed, else for each project that the user
//! may see. Where the session speaks to the registry as the service account, that one is asked for
//! the rest: what it sees there is only counted.

mod places;
mod unread;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use images_catalog::usage::{self as seen, Places, Workloads};
use images_proto::Failure;
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::unread::Unread;
use super::{Connection, Source};
use crate::cluster::Cluster;
use crate::cluster::usage::{Asks, Kind, Listed, Owner, Use, Workload};
use crate::session::state::State;

/// How long what was read is good enough.
const FRESH: Duration = Duration::from_secs(10);
/// Lists of a whole cluster at once: each page of one is megabytes.
const LISTS: usize = 3;
/// Lists of a single project at once.
const PROJECTS: usize = 8;
/// The projects that are looked at one by one.
const MOST_PROJECTS: usize = 500;

/// What was read last, and when.
#[derive(Default)]
pub struct Cache(Mutex<Option<(Instant, Arc<Survey>)>>);

/// What the workloads of a cluster name and run.
#[derive(Debug, Default)]
pub struct Survey {
    /// The workloads; hidden are those that the user may not see.
    pub workloads: Workloads,
    /// The names of the registry in their pull specs.
    pub places: Places,
    /// Nothing is hidden that is not counted.
    pub is_whole: bool,
    /// What could not be looked at.
    pub unread: Vec<Failure>,
}

impl Connection {
    /// What the workloads of the cluster name and run, as of a moment ago at most. Those who ask
    /// while it is read wait for it.
    pub async fn workloads(&self, state: &State) -> Arc<Survey> {
        let mut kept = self.workloads.0.lock().await;
        if let Some((when, survey)) = &*kept
            && when.elapsed() < FRESH
        {
            return survey.clone();
        }
        // The old one first: two of them need not be in memory.
        *kept = None;
        let survey = Arc::new(Box::pin(survey(self, state)).await);
        *kept = Some((Instant::now(), survey.clone()));
        survey
    }
}

async fn survey(connection: &Connection, state: &State) -> Survey {
    let Some(cluster) = connection.cluster() else {
        return Survey { unread: vec![unread::no_cluster()], ..Survey::default() };
    };
    let (places, mut reading) =
        tokio::join!(places::find(connection, cluster, state), Reading::of_the_whole(cluster),);
    if !reading.refused.is_empty() {
        reading.by_project(connection, cluster).await;
        if connection.uses_account() {
            reading.of_the_account(cluster).await;
        }
    }
    let is_whole = reading.refused.is_empty() && reading.unread.is_empty();
    Survey {
        workloads: Workloads::new(reading.all),
        places,
        is_whole,
        unread: reading.unread.told(),
    }
}

/// A survey that is under way.
#[derive(Default)]
struct Reading {
    all: Vec<seen::Workload>,
    /// Kinds that the user may not list in the whole cluster.
    refused: Vec<Kind>,
    /// Where such kinds were listed all the same.
    listed: HashSet<(Kind, String)>,
    unread: Unread,
}

impl Reading {
    /// Lists each kind for the whole cluster.
    async fn of_the_whole(cluster: &Cluster) -> Self {
        let mut reading = Self::default();
        let kinds = cluster.workload_kinds().await;
        let mut lists = stream::iter(kinds)
            .map(|kind| async move { (kind, cluster.workloads(kind, None).await) })
            .buffer_unordered(LISTS);
        while let Some((kind, list)) = lists.next().await {
            match list {
                Ok(list) => reading.put(kind, list, |_| Some(false)),
                Err(error) if error.is_forbidden() => reading.refused.push(kind),
                Err(error) => reading.unread.failed(kind, None, error),
            }
        }
        drop(lists);
        reading
    }

    /// Lists the kinds that are left in each project that the user may see.
    async fn by_project(&mut self, connection: &Connection, cluster: &Cluster) {
        let mut projects = match &connection.source {
            Source::Openshift(_) => cluster.projects().await,
            Source::Distribution(_) => cluster.namespaces().await,
        }
        .unwrap_or_else(|error| {
            self.unread.no_projects(&error);
            vec![cluster.kube().default_namespace().to_owned()]
        });
        if projects.len() > MOST_PROJECTS {
            self.unread.more_projects(projects.len() - MOST_PROJECTS);
            projects.truncate(MOST_PROJECTS);
        }
        let kinds = &self.refused;
        let each: Vec<_> = projects
            .iter()
            .flat_map(|project| kinds.iter().map(move |kind| (*kind, project.clone())))
            .collect();
        let mut lists = stream::iter(each)
            .map(|(kind, project)| async move {
                let list = cluster.workloads(kind, Some(&project)).await;
                (kind, project, list)
            })
            .buffer_unordered(PROJECTS);
        let mut done = Vec::new();
        while let Some(list) = lists.next().await {
            done.push(list);
        }
        drop(lists);
        for (kind, project, list) in done {
            match list {
                Ok(list) => {
                    self.put(kind, list, |_| Some(false));
                    self.listed.insert((kind, project));
                }
                Err(error) if error.is_forbidden() => self.unread.refused(kind, project),
                Err(error) => self.unread.failed(kind, Some(&project), error),
            }
        }
    }

    /// Lists what is left as the service account.
    async fn of_the_account(&mut self, cluster: &Cluster) {
        // Without it nobody counts, which is told.
        let Ok(token) = cluster.account_token().await else { return };
        let Ok(account) = cluster.as_account(token) else { return };
        self.as_account(&account).await;
    }

    /// Lists what is left as somebody who may see more than the user: to be counted.
    async fn as_account(&mut self, account: &Cluster) {
        let mut lists = stream::iter(std::mem::take(&mut self.refused))
            .map(|kind| async move { (kind, account.workloads(kind, None).await) })
            .buffer_unordered(LISTS);
        while let Some((kind, list)) = lists.next().await {
            match list {
                Ok(list) => {
                    let listed = std::mem::take(&mut self.listed);
                    self.put(kind, list, |project| {
                        let is_known = listed.contains(&(kind, project.to_owned()));
                        (!is_known).then_some(true)
                    });
                    self.listed = listed;
                    self.unread.counted(kind);
                }
                Err(_) => self.refused.push(kind),
            }
        }
    }

    /// Takes a list; `hidden` says for each project whether what is there is hidden, `None` to leave
    /// it out.
    fn put(&mut self, kind: Kind, list: Listed, hidden: impl Fn(&str) -> Option<bool>) {
        if list.cut {
            self.unread.too_many(kind);
        }
        let workloads = list.workloads.into_iter();
        self.all.extend(workloads.filter_map(|workload| {
            let hidden = hidden(&workload.project)?;
            Some(taken(workload, hidden))
        }));
    }
}

fn taken(workload: Workload, hidden: bool) -> seen::Workload {
    let Workload { kind, project, name, uid, owner, uses } = workload;
    seen::Workload {
        kind: kind.name().into(),
        project,
        name: name.into(),
        uid: uid.map(Into::into),
        owner: owner.map(|Owner { kind, name, uid }| seen::Owner {
            kind,
            name: name.into(),
            uid: uid.map(Into::into),
        }),
        uses: uses.into_iter().map(used).collect(),
        hidden,
    }
}

fn used(Use { container, asks, image_id, how }: Use) -> seen::Use {
    let asks = match asks {
        Asks::Image(text) => seen::Asks::Image(text),
        Asks::Tag { text, tag } => seen::Asks::Tag { text, tag },
    };
    let runs = image_id.and_then(|id| seen::running(&id));
    seen::Use { container, asks, runs, how }
}

#[cfg(test)]
mod tests;
