// SPDX-License-Identifier: LGPL-2.1-or-later

//! Having a tag name an image that a stream has, in the same project or another one
//! (`image.openshift.io/v1`, `ImageStreamTag`).

use bytes::Bytes;
use http::Method;
use images_proto::{Digest, RepositoryName, Tag, TagRef};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::error::Kind;
use super::image_stream::ImageStream;
use super::{Cluster, Error};
use crate::uri::escaped;

const API: &str = "/apis/image.openshift.io/v1";

/// A stream at one moment, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamNow {
    object: Value,
    stream: ImageStream,
}

/// An image that a tag is to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// The stream that has it.
    pub from: &'a RepositoryName,
    /// The image or index.
    pub digest: &'a Digest,
    /// Whether it is an index, all of which is wanted.
    pub is_index: bool,
}

impl StreamNow {
    /// What a tag names.
    pub fn names(&self, tag: &Tag) -> Option<Digest> {
        self.revisions(tag).first().map(|(digest, _)| *digest)
    }

    /// What a tag names and named, the newest first, and since when, in seconds since the Unix
    /// epoch.
    pub fn revisions(&self, tag: &Tag) -> Vec<(Digest, Option<i64>)> {
        let tags = self.stream.status.tags.iter().flatten();
        let items = tags.filter(|known| known.tag == tag.as_str()).flat_map(|known| &known.items);
        items.flatten().filter_map(|item| Some((item.image.0?, item.created))).collect()
    }

    /// All tags that name something, with what they name.
    pub fn tags(&self) -> impl Iterator<Item = (Tag, Digest)> {
        let tags = self.stream.status.tags.iter().flatten();
        tags.filter_map(|tag| {
            let now = tag.items.as_ref()?.first()?;
            Some((tag.tag.parse().ok()?, now.image.0?))
        })
    }
}

impl Cluster {
    /// A stream, as it has to be known before one of its tags is changed; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn stream_now(
        &self,
        repository: &RepositoryName,
    ) -> Result<Option<StreamNow>, Error> {
        let Some(object) = self.stream_object(repository).await? else { return Ok(None) };
        let stream = serde_json::from_value(object.clone());
        let stream = stream
            .map_err(|error| Error::new(Method::GET, repository.as_str(), Kind::Json(error)))?;
        Ok(Some(StreamNow { object, stream }))
    }

    /// Has a tag name an image. `now` is the stream of the tag: if that was changed since, nothing
    /// is done. Without one it is created.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when the stream was changed meanwhile.
    pub async fn name_image(
        &self,
        tag: &TagRef,
        now: Option<&StreamNow>,
        named: Named<'_>,
    ) -> Result<(), Error> {
        let project = tag.repository.project().unwrap_or_default();
        let name = tag.repository.name_in_project();
        let collection = format!("{API}/namespaces/{project}/imagestreamtags");
        let object = now.map(|now| &now.object);
        let body = Bytes::from(image_stream_tag(tag, object, named).to_string());
        match object {
            Some(_) => {
                let path = format!("{collection}/{}:{}", escaped(name), tag.tag);
                self.put(&path, body).await
            }
            None => self.post::<IgnoredAny>(&collection, body).await.map(drop),
        }
    }
}

