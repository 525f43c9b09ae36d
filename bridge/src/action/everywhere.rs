// SPDX-License-Identifier: LGPL-2.1-or-later

//! Everything in an OpenShift cluster that could refer to an image or blob, as it is now: all image
//! streams and all images, whoever may see them.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};
use images_catalog::{ClusterImage, Content, References, RevisionFacts, TagFacts};
use images_proto::repository::Origin;
use images_proto::{Code, Digest, Failure};

use crate::cluster::image_object::{ImageMetadata, ImageObject};
use crate::cluster::image_stream::{ImageStream, list_path};
use crate::cluster::{Cluster, Error};
use crate::session::state::State;
use crate::source::openshift::facts;

/// Images whose content is asked for at once.
const CONCURRENCY: usize = 16;

/// Looks at everything, again and again. What an image is made of never changes, so it is asked
/// for once.
pub(super) struct Everywhere<'a> {
    cluster: &'a Cluster,
    state: &'a State,
    contents: HashMap<Digest, Content>,
}

impl<'a> Everywhere<'a> {
    /// Everything in this cluster.
    pub(super) fn of(cluster: &'a Cluster, state: &'a State) -> Self {
        Self { cluster, state, contents: HashMap::new() }
    }

    /// Looks now.
    ///
    /// # Errors
    /// When something could not be listed: then nothing is known. What single images contain may
    /// stay unknown.
    pub(super) async fn look(&mut self) -> Result<References, Failure> {
        // The streams last, so that none has let go of an image that another one got meanwhile; what
        // they name by then and is not among the images was just pushed.
        let images = self.cluster.images().await;
        let mut images = images.map_err(|error| not_allowed(&error, "images"))?;
        let streams = self.cluster.list_all::<ImageStream>(&list_path(None)).await;
        let streams = streams.map_err(|error| not_allowed(&error, "image streams"))?;
        let mut references = References::default();
        for stream in &streams {
            add(&mut references, stream, self.state);
        }
        self.read_contents(images.keys()).await;
        self.read_pushed(&streams, &mut images).await;
        for (digest, ImageMetadata { created, is_managed }) in images {
            let content = self.contents.get(&digest).cloned();
            references.add_image(digest, ClusterImage { created, managed: is_managed, content });
        }
        Ok(references)
    }

    /// Reads images that a stream names and that were not there when the images were listed, and the
    /// images of such an index.
    async fn read_pushed(
        &mut self,
        streams: &[ImageStream],
        images: &mut HashMap<Digest, ImageMetadata>,
    ) {
        let tags = streams.iter().flat_map(|stream| stream.status.tags.iter().flatten());
        let items = tags.flat_map(|tag| tag.items.iter().flatten());
        let named: HashSet<Digest> = items.filter_map(|item| item.image.0).collect();
        let mut asked = HashSet::new();
        let mut pushed: Vec<_> =
            named.into_iter().filter(|digest| !images.contains_key(digest)).collect();
        while !pushed.is_empty() {
            asked.extend(pushed.iter().copied());
            let read = self.read(pushed).await;
            pushed = Vec::new();
            for (digest, image) in read {
                images.insert(digest, image);
                if let Some(Content::Index { children }) = self.contents.get(&digest) {
                    pushed.extend(
                        children
                            .iter()
                            .filter(|child| !images.contains_key(*child) && asked.insert(**child)),
                    );
                }
            }
        }
    }

    /// Reads what the images are made of, as far as nobody knows it.
    async fn read_contents(&mut self, images: impl Iterator<Item = &Digest>) {
        let unknown: Vec<Digest> = {
            let catalog = self.state.catalog();
            let mut unknown = Vec::new();
            for digest in images {
                if self.contents.contains_key(digest) {
                    continue;
                }
                match catalog.content_of(digest).filter(is_whole) {
                    None => unknown.push(*digest),
                    Some(content) => drop(self.contents.insert(*digest, content)),
                }
            }
            unknown
        };
        self.read(unknown).await;
    }

    /// Reads these images. Those that are gone are left out; what one is made of that cannot be read
    /// stays unknown.
    async fn read(&mut self, images: Vec<Digest>) -> Vec<(Digest, ImageMetadata)> {
        let cluster = self.cluster;
        let mut read = Vec::new();
        let asking: Vec<_> = images
            .into_iter()
            .map(|digest| async move { (digest, get(cluster, &digest).await) })
            .collect();
        let mut reading = stream::iter(asking).buffer_unordered(CONCURRENCY);
        while let Some((digest, image)) = reading.next().await {
            match image {
                Ok(object) => {
                    if let Some(content) = facts::content_of(&object) {
                        self.contents.insert(digest, content);
                    }
                    read.push((digest, object.metadata));
                }
                // It went meanwhile, and refers to nothing.
                Err(error) if error.is_not_found() => {}
                // It may refer to anything.
                Err(error) => {
                    tracing::warn!(%error, "an image could not be read");
                    read.push((digest, ImageMetadata { created: None, is_managed: true }));
                }
            }
        }
        read
    }
}

/// An image, asked for twice if need be: one that stays unknown keeps everything.
async fn get(cluster: &Cluster, digest: &Digest) -> Result<ImageObject, Error> {
    match cluster.image(digest).await {
        Err(error) if !error.is_not_found() => cluster.image(digest).await,
        answer => answer,
    }
}

/// Whether the catalog knows all of it. What streams tell has no config for some images, and nothing
/// at all for those that nobody understood.
fn is_whole(content: &Content) -> bool {
    match content {
        Content::Manifest { config, layers } => config.is_some() && !layers.is_empty(),
        Content::Index { .. } => true,
        Content::Missing => false,
    }
}

/// Adds a stream with all that it names, also by names that no registry can have.
fn add(references: &mut References, stream: &ImageStream, state: &State) {
    let repository = stream.repository();
    let is_hidden = |name| !state.catalog().has_repository(name);
    match &repository {
        Some(name) => references.add_stream(name, &facts::tags(stream), is_hidden(name)),
        None => references.add_stream(&nameless(), &nameless_tags(stream, |_| true), true),
    }
    if repository.is_some() {
        let unnamed = nameless_tags(stream, |tag| tag.parse::<images_proto::Tag>().is_err());
        references.add_stream(&nameless(), &unnamed, true);
    }
}

#[expect(clippy::expect_used, reason = "a constant that is a name")]
fn nameless() -> images_proto::RepositoryName {
    "nameless/nameless".parse().expect("a repository's name")
}

/// The tags whose own name is of no use here, as if they had another.
#[expect(clippy::expect_used, reason = "a constant that is a tag")]
fn nameless_tags(stream: &ImageStream, wanted: impl Fn(&str) -> bool) -> Vec<TagFacts> {
    let tags = stream.status.tags.iter().flatten().filter(|tag| wanted(&tag.tag));
    let facts = tags.map(|tag| TagFacts {
        tag: "nameless".parse().expect("a tag"),
        revisions: tag
            .items
            .iter()
            .flatten()
            .filter_map(|item| Some(RevisionFacts { digest: item.image.0?, created: None }))
            .collect(),
        origin: Origin::Unknown,
        problem: None,
    });
    facts.collect()
}

fn not_allowed(error: &Error, what: &str) -> Failure {
    if !error.is_forbidden() {
        return error.failure(format_args!("list all {what} of the cluster"));
    }
    Failure::new(
        Code::Forbidden,
        format!(
            "You may not list all {what} of the cluster, so that nobody knows whether something else \
             needs the data."
        ),
    )
    .with_fix("Ask an administrator for the role system:image-pruner, or delete without the data.")
    .with_details(crate::body::chain(error))
}
