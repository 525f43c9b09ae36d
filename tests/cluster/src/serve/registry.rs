// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry of a cluster: docker-registry, and what stands before it inside and outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

use crate::access::Access;
use crate::args::{RegistryAuth, ServeOptions};
use crate::control::Control;
use crate::control::observe::Observed;
use crate::control::record::Target;
use crate::furniture::RegistryService;
use crate::http::listen::{self, Handler, bind};
use crate::http::upstream::Upstream;
use crate::node;
use crate::pki::Authorities;
use crate::ready::Face;
use crate::registry::account::Accounts;
use crate::registry::front::Front;
use crate::registry::plain::Plain;
use crate::registry::remembered::Remembered;
use crate::registry::router::Router;
use crate::registry::token::{ISSUER, SERVICE, TokenServer};
use crate::storage::{Auth, Settings, Storage};
use crate::store::Store;

/// The names of everything that is outside of the cluster's network.
const OUTSIDE: [&str; 2] = ["127.0.0.1", "localhost"];

/// How many clients may wait to be let in.
const BACKLOG: u32 = 1024;

/// What the registry is made of.
pub(super) struct Registry<'a> {
    pub(super) options: &'a ServeOptions,
    /// Where the run keeps its files.
    pub(super) dir: &'a Path,
    pub(super) authorities: &'a Authorities,
    pub(super) access: &'a Arc<Access>,
    pub(super) store: &'a Arc<Store>,
    pub(super) control: &'a Arc<Control>,
    pub(super) upstream: &'a Upstream,
    /// `127.0.0.1:PORT`, as it stands in pull specs.
    pub(super) public: String,
}

/// A registry that answers.
pub(super) struct Started {
    pub(super) storage: Storage,
    /// Everybody's password, by name; empty if it does not ask.
    pub(super) passwords: BTreeMap<String, String>,
    /// Where it sends people for tokens.
    pub(super) token_server: Option<String>,
}

impl Registry<'_> {
    /// Starts docker-registry and its servers: `inside` is the port of the pods, `outside` the
    /// public one.
    ///
    /// # Errors
    /// When docker-registry does not start, or a certificate cannot be made.
    pub(super) async fn start(
        &self,
        inside: TcpListener,
        outside: TcpSocket,
        servers: &mut JoinSet<()>,
    ) -> anyhow::Result<Started> {
        let accounts = Accounts::new(self.access.people.iter().map(|person| person.login));
        let mut token_server = None;
        let auth = match self.options.registry_auth {
            RegistryAuth::None => Auth::None,
            RegistryAuth::Htpasswd => {
                let file = self.dir.join("htpasswd");
                std::fs::write(&file, accounts.htpasswd()?)?;
                Auth::Htpasswd(file)
            }
            RegistryAuth::Token => {
                let realm = self.hand_out_tokens(accounts.clone(), servers).await?;
                token_server = Some(realm.clone());
                let certificates = self.dir.join("ca.crt");
                Auth::Token { realm, issuer: ISSUER, service: SERVICE, certificates }
            }
        };
        let passwords = match auth {
            Auth::None => BTreeMap::new(),
            _ => accounts.passwords(),
        };
        let (delete, read_only) = (self.options.delete, self.options.read_only);
        let storage = Storage::start(self.dir, Settings { delete, read_only, auth }).await?;
        match self.options.face {
            Face::Plain => self.plain(&storage, inside, outside, servers)?,
            Face::Openshift => self.openshift(&storage, inside, outside, servers)?,
        }
        Ok(Started { storage, passwords, token_server })
    }

    /// Starts the token server and returns its address.
    async fn hand_out_tokens(
        &self,
        accounts: Accounts,
        servers: &mut JoinSet<()>,
    ) -> anyhow::Result<String> {
        let (port, address) = bind(0).await?;
        let signer = self.authorities.cluster().client(ISSUER, "tokens")?;
        let server = self.observed(Arc::new(TokenServer::new(accounts, &signer)?));
        let (scheme, tls) = if self.options.speaks_tls() {
            ("https", Some(self.authorities.cluster().server(&OUTSIDE)?))
        } else {
            ("http", None)
        };
        servers.spawn(listen::serve(port, tls, server));
        Ok(format!("{scheme}://{address}/token"))
    }

    /// One server for inside and, through a node port, outside.
    fn plain(
        &self,
        storage: &Storage,
        inside: TcpListener,
        outside: TcpSocket,
        servers: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let tls = self.options.speaks_tls();
        let plain = Plain {
            upstream: self.upstream.clone(),
            storage: storage.address,
            gate: Arc::clone(&storage.gate),
            tls,
        };
        let service = RegistryService::of(self.options);
        let names = names(&service);
        let names: Vec<_> = names.iter().map(String::as_str).chain(OUTSIDE).collect();
        let acceptor = tls.then(|| self.authorities.service().server(&names)).transpose()?;
        servers.spawn(listen::serve(inside, acceptor, self.observed(Arc::new(plain))));
        if self.options.public {
            let outside = outside.listen(BACKLOG)?;
            servers.spawn(node::node_port(outside, Arc::clone(self.store), service.key()));
        }
        Ok(())
    }

    /// The front, with a certificate for inside, and behind the router with one for outside.
    fn openshift(
        &self,
        storage: &Storage,
        inside: TcpListener,
        outside: TcpSocket,
        servers: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let front = Arc::new(Front {
            access: Arc::clone(self.access),
            store: Arc::clone(self.store),
            upstream: self.upstream.clone(),
            storage: storage.address,
            storage_root: storage.root.clone(),
            public: self.public.clone(),
            remembered: Remembered::default(),
        });
        let service = RegistryService::of(self.options);
        let names = names(&service);
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let tls = self.authorities.service().server(&names)?;
        servers.spawn(listen::serve(inside, Some(tls), self.observed(Arc::clone(&front))));
        if self.options.public {
            let outside = outside.listen(BACKLOG)?;
            let tls = self.authorities.cluster().server(&OUTSIDE)?;
            let store = Arc::clone(self.store);
            let router = Arc::new(Router { inner: front, store, service: service.key() });
            servers.spawn(listen::serve(outside, Some(tls), self.observed(router)));
        }
        Ok(())
    }

    fn observed<H: Handler>(&self, server: Arc<H>) -> Arc<Observed<H>> {
        Observed::new(Target::Registry, Arc::clone(self.control), server)
    }
}

/// The names of a service inside of the cluster, as a certificate has them: no address.
fn names(service: &RegistryService) -> [String; 2] {
    let short = format!("{}.{}.svc", service.name, service.namespace);
    let long = format!("{short}.cluster.local");
    [short, long]
}
