// SPDX-License-Identifier: LGPL-2.1-or-later

//! Fills the catalog from OpenShift's image API and keeps it up to date.
//!
//! ```text
//! list streams -> tags and history at once -> what their images contain -> configs
//! watch streams -> changed tags at once    -> (only if other images came)
//! ```
//!
//! The streams of the whole cluster if that is allowed, else those of each project that the user
//! may see.

pub mod facts;
mod image_ids;
mod queue;
mod streams;
mod versions;

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use images_catalog::ImageFacts;
use images_proto::status::Phase;
use images_proto::{Failure, RepositoryName};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use self::image_ids::ImageIds;
use self::queue::Queue;
use self::versions::Versions;
use super::{Backoff, Connection, configs};
use crate::cluster::{Cluster, Error};
use crate::session::state::{Part, State};

/// Streams whose images are asked for at once. More gains little on one API server.
const CONCURRENCY: usize = 16;
/// Streams between two writes to the catalog, at most.
const BATCH: usize = 64;
/// How often the images of a stream are asked for before they are given up until it changes.
const ATTEMPTS: u32 = 4;

/// A cluster with image streams.
pub struct Openshift {
    cluster: Cluster,
    /// Streams whose images must be read.
    queue: Queue,
    image_ids: ImageIds,
    versions: Versions,
    /// The streams that are meant by their bare name in their own project.
    local: Mutex<HashSet<RepositoryName>>,
}

/// The answer to a request for the images of a stream, and the how manieth request it was.
type Answer = (RepositoryName, u32, Result<Vec<ImageFacts>, Error>);

