// SPDX-License-Identifier: LGPL-2.1-or-later

//! From the image API's objects to what the catalog is told. Pure. What breaks the rules for tags
//! and digests is left out.

use std::collections::HashMap;

use images_catalog::{BlobFacts, Content, ImageFacts, RevisionFacts, TagFacts};
use images_proto::RepositoryName;
use images_proto::repository::Origin;

use crate::cluster::by_digest::{ByDigest, Named};
use crate::cluster::image_object::ImageObject;
use crate::cluster::image_stream::{
    BlobReference, ImageBlobs, ImageStream, ImageStreamLayers, SpecTag, StatusTag,
};

/// The tags of a stream: those with a history, and those that were set but have none yet.
pub fn tags(stream: &ImageStream) -> Vec<TagFacts> {
    let mut set: HashMap<&str, &SpecTag> =
        stream.spec.tags.iter().flatten().map(|tag| (tag.name.as_str(), tag)).collect();
    let named = stream.status.tags.as_deref().unwrap_or_default();
    let mut tags = Vec::with_capacity(named.len());
    tags.extend(named.iter().filter_map(|tag| {
        let set = set.remove(tag.tag.as_str());
        Some(TagFacts {
            tag: tag.tag.parse().ok()?,
            revisions: revisions(tag),
            origin: origin(stream, set),
            problem: problem(tag),
        })
    }));
    tags.extend(set.into_values().filter_map(|tag| {
        Some(TagFacts {
            tag: tag.name.parse().ok()?,
            revisions: Vec::new(),
            origin: origin(stream, Some(tag)),
            problem: None,
        })
    }));
    tags
}

fn revisions(tag: &StatusTag) -> Vec<RevisionFacts> {
    let items = tag.items.as_deref().unwrap_or_default();
    let mut revisions = Vec::with_capacity(items.len());
    revisions.extend(
        items.iter().filter_map(|item| {
            Some(RevisionFacts { digest: item.image.0?, created: item.created })
        }),
    );
    revisions
}

fn origin(stream: &ImageStream, set: Option<&SpecTag>) -> Origin {
    let Some(from) = set.and_then(|tag| tag.from.as_ref()) else { return Origin::Pushed };
    if from.kind == "DockerImage" {
        let policy = set.and_then(|tag| tag.import_policy.as_ref());
        let scheduled = policy.is_some_and(|policy| policy.scheduled);
        return Origin::Imported { from: from.name.clone(), scheduled };
    }
    // A bare name is another tag of the same stream.
    let name = if from.name.contains([':', '@']) {
        from.name.clone()
    } else {
        format!("{}:{}", stream.metadata.name, from.name)
    };
    let elsewhere = from.namespace.as_ref().filter(|project| {
        !project.is_empty() && Some(*project) != stream.metadata.namespace.as_ref()
    });
    let from = match elsewhere {
        Some(project) => format!("{project}/{name}"),
        None => name,
    };
    Origin::Follows { from }
}

fn problem(tag: &StatusTag) -> Option<String> {
    let failed = tag
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.r#type == "ImportSuccess" && condition.status == "False")?;
    let words: Vec<_> =
        [&failed.reason, &failed.message].into_iter().flatten().map(String::as_str).collect();
    Some(crate::body::excerpt(words.join(": ").as_bytes()))
}

/// The host that clients outside of the cluster pull from.
pub fn public_host(stream: &ImageStream, repository: &RepositoryName) -> Option<String> {
    let spec = stream.status.public_docker_image_repository.as_deref()?;
    let host = spec.strip_suffix(repository.as_str())?.strip_suffix('/')?;
    Some(host.to_owned()).filter(|host| !host.is_empty() && !host.contains('/'))
}

/// The images of a stream.
pub fn images(layers: ImageStreamLayers) -> Vec<ImageFacts> {
    let blobs = layers.blobs.unwrap_or_default();
    let images = layers.images.unwrap_or_default();
    let facts = images
        .iter()
        .map(|(digest, image)| ImageFacts { digest: *digest, content: content(&blobs, image) });
    facts.collect()
}

/// What an image is made of, as the API describes it alone: it tells no size of a config, and
/// nothing of what it does not understand.
pub fn content_of(object: &ImageObject) -> Option<Content> {
    let image = &object.image;
    if !object.is_described {
        return None;
    }
    if !image.manifests.is_empty() {
        return Some(Content::Index {
            children: image.manifests.iter().map(|child| child.digest).collect(),
        });
    }
    let config = image.config.as_ref().and_then(|config| config.image_id);
    let layers = image.layers.iter();
    Some(Content::Manifest {
        config: config.map(|digest| BlobFacts { digest, size: None }),
        layers: layers.map(|layer| BlobFacts { digest: layer.digest, size: layer.size }).collect(),
    })
}

