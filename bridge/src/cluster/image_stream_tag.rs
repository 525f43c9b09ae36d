// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deleting tags and single revisions of them (`image.openshift.io/v1`).

use bytes::Bytes;
use http::Method;
use images_proto::{Digest, RepositoryName, Tag, TagRef};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::error::Kind;
use super::{Cluster, Error, image_stream};
use crate::uri::escaped;

fn path(tag: &TagRef) -> String {
    let project = tag.repository.project().unwrap_or_default();
    let name = escaped(tag.repository.name_in_project());
    format!("/apis/image.openshift.io/v1/namespaces/{project}/imagestreamtags/{name}:{}", tag.tag)
}

impl Cluster {
    /// Deletes a tag with its whole history. Images and blobs stay until they are pruned.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_not_found`] when there is no such tag.
    pub async fn delete_tag(&self, tag: &TagRef) -> Result<(), Error> {
        self.delete(&path(tag)).await
    }

    /// Whether there is such a tag.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn has_tag(&self, tag: &TagRef) -> Result<bool, Error> {
        #[derive(Deserialize)]
        struct ImageStreamTag {
            #[serde(rename = "metadata")]
            _metadata: IgnoredAny,
        }
        match self.get::<ImageStreamTag>(&path(tag)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes revisions out of the history of a stream's tags, all at once. Returns those that were
    /// not there any more.
    ///
    /// # Errors
    /// When the cluster refuses; a conflict when somebody changed the stream meanwhile.
    pub async fn delete_revisions(
        &self,
        repository: &RepositoryName,
        revisions: &[(Tag, Digest)],
    ) -> Result<Vec<(Tag, Digest)>, Error> {
        let read = image_stream::path(repository, "");
        let bytes = self.get_bytes(&read).await?;
        let wrong = |error| Error::new(Method::GET, &read, Kind::Json(error));
        // The whole object goes back, with fields that nobody here knows: so it is kept as it is.
        let mut stream: Value = serde_json::from_slice(&bytes).map_err(wrong)?;
        let absent: Vec<_> = revisions
            .iter()
            .filter(|(tag, digest)| !take_out(&mut stream, tag, digest))
            .cloned()
            .collect();
        if absent.len() < revisions.len() {
            let changed = serde_json::to_vec(&stream).map_err(wrong)?;
            self.put(&image_stream::path(repository, "/status"), Bytes::from(changed)).await?;
        }
        Ok(absent)
    }
}

/// Takes a revision out of a stream's status, and the tag with its last one.
fn take_out(stream: &mut Value, tag: &Tag, digest: &Digest) -> bool {
    let Some(tags) = stream.pointer_mut("/status/tags").and_then(Value::as_array_mut) else {
        return false;
    };
    let name = tag.as_str();
    let Some(at) = tags.iter().position(|tag| tag["tag"] == name) else { return false };
    let Some(items) = tags[at].get_mut("items").and_then(Value::as_array_mut) else { return false };
    let before = items.len();
    let image = digest.to_string();
    items.retain(|item| item["image"] != *image);
    let found = items.len() < before;
    if found && items.is_empty() {
        tags.remove(at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_one_revision_and_keeps_what_it_does_not_know() {
        let (a, b) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
        let tag: Tag = "v1".parse().unwrap();
        let mut stream: Value = serde_json::from_str(&format!(
            r#"{{"x":{{"y":1}},"status":{{"tags":[{{"tag":"v1","new":true,"items":[{{"image":"{a}"}},{{"image":"{b}","z":3}}]}}]}}}}"#
        ))
        .unwrap();
        assert!(take_out(&mut stream, &tag, &a));
        assert!(!take_out(&mut stream, &tag, &a));
        let text = stream.to_string();
        assert!(text.contains(r#""y":1"#) && text.contains(r#""new":true"#), "{text}");
        assert!(text.contains(r#""z":3"#) && !text.contains(&a.to_string()), "{text}");
        assert!(take_out(&mut stream, &tag, &b));
        assert_eq!(stream.pointer("/status/tags").unwrap().as_array().unwrap().len(), 0);
    }

    #[test]
    fn nothing_to_take_out_is_no_fault() {
        let (tag, digest) = ("v1".parse().unwrap(), Digest::from_bytes([1; 32]));
        for text in [
            "{}",
            "7",
            r#"{"status":{"tags":null}}"#,
            r#"{"status":{"tags":[{"tag":"v1","items":null}]}}"#,
        ] {
            assert!(!take_out(&mut serde_json::from_str(text).unwrap(), &tag, &digest), "{text}");
        }
    }
}
