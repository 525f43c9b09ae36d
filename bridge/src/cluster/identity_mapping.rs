// SPDX-License-Identifier: LGPL-2.1-or-later

//! By which identities somebody becomes which user (`user.openshift.io/v1`): an `Identity` for each
//! name at a provider, and a `UserIdentityMapping`, which is no object of its own but the two ends
//! of the link between user and identity, written together.

use images_proto::people::Identity;
use serde::Deserialize;
use serde_json::json;

use super::object::Found;
use super::{Cluster, Error};
use crate::uri::escaped;

const IDENTITIES: &str = "/apis/user.openshift.io/v1/identities";
const MAPPINGS: &str = "/apis/user.openshift.io/v1/useridentitymappings";

/// An identity as it is in the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IdentityObject {
    user: Option<Reference>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    name: Option<String>,
}

impl IdentityObject {
    /// The user that it leads to, be there such a user or not.
    pub fn user(&self) -> Option<&str> {
        self.user.as_ref()?.name.as_deref().filter(|name| !name.is_empty())
    }
}

impl Cluster {
    /// An identity; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find_identity(
        &self,
        identity: &Identity,
    ) -> Result<Option<Found<IdentityObject>>, Error> {
        self.find(&path(IDENTITIES, identity)).await
    }

    /// Makes an identity that leads nowhere yet, and returns its UID.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when there is such an identity.
    pub async fn make_identity(&self, identity: &Identity) -> Result<String, Error> {
        let object = json!({
            "kind": "Identity",
            "apiVersion": "user.openshift.io/v1",
            "metadata": { "name": name(identity) },
            "providerName": identity.provider,
            "providerUserName": identity.name,
        });
        let made = self.make_object(IDENTITIES, &object).await?;
        Ok(super::object::uid_of(&made).unwrap_or_default().to_owned())
    }

    /// Has an identity lead to a user.
    ///
    /// # Errors
    /// When the cluster refuses; [`Error::is_already_there`] when it leads to a user already.
    pub async fn map_identity(&self, identity: &Identity, user: &str) -> Result<(), Error> {
        let mapping = json!({
            "kind": "UserIdentityMapping",
            "apiVersion": "user.openshift.io/v1",
            "identity": { "name": name(identity) },
            "user": { "name": user },
        });
        self.make_object(MAPPINGS, &mapping).await.map(drop)
    }

    /// Has an identity lead nowhere. That it did already is no error.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn unmap_identity(&self, identity: &Identity) -> Result<(), Error> {
        match self.delete(&path(MAPPINGS, identity)).await {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer,
        }
    }

    /// Deletes an identity, if it is this one.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub async fn delete_identity(&self, identity: &Identity, uid: &str) -> Result<(), Error> {
        self.delete_object(&path(IDENTITIES, identity), uid, None).await
    }
}

/// The name of the object.
pub fn name(Identity { provider, name }: &Identity) -> String {
    format!("{provider}:{name}")
}

fn path(collection: &str, identity: &Identity) -> String {
    format!("{collection}/{}", escaped(&name(identity)))
}
