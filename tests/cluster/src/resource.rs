// SPDX-License-Identifier: LGPL-2.1-or-later
//! The kinds of objects that the cluster stores.

/// A stored kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Resource {
    /// API group; empty for the core group.
    pub(crate) group: &'static str,
    /// Plural name, as in paths.
    pub(crate) plural: &'static str,
    /// The `kind` of one object.
    pub(crate) kind: &'static str,
}

impl Resource {
    /// What stands in `apiVersion`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { "v1".to_owned() } else { format!("{}/v1", self.group) }
    }

    /// `images.image.openshift.io`, or only the plural in the core group.
    pub(crate) fn qualified(group: &str, name: &str) -> String {
        if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
    }
}

/// The group of ImageStreams and Images.
pub(crate) const IMAGE_GROUP: &str = "image.openshift.io";

pub(crate) const NAMESPACES: Resource =
    Resource { group: "", plural: "namespaces", kind: "Namespace" };
pub(crate) const SERVICES: Resource = Resource { group: "", plural: "services", kind: "Service" };
pub(crate) const ENDPOINTS: Resource =
    Resource { group: "", plural: "endpoints", kind: "Endpoints" };
pub(crate) const PODS: Resource = Resource { group: "", plural: "pods", kind: "Pod" };
pub(crate) const CONFIG_MAPS: Resource =
    Resource { group: "", plural: "configmaps", kind: "ConfigMap" };
pub(crate) const USERS: Resource =
    Resource { group: "user.openshift.io", plural: "users", kind: "User" };
pub(crate) const IMAGE_STREAMS: Resource =
    Resource { group: IMAGE_GROUP, plural: "imagestreams", kind: "ImageStream" };
pub(crate) const IMAGES: Resource =
    Resource { group: IMAGE_GROUP, plural: "images", kind: "Image" };

/// All of them.
pub(crate) const STORED: [&Resource; 8] =
    [&NAMESPACES, &SERVICES, &ENDPOINTS, &PODS, &CONFIG_MAPS, &USERS, &IMAGE_STREAMS, &IMAGES];
