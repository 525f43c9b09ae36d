// SPDX-License-Identifier: LGPL-2.1-or-later

//! Objects that we put into a cluster, and what becomes of them there.
//!
//! What is shown before is what is sent: one [`Draft`] makes both.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, StatusCode};
use images_proto::account::Object as Shown;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Kind;
use super::path::is_name;
use super::{Cluster, Error};

/// Who we are in an object's `managedFields`, and in its label [`MANAGED_BY`].
pub const OURS: &str = "cockpit-images";
/// The label that says who made an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// An object that is not in the cluster yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The path of the list that it belongs to.
    collection: String,
    body: Value,
}

/// An object of the cluster, as far as one must know it to leave it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Which one it is, among all that ever had its name.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is on its way out.
    pub is_going: bool,
}

impl Standing {
    /// Whether we made it.
    pub fn is_ours(&self) -> bool {
        self.labels.get(MANAGED_BY).is_some_and(|by| by == OURS)
    }
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    uid: String,
    labels: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
}

impl Draft {
    /// A draft of an object for the list at this path, such as `/api/v1/namespaces`.
    pub fn new(collection: impl Into<String>, body: Value) -> Self {
        Self { collection: collection.into(), body }
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        self.text("/kind").unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("/metadata/name").unwrap_or_default()
    }

    /// Its namespace, if it is in one.
    pub fn namespace(&self) -> Option<&str> {
        self.text("/metadata/namespace")
    }

    /// The object as it is sent.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The same object with another value at a JSON pointer, such as one that nobody shall see.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        if let Some(place) = self.body.pointer_mut(pointer) {
            *place = value;
        }
        self
    }

    /// The object as YAML, for people to read.
    pub fn yaml(&self) -> String {
        // A tree of JSON can be written as YAML.
        serde_saphyr::to_string(&self.body).unwrap_or_default()
    }

    /// The object as it is shown before.
    pub fn shown(&self) -> Shown {
        Shown {
            kind: self.kind().to_owned(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
            yaml: self.yaml(),
        }
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    fn path(&self) -> String {
        format!("{}/{}", self.collection, self.name())
    }

    fn bytes(&self) -> Bytes {
        Bytes::from(self.body.to_string())
    }
}

impl std::fmt::Display for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kind, name) = (self.kind(), self.name());
        match self.namespace() {
            Some(namespace) => write!(f, "{kind} {namespace}/{name}"),
            None => write!(f, "{kind} {name}"),
        }
    }
}

impl Cluster {
    /// Creates an object; it is fine if one of that name is there.
    ///
    /// # Errors
    /// When the cluster refuses or cannot be reached.
    pub async fn create(&self, draft: &Draft) -> Result<(), Error> {
        match self.post::<serde::de::IgnoredAny>(&draft.collection, draft.bytes()).await {
            Err(error) if error.is_already_there() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Creates an object or makes it what the draft says (server-side apply). What others manage of
    /// it is never taken from them.
    ///
    /// # Errors
    /// When the cluster refuses or cannot be reached; [`Error::other_manager`] says whose it is.
    pub async fn apply(&self, draft: &Draft) -> Result<(), Error> {
        let path = format!("{}?fieldManager={OURS}", draft.path());
        // JSON is YAML.
        let patched = self.patch::<serde::de::IgnoredAny>(
            &path,
            "application/apply-patch+yaml",
            draft.bytes(),
        );
        patched.await.map(drop)
    }

    /// The object that a draft is of; `None` when there is none.
    ///
    /// # Errors
    /// When the cluster refuses or cannot be reached.
    pub async fn standing(&self, draft: &Draft) -> Result<Option<Standing>, Error> {
        let object = self.object(&draft.path()).await?;
        Ok(object.map(|Object { metadata: Metadata { uid, labels, deletion_timestamp } }| {
            let (labels, is_going) = (labels.unwrap_or_default(), deletion_timestamp.is_some());
            Standing { uid, labels, is_going }
        }))
    }

    /// Deletes this very object, after what belongs to it; not another one that has its name by now.
    ///
    /// # Errors
    /// When the cluster refuses or cannot be reached. That it is gone is no error.
    pub async fn delete_standing(&self, draft: &Draft, standing: &Standing) -> Result<(), Error> {
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": { "uid": standing.uid },
            "propagationPolicy": "Foreground",
        });
        if !is_name(draft.name()) {
            return Err(Error::new(Method::DELETE, &draft.path(), Kind::Path));
        }
        match self.delete_with(&draft.path(), Bytes::from(options.to_string())).await {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer,
        }
    }
}

