// SPDX-License-Identifier: LGPL-2.1-or-later

//! Fills the catalog from a registry's own catalog. Such a registry cannot be watched: what changed
//! is seen when somebody asks for another look, which costs one request for each tag: HEAD for a tag
//! that is known, because nearly always so is what it names, and GET for a new one, which brings the
//! manifest at once.

mod documents;
mod manifests;

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use images_catalog::{Content, ImageFacts, RevisionFacts, TagFacts};
use images_proto::repository::Origin;
use images_proto::status::Phase;
use images_proto::{Code, Digest, Failure, Offer, RepositoryName, Tag, TagRef};
use tokio::time::sleep;

pub use self::documents::Documents;
pub use self::manifests::Manifests;
use super::{Backoff, Connection, configs};
use crate::registry::{Error, Kind, Registry, Resolved, Standing};
use crate::session::state::{Part, State};

/// Repositories read at once. The registry's own bound is on requests.
const REPOSITORIES: usize = 32;
/// Tags of one repository resolved at once.
const TAGS: usize = 32;
/// Repositories between two writes to the catalog, at most.
const BATCH: usize = 64;
/// The repositories that are looked at. A catalog that never ends is cut here.
const MOST_REPOSITORIES: usize = 200_000;
/// The manifests that are followed from the tags of one repository, through indexes in indexes.
const MOST_IMAGES: usize = 100_000;

/// A registry with a catalog of its own.
pub struct Distribution {
    registry: Registry,
    /// The same, for reading everything.
    background: Registry,
    manifests: Arc<Manifests>,
}

/// What was read of one repository.
struct Reading {
    tags: Vec<TagFacts>,
    images: Vec<ImageFacts>,
    /// The first manifest that could not be read; the rest stands.
    problem: Option<Error>,
}

impl Distribution {
    /// The source that reads `registry`. Manifests once read are kept in `manifests`.
    pub fn new(registry: Registry, manifests: Arc<Manifests>) -> Self {
        Self { background: registry.in_background(), registry, manifests }
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The bytes of a manifest, if it was read.
    pub(super) fn manifest_size(&self, digest: &Digest) -> Option<u64> {
        self.manifests.size(digest)
    }

    /// Reads everything once, then waits to be dropped.
    ///
    /// # Errors
    /// When the registry cannot be spoken to (any more).
    pub(super) async fn run(
        &self,
        state: &State,
        connection: &Connection,
    ) -> Result<Infallible, Failure> {
        state.set_settled(false);
        let repositories = self.list(state).await?;
        self.read_all(state, repositories).await?;
        state.set_phase(Phase::Ready);
        let mut backoff = Backoff::default();
        while let Err(problem) = configs::read(state, &self.background).await {
            state.set_problem(Part::Configs, Some(problem));
            state.set_settled(true);
            sleep(backoff.next_delay()).await;
            // Another way may lead there by now; then everything begins anew with that.
            connection.look_again(state).await;
        }
        state.set_problem(Part::Configs, None);
        state.set_settled(true);
        // A registry that was lost while somebody looked is looked for until it is back.
        loop {
            connection.lost_the_registry().await;
            let mut backoff = Backoff::default();
            while connection.is_registry_lost() && !connection.look_again(state).await {
                sleep(backoff.next_delay()).await;
            }
        }
    }

    /// Lists all repositories, and shows each page as it comes.
    async fn list(&self, state: &State) -> Result<Vec<RepositoryName>, Failure> {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        let mut walked = HashSet::new();
        let mut last: Option<String> = None;
        loop {
            state.set_progress("Listing repositories", names.len() as u64, None);
            let page = self.background.repositories(last.as_deref()).await.map_err(cannot_list)?;
            // What breaks the rules for names cannot be asked for either.
            let new: Vec<RepositoryName> = page
                .names
                .into_iter()
                .filter_map(|name| name.parse().ok())
                .filter(|name: &RepositoryName| seen.insert(name.clone()))
                .collect();
            state.update(|catalog| {
                for name in &new {
                    if !catalog.has_repository(name) {
                        catalog.put_repository(name, None);
                    }
                }
            });
            names.extend(new);
            match page.next {
                // A registry that pages in circles comes by the same name again.
                Some(next) if names.len() < MOST_REPOSITORIES && walked.insert(next.clone()) => {
                    last = Some(next);
                }
                _ => break,
            }
        }
        state.update(|catalog| {
            catalog.retain_repositories(|name| seen.contains(name));
            catalog.set_listed(true);
        });
        Ok(names)
    }

    /// The names of repositories that the registry lists by now and the catalog does not have.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub(super) async fn find_new(&self, state: &State) -> Result<Vec<RepositoryName>, Failure> {
        let (mut walked, mut seen) = (HashSet::new(), 0);
        let mut found = Vec::new();
        let mut last: Option<String> = None;
        loop {
            let page = self.registry.repositories(last.as_deref()).await.map_err(cannot_list)?;
            seen += page.names.len();
            let names = page.names.into_iter().filter_map(|name| name.parse().ok());
            let new: Vec<RepositoryName> =
                names.filter(|name| !state.catalog().has_repository(name)).collect();
            found.extend(new);
            match page.next {
                // A registry that pages in circles comes by the same name again.
                Some(next) if seen < MOST_REPOSITORIES && walked.insert(next.clone()) => {
                    last = Some(next);
                }
                _ => return Ok(found),
            }
        }
    }