fn content(blobs: &ByDigest<BlobReference>, image: &ImageBlobs) -> Content {
    if image.image_missing {
        return Content::Missing;
    }
    let blob = |named: &Named| {
        let digest = named.0?;
        let size = blobs.get(&digest).and_then(|blob| blob.size);
        Some(BlobFacts { digest, size: size.and_then(|size| u64::try_from(size).ok()) })
    };
    match image.manifests.as_deref() {
        Some(manifests @ [_, ..]) => {
            Content::Index { children: manifests.iter().filter_map(|named| named.0).collect() }
        }
        _ => {
            let named = image.layers.as_deref().unwrap_or_default();
            let mut layers = Vec::with_capacity(named.len());
            layers.extend(named.iter().filter_map(blob));
            // The API tells no size of a config, ever. It is a few KiB, and to leave it unknown
            // would leave the size of every image unknown.
            let config = image.config.as_ref().and_then(blob);
            let config = config.map(|it| BlobFacts { size: it.size.or(Some(0)), ..it });
            Content::Manifest { config, layers }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::de::DeserializeOwned;

    use super::*;

    fn golden<T: DeserializeOwned>(name: &str) -> T {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cluster/golden");
        let text = std::fs::read(folder.join(name)).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn tag(stream: &str, name: &str) -> TagFacts {
        let tags = tags(&golden(stream));
        tags.into_iter().find(|tag| tag.tag.as_str() == name).unwrap()
    }

    #[test]
    fn a_pushed_tag_has_its_history() {
        let latest = tag("imagestream.json", "latest");
        assert_eq!(latest.origin, Origin::Pushed);
        let digests: Vec<_> = latest.revisions.iter().map(|item| item.digest.short()).collect();
        assert_eq!(digests[..2], ["f3a594f44ed4", "fccecf04afe1"]);
        assert_eq!(latest.revisions[0].created, Some(1_795_509_881));
        assert_eq!(latest.problem, None);
    }

    #[test]
    fn a_tag_that_follows_names_the_other_project() {
        let Origin::Follows { from } = tag("imagestream-promoted.json", "stable").origin else {
            panic!("it follows")
        };
        assert!(from.starts_with("demo/frontend@sha256:f3a594f4"), "{from}");
        let Origin::Follows { from } = tag("imagestream.json", "prod").origin else {
            panic!("it follows")
        };
        assert!(from.starts_with("frontend@sha256:f3a594f4"), "{from}");
    }

    #[test]
    fn an_import_says_where_it_comes_from_and_why_it_failed() {
        let imported = tag("imagestream-imported.json", "one");
        let from = "registry.example.com/a/one:latest".to_owned();
        assert_eq!(imported.origin, Origin::Imported { from, scheduled: false });
        let bad = tag("imagestream-bad.json", "latest");
        assert!(bad.revisions.is_empty());
        assert!(bad.problem.unwrap().starts_with("NotFound: dockerimage.image.openshift.io"));
    }

    #[test]
    fn the_public_host_is_what_stands_before_the_name() {
        let stream: ImageStream = golden("imagestream.json");
        let repository = stream.repository().unwrap();
        assert_eq!(
            public_host(&stream, &repository).as_deref(),
            Some("default-route-openshift-image-registry.apps.example.com")
        );
    }

    #[test]
    fn an_index_has_children_and_they_have_layers() {
        let images = images(golden("imagestream-layers-multi.json"));
        let index: Vec<_> = images
            .iter()
            .filter_map(|image| match &image.content {
                Content::Index { children } => Some(children),
                _ => None,
            })
            .collect();
        assert_eq!(index.len(), 1);
        for child in index[0] {
            let image = images.iter().find(|image| image.digest == *child).unwrap();
            let Content::Manifest { config, layers } = &image.content else { panic!("no image") };
            assert!(config.is_some() && !layers.is_empty());
            assert!(layers.iter().all(|layer| layer.size.is_some()));
        }
    }

    #[test]
    fn every_recorded_stream_can_be_read() {
        let list: crate::cluster::List<ImageStream> = golden("imagestreams-list.json");
        let streams = list.into_items();
        assert!(streams.len() > 5);
        for stream in &streams {
            assert!(stream.repository().is_some());
            tags(stream);
        }
    }
}