impl Error {
    /// Whether an object of that name is there already.
    pub fn is_already_there(&self) -> bool {
        matches!(&self.kind, Kind::Refused(refusal)
            if refusal.reason.as_deref() == Some("AlreadyExists"))
    }

    /// Who manages the fields that an [`Cluster::apply`] would have changed.
    pub fn other_manager(&self) -> Option<&str> {
        let Kind::Refused(refusal) = &self.kind else { return None };
        if refusal.status != StatusCode::CONFLICT {
            return None;
        }
        // `Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas`
        let (_, rest) = refusal.message.split_once("conflict with \"")?;
        rest.split_once('"').map(|(manager, _)| manager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    fn draft() -> Draft {
        let metadata = json!({ "name": "registry", "namespace": "shop", "labels": { "a": "on" } });
        let body = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata,
            "stringData": { "key": "(random)", "empty": [], "text": "1:2 # \"x\"\n- y", "no": null },
        });
        Draft::new("/api/v1/namespaces/shop/secrets", body)
    }

    #[test]
    fn what_is_shown_is_what_is_sent() {
        let shown: Value = serde_saphyr::from_str(&draft().yaml()).unwrap();
        assert_eq!(&shown, draft().body());
        assert_eq!(draft().to_string(), "Secret shop/registry");
    }

    #[tokio::test]
    async fn applies_without_taking_from_others() {
        let fake = Fake::start(|_| {
            let message =
                "Apply failed with 1 conflict: conflict with \"kubectl\" using v1: .data.key";
            (
                409,
                json!({ "kind": "Status", "code": 409, "reason": "Conflict", "message": message }),
            )
        })
        .await;
        let secret = draft().with("/stringData/key", json!("hunter2"));
        let error = fake.cluster.apply(&secret).await.unwrap_err();
        assert_eq!(error.other_manager(), Some("kubectl"));
        assert!(!error.is_already_there());
        let asked = &fake.log()[0];
        assert_eq!(
            asked.target,
            "/api/v1/namespaces/shop/secrets/registry?fieldManager=cockpit-images"
        );
        assert_eq!(asked.content_type, "application/apply-patch+yaml");
        assert_eq!(asked.body["stringData"]["key"], "hunter2");
    }

    #[tokio::test]
    async fn deletes_only_the_object_that_was_looked_at() {
        let fake = Fake::start(|asked| match &*asked.method {
            "GET" => (
                200,
                json!({ "metadata": { "uid": "u-1", "labels": {
                "app.kubernetes.io/managed-by": "cockpit-images" } } }),
            ),
            _ => refusal(409),
        })
        .await;
        let standing = fake.cluster.standing(&draft()).await.unwrap().unwrap();
        assert!(standing.is_ours() && !standing.is_going);
        let error = fake.cluster.delete_standing(&draft(), &standing).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::CONFLICT));
        assert_eq!(fake.log()[1].body["preconditions"]["uid"], "u-1");
    }

    #[tokio::test]
    async fn what_is_there_or_gone_is_fine() {
        let fake = Fake::start(|asked| match &*asked.method {
            "POST" => (409, json!({ "code": 409, "reason": "AlreadyExists" })),
            _ => refusal(404),
        })
        .await;
        fake.cluster.create(&draft()).await.unwrap();
        assert_eq!(fake.cluster.standing(&draft()).await.unwrap(), None);
        fake.cluster.delete_standing(&draft(), &Standing::default()).await.unwrap();
    }
}
