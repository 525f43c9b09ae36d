// SPDX-License-Identifier: LGPL-2.1-or-later

//! A server of a few lines, with or without TLS, and the authority that signs its certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

type Answer = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// A server. It ends with this value.
pub(super) struct Server {
    pub(super) address: String,
    /// Of its certificate, as it is shown.
    pub(super) fingerprint: String,
    clients: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

/// What a server with TLS presents.
pub(super) struct Tls {
    config: ServerConfig,
    fingerprint: String,
}

/// An authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Server {
    pub(super) async fn plain(
        answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, Arc::new(answer)).await
    }

    pub(super) async fn tls(
        tls: Tls,
        answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(tls), Arc::new(answer)).await
    }

    /// How many connections presented a client certificate.
    pub(super) fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst).min(1)
    }

    async fn start(tls: Option<Tls>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (fingerprint, acceptor) = match tls {
            Some(tls) => (tls.fingerprint, Some(TlsAcceptor::from(Arc::new(tls.config)))),
            None => Default::default(),
        };
        let clients = Arc::new(AtomicUsize::new(0));
        let counter = clients.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, acceptor) = (answer.clone(), acceptor.clone());
                let counter = counter.clone();
                connections.spawn(async move {
                    match acceptor {
                        None => serve(socket, &*answer).await,
                        Some(acceptor) => {
                            let Ok(stream) = acceptor.accept(socket).await else { return };
                            if stream.get_ref().1.peer_certificates().is_some() {
                                counter.fetch_add(1, Ordering::SeqCst);
                            }
                            serve(stream, &*answer).await;
                        }
                    }
                });
            }
        });
        Self { address, fingerprint, clients, _tasks: tasks }
    }
}

/// Answers one request after another, by their heads; bodies are small enough to lie in the buffer.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, answer: &Answer) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        loop {
            match stream.read_line(&mut head).await {
                Ok(length) if length > 2 => {}
                Ok(2) => break,
                Ok(_) => return,
                Err(_) => {
                    // As Go answers to what is no HTTP.
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                    return;
                }
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        if tokio::io::AsyncReadExt::read_exact(&mut stream, &mut body).await.is_err() {
            return;
        }
        let (status, text) = answer(&head);
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", text.len());
        if stream.write_all((head + &text).as_bytes()).await.is_err() {
            return;
        }
    }
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name = named("planet");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// What a kubeconfig's cluster says to trust it.
    pub(super) fn trust(&self) -> String {
        format!("certificate-authority-data: {}", STANDARD.encode(self.0.pem()))
    }

    pub(super) fn server(&self, names: &[&str]) -> Tls {
        self.server_in(names, None)
    }

    /// A server's certificate that is valid from the start of one year to the start of another.
    pub(super) fn server_in(&self, names: &[&str], years: Option<(i32, i32)>) -> Tls {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named("planet-api");
        let (certificate, key) = self.sign(params, years);
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let clients = WebPkiClientVerifier::builder(Arc::new(roots));
        let sum = digest(&SHA256, certificate.der());
        let fingerprint: Vec<_> = sum.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder()
            .with_client_cert_verifier(clients.allow_unauthenticated().build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Tls { config, fingerprint: fingerprint.join(":") }
    }

    /// A client's certificate and key, as PEM.
    pub(super) fn client(&self) -> (String, String) {
        self.client_in(None)
    }

    pub(super) fn client_in(&self, years: Option<(i32, i32)>) -> (String, String) {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name = named("amy");
        let (certificate, key) = self.sign(params, years);
        (certificate.pem(), key.serialize_pem())
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        years: Option<(i32, i32)>,
    ) -> (rcgen::Certificate, KeyPair) {
        if let Some((from, until)) = years {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(until, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
