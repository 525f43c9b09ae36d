// SPDX-License-Identifier: LGPL-2.1-or-later

//! Making, changing and deleting a project: OpenShift's (`project.openshift.io/v1`), else a
//! namespace.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::access::Permission;
use super::error::Kind;
use super::project::{NAMESPACES, PROJECTS};
use super::{Cluster, Error};
use crate::uri::escaped;

/// What a project is called (OpenShift's `api/annotations`).
pub const DISPLAY_NAME: &str = "openshift.io/display-name";
/// What it is for.
pub const DESCRIPTION: &str = "openshift.io/description";
/// Who asked for it.
pub const REQUESTER: &str = "openshift.io/requester";

/// Where the projects of a cluster are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projects {
    /// OpenShift's.
    Openshift,
    /// Namespaces.
    Plain,
}

/// A project as far as one must know it to change or delete it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Which one it is, among all that ever had its name.
    pub uid: String,
    /// Whether it is being deleted.
    pub is_going: bool,
    /// Its annotations. Untrusted.
    pub annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    uid: String,
    annotations: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
struct Status {
    phase: Option<String>,
}

impl Projects {
    /// Those of a cluster that is OpenShift, or is not.
    pub fn of(openshift: bool) -> Self {
        if openshift { Self::Openshift } else { Self::Plain }
    }

    /// The right to do something to one of them.
    pub fn permission<'a>(self, verb: &'a str, name: &'a str) -> Permission<'a> {
        let (group, resource) = match self {
            Self::Openshift => ("project.openshift.io", "projects"),
            Self::Plain => ("", "namespaces"),
        };
        // Both are decided by the roles inside of them.
        let namespace = Some(name);
        Permission { verb, group, resource, subresource: None, namespace, name: Some(name) }
    }

    pub(crate) fn path(self, name: &str) -> String {
        let list = match self {
            Self::Openshift => PROJECTS,
            Self::Plain => NAMESPACES,
        };
        format!("{list}/{}", escaped(name))
    }
}

impl Cluster {
    /// Asks OpenShift for a project, of which the user becomes the administrator.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is one of that name, whoever
    /// may see it.
    pub async fn request_project(
        &self,
        name: &str,
        display_name: Option<&str>,
        description: Option<&str>,
    ) -> Result<(), Error> {
        let mut request = json!({
            "kind": "ProjectRequest",
            "apiVersion": "project.openshift.io/v1",
            "metadata": { "name": name },
        });
        for (key, text) in [("displayName", display_name), ("description", description)] {
            if let Some(text) = text {
                request[key] = json!(text);
            }
        }
        let path = "/apis/project.openshift.io/v1/projectrequests";
        self.post::<IgnoredAny>(path, Bytes::from(request.to_string())).await.map(drop)
    }

    /// Makes a namespace.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is one of that name.
    pub async fn create_namespace(
        &self,
        name: &str,
        annotations: &BTreeMap<&str, &str>,
    ) -> Result<(), Error> {
        let namespace = json!({
            "kind": "Namespace",
            "apiVersion": "v1",
            "metadata": { "name": name, "annotations": annotations },
        });
        self.post::<IgnoredAny>(NAMESPACES, Bytes::from(namespace.to_string())).await.map(drop)
    }

    /// A project; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or may not be seen.
    pub async fn project_standing(
        &self,
        projects: Projects,
        name: &str,
    ) -> Result<Option<Standing>, Error> {
        let object = self.object(&projects.path(name)).await?;
        Ok(object.map(|Object { metadata, status }| Standing {
            uid: metadata.uid,
            is_going: metadata.deletion_timestamp.is_some()
                || status.phase.as_deref() == Some("Terminating"),
            annotations: metadata.annotations.unwrap_or_default(),
        }))
    }

    /// Sets annotations of a project, and removes those that are `None`. Others are not touched.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn annotate_project(
        &self,
        projects: Projects,
        name: &str,
        annotations: &BTreeMap<&str, Option<&str>>,
    ) -> Result<(), Error> {
        // A merge patch says nothing of what it does not name, so nobody else's change is lost.
        let patch = json!({ "metadata": { "annotations": annotations } });
        let body = Bytes::from(patch.to_string());
        self.patch::<IgnoredAny>(&projects.path(name), "application/merge-patch+json", body)
            .await
            .map(drop)
    }

    /// Deletes this very project; not another one that has its name by now.
    ///
    /// # Errors
    /// When the cluster refuses. That it is gone is no error.
    pub async fn delete_project(
        &self,
        projects: Projects,
        name: &str,
        Standing { uid, .. }: &Standing,
    ) -> Result<(), Error> {
        let path = projects.path(name);
        if uid.is_empty() {
            // An empty precondition is none.
            return Err(Error::new(Method::DELETE, &path, Kind::Path));
        }
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": { "uid": uid },
        });
        match self.delete_with(&path, Bytes::from(options.to_string())).await {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    #[tokio::test]
    async fn only_what_is_named_is_changed() {
        let fake = Fake::start(|_| (200, json!({}))).await;
        let texts = BTreeMap::from([(DISPLAY_NAME, Some("Sky")), (DESCRIPTION, None)]);
        fake.cluster.annotate_project(Projects::Plain, "sky", &texts).await.unwrap();
        let asked = &fake.log()[0];
        assert_eq!(asked.target, "/api/v1/namespaces/sky");
        assert_eq!(asked.content_type, "application/merge-patch+json");
        let annotations = json!({ DISPLAY_NAME: "Sky", DESCRIPTION: null });
        assert_eq!(asked.body, json!({ "metadata": { "annotations": annotations } }));
    }

    #[tokio::test]
    async fn another_project_of_the_same_name_is_left_alone() {
        let fake = Fake::start(|_| refusal(404)).await;
        let (of, nothing) = (Projects::Openshift, Standing::default());
        assert!(fake.cluster.delete_project(of, "sky", &nothing).await.is_err());
        assert!(fake.log().is_empty());
        let standing = Standing { uid: "u-1".to_owned(), ..nothing };
        fake.cluster.delete_project(of, "sky", &standing).await.unwrap();
        assert_eq!(fake.log()[0].body["preconditions"], json!({ "uid": "u-1" }));
        assert_eq!(fake.cluster.project_standing(of, "sky").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_project_that_goes_is_known_by_either_sign() {
        let objects = [
            (
                json!({ "metadata": { "uid": "u", "deletionTimestamp": "2026-11-24T10:04:34Z" } }),
                true,
            ),
            (json!({ "metadata": { "uid": "u" }, "status": { "phase": "Terminating" } }), true),
            (json!({ "metadata": { "uid": "u" }, "status": { "phase": "Active" } }), false),
        ];
        for (object, is_going) in objects {
            let fake = Fake::start(move |_| (200, object.clone())).await;
            let standing = fake.cluster.project_standing(Projects::Plain, "sky").await.unwrap();
            assert_eq!(standing.unwrap().is_going, is_going);
        }
    }
}
