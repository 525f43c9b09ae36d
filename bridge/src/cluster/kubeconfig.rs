// SPDX-License-Identifier: LGPL-2.1-or-later

//! From kubeconfig files, a kubeconfig that was handed over, or the service account of a pod, to a
//! connection.

mod error;
mod read;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use hyper_util::client::proxy::matcher::Matcher;
use images_proto::status;
use kube::Config;
use kube::config::{KubeConfigOptions, NamedContext};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

pub use self::error::Error;
use super::login::Login;
use super::path::is_name;
use super::presented::Place;
use super::{Cluster, Shared};
use crate::file_watch::{Fingerprint, Seen};

/// Namespaces that are taken from contexts.
const MOST_NAMESPACES: usize = 50;
const CONNECT: Duration = Duration::from_secs(5);
/// The largest kubeconfig that may be handed over, in bytes.
pub const HANDED_OVER_LIMIT: usize = 1 << 20;
/// Where a pod finds the token of its service account.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Where a kubeconfig is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The files, the first of which says what several say.
    files: Vec<PathBuf>,
    /// Whether we are in a pod, whose service account does where there is no kubeconfig.
    is_pod: bool,
}

/// A kubeconfig, or what stands for one.
pub struct Kubeconfig {
    origin: status::Origin,
    merged: kube::config::Kubeconfig,
    seen: Seen,
}

impl Places {
    /// `KUBECONFIG`, or else `~/.kube/config`, or else the pod around us.
    pub fn from_environment() -> Self {
        let named = std::env::var_os("KUBECONFIG").unwrap_or_default();
        let mut files: Vec<PathBuf> =
            std::env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect();
        if files.is_empty() {
            files.extend(std::env::home_dir().map(|home| home.join(".kube/config")));
        }
        let is_pod =
            std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && Path::new(POD_TOKEN).exists();
        Self { is_pod, ..Self::files(files) }
    }

    /// These files.
    pub fn files(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        Self { files: files.into_iter().map(absolute).collect(), is_pod: false }
    }

    /// The files as they are when there is nothing in them yet: what to watch when
    /// [`Places::read`] failed.
    pub fn seen(&self) -> Seen {
        self.files.iter().map(|file| (file.clone(), Fingerprint::read(file))).collect()
    }

    /// Reads the kubeconfig.
    ///
    /// # Errors
    /// When there is none, or a file cannot be used.
    pub fn read(&self) -> Result<Kubeconfig, Error> {
        let (merged, seen, found) = read::merged(&self.files)?;
        let files = |files: Vec<PathBuf>| {
            files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        let origin = if !merged.contexts.is_empty() {
            status::Origin::Files(files(found))
        } else if self.is_pod {
            status::Origin::Pod
        } else if found.is_empty() {
            return Err(Error::None { looked_at: self.files.clone() });
        } else {
            return Err(Error::Empty { files: found });
        };
        Ok(Kubeconfig { origin, merged, seen })
    }
}

impl Kubeconfig {
    /// Reads a kubeconfig that somebody read for us from the file `path`.
    ///
    /// # Errors
    /// When it cannot be used, or is larger than [`HANDED_OVER_LIMIT`].
    pub fn handed_over(path: &str, text: &str) -> Result<Self, Error> {
        let file = Path::new(path);
        if text.len() > HANDED_OVER_LIMIT {
            return Err(Error::TooLarge { file: file.to_owned(), limit: HANDED_OVER_LIMIT });
        }
        let merged = read::parsed(file, text.as_bytes())?;
        if merged.contexts.is_empty() {
            return Err(Error::Empty { files: vec![file.to_owned()] });
        }
        let origin = status::Origin::Host(path.to_owned());
        Ok(Self { origin, merged, seen: Seen::new() })
    }

    /// Whether it has a context of this name.
    pub fn has_context(&self, name: &str) -> bool {
        self.merged.contexts.iter().any(|context| context.name == name)
    }

