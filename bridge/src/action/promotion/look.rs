// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the repositories of some moves have right now: asked once for all of them before a plan, and
//! once more for each move right before it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use images_proto::stage::Move;
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};

use super::super::delete::persistence::ask;
use super::attachments::Tags;
use crate::cluster::Cluster;
use crate::cluster::tag_naming::StreamNow;
use crate::registry::Registry;
use crate::source::{Connection, Source};

/// Repositories that are asked for at once.
const CONCURRENCY: usize = 8;
/// The most attachments of one image that are looked at. A signature is a layer of the one that is
/// there, not a tag of its own, so there are few.
const MOST_ATTACHMENTS: usize = 200;

/// Of each repository what it has, or why that is not known.
type Known<T> = BTreeMap<RepositoryName, Result<T, Failure>>;

/// The images of a stream, each with those that are inside.
type Held = BTreeMap<Digest, Vec<Digest>>;

/// What was seen.
pub(super) enum Look<'a> {
    /// Of OpenShift.
    Openshift {
        /// The streams of both sides.
        streams: Known<Option<StreamNow>>,
        /// The images of the sources.
        held: Known<Held>,
    },
    /// Of a plain registry, which is asked about single tags when they matter.
    Plain {
        /// The registry.
        registry: &'a Registry,
        /// The tags of both sides that may be attachments.
        names: Known<Vec<Tag>>,
    },
}

impl<'a> Look<'a> {
    /// Looks at all that these moves are about.
    pub(super) async fn at(connection: &'a Connection, moves: &[Move]) -> Self {
        let sources: BTreeSet<_> = moves.iter().map(|wanted| &wanted.from).collect();
        let both: BTreeSet<_> =
            moves.iter().flat_map(|wanted| [&wanted.from, &wanted.to.repository]).collect();
        match connection.source() {
            Source::Openshift(source) => {
                let cluster = source.cluster();
                let (streams, held) = tokio::join!(
                    each(both, |name| async move {
                        let asked = ask(|| cluster.stream_now(name)).await;
                        asked.map_err(|error| {
                            error.failure(format_args!("read the image stream {name}"))
                        })
                    }),
                    each(sources, |name| images(cluster, name)),
                );
                Self::Openshift { streams, held }
            }
            Source::Distribution(source) => {
                let registry = source.registry();
                // Within one repository everything that is attached is there already.
                let apart = moves.iter().filter(|wanted| wanted.from != wanted.to.repository);
                let both: BTreeSet<_> =
                    apart.flat_map(|wanted| [&wanted.from, &wanted.to.repository]).collect();
                let names = each(both, |name| async move {
                    let tags = ask(|| registry.tags(name)).await;
                    let tags = tags
                        .map_err(|error| error.failure(format_args!("list the tags of {name}")))?;
                    Ok(tags.into_iter().filter(|tag| tag.attached_to().is_some()).collect())
                })
                .await;
                Self::Plain { registry, names }
            }
        }
    }

    /// What a tag names.
    ///
    /// # Errors
    /// When that is not known.
    pub(super) async fn names(&self, tag: &TagRef) -> Result<Option<Digest>, Failure> {
        match self {
            Self::Openshift { streams, .. } => {
                let stream = found(streams, &tag.repository)?;
                Ok(stream.and_then(Option::as_ref).and_then(|stream| stream.names(&tag.tag)))
            }
            Self::Plain { registry, .. } => resolve(registry, tag).await,
        }
    }

    /// Whether the source has the image.
    ///
    /// # Errors
    /// When that is not known.
    pub(super) async fn has(&self, wanted: &Move) -> Result<bool, Failure> {
        let Move { from, digest, .. } = wanted;
        match self {
            Self::Openshift { held, .. } => {
                Ok(found(held, from)?.is_some_and(|held| held.contains_key(digest)))
            }
            Self::Plain { registry, .. } => {
                let there = ask(|| registry.find_manifest(from, digest)).await;
                let there = there.map_err(|error| {
                    error.failure(format_args!("look for {from}@{}", digest.short()))
                })?;
                Ok(there.is_some())
            }
        }
    }

    /// The images in an index, where that is known without reading it.
    pub(super) fn inside(&self, wanted: &Move) -> &[Digest] {
        match self {
            Self::Openshift { held, .. } => {
                let held = held.get(&wanted.from).and_then(|held| held.as_ref().ok());
                held.and_then(|held| held.get(&wanted.digest)).map_or(&[], Vec::as_slice)
            }
            Self::Plain { .. } => &[],
        }
    }