    async fn read_all(&self, state: &State, names: Vec<RepositoryName>) -> Result<(), Failure> {
        let (total, mut done) = (names.len() as u64, 0);
        let (mut failed, mut unreachable) = (Vec::new(), 0);
        let tolerated = configs::TOLERATED.min(names.len().saturating_sub(1));
        let mut reading = stream::iter(names)
            .map(|name| async move {
                let documents = Documents::default();
                let result = self.read(state, &self.background, &name, &documents).await;
                (name, result)
            })
            .buffer_unordered(REPOSITORIES)
            .ready_chunks(BATCH);
        state.set_progress("Reading repositories", done, Some(total));
        while let Some(batch) = reading.next().await {
            done += batch.len() as u64;
            let mut read = Vec::with_capacity(batch.len());
            for (name, result) in batch {
                match result {
                    Ok(reading) => read.push((name, reading)),
                    Err(error) => {
                        // One repository that hangs is its own trouble, some are the registry's.
                        unreachable += usize::from(error.is_about_the_route());
                        if unreachable > tolerated {
                            return Err(error.failure(format_args!("read the repository {name}")));
                        }
                        failed.push((name, error));
                    }
                }
            }
            failed.extend(
                read.iter_mut()
                    .filter_map(|(name, reading)| Some((name.clone(), reading.problem.take()?))),
            );
            put(state, read);
            state.set_progress("Reading repositories", done, Some(total));
        }
        state.set_problem(Part::Repositories, some_failed(&failed));
        Ok(())
    }

