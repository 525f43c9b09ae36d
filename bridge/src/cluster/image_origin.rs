// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where an image of the cluster came from (`image.openshift.io/v1`).

use images_proto::{Digest, RepositoryName};
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

    /// The repository of the cluster's own registry to which an image was first pushed. `None` when
    /// there is no such image (any more), or it does not say.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn pushed_to(&self, digest: &Digest) -> Result<Option<RepositoryName>, Error> {
        let origin = self.image_origin(digest).await?;
        Ok(origin.as_deref().and_then(repository))
    }
}

/// The repository of a pull spec `HOST/REPOSITORY@DIGEST`.
fn repository(reference: &str) -> Option<RepositoryName> {
    let (place, _) = reference.split_once('@')?;
    let (_, name) = place.split_once('/')?;
    name.parse().ok().filter(|name: &RepositoryName| name.project().is_some())
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn a_pull_spec_names_its_repository() {
        let spec = "image-registry.openshift-image-registry.svc:5000/shop/api@sha256:0";
        assert_eq!(repository(spec), "shop/api".parse().ok());
        for other in ["", "shop/api", "host/shop/api:1", "host@sha256:0", "host/@x", "host/api@x"] {
            assert_eq!(repository(other), None, "{other}");
        }
    }
}
