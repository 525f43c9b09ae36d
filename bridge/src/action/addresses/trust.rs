// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a client must trust to believe a registry's certificate.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use images_proto::access::Trust;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::cluster::Cluster;
use crate::cluster::certificate::Certificate;

/// Certificates that are read of a config map.
const MOST: usize = 50;

/// Who may have signed a registry's certificate.
pub(super) struct Authorities {
    /// Those that this host trusts.
    hosts: Arc<RootCertStore>,
    /// Those of the cluster, which it told us itself.
    clusters: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads them; what cannot be read is left out. `namespace` is the registry's.
    pub(super) async fn find(cluster: Option<&Cluster>, namespace: Option<&str>) -> Self {
        let mut hosts = RootCertStore::empty();
        let native = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
        if let Ok(native) = native {
            hosts.add_parsable_certificates(native.certs);
        }
        let mut clusters = Vec::new();
        if let Some(cluster) = cluster {
            clusters.extend(cluster.authorities().iter().cloned().map(CertificateDer::from));
            let services = namespace.unwrap_or("kube-public");
            for (namespace, name, key) in [
                (services, "openshift-service-ca.crt", "service-ca.crt"),
                // That of the default ingress, readable for all who are logged in.
                ("openshift-config-managed", "default-ingress-cert", "ca-bundle.crt"),
            ] {
                let Ok(data) = cluster.config_map(namespace, name).await else { continue };
                let text = data.get(key).map(String::as_str).unwrap_or_default();
                clusters
                    .extend(CertificateDer::pem_slice_iter(text.as_bytes()).take(MOST).flatten());
            }
        }
        Self { hosts: Arc::new(hosts), clusters }
    }

    /// How one comes to trust the server at `host`, which presented this chain.
    pub(super) fn trust(&self, host: &str, chain: &[CertificateDer<'static>]) -> Trust {
        let Some(name) = server_name(host) else { return Trust::Unclear };
        if verifies(self.hosts.clone(), &name, chain) {
            return Trust::Trusted;
        }
        let signed = |signer: &&CertificateDer<'static>| {
            let mut roots = RootCertStore::empty();
            roots.add((*signer).clone()).is_ok() && verifies(Arc::new(roots), &name, chain)
        };
        // What the cluster says of itself is worth more than what a server says of itself.
        if let Some(signer) = self.clusters.iter().find(signed) {
            return authority(signer, true);
        }
        match (chain.last().filter(signed), chain) {
            (Some(signer), _) => authority(signer, false),
            (None, [own]) if can_stand_alone(&name, own) => {
                authority(own, self.clusters.contains(own))
            }
            (None, _) => Trust::Unclear,
        }
    }
}

/// A certificate with what people compare.
fn authority(certificate: &CertificateDer<'_>, vouched: bool) -> Trust {
    let read = Certificate::parse(certificate);
    Trust::Authority {
        pem: pem(certificate),
        vouched,
        fingerprint: read.as_ref().map(Certificate::fingerprint),
        subject: read.map(|read| read.subject),
    }
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    let url = reqwest::Url::parse(&format!("https://{host}/")).ok()?;
    let name = url.host_str()?.trim_matches(['[', ']']).to_owned();
    ServerName::try_from(name).ok()
}

fn verifies(
    roots: Arc<RootCertStore>,
    name: &ServerName<'_>,
    chain: &[CertificateDer<'_>],
) -> bool {
    let [own, intermediates @ ..] = chain else { return false };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
    let now = UnixTime::now();
    verifier.is_ok_and(|v| v.verify_server_cert(own, intermediates, name, &[], now).is_ok())
}

/// Whether the server's own certificate can be trusted as it is: podman, docker and skopeo take one
/// that they were given, whoever signed it, even an authority's as `openssl req -x509` makes them.
/// webpki takes neither.
fn can_stand_alone(name: &ServerName<'_>, own: &CertificateDer<'_>) -> bool {
    let is_valid = X509Certificate::from_der(own).is_ok_and(|(_, read)| read.validity().is_valid());
    let parsed = ParsedCertificate::try_from(own);
    is_valid && parsed.is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

/// A certificate as text (RFC 7468).
fn pem(certificate: &CertificateDer<'_>) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let base64 = BASE64_STANDARD.encode(certificate);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
