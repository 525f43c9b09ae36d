// SPDX-License-Identifier: LGPL-2.1-or-later
//! The cluster's own certificate authority, made anew at every start.

mod any_client;

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WantsServerCert;
use rustls::{ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier};
use tokio_rustls::TlsAcceptor;

use crate::ready::Face;
use any_client::AnyClient;

/// An authority.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
}

/// The authorities of a cluster.
#[derive(Debug)]
pub(crate) struct Authorities {
    cluster: Authority,
    /// OpenShift has one of its own for services; elsewhere who installs a registry with TLS
    /// takes the one that is there.
    service: Option<Authority>,
}

impl Authorities {
    /// Makes those of a face. In OpenShift 3 (`old`) the master's authority signs the registry's
    /// certificate, too.
    ///
    /// # Errors
    /// When no key can be made.
    pub(crate) fn of(
        face: Face,
        old: bool,
        provider: &Arc<CryptoProvider>,
    ) -> anyhow::Result<Self> {
        let cluster = Authority::new("loopback-cluster", Arc::clone(provider))?;
        let service = (face == Face::Openshift && !old)
            .then(|| Authority::new("openshift-service-serving-signer", Arc::clone(provider)));
        Ok(Self { cluster, service: service.transpose()? })
    }

    /// Who signs the API server, its clients, and what is outside of the cluster's network.
    pub(crate) fn cluster(&self) -> &Authority {
        &self.cluster
    }

    /// Who signs for services.
    pub(crate) fn service(&self) -> &Authority {
        self.service.as_ref().unwrap_or(&self.cluster)
    }
}

/// A certificate with its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) certificate_pem: String,
    pub(crate) key: KeyPair,
}

impl Authority {
    /// Makes an authority of that name.
    ///
    /// # Errors
    /// When no key can be made.
    pub(crate) fn new(called: &str, provider: Arc<CryptoProvider>) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new([])?;
        params.distinguished_name = name(called, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?, provider })
    }

    /// Its certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// An identity for a client: `O` is the group, `CN` the user.
    ///
    /// # Errors
    /// When no key can be made.
    pub(crate) fn client(&self, user: &str, group: &str) -> anyhow::Result<Identity> {
        let mut params = CertificateParams::new([])?;
        params.distinguished_name = name(user, Some(group));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// TLS for a server of these names, the first of which is its common name.
    ///
    /// # Errors
    /// When no key can be made.
    pub(crate) fn server(&self, names: &[&str]) -> anyhow::Result<TlsAcceptor> {
        self.acceptor(names, |config| config.with_no_client_auth())
    }

    /// The same for a server that asks clients for certificates. As API servers do, it lets
    /// any come, and looks at them only when it is asked something.
    ///
    /// # Errors
    /// When no key can be made.
    pub(crate) fn server_with_clients(&self, names: &[&str]) -> anyhow::Result<TlsAcceptor> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let clients = AnyClient { provider: Arc::clone(&self.provider), hints: roots.subjects() };
        self.acceptor(names, |config| config.with_client_cert_verifier(Arc::new(clients)))
    }

    fn acceptor(
        &self,
        names: &[&str],
        clients: impl FnOnce(
            ConfigBuilder<ServerConfig, WantsVerifier>,
        ) -> ConfigBuilder<ServerConfig, WantsServerCert>,
    ) -> anyhow::Result<TlsAcceptor> {
        let all: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(all)?;
        params.distinguished_name = name(names.first().copied().unwrap_or_default(), None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let identity = self.sign(params)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let mut config = clients(config).with_single_cert(vec![identity.certificate], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn sign(&self, params: CertificateParams) -> anyhow::Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key,
        })
    }
}

fn name(common_name: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}