    /// What the user is told of it. `chosen` as in [`Kubeconfig::cluster`].
    pub fn shown(&self, chosen: Option<&str>) -> status::Kubeconfig {
        let contexts = self.merged.contexts.iter().map(|context| {
            let inner = context.context.as_ref();
            let server = inner.and_then(|inner| self.server_entry(&inner.cluster)?.server.clone());
            status::Context {
                name: context.name.clone(),
                server: server.map(|server| without_login(&server)),
                user: inner.and_then(|inner| inner.user.clone()),
            }
        });
        status::Kubeconfig {
            origin: self.origin.clone(),
            contexts: contexts.collect(),
            context: self.context(chosen).ok().flatten().map(|context| context.name.clone()),
        }
    }

    /// A connection to the cluster that a context names: the one that was chosen, if it is (still)
    /// there, or else the kubeconfig's own. Nothing is sent yet.
    ///
    /// # Errors
    /// When the context cannot be used.
    pub async fn cluster(&self, chosen: Option<&str>) -> Result<Cluster, Error> {
        let Some(context) = self.context(chosen)? else {
            let config = Config::incluster().map_err(Error::Pod)?;
            return Cluster::with_config(config, None);
        };
        self.check(context)?;
        let name = context.name.clone();
        let options = KubeConfigOptions { context: Some(name.clone()), ..Default::default() };
        let config = Config::from_custom_kubeconfig(self.merged.clone(), &options).await;
        let mut config = config.map_err(|error| Error::context(&name, error))?;
        let namespaces = self.namespaces(context);
        if !self.names_proxy(context) && !is_proxied(&Matcher::from_env(), &config.cluster_url) {
            config.proxy_url = None;
        }
        Ok(Cluster::with_config(config, Some(name))?.knowing(namespaces))
    }

    /// The namespaces of all contexts with the same cluster and login, which somebody wrote down.
    fn namespaces(&self, chosen: &NamedContext) -> Vec<String> {
        let of = |named: &'_ NamedContext| {
            let inner = named.context.as_ref();
            inner.map(|inner| (inner.cluster.clone(), inner.user.clone()))
        };
        let same = self.merged.contexts.iter().filter(|context| of(context) == of(chosen));
        let named = same.filter_map(|context| context.context.as_ref()?.namespace.clone());
        let named: BTreeSet<_> = named.filter(|name| is_name(name)).collect();
        named.into_iter().take(MOST_NAMESPACES).collect()
    }

    /// The files that the connection depends on, and what stands in them now: those of the
    /// kubeconfig, and the certificates and keys that it names.
    pub fn seen(&self, chosen: Option<&str>) -> Seen {
        let mut seen = self.seen.clone();
        let Ok(Some(NamedContext { context: Some(context), .. })) = self.context(chosen) else {
            return seen;
        };
        let server = self.server_entry(&context.cluster);
        seen.extend(Self::named_seen(server, self.login_entry(context.user.as_deref())));
        seen
    }

    /// The certificates and keys that these name, and what stands in them now.
    fn named_seen(
        server: Option<&kube::config::Cluster>,
        login: Option<&kube::config::AuthInfo>,
    ) -> Seen {
        let named = [
            server.and_then(|server| server.certificate_authority.as_ref()),
            login.and_then(|login| login.client_certificate.as_ref()),
            login.and_then(|login| login.client_key.as_ref()),
        ];
        let files = named.into_iter().flatten().map(PathBuf::from);
        files.map(|file| (file.clone(), Fingerprint::read(&file))).collect()
    }

    /// The file with the token, and what stands in it now. It is read anew by itself; only a login
    /// that was refused waits for its change.
    pub fn token_seen(&self, chosen: Option<&str>) -> Seen {
        let context = self.context(chosen).ok().flatten();
        let user = context.and_then(|context| context.context.as_ref()?.user.as_deref());
        let file = self.login_entry(user).and_then(|login| login.token_file.as_ref());
        let file = match (&self.origin, file) {
            (status::Origin::Pod, _) => Some(PathBuf::from(POD_TOKEN)),
            (_, file) => file.map(PathBuf::from),
        };
        let fingerprint = file.as_deref().map(Fingerprint::read);
        file.into_iter().zip(fingerprint).collect()
    }

