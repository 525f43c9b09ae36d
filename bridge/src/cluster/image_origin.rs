// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where an image of the cluster came from (`image.openshift.io/v1`).

use images_proto::Digest;
use serde::Deserialize;

use super::{Cluster, Error};
use crate::body::excerpt;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    docker_image_reference: Option<String>,
}

impl Cluster {
    /// The pull spec by which an image came: that of a push, or of an import. Untrusted text,
    /// bounded. `None` when there is no such image (any more), or it does not say.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn image_origin(&self, digest: &Digest) -> Result<Option<String>, Error> {
        let path = format!("/apis/image.openshift.io/v1/images/{digest}?pretty=false");
        let image: Option<Image> = self.object(&path).await?;
        let reference = image.and_then(|image| image.docker_image_reference);
        let reference = reference.map(|text| excerpt(text.as_bytes()));
        Ok(reference.filter(|reference| !reference.is_empty()))
    }
}
