// SPDX-License-Identifier: LGPL-2.1-or-later

//! Image streams as whole objects, with all that nobody here knows: to be remembered, and to be put
//! back (`image.openshift.io/v1`).

use bytes::Bytes;
use http::Method;
use images_proto::{RepositoryName, TagRef};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::error::Kind;
use super::object::if_there;
use super::{Cluster, Error, image_stream};

const API: &str = "/apis/image.openshift.io/v1";

impl Cluster {
    /// A stream, whole; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn stream_object(&self, repository: &RepositoryName) -> Result<Option<Value>, Error> {
        if_there(self.stream_whole(repository).await)
    }

    /// A stream, whole.
    ///
    /// # Errors
    /// When it cannot be read; [`Error::is_not_found`] when there is none.
    pub async fn stream_whole(&self, repository: &RepositoryName) -> Result<Value, Error> {
        self.get(&image_stream::path(repository, "?pretty=false")).await
    }

    /// Creates a stream.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when there is one by now.
    pub async fn create_stream(
        &self,
        repository: &RepositoryName,
        stream: &Value,
    ) -> Result<(), Error> {
        let project = repository.project().unwrap_or_default();
        let path = format!("{API}/namespaces/{project}/imagestreams");
        let body = bytes(Method::POST, &path, stream)?;
        self.post::<IgnoredAny>(&path, body).await.map(drop)
    }

    /// Puts a stream that was read and changed: its spec.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when somebody changed the stream meanwhile.
    pub async fn put_stream(
        &self,
        repository: &RepositoryName,
        stream: &Value,
    ) -> Result<(), Error> {
        self.put_part(repository, "", stream).await
    }

    /// Puts a stream that was read and changed: its status, with the history of its tags. That
    /// takes the right that the pruner has.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when somebody changed the stream meanwhile.
    pub async fn put_stream_status(
        &self,
        repository: &RepositoryName,
        stream: &Value,
    ) -> Result<(), Error> {
        self.put_part(repository, "/status", stream).await
    }

    /// Puts an image that the cluster has on a tag, as a push does. Where the cluster has no such
    /// image (any more), it makes one with nothing in it.
    ///
    /// # Errors
    /// When the cluster refuses, or there is no such stream.
    pub async fn map_image(
        &self,
        tag: &TagRef,
        digest: &str,
        reference: &str,
    ) -> Result<(), Error> {
        let project = tag.repository.project().unwrap_or_default();
        let path = format!("{API}/namespaces/{project}/imagestreammappings");
        let mapping = json!({
            "kind": "ImageStreamMapping",
            "apiVersion": "image.openshift.io/v1",
            "metadata": { "name": tag.repository.name_in_project(), "namespace": project },
            "tag": tag.tag.as_str(),
            "image": { "metadata": { "name": digest }, "dockerImageReference": reference },
        });
        let body = bytes(Method::POST, &path, &mapping)?;
        self.post::<IgnoredAny>(&path, body).await.map(drop)
    }

    async fn put_part(
        &self,
        repository: &RepositoryName,
        part: &str,
        stream: &Value,
    ) -> Result<(), Error> {
        let path = image_stream::path(repository, part);
        let body = bytes(Method::PUT, &path, stream)?;
        self.put(&path, body).await
    }
}

fn bytes(method: Method, path: &str, object: &Value) -> Result<Bytes, Error> {
    let bytes = serde_json::to_vec(object);
    bytes.map(Bytes::from).map_err(|error| Error::new(method, path, Kind::Json(error)))
}
