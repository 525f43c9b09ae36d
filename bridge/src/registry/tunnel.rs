// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests over any stream of bytes, such as a port-forward: HTTP/1.1, with TLS from end to end
//! where the registry speaks it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::authorized::Site;
use super::carrier::{Carrier, Standing};
use crate::body::{AGENT, Body, BoxError};

/// The time that a connection may take, with the handshake.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// The connections that are kept for the next request.
const KEPT: usize = 8;

/// A stream of bytes to the registry.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections to the registry.
pub trait Dial: Send + Sync {
    /// Opens one.
    fn dial(&self) -> BoxFuture<'_, Result<Box<dyn Stream>, BoxError>>;
}

/// Carries requests over what a [`Dial`] opens.
pub struct Tunnel {
    client: Client<Connector, Full<Bytes>>,
    base: Uri,
}

/// Opens connections for the HTTP client.
#[derive(Clone)]
struct Connector {
    dial: Arc<dyn Dial>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection, as the HTTP client wants it.
struct Wire(TokioIo<Box<dyn Stream>>);

impl Tunnel {
    /// A tunnel to the registry that calls itself `name`, on `port`. With authorities, as DER, it
    /// speaks TLS and is who they say it is; the system's own count too.
    ///
    /// # Errors
    /// When the name is none, or a certificate.
    pub fn new(
        dial: Arc<dyn Dial>,
        name: &str,
        port: u16,
        authorities: Option<&[Vec<u8>]>,
    ) -> Result<Self, BoxError> {
        let scheme = if authorities.is_some() { "https" } else { "http" };
        let base: Uri = format!("{scheme}://{name}:{port}").parse()?;
        let tls = match authorities {
            Some(authorities) => {
                let server = ServerName::try_from(name.to_owned())?;
                Some((TlsConnector::from(Arc::new(config(authorities)?)), server))
            }
            None => None,
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .build(Connector { dial, tls });
        Ok(Self { client, base })
    }

    /// Where it leads, for who may see a login: nobody on the way can read along, for the way leads
    /// through the cluster's API.
    pub fn site(&self) -> Site {
        let host = self.base.authority().map(ToString::to_string).unwrap_or_default();
        Site { host, encrypted: true }
    }
}

fn config(authorities: &[Vec<u8>]) -> Result<ClientConfig, BoxError> {
    let mut roots = RootCertStore::empty();
    // A host without authorities of its own is no fault here.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for authority in authorities {
        roots.add(CertificateDer::from(authority.clone()))?;
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

impl Carrier for Tunnel {
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        async move {
            let (mut head, body) = request.into_parts();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            head.uri = format!("{}{path}", self.base.to_string().trim_end_matches('/')).parse()?;
            head.headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
            if let Some(host) = self.base.authority() {
                head.headers.insert(HOST, HeaderValue::from_str(host.as_str())?);
            }
            let answer = self.client.request(Request::from_parts(head, Full::new(body))).await?;
            let chunks = |body: hyper::body::Incoming| {
                body.into_data_stream().map(|chunk| chunk.map_err(Into::into))
            };
            Ok(answer.map(|body| Box::pin(chunks(body)) as Body))
        }
        .boxed()
    }

    fn standing(&self) -> Standing {
        Standing::Unknown
    }
}

impl tower::Service<Uri> for Connector {
    type Response = Wire;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Wire, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        async move {
            let opening = async {
                let stream = connector.dial.dial().await?;
                Ok::<_, BoxError>(match connector.tls {
                    Some((tls, name)) => Box::new(tls.connect(name, stream).await?),
                    None => stream,
                })
            };
            let silent = || std::io::Error::from(std::io::ErrorKind::TimedOut);
            let stream = timeout(CONNECT, opening).await.map_err(|_| silent())??;
            Ok(Wire(TokioIo::new(stream)))
        }
        .boxed()
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
