// SPDX-License-Identifier: LGPL-2.1-or-later

//! Lists the image streams, page by page, and follows what changes.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, stream};
use images_proto::{Code, Failure, Offer, RepositoryName};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep};

use super::{BATCH, Openshift, facts, joined};
use crate::cluster::image_stream::{ImageStream, list_path};
use crate::cluster::{Cluster, Error, Event, List, Watch};
use crate::session::state::{Part, State};
use crate::shell;
use crate::source::Backoff;

/// Projects listed at once.
const PROJECTS: usize = 8;

/// How often a list is begun anew because its continue token was too old. A server that is always
/// too slow for its own tokens is out of order.
const RESTARTS: u32 = 3;

/// A watch that ends sooner is a fault, even if it ends in good order.
const SHORT: Duration = Duration::from_secs(5);

/// What is listed and watched as one: a project, or the whole cluster.
pub(super) struct Scope {
    project: Option<String>,
    /// The version of the list, from which it is watched.
    version: String,
}

/// A list that was read to its end.
struct Listed {
    scope: Scope,
    repositories: Vec<RepositoryName>,
}

impl Openshift {
    /// Lists all streams that the user may see, and forgets those that are gone.
    pub(super) async fn list(&self, state: &State) -> Result<Vec<Scope>, Failure> {
        let tried = "list the image streams";
        let listed = match self.list_scope(state, None).await {
            Ok(listed) => vec![listed],
            Err(error) if error.is_forbidden() => self.list_projects(state).await?,
            Err(error) => return Err(error.failure(tried)),
        };
        let mut seen = HashSet::new();
        let mut scopes = Vec::with_capacity(listed.len());
        for Listed { scope, repositories } in listed {
            seen.extend(repositories);
            scopes.push(scope);
        }
        state.update(|catalog| {
            catalog.retain_repositories(|name| seen.contains(name));
            catalog.set_listed(true);
        });
        Ok(scopes)
    }

    /// Project by project, for a user who may not list them all.
    async fn list_projects(&self, state: &State) -> Result<Vec<Listed>, Failure> {
        let projects = self.cluster.projects().await;
        let projects = projects.map_err(|error| error.failure("list the projects"))?;
        let mut listing = stream::iter(projects)
            .map(|project| self.list_scope(state, Some(project)))
            .buffer_unordered(PROJECTS);
        let (mut listed, mut refused) = (Vec::new(), None);
        while let Some(result) = listing.next().await {
            match result {
                Ok(one) => listed.push(one),
                // Seeing a project does not mean that its image streams may be seen.
                Err(error) if error.is_forbidden() => refused = refused.or(Some(error)),
                Err(error) => return Err(error.failure("list the image streams")),
            }
        }
        if listed.is_empty() {
            return Err(nothing_to_see(state, refused));
        }
        Ok(listed)
    }

