// SPDX-License-Identifier: LGPL-2.1-or-later

//! The address for clients outside that a cluster announces for its registry.

use serde::Deserialize;

use crate::cluster::{Cluster, Error};

/// What clusters without image streams say of their registry (Kubernetes enhancement 1755).
#[derive(Deserialize)]
struct Hosting {
    host: Option<String>,
}

/// The host that `local-registry-hosting` in `kube-public` names, if the cluster has that.
///
/// # Errors
/// When the cluster cannot be asked.
pub async fn announced(cluster: &Cluster) -> Result<Option<String>, Error> {
    match cluster.config_map("kube-public", "local-registry-hosting").await {
        Ok(data) => Ok(data.get("localRegistryHosting.v1").and_then(|text| parse(text))),
        Err(error) if error.is_not_found() || error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> Option<String> {
    let hosting: Hosting = serde_saphyr::from_str(text).ok()?;
    hosting.host.filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clusters_announce() {
        let text = "host: \"localhost:5000\"\nhelp: \"https://kind.sigs.k8s.io/docs/user/local-registry/\"\n";
        assert_eq!(parse(text).as_deref(), Some("localhost:5000"));
        for nonsense in ["", "host:", "- a", "host: {a: b}", "\u{0}"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
