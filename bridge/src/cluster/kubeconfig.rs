// SPDX-License-Identifier: LGPL-2.1-or-later

//! From a kubeconfig, or the service account of a pod, to a connection.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use images_proto::{Code, Failure};
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{Address, Cluster};
use crate::body;

const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no cluster to speak to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no kubeconfig, and this is no pod.
    #[error("no kubeconfig")]
    None(#[source] InClusterError),
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig(#[source] KubeconfigError),
    /// The way to log in, or the certificates, that the kubeconfig names cannot be used.
    #[error("the kubeconfig's login cannot be used")]
    Login(#[source] kube::Error),
}

impl Cluster {
    /// The cluster that `KUBECONFIG`, or else `~/.kube/config`, or else the pod around us names.
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// When none of them names a cluster.
    pub async fn from_environment() -> Result<Self, Error> {
        let (config, context) = match Kubeconfig::read() {
            Ok(kubeconfig) => {
                let context = kubeconfig.current_context.clone();
                let options = KubeConfigOptions::default();
                let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
                (config.map_err(Error::Kubeconfig)?, context)
            }
            Err(error) if is_absent(&error) => (Config::incluster().map_err(Error::None)?, None),
            Err(error) => return Err(Error::Kubeconfig(error)),
        };
        Self::with_config(config, context)
    }

    /// The cluster that a configuration of the kube crate names.
    ///
    /// # Errors
    /// When its login cannot be used.
    pub fn with_config(mut config: Config, context: Option<String>) -> Result<Self, Error> {
        config.connect_timeout = Some(CONNECT);
        // Answers of a registry behind the API server are not the server's own: they are told, not
        // silently asked for again.
        config.default_retry = false;
        config.headers.push((USER_AGENT, HeaderValue::from_static(crate::body::AGENT)));
        let address = Address {
            server: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
            context,
            token: token(&config),
            authorities: authorities(&config),
        };
        let client = Client::try_from(config).map_err(Error::Login)?;
        Ok(Self { client, address: Arc::new(address) })
    }
}

fn is_absent(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// The token as it stands in the kubeconfig or in a file that it names.
fn token(config: &Config) -> Option<secrecy::SecretString> {
    let login = &config.auth_info;
    if login.token.is_some() {
        return login.token.clone();
    }
    let text = std::fs::read_to_string(login.token_file.as_deref()?).ok()?;
    Some(text.trim().to_owned().into())
}

/// The authorities in the kubeconfig, or in the file that a pod has.
fn authorities(config: &Config) -> Vec<Vec<u8>> {
    if let Some(authorities) = &config.root_cert {
        return authorities.clone();
    }
    let Some(file) = &config.root_cert_file else { return Vec::new() };
    let authorities = CertificateDer::pem_file_iter(file).into_iter().flatten();
    authorities.flatten().map(|authority| authority.to_vec()).collect()
}

impl Error {
    /// What the user is told.
    pub fn failure(&self) -> Failure {
        let (code, message, fix) = match self {
            Self::None(_) => (
                Code::NoCluster,
                "This user has no kubeconfig, so the bridge does not know which cluster to ask.",
                "Log in with oc login, or put a kubeconfig at ~/.kube/config.",
            ),
            Self::Kubeconfig(_) => (
                Code::NoCluster,
                "The bridge could not use this user's kubeconfig.",
                "Check the file with kubectl config view.",
            ),
            Self::Login(_) => (
                Code::Unauthenticated,
                "The bridge could not use the login in this user's kubeconfig.",
                "Log in again with oc login, or renew the kubeconfig.",
            ),
        };
        Failure {
            code,
            message: message.to_owned(),
            retryable: false,
            fix: Some(fix.to_owned()),
            // The causes may quote the file, or the arguments and output of a login program.
            details: match self {
                Self::None(_) => Some(body::chain(self)),
                Self::Kubeconfig(_) | Self::Login(_) => None,
            },
        }
    }
}
