// SPDX-License-Identifier: LGPL-2.1-or-later

//! Groups of users (`user.openshift.io/v1`). Only OpenShift keeps them as objects.

use serde::Deserialize;

use super::described::Described;

/// The list of groups.
pub const GROUPS: &str = "/apis/user.openshift.io/v1/groups";

/// A group.
#[derive(Clone, Debug, Deserialize)]
pub struct Group {
    /// Its metadata.
    #[serde(default)]
    pub metadata: Described<Notes>,
    /// The names of its members, known users or not. Go writes an empty list as null.
    #[serde(default)]
    pub users: Option<Vec<String>>,
}

/// What `oc adm groups sync` and the group-sync operator write on the groups that they fill.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// The server with its port.
    #[serde(rename = "openshift.io/ldap.url")]
    pub ldap_url: Option<String>,
    /// The server.
    #[serde(rename = "openshift.io/ldap.host")]
    pub ldap_host: Option<String>,
}
