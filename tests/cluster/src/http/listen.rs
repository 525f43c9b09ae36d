// SPDX-License-Identifier: LGPL-2.1-or-later
//! Accepting connections, with or without TLS, HTTP/1.1 or HTTP/2.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::{self, Entry};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::body::{self, Body};

/// Who is at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The client's address.
    pub(crate) address: SocketAddr,
    /// The client's certificate, if it was asked for one and had it. It has the key; who signed
    /// it is not known.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// The host that a client asked; HTTP/2 has it only in the address.
pub(crate) fn host_of<B>(request: &Request<B>) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = header.or_else(|| request.uri().authority().map(Authority::as_str))?;
    Some(host.to_owned())
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

/// Takes a port of 127.0.0.1 without listening; 0 means a free one.
///
/// # Errors
/// When the port is taken.
pub(crate) fn reserve(port: u16) -> std::io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let address = socket.local_addr()?;
    Ok((socket, address))
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

/// What Go's servers say to a client that forgot TLS.
const NOT_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

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
            if speaks_http(&stream).await {
                return refuse_http(stream).await;
            }
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
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
}

async fn refuse_http(mut stream: TcpStream) {
    // A connection that ends with something unread ends with a reset, and the answer is lost.
    let mut request = vec![0; 16 << 10];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(NOT_TLS).await;
    let _ = stream.shutdown().await;
}

/// Whether a client that should begin with a TLS handshake begins with a request instead.
async fn speaks_http(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1)) && first[0].is_ascii_uppercase()
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
