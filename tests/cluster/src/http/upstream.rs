// SPDX-License-Identifier: LGPL-2.1-or-later
//! Speaking to the server behind us: docker-registry, or our own registry front.

use std::future::ready;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use http::{HeaderMap, HeaderName, Request, Response, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::body::{Body, BodyError, incoming};

/// Headers that concern one connection only.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A client of servers on this machine.
#[derive(Clone)]
pub(crate) struct Upstream {
    plain: Client<HttpConnector, Body>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Upstream")
    }
}

/// Why a server could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    /// Nobody listens there.
    #[error("dial tcp {0}: connect: connection refused")]
    Refused(SocketAddr),
    /// It answers, but not in TLS.
    #[error("tls: first record does not look like a TLS handshake")]
    NotTls,
    /// It hung up, or spoke something that is not HTTP.
    #[error("{0}")]
    Other(String),
}

impl Upstream {
    /// A client that accepts any certificate, as the service proxy of an API server does.
    ///
    /// # Errors
    /// When the cryptographic provider lacks the default protocol versions.
    pub(crate) fn new(provider: Arc<CryptoProvider>) -> Result<Self, rustls::Error> {
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        Ok(Self {
            plain: Client::builder(TokioExecutor::new()).build(HttpConnector::new()),
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends a request over HTTP; connections are kept and used again.
    ///
    /// # Errors
    /// When the server cannot be reached or hangs up.
    pub(crate) async fn http(
        &self,
        address: SocketAddr,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Unreachable> {
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let uri = format!("http://{address}{path}")
            .parse::<Uri>()
            .map_err(|e| Unreachable::Other(e.to_string()))?;
        *request.uri_mut() = uri;
        *request.version_mut() = http::Version::HTTP_11;
        strip_hop_by_hop(request.headers_mut());
        let answer = self.plain.request(request).await;
        let mut answer = answer.map(|answer| answer.map(incoming)).map_err(|error| match error
            .is_connect()
        {
            true => Unreachable::Refused(address),
            false => Unreachable::Other(error.to_string()),
        })?;
        strip_hop_by_hop(answer.headers_mut());
        Ok(answer)
    }

    /// Sends a request over TLS without looking at the certificate, on a connection of its own.
    ///
    /// # Errors
    /// When the server cannot be reached, does not speak TLS, or hangs up.
    pub(crate) async fn https(
        &self,
        address: SocketAddr,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Unreachable> {
        let stream =
            TcpStream::connect(address).await.map_err(|_| Unreachable::Refused(address))?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream = self.tls.connect(name, stream).await.map_err(|_| Unreachable::NotTls)?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) =
            handshake.map_err(|error| Unreachable::Other(error.to_string()))?;
        *request.version_mut() = http::Version::HTTP_11;
        strip_hop_by_hop(request.headers_mut());
        let mut connection: Connection = Box::pin(connection.map_ok(|_| ()).map_err(drop));
        let mut exchange = pin!(sender.send_request(request));
        let answer = tokio::select! {
            biased;
            answer = &mut exchange => answer,
            // It ends after it handed over the answer, or why there is none.
            _ = &mut connection => {
                connection = Box::pin(ready(Ok(())));
                exchange.await
            }
        };
        let mut answer = answer.map_err(|error| Unreachable::Other(error.to_string()))?;
        strip_hop_by_hop(answer.headers_mut());
        Ok(answer.map(|body| {
            Driven { connection: Some(connection), body: incoming(body) }.boxed_unsync()
        }))
    }
}

/// The work on a connection.
type Connection = Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;

/// The body of an answer that moves its own connection on: nobody else does.
struct Driven {
    connection: Option<Connection>,
    body: Body,
}

impl hyper::body::Body for Driven {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(context).is_ready()
        {
            self.connection = None;
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Removes the headers that must not be passed on.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

/// Accepts every certificate.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