/// What is sent: all that the API takes from it, for what is left out would be cleared.
fn image_stream_tag(tag: &TagRef, stream: Option<&Value>, named: Named<'_>) -> Value {
    let Named { from, digest, is_index } = named;
    let mut metadata = json!({
        "name": format!("{}:{}", tag.repository.name_in_project(), tag.tag),
        "namespace": tag.repository.project().unwrap_or_default(),
    });
    let mut lookup = json!({ "local": false });
    if let Some(stream) = stream {
        metadata["resourceVersion"] = stream["metadata"]["resourceVersion"].clone();
        let set = stream["spec"]["tags"].as_array().into_iter().flatten();
        let set = set.into_iter().find(|set| set["name"] == tag.tag.as_str());
        let kept = [
            ("labels", Some(&stream["metadata"]["labels"])),
            ("annotations", set.map(|set| &set["annotations"])),
        ];
        for (field, value) in kept {
            if let Some(value) = value.filter(|value| value.is_object()) {
                metadata[field] = value.clone();
            }
        }
        if stream["spec"]["lookupPolicy"].is_object() {
            lookup = stream["spec"]["lookupPolicy"].clone();
        }
    }
    json!({
        "kind": "ImageStreamTag",
        "apiVersion": "image.openshift.io/v1",
        "metadata": metadata,
        "lookupPolicy": lookup,
        "tag": {
            "name": tag.tag.as_str(),
            "from": {
                "kind": "ImageStreamImage",
                "namespace": from.project().unwrap_or_default(),
                "name": format!("{}@{digest}", from.name_in_project()),
            },
            // With 0 the API looks at `from` even if it is what it was before: somebody may have
            // pushed over the tag, which leaves `from` alone (openshift-apiserver,
            // imagestream/strategy.go, tagRefChanged).
            "generation": 0,
            "importPolicy": { "importMode": if is_index { "PreserveOriginal" } else { "Legacy" } },
            "referencePolicy": { "type": "Source" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, refusal};
    use super::*;

    fn tag() -> TagRef {
        TagRef { repository: "prod/api".parse().unwrap(), tag: "v1".parse().unwrap() }
    }

    fn digest(byte: u8) -> Digest {
        Digest::from_bytes([byte; 32])
    }

    fn stream() -> Value {
        json!({
            "metadata": {
                "name": "api", "namespace": "prod", "resourceVersion": "7", "labels": { "a": "b" },
            },
            "spec": {
                "lookupPolicy": { "local": true },
                "tags": [{ "name": "v1", "annotations": { "c": "d" }, "importPolicy": { "scheduled": true } }],
            },
            "status": { "tags": [
                { "tag": "v1", "items": [
                    { "image": digest(2).to_string(), "created": "1970-01-01T00:01:00Z" },
                    { "image": digest(1).to_string() },
                ] },
                { "tag": "failed", "items": null },
            ] },
        })
    }

    async fn name(fake: &Fake) -> Result<(), Error> {
        let now = fake.cluster.stream_now(&tag().repository).await?;
        let from = "dev/api".parse().unwrap();
        let named = Named { from: &from, digest: &digest(3), is_index: true };
        fake.cluster.name_image(&tag(), now.as_ref(), named).await
    }

    #[tokio::test]
    async fn a_tag_is_changed_in_the_stream_that_was_looked_at() {
        let fake = Fake::start(|_| (200, stream())).await;
        name(&fake).await.unwrap();
        let put = fake.log().pop().unwrap();
        assert_eq!(put.method, "PUT");
        assert!(put.target.ends_with("/namespaces/prod/imagestreamtags/api:v1"), "{}", put.target);
        assert_eq!(put.body["metadata"]["resourceVersion"], "7");
        assert_eq!(put.body["metadata"]["annotations"], json!({ "c": "d" }));
        assert_eq!(put.body["metadata"]["labels"], json!({ "a": "b" }));
        assert_eq!(put.body["lookupPolicy"], json!({ "local": true }));
        let from = &put.body["tag"]["from"];
        assert_eq!(
            (&from["kind"], &from["namespace"]),
            (&json!("ImageStreamImage"), &json!("dev"))
        );
        assert_eq!(from["name"], format!("api@{}", digest(3)));
        assert_eq!(put.body["tag"]["importPolicy"], json!({ "importMode": "PreserveOriginal" }));
        assert_eq!(put.body["tag"]["generation"], 0);
    }

    #[tokio::test]
    async fn a_stream_that_is_not_there_is_created_with_the_tag() {
        let fake = Fake::start(|asked| match &*asked.method {
            "GET" => refusal(404),
            _ => (201, json!({})),
        })
        .await;
        name(&fake).await.unwrap();
        let post = fake.log().pop().unwrap();
        assert_eq!(post.method, "POST");
        assert!(post.target.ends_with("/namespaces/prod/imagestreamtags"), "{}", post.target);
        assert_eq!(post.body["metadata"], json!({ "name": "api:v1", "namespace": "prod" }));
    }

    #[tokio::test]
    async fn what_a_stream_says_of_its_tags() {
        let fake = Fake::start(|_| (200, stream())).await;
        let now = fake.cluster.stream_now(&tag().repository).await.unwrap().unwrap();
        assert_eq!(now.names(&tag().tag), Some(digest(2)));
        assert_eq!(now.revisions(&tag().tag), [(digest(2), Some(60)), (digest(1), None)]);
        assert_eq!(now.names(&"failed".parse().unwrap()), None);
        assert_eq!(now.tags().collect::<Vec<_>>(), [(tag().tag, digest(2))]);
    }
}
