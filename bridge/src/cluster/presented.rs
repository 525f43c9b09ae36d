// SPDX-License-Identifier: LGPL-2.1-or-later

//! The certificate that an API server presents, whether it is trusted or not: people are shown it
//! before they decide what to do about it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificate::Certificate;

/// The time that a look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a server presents a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: u16,
    name: Option<String>,
}

impl Place {
    /// The place that an address leads to directly; `name` is what is asked for instead of the host.
    pub(super) fn of(address: &http::Uri, name: Option<&str>) -> Option<Self> {
        if address.scheme_str() != Some("https") {
            return None;
        }
        let host = address.host()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port: address.port_u16().unwrap_or(443), name: name.map(str::to_owned) })
    }

    /// Looks at the certificate. Nothing is said to the server but hello.
    pub(super) async fn look(&self) -> Option<Certificate> {
        timeout(PATIENCE, self.connect()).await.ok().flatten()
    }

    async fn connect(&self) -> Option<Certificate> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let recorder = Arc::new(Recorder { provider: provider.clone(), seen: Mutex::default() });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(recorder.clone())
            .with_no_client_auth();
        let name = self.name.as_ref().unwrap_or(&self.host).clone();
        let name = ServerName::try_from(name).ok()?;
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.ok()?;
        // It fails by design: the recorder accepts nothing.
        let _ = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let seen = recorder.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        Certificate::parse(&seen?)
    }
}

/// Keeps the first certificate that it is asked about, and accepts none.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Vec<u8>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(end_entity.to_vec());
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_https_address_presents_a_certificate() {
        let place = |address: &str, name| Place::of(&address.parse().unwrap(), name);
        assert_eq!(place("http://a:8080", None), None);
        let plain = place("https://[::1]", None).unwrap();
        assert_eq!((plain.host.as_str(), plain.port), ("::1", 443));
        assert_eq!(place("https://a:6443/k8s/x", Some("b")).unwrap().name.as_deref(), Some("b"));
    }
}
