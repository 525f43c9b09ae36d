// SPDX-License-Identifier: LGPL-2.1-or-later

//! Connections to a pod of the registry through the API server.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::place::Place;
use crate::body::BoxError;
use crate::cluster::Cluster;
use crate::registry::tunnel::{Dial, Stream};

/// Opens port-forwards to a pod that is ready. The pod is looked up for each connection: another one
/// may have taken its place.
pub(super) struct ToPod {
    pub(super) cluster: Cluster,
    pub(super) place: Place,
}

/// Why there is no pod to forward to.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPod {
    #[error("the cluster does not let this user see the pods of {0}")]
    Unseen(String),
    #[error("no pod of {0} is ready")]
    NotReady(String),
}

impl Dial for ToPod {
    fn dial(&self) -> BoxFuture<'_, Result<Box<dyn Stream>, BoxError>> {
        async {
            let Place { namespace, name, port, .. } = &self.place;
            let workload = self.cluster.registry_workload(namespace, name).await?;
            if workload.pods.is_none() {
                return Err(NoPod::Unseen(self.place.words()).into());
            }
            let pod = workload.ready_pod();
            let pod = pod.ok_or_else(|| NoPod::NotReady(self.place.words()))?;
            let port = pod.port.unwrap_or(*port);
            let stream = self.cluster.port_forward(namespace, &pod.name, port).await?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        }
        .boxed()
    }
}
