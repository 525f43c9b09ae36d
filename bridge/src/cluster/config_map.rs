// SPDX-License-Identifier: LGPL-2.1-or-later

//! Config maps, in which clusters tell things about themselves.

use std::collections::BTreeMap;

use http::Method;
use serde::Deserialize;

use super::error::Kind;
use super::path::is_name;
use super::{Cluster, Error};

#[derive(Deserialize)]
struct ConfigMap {
    data: Option<BTreeMap<String, String>>,
}

impl Cluster {
    /// What a config map says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<BTreeMap<String, String>, Error> {
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        if !is_name(namespace) || !is_name(name) {
            return Err(Error::new(Method::GET, &path, Kind::Path));
        }
        Ok(self.get::<ConfigMap>(&path).await?.data.unwrap_or_default())
    }
}
