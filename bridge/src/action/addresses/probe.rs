// SPDX-License-Identifier: LGPL-2.1-or-later

//! One look at an address: whether a registry answers there, and which certificates it presents.
//!
//! Every certificate is accepted here, as nothing secret is sent and nothing is believed: what it is
//! worth is decided afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::time::timeout;

/// Certificates that are kept of a server. More than a handful are no chain.
const MOST: usize = 10;

/// What answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// A registry, over TLS, with these certificates, its own first.
    Encrypted(Vec<CertificateDer<'static>>),
    /// A registry, without TLS.
    Plain,
    /// No registry.
    Silent,
}

/// Asks at `host`, with TLS and, unless `tls` says that it must be, without at once. Each may take
/// `patience`: a port behind a firewall that swallows everything is no reason to miss the other.
pub(super) async fn probe(host: &str, tls: bool, patience: Duration) -> Probed {
    let (encrypted, plain) = tokio::join!(timeout(patience, encrypted(host)), async {
        match tls {
            true => Ok(false),
            false => timeout(patience, plain(host)).await,
        }
    });
    match (encrypted, plain) {
        (Ok(Some(chain)), _) => Probed::Encrypted(chain),
        (_, Ok(true)) => Probed::Plain,
        _ => Probed::Silent,
    }
}

async fn encrypted(host: &str) -> Option<Vec<CertificateDer<'static>>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let recorder = Arc::new(Recorder { provider: provider.clone(), chain: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(recorder.clone())
        .with_no_client_auth();
    let client = client(Client::builder().tls_backend_preconfigured(config))?;
    if !is_registry(&client, &format!("https://{host}/v2/")).await {
        return None;
    }
    let chain = std::mem::take(&mut *recorder.chain.lock().unwrap_or_else(PoisonError::into_inner));
    Some(chain).filter(|chain| !chain.is_empty())
}

async fn plain(host: &str) -> bool {
    // No certificate is looked at, so none of the system's is needed.
    let roots = rustls::RootCertStore::empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let Ok(config) = config else { return false };
    let config = config.with_root_certificates(roots).with_no_client_auth();
    match client(Client::builder().tls_backend_preconfigured(config)) {
        Some(client) => is_registry(&client, &format!("http://{host}/v2/")).await,
        None => false,
    }
}

fn client(builder: ClientBuilder) -> Option<Client> {
    builder.user_agent(crate::body::AGENT).redirect(Policy::none()).build().ok()
}

/// Whether a registry answers; that it wants a login is an answer. Bodies are not read.
async fn is_registry(client: &Client, url: &str) -> bool {
    let Ok(answer) = client.get(url).send().await else { return false };
    let names_api = answer.headers().contains_key("docker-distribution-api-version");
    let wants_login = answer.headers().contains_key(http::header::WWW_AUTHENTICATE);
    match answer.status() {
        StatusCode::OK => names_api || is_json(&answer),
        StatusCode::UNAUTHORIZED => names_api || wants_login,
        _ => false,
    }
}

/// Registries that name no API, as some behind proxies, still answer JSON and no web page.
fn is_json(answer: &reqwest::Response) -> bool {
    let media_type = answer.headers().get(http::header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with("application/json")
}

/// Keeps the certificates that a server presents, and has it prove that the first is its own.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = [end_entity].into_iter().chain(intermediates).take(MOST);
        let all = all.map(|certificate| certificate.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
