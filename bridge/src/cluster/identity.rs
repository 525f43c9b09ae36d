// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who we are to the cluster, and what it is.

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::{Cluster, Error, Kind};

/// Who we are and what answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The user's name, where the cluster tells it.
    pub user: Option<String>,
    /// What tells the user from one of the same name in another cluster, where the cluster tells it.
    pub uid: Option<String>,
    /// Kubernetes' version.
    pub version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelfSubjectReview {
    status: Option<SelfSubjectStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelfSubjectStatus {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    username: Option<String>,
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
}

/// The user as the cluster sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// The name.
    pub name: String,
    /// The groups, those without an object too, such as `system:authenticated`.
    pub groups: Vec<String>,
    /// What tells the user from one of the same name in another cluster, where the cluster tells it.
    pub uid: Option<String>,
}

#[derive(Deserialize)]
struct User {
    metadata: UserMetadata,
    #[serde(default)]
    groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct UserMetadata {
    name: Option<String>,
    uid: Option<String>,
}

impl Cluster {
    /// Asks who we are. What cannot be learned is left out: old clusters do not tell.
    ///
    /// # Errors
    /// When the cluster cannot be reached at all, or does not know us.
    pub async fn identity(&self) -> Result<Identity, Error> {
        // Without a version nobody has to wait until the ways to ask for the user are through.
        let me = async { Ok(self.me().await) };
        let (version, me) = tokio::try_join!(self.version(), me)?;
        let (user, uid) = me.map(|me| (me.name, me.uid)).unzip();
        Ok(Identity { user, uid: uid.flatten(), version })
    }

    /// The version, by which a Kubernetes API is known. Some clusters tell it to nobody.
    async fn version(&self) -> Result<Option<String>, Error> {
        let path = "/version";
        let stranger = || Err(Error::new(Method::GET, path, Kind::Stranger));
        match self.get::<Version>(path).await {
            Ok(Version { git_version: Some(version) }) => Ok(Some(version)),
            Ok(Version { git_version: None }) => stranger(),
            Err(error) => match &error.kind {
                Kind::Refused(refusal) if refusal.is_about_login() => Err(error),
                Kind::Refused(refusal)
                    if refusal.is_status && (error.is_forbidden() || error.is_no_path()) =>
                {
                    Ok(None)
                }
                Kind::Refused(refusal) if !refusal.is_status && error.is_no_path() => stranger(),
                Kind::Html | Kind::Json(_) => stranger(),
                _ => Err(error),
            },
        }
    }

    /// The user's name as the cluster knows it, where the cluster tells it.
    pub async fn user(&self) -> Option<String> {
        self.me().await.map(|me| me.name)
    }

    /// The user with the groups, where the cluster tells it.
    pub async fn me(&self) -> Option<Me> {
        let review = Bytes::from_static(
            br#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#,
        );
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let (name, groups, uid) = match self.post(path, review).await {
            Ok(SelfSubjectReview { status: Some(SelfSubjectStatus { user_info }) }) => {
                (user_info.username?, user_info.groups, user_info.uid)
            }
            // Kubernetes before 1.28, with OpenShift.
            _ => {
                let user: User = self.get("/apis/user.openshift.io/v1/users/~").await.ok()?;
                (user.metadata.name?, user.groups, user.metadata.uid)
            }
        };
        Some(Me { name, groups: groups.unwrap_or_default(), uid })
    }

    /// What tells this cluster from all others, for those who may know: the identifier of the
    /// namespace that each has from its beginning.
    pub async fn uid(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Namespace {
            metadata: NamespaceMetadata,
        }
        #[derive(Deserialize)]
        struct NamespaceMetadata {
            uid: Option<String>,
        }
        let namespace = self.get_metadata("/api/v1/namespaces/kube-system").await;
        namespace.ok().and_then(|Namespace { metadata }| metadata.uid)
    }

    /// Whether the cluster has OpenShift's image API.
    ///
    /// # Errors
    /// When it cannot be reached, or is out of order: then nobody knows.
    pub async fn has_image_streams(&self) -> Result<bool, Error> {
        #[derive(Deserialize)]
        struct Resources {}
        match self.get::<Resources>("/apis/image.openshift.io/v1").await {
            Ok(Resources {}) => Ok(true),
            Err(error) if error.is_no_path() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
