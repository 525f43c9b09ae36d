// SPDX-License-Identifier: LGPL-2.1-or-later

//! The nodes of a cluster, as far as they have addresses.

use serde::Deserialize;

use super::workload::Condition;
use super::{Cluster, Error, List};

/// The nodes that are looked at: each of them forwards the port of every service.
const MOST: usize = 20;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Whether it works.
    pub ready: bool,
    /// Its addresses, those for outside first.
    pub addresses: Vec<String>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    addresses: Option<Vec<Address>>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
struct Address {
    r#type: String,
    address: String,
}

impl Cluster {
    /// Some nodes of the cluster.
    ///
    /// # Errors
    /// When they may not or cannot be listed.
    pub async fn nodes(&self) -> Result<Vec<Node>, Error> {
        let path = format!("/api/v1/nodes?limit={MOST}&pretty=false");
        let nodes: List<Object> = self.get(&path).await?;
        Ok(nodes.into_items().into_iter().map(Object::read).collect())
    }
}

impl Object {
    fn read(self) -> Node {
        const BEST_FIRST: [&str; 5] =
            ["ExternalIP", "ExternalDNS", "InternalIP", "InternalDNS", "Hostname"];
        let rank = |address: &Address| BEST_FIRST.iter().position(|known| *known == address.r#type);
        let mut addresses = self.status.addresses.unwrap_or_default();
        addresses.sort_by_key(|address| rank(address).unwrap_or(BEST_FIRST.len()));
        let conditions = self.status.conditions.unwrap_or_default();
        Node {
            ready: conditions.iter().any(|known| known.r#type == "Ready" && known.status == "True"),
            addresses: addresses.into_iter().map(|address| address.address).collect(),
        }
    }
}
