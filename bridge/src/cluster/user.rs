// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users (`user.openshift.io/v1`). Only OpenShift keeps them as objects.

use images_proto::people::Identity;
use serde::Deserialize;

use super::described::Described;

/// The list of users.
pub const USERS: &str = "/apis/user.openshift.io/v1/users";

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described,
    /// What the user is called.
    #[serde(default)]
    pub full_name: Option<String>,
    #[serde(default)]
    identities: Option<Vec<String>>,
}

impl User {
    /// The identities that lead to this user.
    pub fn identities(&self) -> impl Iterator<Item = Identity> {
        // An identity is called PROVIDER:NAME, and no provider's name has a colon (origin,
        // `pkg/user/apis/user/validation`).
        self.identities.iter().flatten().filter_map(|whole| {
            let (provider, name) = whole.split_once(':')?;
            Some(Identity { provider: provider.to_owned(), name: name.to_owned() })
        })
    }
}
