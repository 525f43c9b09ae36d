// SPDX-License-Identifier: LGPL-2.1-or-later
//! Accepting connections, with or without TLS, HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{self, Entry};
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::body::{self, Body};

/// Who is at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The client's address.
    pub(crate) address: SocketAddr,
    /// The client's certificate, if it showed one that our authority signed.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// A server's answers.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(
        self: Arc<Self>,
        request: Request<Body>,
        peer: Arc<Peer>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Binds a port of 127.0.0.1; 0 means a free one.
///
/// # Errors
/// When the port is taken.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until it is dropped; the connections end with it.
pub(crate) async fn serve<H: Handler>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A client that is gone before it was accepted is no reason to stop.
                let Ok((stream, address)) = accepted else { continue };
                connections.spawn(connection(stream, address, tls.clone(), Arc::clone(&handler)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection<H: Handler>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    handler: Arc<H>,
) {
    // Without this, small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    match tls {
        None => exchange(stream, Peer { address, certificate: None }, handler).await,
        Some(acceptor) => {
            // A failed handshake concerns only that client.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let certificate =
                stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).cloned();
            let certificate = certificate.map(CertificateDer::into_owned);
            exchange(stream, Peer { address, certificate }, handler).await;
        }
    }
}

async fn exchange<S, H>(stream: S, peer: Peer, handler: Arc<H>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let peer = Arc::new(peer);
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, peer) = (Arc::clone(&handler), Arc::clone(&peer));
        let head = request.method() == Method::HEAD;
        async move {
            let answer = handler.handle(request.map(body::incoming), peer).await;
            Ok::<_, Infallible>(if head { without_body(answer) } else { answer })
        }
    });
    // The error says that the client went away or that a fault was asked for: neither is ours.
    let _ =
        Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// The answer to HEAD: as if it were to GET, without the body. hyper sees to that with HTTP/1
/// only; over HTTP/2 a body would be an error of the protocol.
fn without_body(mut answer: Response<Body>) -> Response<Body> {
    // None is left of what was passed on: its length is in the header, or nobody knows it.
    let length = hyper::body::Body::size_hint(answer.body()).exact().filter(|length| *length > 0);
    if let (Entry::Vacant(entry), Some(length)) =
        (answer.headers_mut().entry(header::CONTENT_LENGTH), length)
    {
        entry.insert(HeaderValue::from(length));
    }
    *answer.body_mut() = body::empty();
    answer
}
