// SPDX-License-Identifier: LGPL-2.1-or-later

//! A stream of bytes to a port of a pod, through the API server (`pods/portforward` over WebSocket).

use std::pin::Pin;
use std::task::{Context, Poll};

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Cluster;
use crate::body::BoxError;

/// An open port-forward; dropping it ends the forwarding.
pub struct PortForward {
    stream: Pin<Box<dyn Stream>>,
    forwarder: Portforwarder,
}

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Why no port-forward was opened.
#[derive(Debug, thiserror::Error)]
pub enum PortForwardError {
    /// The user lacks the right `get` on `pods/portforward`.
    #[error("the cluster does not let this user forward ports of pods in {namespace}")]
    Forbidden {
        /// The namespace.
        namespace: String,
    },
    /// Something else failed.
    #[error("no port-forward to the pod {namespace}/{pod} was opened")]
    Failed {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// Why.
        #[source]
        cause: BoxError,
    },
}

impl Cluster {
    /// Opens a port-forward. One is one TCP connection.
    ///
    /// # Errors
    /// When the user may not, or the API server does not reach the pod.
    pub async fn port_forward(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
    ) -> Result<PortForward, PortForwardError> {
        let failed = |cause: BoxError| PortForwardError::Failed {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            cause,
        };
        // The client has the login of this moment: what has run out is renewed before.
        self.bearer().await.map_err(|error| failed(error.into()))?;
        let pods: Api<Pod> = Api::namespaced(self.kube(), namespace);
        let mut forwarder = match pods.portforward(pod, &[port]).await {
            Ok(forwarder) => forwarder,
            Err(error) if is_forbidden(&error) => {
                return Err(PortForwardError::Forbidden { namespace: namespace.to_owned() });
            }
            Err(error) => return Err(failed(error.into())),
        };
        let stream = forwarder.take_stream(port);
        let stream = stream.ok_or_else(|| failed("the port was not forwarded".into()))?;
        Ok(PortForward { stream: Box::pin(stream), forwarder })
    }
}

pub(super) fn is_forbidden(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 403,
        kube::Error::UpgradeConnection(kube::client::UpgradeConnectionError::ProtocolSwitch(
            status,
        )) => *status == http::StatusCode::FORBIDDEN,
        _ => false,
    }
}

impl Drop for PortForward {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

impl AsyncRead for PortForward {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.stream.as_mut().poll_read(context, buffer)
    }
}

impl AsyncWrite for PortForward {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}