    async fn list_scope(&self, state: &State, project: Option<String>) -> Result<Listed, Error> {
        let path = list_path(project.as_deref());
        let mut repositories = Vec::new();
        let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
        // In tasks of their own: a page is made, sent and understood while the one before it is put
        // into the catalog.
        let mut asked = JoinSet::new();
        loop {
            if asked.is_empty() {
                asked.spawn(page_of(self.cluster.clone(), path.clone(), token.clone()));
            }
            let Some(page) = joined(asked.join_next().await) else { continue };
            let page: List<ImageStream> = match page {
                // It took too long: what was listed so far may not be true any more.
                Err(error) if error.is_expired() && token.is_some() && restarts < RESTARTS => {
                    restarts += 1;
                    repositories.clear();
                    token = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next().filter(|next| token.as_deref() != Some(next)).map(str::to_owned);
            let version = page.metadata.resource_version.clone();
            let left = page.metadata.remaining_item_count;
            if next.is_some() {
                token.clone_from(&next);
                asked.spawn(page_of(self.cluster.clone(), path.clone(), next.clone()));
            }
            let mut streams = page.into_items();
            repositories.extend(streams.iter().filter_map(ImageStream::repository));
            while !streams.is_empty() {
                let rest = streams.split_off(streams.len().min(BATCH));
                self.apply(state, std::mem::replace(&mut streams, rest));
                // What was read of others meanwhile has its turn.
                yield_now().await;
            }
            let done = repositories.len() as u64;
            if project.is_none() {
                let total = next.is_some().then_some(left).flatten().map(|left| done + left);
                state.set_progress("Listing image streams", done, total);
            }
            if next.is_none() {
                let version = version.unwrap_or_default();
                return Ok(Listed { scope: Scope { project, version }, repositories });
            }
        }
    }

    /// Follows what changes in all scopes. Ends only with a failure that time does not heal.
    pub(super) async fn follow(&self, state: &State, scopes: Vec<Scope>) -> Failure {
        let mut following: FuturesUnordered<_> =
            scopes.into_iter().map(|scope| self.follow_scope(state, scope)).collect();
        match following.next().await {
            Some(Err(failure)) => failure,
            // There is at least one scope.
            Some(Ok(never)) => match never {},
            None => nothing_to_see(state, None),
        }
    }

    async fn follow_scope(&self, state: &State, mut scope: Scope) -> Result<Infallible, Failure> {
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            let Err(error) = self.watch(state, &mut scope, &mut backoff).await else {
                // Something between us and the server may end every watch at once.
                if started.elapsed() < SHORT {
                    sleep(backoff.next_delay()).await;
                }
                continue;
            };
            let failure = error.failure("follow what changes in the image streams");
            if matches!(failure.code, Code::Unauthenticated | Code::Forbidden) {
                return Err(failure);
            }
            if error.is_expired() {
                match self.list_again(state, &scope).await {
                    Ok(listed) => {
                        scope = listed;
                        continue;
                    }
                    Err(error) => {
                        let problem = error.failure("list the image streams again");
                        state.set_problem(Part::Watch, Some(problem));
                    }
                }
            } else {
                state.set_problem(Part::Watch, Some(failure));
            }
            sleep(backoff.next_delay()).await;
        }
    }

    /// Watches from the scope's version until the watch ends, and leaves there how far it came.
    async fn watch(
        &self,
        state: &State,
        scope: &mut Scope,
        backoff: &mut Backoff,
    ) -> Result<(), Error> {
        let path = list_path(scope.project.as_deref());
        let mut watch: Watch<ImageStream> = self.cluster.watch(&path, &scope.version).await?;
        state.set_problem(Part::Watch, None);
        while let Some(event) = watch.next().await? {
            match event {
                Event::Applied(stream) => self.apply(state, vec![stream]),
                Event::Deleted(stream) => {
                    if let Some(repository) = stream.repository() {
                        self.versions.see(&repository, &stream.metadata);
                        self.remove(state, &repository);
                    }
                }
                Event::Bookmark => {}
            }
            // Only what was told is over: after a broken connection the rest comes again.
            watch.version().clone_into(&mut scope.version);
            backoff.reset();
        }
        Ok(())
    }

    /// Lists a scope again whose version is too old, without emptying the catalog meanwhile.
    async fn list_again(&self, state: &State, scope: &Scope) -> Result<Scope, Error> {
        let Listed { scope, repositories } = self.list_scope(state, scope.project.clone()).await?;
        let seen: HashSet<_> = repositories.into_iter().collect();
        let project = scope.project.as_deref();
        state.update(|catalog| {
            catalog.retain_repositories(|name| {
                seen.contains(name)
                    || project.is_some_and(|project| name.project() != Some(project))
            });
        });
        Ok(scope)
    }

    /// Puts streams into the catalog, and in the queue those with other images than before.
    pub(super) fn apply(&self, state: &State, streams: Vec<ImageStream>) {
        let known: Vec<_> = streams
            .into_iter()
            .filter_map(|stream| {
                let repository = stream.repository()?;
                self.versions.see(&repository, &stream.metadata);
                if stream.spec.lookup_policy.local {
                    self.local().insert(repository.clone());
                } else {
                    self.local().remove(&repository);
                }
                let host = facts::public_host(&stream, &repository);
                Some((repository, host, facts::tags(&stream)))
            })
            .collect();
        for (repository, _, tags) in &known {
            self.queue.offer(repository, tags);
        }
        state.update(|catalog| {
            if catalog.host().is_none()
                && let Some(host) = known.iter().find_map(|(_, host, _)| host.clone())
            {
                catalog.set_host(Some(host));
            }
            for (repository, _, tags) in known {
                catalog.put_repository(&repository, Some(tags));
            }
        });
    }

    pub(super) fn remove(&self, state: &State, repository: &RepositoryName) {
        self.queue.forget(repository);
        self.local().remove(repository);
        state.update(|catalog| catalog.remove_repository(repository));
    }
}

async fn page_of(
    cluster: Cluster,
    path: String,
    token: Option<String>,
) -> Result<List<ImageStream>, Error> {
    cluster.list(&path, token.as_deref()).await
}

fn nothing_to_see(state: &State, refused: Option<Error>) -> Failure {
    let message = match refused {
        Some(_) => "You may not see the image streams of any of your projects.",
        None => "There is no project that you may see.",
    };
    let mut failure = Failure::new(Code::Forbidden, message)
        .with_fix(
            "Ask an administrator for the role registry-viewer, in a project or as here in all.",
        )
        .offering(Offer::ChooseContext);
    failure.details = refused.map(|error| crate::body::chain(&error));
    failure.command = state.view().cluster.and_then(|cluster| cluster.user).map(|user| {
        format!("oc adm policy add-cluster-role-to-user registry-viewer {}", shell::word(&user))
    });
    failure
}
