// SPDX-License-Identifier: LGPL-2.1-or-later

//! Users (`user.openshift.io/v1`). Only OpenShift keeps them as objects.

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
    /// The identities that lead to this user, as providers and the names there.
    pub fn identities(&self) -> impl Iterator<Item = (&str, &str)> {
        // An identity is called PROVIDER:NAME, and no provider's name has a colon (origin,
        // `pkg/user/apis/user/validation`).
        self.identities.iter().flatten().filter_map(|name| name.split_once(':'))
    }
}
