// SPDX-License-Identifier: LGPL-2.1-or-later

//! Images as objects of the whole cluster, in streams or not (`image.openshift.io/v1`). To see or
//! delete them takes a right that only pruners and administrators have.

use std::collections::HashMap;

use bytes::Bytes;
use images_proto::{Digest, RepositoryName};
use serde::Deserialize;
use serde_json::json;

use super::image::Image;
use super::list::List;
use super::{Cluster, Error, image, image_stream};
use crate::uri::escaped;

const PATH: &str = "/apis/image.openshift.io/v1/images";
/// Objects on one page: of each there are only a few hundred bytes.
const PAGE: usize = 2_000;
/// How often a list is begun anew because its continue token was too old.
const RESTARTS: u32 = 3;
/// Set on images whose data is in the cluster's own registry.
const MANAGED: &str = "openshift.io/image.managed";

/// What is known of an image without what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageMetadata {
    /// When the cluster first heard of it, in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Its data is in the cluster's own registry; that of an imported image is elsewhere.
    pub is_managed: bool,
}

/// An image, with what it is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct ImageObject {
    /// What is known of it.
    pub metadata: ImageMetadata,
    /// What it is made of.
    pub image: Image,
    /// Whether the cluster understood what it is made of; else `image` says nothing of that.
    pub is_described: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Partial {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default)]
    creation_timestamp: Option<String>,
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Whole {
    metadata: Metadata,
    #[serde(flatten)]
    object: image::Object,
}

impl Metadata {
    fn known(&self) -> ImageMetadata {
        let managed = self.annotations.as_ref().and_then(|all| all.get(MANAGED));
        ImageMetadata {
            created: self.creation_timestamp.as_deref().and_then(crate::timestamp::seconds),
            is_managed: managed.is_some_and(|value| value == "true"),
        }
    }
}

impl Cluster {
    /// All images of the cluster, by digest, without what they are made of.
    ///
    /// # Errors
    /// When they cannot be listed; mostly because the user may not.
    pub async fn images(&self) -> Result<HashMap<Digest, ImageMetadata>, Error> {
        let mut images = HashMap::new();
        let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
        loop {
            let mut path = format!("{PATH}?limit={PAGE}&pretty=false");
            if let Some(token) = &token {
                path.push_str("&continue=");
                path.push_str(&escaped(token));
            }
            let page: List<Partial> = match self.get_metadata(&path).await {
                Err(error) if error.is_expired() && token.is_some() && restarts < RESTARTS => {
                    restarts += 1;
                    images.clear();
                    token = None;
                    continue;
                }
                page => page?,
            };
            let next = page.next().map(str::to_owned);
            // What has no digest for a name is no image of a registry.
            images.extend(page.into_items().into_iter().filter_map(|Partial { metadata }| {
                Some((metadata.name.parse().ok()?, metadata.known()))
            }));
            match next {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(images),
            }
        }
    }

    /// An image.
    ///
    /// # Errors
    /// When it cannot be read; [`Error::is_not_found`] when there is none.
    pub async fn image(&self, digest: &Digest) -> Result<ImageObject, Error> {
        let path = format!("{PATH}/{digest}?pretty=false");
        let Whole { metadata, object } = self.get(&path).await?;
        let is_described = object.is_described();
        Ok(ImageObject { metadata: metadata.known(), image: object.into(), is_described })
    }

    /// Whether there is such an image.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn has_image(&self, digest: &Digest) -> Result<bool, Error> {
        match self.get_metadata::<Partial>(&format!("{PATH}/{digest}?pretty=false")).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the cluster forget an image. It does so even while a stream names it.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_not_found`] when there is none.
    pub async fn delete_image(&self, digest: &Digest) -> Result<(), Error> {
        self.delete(&format!("{PATH}/{digest}")).await
    }

    /// Deletes an image stream with all its tags, if it is still at this version.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when it was changed; [`Error::is_not_found`] when there
    /// is none.
    pub async fn delete_stream(
        &self,
        repository: &RepositoryName,
        version: Option<&str>,
    ) -> Result<(), Error> {
        let mut options = json!({ "kind": "DeleteOptions", "apiVersion": "v1" });
        if let Some(version) = version {
            options["preconditions"] = json!({ "resourceVersion": version });
        }
        let path = image_stream::path(repository, "");
        self.delete_with(&path, Bytes::from(options.to_string())).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, refusal};
    use super::*;

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    #[tokio::test]
    async fn all_pages_of_metadata_are_read() {
        let fake = Fake::start(|asked| {
            let item = |byte: u8, managed: bool| {
                json!({ "metadata": {
                    "name": digest(byte).to_string(), "creationTimestamp": "1970-01-01T00:01:00Z",
                    "annotations": { MANAGED: managed.to_string() },
                } })
            };
            match asked.target.contains("&continue=next") {
                false => (200, json!({ "metadata": { "continue": "next" }, "items": [item(1, true)] })),
                true => (200, json!({ "metadata": {}, "items": [item(2, false), { "metadata": { "name": "x" } }] })),
            }
        })
        .await;
        let images = fake.cluster.images().await.unwrap();
        assert_eq!(images[&digest(1)], ImageMetadata { created: Some(60), is_managed: true });
        assert!(!images[&digest(2)].is_managed);
        assert_eq!(images.len(), 2);
    }

    #[tokio::test]
    async fn an_image_that_is_not_there() {
        let fake = Fake::start(|_| refusal(404)).await;
        assert!(!fake.cluster.has_image(&digest(1)).await.unwrap());
        assert!(fake.cluster.image(&digest(1)).await.unwrap_err().is_not_found());
    }
}
