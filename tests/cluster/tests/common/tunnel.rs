// SPDX-License-Identifier: LGPL-2.1-or-later
//! HTTP through a port-forward to the registry's pod.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Cluster;

/// A client as somebody.
pub(crate) async fn client(cluster: &Cluster, who: &str) -> Client {
    let kubeconfig = Kubeconfig::read_from(&cluster.ready().kubeconfigs[who]).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    Client::try_from(config).unwrap()
}

/// A connection to the registry's pod.
pub(crate) async fn forward(cluster: &Cluster, who: &str) -> kube::Result<DuplexStream> {
    let pod = &cluster.ready().pods[0];
    let pods: Api<Pod> = Api::namespaced(client(cluster, who).await, &pod.namespace);
    let mut forwarded = pods.portforward(&pod.name, &[pod.port]).await?;
    Ok(forwarded.take_stream(pod.port).unwrap())
}

/// TLS over a connection, to a server of that name that the authority of services signed.
pub(crate) async fn tls<S: AsyncRead + AsyncWrite + Unpin>(
    cluster: &Cluster,
    stream: S,
    name: &'static str,
) -> std::io::Result<TlsStream<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&cluster.ready().service_ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

/// HTTP over a connection.
pub(crate) async fn exchange<S>(stream: S) -> SendRequest<Empty<Bytes>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A request of the registry.
pub(crate) fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).header("host", "registry").body(Empty::new()).unwrap()
}
