// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why a kubeconfig leads to no cluster, and how that is told. A file is named, never quoted.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use images_proto::{Code, Failure, Offer};
use kube::config::{InClusterError, KubeconfigError, LoadDataError};

use crate::body;
use crate::cluster::error::login_words;
use crate::cluster::login;

/// Why there is no cluster to speak to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no kubeconfig, and this is no pod.
    #[error("no kubeconfig")]
    None {
        /// Where one was looked for.
        looked_at: Vec<PathBuf>,
    },
    /// The kubeconfig has no context at all.
    #[error("the kubeconfig has no context")]
    Empty {
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A file cannot be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is too large.
    #[error("{} has more than {limit} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The bound, in bytes.
        limit: usize,
    },
    /// A file is no kubeconfig.
    #[error("{} is no kubeconfig", file.display())]
    Unparsable {
        /// The file.
        file: PathBuf,
        /// The line where it stops making sense, from 1.
        line: Option<u64>,
    },
    /// A file is of another kind or version than those before it.
    #[error("{} is of another kind or version", file.display())]
    OtherKind {
        /// The file.
        file: PathBuf,
    },
    /// The kubeconfig does not say which of its contexts is used.
    #[error("no current-context among {contexts}")]
    NoContext {
        /// How many there are.
        contexts: usize,
    },
    /// The kubeconfig's `current-context` is not there.
    #[error("no context {name:?}")]
    NoSuchContext {
        /// Its name.
        name: String,
    },
    /// A context names a cluster that is not there.
    #[error("no cluster {cluster:?}")]
    NoSuchCluster {
        /// The context.
        context: String,
        /// The cluster.
        cluster: String,
    },
    /// A cluster has no address.
    #[error("the cluster {cluster:?} has no server")]
    NoServer {
        /// The cluster.
        cluster: String,
    },
    /// A cluster's address is none.
    #[error("the server of the cluster {cluster:?} is no address")]
    BadServer {
        /// The cluster.
        cluster: String,
    },
    /// The login is of a kind that Kubernetes itself has given up.
    #[error("the auth-provider {name:?} is not supported")]
    AuthProvider {
        /// Its name.
        name: String,
    },
    /// A file that a context names cannot be read.
    #[error("cannot read {what} of the context {context:?}, {}", file.display())]
    Missing {
        /// What it is, such as `client-key`.
        what: &'static str,
        /// The context.
        context: String,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in a context cannot be used.
    #[error("{what} of the context {context:?} cannot be used")]
    Content {
        /// What it is, such as `certificate-authority`.
        what: &'static str,
        /// The context.
        context: String,
    },
    /// The service account of the pod around us cannot be used.
    #[error("the pod's service account cannot be used")]
    Pod(#[source] InClusterError),
    /// The login, or the certificates, cannot be used.
    #[error("the kubeconfig's login cannot be used")]
    Login(#[source] login::Error),
}

impl Error {
    /// Why a context is of no use, without what the kube crate would quote.
    pub(super) fn context(name: &str, error: KubeconfigError) -> Self {
        let (what, data) = match error {
            KubeconfigError::LoadCertificateAuthority(data) => {
                ("certificate-authority", Some(data))
            }
            KubeconfigError::LoadClientCertificate(data) => ("client-certificate", Some(data)),
            KubeconfigError::LoadClientKey(data) => ("client-key", Some(data)),
            KubeconfigError::ParseCertificates(_) => ("certificate-authority", None),
            KubeconfigError::ParseProxyUrl(_) => ("proxy-url", None),
            KubeconfigError::ParseClusterUrl(_) => ("server", None),
            _ => ("something", None),
        };
        let context = name.to_owned();
        match data {
            Some(LoadDataError::ReadFile(source, file)) => {
                Self::Missing { what, context, file, source }
            }
            _ => Self::Content { what, context },
        }
    }

    /// Whether there is nothing that names a cluster, so that a registry alone may do.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None { .. } | Self::Empty { .. })
    }

    /// What the user is told.
    pub fn failure(&self) -> Failure {
        const LOG_IN: &str = "Log in with oc login, or put a kubeconfig at ~/.kube/config.";
        const LOOK: &str = "Look at it with kubectl config view, or write it anew.";
        let no_cluster = |message: String| Failure::new(Code::NoCluster, message);
        match self {
            Self::None { looked_at } => {
                let mut failure = no_cluster(
                    "This user has no kubeconfig, so the bridge does not know which cluster to ask."
                        .to_owned(),
                )
                .with_fix(LOG_IN)
                .offering(Offer::HostKubeconfig);
                // Without a home there is no place for one.
                failure.details = (!looked_at.is_empty())
                    .then(|| format!("There is no file {}.", listed(looked_at)));
                failure
            }
            Self::Empty { files } => no_cluster(format!(
                "The kubeconfig {} has no context, so the bridge does not know which cluster to ask.",
                listed(files)
            ))
            .with_fix(LOG_IN)
            .offering(Offer::HostKubeconfig),
            Self::Unreadable { file, source } => no_cluster(format!(
                "The bridge could not read the kubeconfig {}: {}.",
                shown(file),
                reason(source)
            ))
            .with_fix("Make the file readable for this user.")
            .with_details(source.to_string())
            .offering(Offer::HostKubeconfig),
            Self::TooLarge { file, limit } => no_cluster(format!(
                "The kubeconfig {} has more than {limit} bytes.",
                shown(file)
            ))
            .with_fix(LOOK),
            Self::Unparsable { file, line } => {
                let mut message = format!("The file {} is no kubeconfig", shown(file));
                if let Some(line) = line {
                    // Writing to a String does not fail.
                    let _ = write!(message, ": line {line} makes no sense");
                }
                no_cluster(message + ".").with_fix(LOOK).offering(Offer::HostKubeconfig)
            }
            Self::OtherKind { file } => no_cluster(format!(
                "The kubeconfig {} is of another kind or version than the files before it.",
                shown(file)
            ))
            .with_fix("Take it out of KUBECONFIG."),
            Self::NoContext { contexts } => no_cluster(format!(
                "The kubeconfig has {contexts} contexts and does not say which one to use."
            ))
            .with_fix("Choose one here, or with kubectl config use-context.")
            .offering(Offer::ChooseContext),
            Self::NoSuchContext { name } => no_cluster(format!(
                "The kubeconfig's current context {} is not in it.",
                quoted(name)
            ))
            .with_fix("Choose another one, or log in again.")
            .offering(Offer::ChooseContext)
            .offering(Offer::HostKubeconfig),
            Self::NoSuchCluster { context, cluster } => no_cluster(format!(
                "The context {} names the cluster {}, which is not in the kubeconfig.",
                quoted(context),
                quoted(cluster)
            ))
            .with_fix("Choose another context, or log in again.")
            .offering(Offer::ChooseContext)
            .offering(Offer::HostKubeconfig),
            Self::NoServer { cluster } => no_cluster(format!(
                "The cluster {} in the kubeconfig has no server.",
                quoted(cluster)
            ))
            .with_fix("Write the API server's address into it, as server: https://HOST:6443.")
            .offering(Offer::ChooseContext),
            Self::BadServer { cluster } => no_cluster(format!(
                "The server of the cluster {} in the kubeconfig is no address.",
                quoted(cluster)
            ))
            .with_fix("Write it as https://HOST:6443.")
            .offering(Offer::ChooseContext),
            Self::AuthProvider { name } => Failure::new(
                Code::Unauthenticated,
                format!(
                    "The kubeconfig logs in with the auth-provider {}, which Kubernetes has given up.",
                    quoted(name)
                ),
            )
            .with_fix(auth_provider_fix(name))
            .offering(Offer::ChooseContext)
            .offering(Offer::HostKubeconfig),
            Self::Missing { what, context, file, source } => no_cluster(format!(
                "The bridge could not read the {what} of the context {}, {}: {}.",
                quoted(context),
                shown(file),
                reason(source)
            ))
            .with_fix("Make the file readable for this user, or log in again.")
            .with_details(source.to_string())
            .offering(Offer::ChooseContext)
            .offering(Offer::HostKubeconfig),
            Self::Content { what, context } => no_cluster(format!(
                "The {what} of the context {} in the kubeconfig cannot be used.",
                quoted(context)
            ))
            .with_fix(LOOK)
            .offering(Offer::ChooseContext)
            .offering(Offer::HostKubeconfig),
            Self::Pod(_) => no_cluster(
                "The bridge could not use the service account of the pod that it runs in."
                    .to_owned(),
            )
            .with_fix("Put a kubeconfig at ~/.kube/config.")
            .with_details(body::chain(self)),
            Self::Login(error) => {
                let (what, fix, details) = login_words(error);
                let mut failure = Failure::new(
                    Code::Unauthenticated,
                    format!("The bridge could not log in at the cluster: {what}."),
                )
                .with_fix(fix);
                failure.details = details;
                failure.offering(Offer::ChooseContext).offering(Offer::HostKubeconfig)
            }
        }
    }
}

fn auth_provider_fix(name: &str) -> &'static str {
    match name {
        "gcp" => {
            "Install gke-gcloud-auth-plugin and run gcloud container clusters get-credentials."
        }
        "azure" => "Install kubelogin and run kubelogin convert-kubeconfig.",
        "oidc" => {
            "Log in with an exec plugin such as kubelogin, or put a token into the kubeconfig."
        }
        _ => "Log in with an exec plugin, a token or a client certificate.",
    }
}

fn listed(files: &[PathBuf]) -> String {
    files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(", ")
}

fn shown(file: &Path) -> String {
    body::excerpt(file.as_os_str().as_encoded_bytes())
}

/// A name from the file, which may be anything.
fn quoted(name: &str) -> String {
    let name: String = body::excerpt(name.as_bytes()).chars().take(100).collect();
    format!("“{name}”")
}

fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "it may not be read",
        io::ErrorKind::NotFound => "it is not there",
        io::ErrorKind::IsADirectory => "it is a folder",
        _ => "reading fails",
    }
}