impl Openshift {
    /// The source that reads this cluster.
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            queue: Queue::default(),
            image_ids: ImageIds::default(),
            versions: Versions::default(),
            local: Mutex::default(),
        }
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The streams that are meant by their bare name in their own project.
    pub(super) fn local(&self) -> MutexGuard<'_, HashSet<RepositoryName>> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the catalog holds whole for known: only what the list says to have other images is
    /// read again.
    pub(super) fn trust(&self, state: &State) {
        for (name, images) in state.catalog().known_repositories() {
            self.queue.know(name, images);
        }
    }

    /// Lists, then follows what changes and reads what is behind it.
    ///
    /// # Errors
    /// When the streams cannot be listed, or may not be watched any more.
    pub(super) async fn run(
        &self,
        state: &State,
        connection: &Connection,
    ) -> Result<Infallible, Failure> {
        state.set_settled(false);
        state.set_progress("Listing image streams", 0, None);
        self.queue.restart();
        // What the first page names is read while the next one is made.
        let following = async {
            let scopes = self.list(state).await?;
            connection.show(state);
            self.queue.complete();
            Err(self.follow(state, scopes).await)
        };
        tokio::select! {
            failure = following => failure,
            never = self.read_layers(state) => match never {},
            never = self.read_configs(state, connection) => match never {},
        }
    }

    /// Reads some streams again, with their images.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(super) async fn reread(
        &self,
        state: &State,
        repositories: &[RepositoryName],
    ) -> Result<(), Failure> {
        let reading: Vec<_> =
            repositories.iter().map(|repository| self.reread_one(state, repository)).collect();
        let mut reading = stream::iter(reading).buffer_unordered(CONCURRENCY);
        while let Some(result) = reading.next().await {
            result?;
        }
        Ok(())
    }

    async fn reread_one(&self, state: &State, repository: &RepositoryName) -> Result<(), Failure> {
        let tried = || format!("read the image stream {repository} again");
        match self.cluster.image_stream(repository).await {
            // The watch may have told something newer while the answer was on its way.
            Ok(stream) if self.versions.is_old(repository, &stream.metadata) => {}
            Ok(stream) => self.apply(state, vec![stream]),
            Err(error) if error.is_not_found() => self.remove(state, repository),
            Err(error) => return Err(error.failure(tried())),
        }
        // Now, not when its turn comes: what follows shows what was done.
        if self.queue.take(repository) {
            let layers = self.cluster.layers(repository).await;
            match layers {
                Ok(layers) => self.put(state, vec![(repository.clone(), facts::images(layers))]),
                Err(error) => {
                    self.queue.forget(repository);
                    return Err(error.failure(tried()));
                }
            }
        }
        Ok(())
    }

    /// Reads what is in the queue, for ever.
    async fn read_layers(&self, state: &State) -> Infallible {
        let mut running = JoinSet::new();
        let mut read = Vec::new();
        let mut given_up: BTreeMap<RepositoryName, Failure> = BTreeMap::new();
        let mut first_time = true;
        loop {
            while running.len() < CONCURRENCY
                && let Some(repository) = self.queue.next()
            {
                running.spawn(ask(self.cluster.clone(), repository, 1));
            }
            // While the cluster makes the next answers.
            self.put(state, std::mem::take(&mut read));
            if running.is_empty() && !self.queue.is_complete() {
                self.queue.offered().await;
                continue;
            }
            if running.is_empty() {
                state.set_problem(Part::Repositories, some_given_up(&given_up));
                state.set_phase(Phase::Ready);
                first_time = false;
                self.queue.rest();
                self.queue.offered().await;
                continue;
            }
            if first_time && self.queue.is_complete() {
                let (done, total) = self.queue.progress();
                state.set_progress("Reading images", done, Some(total));
            }
            let mut answers = vec![joined(running.join_next().await)];
            // Those that came in the same moment are written together.
            while answers.len() < BATCH
                && let Some(answer) = running.try_join_next()
            {
                answers.push(joined(Some(answer)));
            }
            for (repository, attempt, result) in answers.into_iter().flatten() {
                match result {
                    Ok(images) => {
                        self.queue.finish(&repository);
                        given_up.remove(&repository);
                        read.push((repository, images));
                    }
                    // It was deleted meanwhile.
                    Err(error) if error.is_not_found() => {
                        self.queue.forget(&repository);
                        given_up.remove(&repository);
                    }
                    Err(error) if error.is_forbidden() || attempt == ATTEMPTS => {
                        let tried = format_args!("read the images of {repository}").to_string();
                        self.queue.forget(&repository);
                        given_up.insert(repository, error.failure(tried));
                    }
                    Err(_) => {
                        running.spawn(ask(self.cluster.clone(), repository, attempt + 1));
                    }
                }
            }
        }
    }

    fn put(&self, state: &State, mut read: Vec<(RepositoryName, Vec<ImageFacts>)>) {
        if read.is_empty() {
            return;
        }
        {
            let catalog = state.catalog();
            for (name, images) in &mut read {
                self.image_ids.complete(name, images, &catalog);
            }
        }
        state.update(|catalog| {
            for (name, images) in read {
                catalog.put_images(&name, images);
            }
        });
    }

    /// Reads the configs each time that all images were read, and what failed again later.
    async fn read_configs(&self, state: &State, connection: &Connection) -> Infallible {
        let mut backoff = Backoff::default();
        let mut failed = false;
        loop {
            self.queue.idle(true).await;
            // Where there is nothing to read, nothing says yet where the registry is.
            let unread = !state.catalog().unread_configs(1).is_empty();
            // A registry that is lost comes back by itself.
            let lost = connection.is_registry_lost();
            let failure = match unread || lost || failed || self.image_ids.is_wanting() {
                true => self.read_from_registry(state, connection).await.err(),
                false => None,
            };
            if !self.queue.is_idle() {
                continue;
            }
            failed = failure.is_some();
            // A registry that no route leads to is shown as that, not as a problem of its own.
            let shown = failure.filter(|_| connection.is_registry_known());
            state.set_problem(Part::Configs, shown);
            state.set_settled(true);
            let delay = async {
                if failed {
                    sleep(backoff.next_delay()).await;
                } else {
                    pending::<()>().await;
                }
            };
            tokio::select! {
                () = self.queue.idle(false) => {
                    backoff.reset();
                    state.set_settled(false);
                }
                () = delay => connection.forget_failed_routes(),
                () = connection.lost_the_registry(), if !failed => {}
            }
        }
    }

    /// Reads configs, and before that which ones there are.
    async fn read_from_registry(
        &self,
        state: &State,
        connection: &Connection,
    ) -> Result<(), Failure> {
        let registry = connection.registry(state).await?.in_background();
        if self.image_ids.is_wanting() {
            let repositories = self.image_ids.read(&registry).await?;
            // Their configs are read when their images were put again.
            self.queue.again(repositories);
            self.queue.idle(true).await;
        }
        configs::read(state, &registry).await
    }
}

/// What a task returned, if there was one. Nobody ends one before its time; a fault of ours is passed
/// on.
fn joined<T>(ended: Option<Result<T, JoinError>>) -> Option<T> {
    match ended?.map_err(JoinError::try_into_panic) {
        Ok(result) => Some(result),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// Asks for the images of a stream, later if that failed before. In a task of its own, so that answers
/// are understood on all cores.
async fn ask(cluster: Cluster, repository: RepositoryName, attempt: u32) -> Answer {
    if attempt > 1 {
        sleep(Duration::from_millis(250) * (1 << attempt)).await;
    }
    let layers = cluster.layers(&repository).await;
    (repository, attempt, layers.map(facts::images))
}

fn some_given_up(given_up: &BTreeMap<RepositoryName, Failure>) -> Option<Failure> {
    let mut failure = given_up.values().next()?.clone();
    if given_up.len() > 1 {
        let more = format!(" {} other image streams have trouble too.", given_up.len() - 1);
        failure.message.push_str(&more);
    }
    Some(failure)
}