    /// Reads some repositories again, and gets the documents that are wanted.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(super) async fn reread(
        &self,
        state: &State,
        repositories: &[RepositoryName],
        documents: &Documents,
    ) -> Result<(), Failure> {
        let mut reading = stream::iter(repositories.to_vec())
            .map(|name| async move {
                let result = self.read(state, &self.registry, &name, documents).await;
                (name, result)
            })
            .buffer_unordered(REPOSITORIES);
        while let Some((name, result)) = reading.next().await {
            let tried = format_args!("read the repository {name} again").to_string();
            let read = result.map_err(|error| error.failure(tried))?;
            put(state, vec![(name, read)]);
        }
        Ok(())
    }

    /// Reads the tags of a repository, and what they name as far as that is not known yet.
    async fn read(
        &self,
        state: &State,
        registry: &Registry,
        name: &RepositoryName,
        documents: &Documents,
    ) -> Result<Reading, Error> {
        let tags = registry.tags(name).await?;
        let mut resolving = stream::iter(tags)
            .map(|tag| async move {
                let named = TagRef { repository: name.clone(), tag: tag.clone() };
                let is_wanted = documents.wants(&named);
                let resolved = match !is_wanted && state.catalog().tag(&named).is_some() {
                    true => registry.resolve(name, tag.as_str()).await,
                    false => self.look(registry, name, &tag, is_wanted.then_some(documents)).await,
                };
                (tag, resolved)
            })
            .buffered(TAGS);
        let (mut facts, mut wanted) = (Vec::new(), Vec::new());
        while let Some((tag, resolved)) = resolving.next().await {
            match resolved {
                Ok(Some(resolved)) => {
                    wanted.push(resolved.digest);
                    facts.push(tag_facts(tag, Some(resolved.digest), None));
                }
                // It was deleted since the list was made.
                Ok(None) => {}
                Err(error) if error.is_about_the_route() => return Err(error),
                Err(error) => {
                    let failure = error.failure(format_args!("read the tag {tag}"));
                    facts.push(tag_facts(tag, None, Some(failure.message)));
                }
            }
        }
        let (images, problem) = self.images(state, registry, name, wanted).await?;
        Ok(Reading { tags: facts, images, problem })
    }

    /// What a tag names. Its manifest is known then, if it is what its digest says, and held where
    /// documents are wanted.
    async fn look(
        &self,
        registry: &Registry,
        name: &RepositoryName,
        tag: &Tag,
        documents: Option<&Documents>,
    ) -> Result<Option<Resolved>, Error> {
        match registry.named_manifest(name, tag).await {
            Ok(Some((resolved, document))) => {
                if let Some(document) = document {
                    self.manifests.put(&resolved.digest, &document);
                    if let Some(documents) = documents {
                        documents.put(resolved.digest, document);
                    }
                }
                Ok(Some(resolved))
            }
            Ok(None) => Ok(None),
            Err(error) if error.is_about_the_route() => Err(error),
            // What cannot be read may be looked at all the same.
            Err(_) => registry.resolve(name, tag.as_str()).await,
        }
    }

    /// What these digests contain, and what is in the indexes among them.
    async fn images(
        &self,
        state: &State,
        registry: &Registry,
        name: &RepositoryName,
        mut wanted: Vec<Digest>,
    ) -> Result<(Vec<ImageFacts>, Option<Error>), Error> {
        let mut images: BTreeMap<Digest, Option<Content>> = BTreeMap::new();
        let mut problem = None;
        // Once for the tags, once more for the children of indexes, and so on.
        while !wanted.is_empty() && images.len() < MOST_IMAGES {
            wanted.retain(|digest| images.insert(*digest, None).is_none());
            let mut reading = stream::iter(std::mem::take(&mut wanted))
                .map(|digest| async move {
                    let content = match self.recalled(state, &digest) {
                        Some(content) => Ok(Arc::new(content)),
                        None => self.manifests.read(registry, name, &digest).await,
                    };
                    (digest, content)
                })
                .buffer_unordered(TAGS);
            while let Some((digest, content)) = reading.next().await {
                match content {
                    Ok(content) => {
                        if let Content::Index { children } = &*content {
                            wanted.extend(
                                children.iter().filter(|child| !images.contains_key(*child)),
                            );
                        }
                        images.insert(digest, Some((*content).clone()));
                    }
                    Err(error) if error.is_not_found() => {
                        images.insert(digest, Some(Content::Missing));
                    }
                    Err(error) if error.is_about_the_route() => return Err(error),
                    Err(error) => problem = problem.or(Some(error)),
                }
            }
        }
        let images = images
            .into_iter()
            .filter_map(|(digest, content)| Some(ImageFacts { digest, content: content? }));
        Ok((images.collect(), problem))
    }

    /// What a manifest contains that was read at an earlier login.
    fn recalled(&self, state: &State, digest: &Digest) -> Option<Content> {
        self.manifests.is_recalled(digest).then(|| state.catalog().content_of(digest))?
    }
}

fn put(state: &State, read: Vec<(RepositoryName, Reading)>) {
    state.update(|catalog| {
        for (name, Reading { tags, images, .. }) in read {
            catalog.put_repository(&name, Some(tags));
            catalog.put_images(&name, images);
        }
    });
}

fn tag_facts(tag: Tag, digest: Option<Digest>, problem: Option<String>) -> TagFacts {
    let revisions = digest.map(|digest| RevisionFacts { digest, created: None });
    TagFacts { tag, revisions: revisions.into_iter().collect(), origin: Origin::Unknown, problem }
}

fn cannot_list(error: Error) -> Failure {
    let mut failure = error.failure("list the repositories of the registry");
    if let Kind::Refused(refusal) = &error.kind
        && refusal.status.is_client_error()
        && !refusal.by_api_server
    {
        if refusal.status == http::StatusCode::UNAUTHORIZED && refusal.standing == Standing::Unknown
        {
            let words = "This registry shows its list of repositories only to those who log in.";
            return Failure::new(Code::Unauthenticated, words)
                .with_fix("Log in with a user and a password of the registry's.")
                .with_details(crate::body::chain(&error))
                .offering(Offer::Login);
        }
        if refusal.status == http::StatusCode::NOT_FOUND {
            failure.code = Code::Unsupported;
        }
        failure.message = "This registry does not let the bridge list its repositories.".to_owned();
        failure.fix = Some("Registries that serve many people often refuse that.".to_owned());
    }
    failure
}

fn some_failed(failed: &[(RepositoryName, Error)]) -> Option<Failure> {
    let (name, error) = failed.first()?;
    let mut failure = error.failure(format_args!("read all of the repository {name}"));
    if failed.len() > 1 {
        let more = format!(" {} other repositories have trouble too.", failed.len() - 1);
        failure.message.push_str(&more);
    }
    Some(failure)
}