    /// The tags of a source that attach something to one of these; or none, and why they are not
    /// seen by who may pull images there, but not look at the tags.
    ///
    /// # Errors
    /// When they are not known for another reason.
    pub(super) async fn attached_at_source(
        &self,
        repository: &RepositoryName,
        subjects: &BTreeSet<Digest>,
    ) -> Result<(Tags, Option<Failure>), Failure> {
        match self.attached(repository, subjects).await {
            Ok(tags) => Ok((tags, None)),
            Err(failure) if failure.code == Code::Forbidden => Ok((Tags::new(), Some(failure))),
            Err(failure) => Err(failure),
        }
    }

    /// The tags of a repository that attach something to one of these.
    ///
    /// # Errors
    /// When they are not known.
    pub(super) async fn attached(
        &self,
        repository: &RepositoryName,
        subjects: &BTreeSet<Digest>,
    ) -> Result<Tags, Failure> {
        let is_wanted = |tag: &Tag| tag.attached_to().is_some_and(|of| subjects.contains(&of));
        match self {
            Self::Openshift { streams, .. } => {
                let stream = found(streams, repository)?.and_then(Option::as_ref);
                let tags = stream.into_iter().flat_map(|stream| stream.tags());
                Ok(tags.filter(|(tag, _)| is_wanted(tag)).take(MOST_ATTACHMENTS).collect())
            }
            Self::Plain { registry, names } => {
                let names = found(names, repository)?.into_iter().flatten();
                let names = names.filter(|tag| is_wanted(tag)).take(MOST_ATTACHMENTS);
                let asking: Vec<_> = names
                    .map(|tag| async move {
                        let whole = super::super::tag_ref(repository, tag);
                        Ok((tag.clone(), resolve(registry, &whole).await?))
                    })
                    .collect();
                let asked: Vec<_> = stream::iter(asking).buffered(CONCURRENCY).collect().await;
                let asked: Result<Vec<(Tag, Option<Digest>)>, Failure> =
                    asked.into_iter().collect();
                Ok(asked?.into_iter().filter_map(|(tag, digest)| Some((tag, digest?))).collect())
            }
        }
    }
}

/// What a tag of a plain registry names.
///
/// # Errors
/// When that is not known.
pub(super) async fn resolve(registry: &Registry, tag: &TagRef) -> Result<Option<Digest>, Failure> {
    let now = ask(|| registry.resolve(&tag.repository, tag.tag.as_str())).await;
    let now = now.map_err(|error| error.failure(format_args!("look at the tag {tag}")))?;
    Ok(now.map(|now| now.digest))
}

/// All images of a stream: to read this is also the right to pull them.
async fn images(cluster: &Cluster, name: &RepositoryName) -> Result<Held, Failure> {
    let layers = match ask(|| cluster.layers(name)).await {
        Ok(layers) => layers,
        Err(error) if error.is_not_found() => return Ok(Held::new()),
        Err(error) => {
            return Err(error.failure(format_args!("read which images are in {name}")));
        }
    };
    let images = layers.images.unwrap_or_default();
    let there = images.iter().filter(|(_, image)| !image.image_missing);
    let held = there.map(|(digest, image)| {
        let inside = image.manifests.iter().flatten();
        (*digest, inside.filter_map(|named| named.0).collect())
    });
    Ok(held.collect())
}

async fn each<'n, T, F>(
    names: BTreeSet<&'n RepositoryName>,
    read: impl Fn(&'n RepositoryName) -> F,
) -> Known<T>
where
    F: Future<Output = Result<T, Failure>>,
{
    let reading: Vec<_> = names
        .into_iter()
        .map(|name| {
            let reading = read(name);
            async move { (name.clone(), reading.await) }
        })
        .collect();
    stream::iter(reading).buffer_unordered(CONCURRENCY).collect().await
}

fn found<'k, T>(known: &'k Known<T>, name: &RepositoryName) -> Result<Option<&'k T>, Failure> {
    match known.get(name) {
        None => Ok(None),
        Some(Ok(found)) => Ok(Some(found)),
        Some(Err(failure)) => Err(failure.clone()),
    }
}