    /// What the connection is made of: as long as it is the same, there is no reason to connect
    /// anew. It is the sum of what stands in the kubeconfig and in the files that it names.
    pub fn essence(&self, chosen: Option<&str>) -> Fingerprint {
        let context = self.context(chosen).ok().flatten().and_then(|named| named.context.as_ref());
        let server = context.and_then(|context| self.server_entry(&context.cluster));
        let login = self.login_entry(context.and_then(|context| context.user.as_deref()));
        let named = Self::named_seen(server, login);
        Fingerprint::of(
            format!("{:?}", (serde_json::to_string(&(server, login)).ok(), named)).as_bytes(),
        )
    }

    /// The context to use; `None` in a pod.
    fn context(&self, chosen: Option<&str>) -> Result<Option<&NamedContext>, Error> {
        if self.origin == status::Origin::Pod {
            return Ok(None);
        }
        let contexts = &self.merged.contexts;
        let named = |name: &str| contexts.iter().find(|context| context.name == name);
        if let Some(context) = chosen.and_then(named) {
            return Ok(Some(context));
        }
        match (&self.merged.current_context, contexts.as_slice()) {
            (Some(name), _) => match named(name) {
                Some(context) => Ok(Some(context)),
                None => Err(Error::NoSuchContext { name: name.clone() }),
            },
            // There is nothing else that could be meant.
            (None, [only]) => Ok(Some(only)),
            (None, _) => Err(Error::NoContext { contexts: contexts.len() }),
        }
    }

    /// Refuses what the kube crate would misunderstand or tell less well.
    fn check(&self, context: &NamedContext) -> Result<(), Error> {
        let name = &context.name;
        let Some(context) = &context.context else {
            return Err(Error::NoSuchContext { name: name.clone() });
        };
        let Some(server) = self.server_entry(&context.cluster) else {
            let (context, cluster) = (name.clone(), context.cluster.clone());
            return Err(Error::NoSuchCluster { context, cluster });
        };
        let address = server.server.as_ref().filter(|server| !server.is_empty());
        let Some(address) = address else {
            return Err(Error::NoServer { cluster: context.cluster.clone() });
        };
        let address = address.parse::<http::Uri>().ok();
        let is_address = address.is_some_and(|address| {
            matches!(address.scheme_str(), Some("http" | "https")) && address.host().is_some()
        });
        if !is_address {
            return Err(Error::BadServer { cluster: context.cluster.clone() });
        }
        let login = self.login_entry(context.user.as_deref());
        if let Some(provider) = login.and_then(|login| login.auth_provider.as_ref()) {
            return Err(Error::AuthProvider {
                name: crate::body::excerpt(provider.name.as_bytes()),
            });
        }
        Ok(())
    }

    fn names_proxy(&self, context: &NamedContext) -> bool {
        let server = context.context.as_ref().and_then(|inner| self.server_entry(&inner.cluster));
        server.is_some_and(|server| server.proxy_url.as_ref().is_some_and(|url| !url.is_empty()))
    }

    fn server_entry(&self, name: &str) -> Option<&kube::config::Cluster> {
        let named = self.merged.clusters.iter().find(|cluster| cluster.name == name)?;
        named.cluster.as_ref()
    }

    fn login_entry(&self, name: Option<&str>) -> Option<&kube::config::AuthInfo> {
        let named = self.merged.auth_infos.iter().find(|login| Some(&*login.name) == name)?;
        named.auth_info.as_ref()
    }
}

impl Cluster {
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
        let tls = match &config.proxy_url {
            Some(_) => None,
            None => Place::of(&config.cluster_url, config.tls_server_name.as_deref()),
        };
        let shared = Shared {
            server: without_login(config.cluster_url.to_string().trim_end_matches('/')),
            context,
            is_insecure: config.accept_invalid_certs,
            authorities: authorities(&config),
            tls,
            login: Login::new(config).map_err(Error::Login)?,
        };
        Ok(Self { shared: shared.into(), namespaces: Arc::default() })
    }

    /// The same, with namespaces that the user wrote down.
    fn knowing(self, namespaces: Vec<String>) -> Self {
        Self { namespaces: namespaces.into(), ..self }
    }
}

/// Whether the environment has this address reached through a proxy. The kube crate compares
/// `NO_PROXY` with the proxy itself.
fn is_proxied(environment: &Matcher, address: &http::Uri) -> bool {
    environment.intercept(address).is_some()
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

/// An address without user and password, which have no place in it.
fn without_login(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('/').unwrap_or((rest, "")).0.rfind('@') {
            Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
