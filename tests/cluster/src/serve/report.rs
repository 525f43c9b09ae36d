// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a started cluster says about itself, and the kubeconfigs that lead to it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;

use super::folder;
use super::registry::Started;
use crate::access::people::Person;
use crate::args::ServeOptions;
use crate::furniture::RegistryService;
use crate::kubeconfig::{self, Credential};
use crate::network::REGISTRY_PORT;
use crate::ready::{PodPort, Ready};
use crate::resource::PODS;
use crate::store::{Store, Stored};

/// What is known once all ports are taken.
pub(super) struct Report<'a> {
    pub(super) options: &'a ServeOptions,
    /// Where the run keeps its files.
    pub(super) dir: &'a Path,
    pub(super) people: &'a [Person],
    pub(super) service: &'a RegistryService,
    /// Where the API server listens.
    pub(super) api: SocketAddr,
    /// Where the control port is.
    pub(super) control: SocketAddr,
    /// Where the registry is for clients outside.
    pub(super) public: SocketAddr,
    /// Where the registry's service is for nodes.
    pub(super) service_address: SocketAddrV4,
}

impl Report<'_> {
    /// The line for whoever started the cluster.
    pub(super) fn ready(&self, store: &Store, registry: &Started) -> Ready {
        let options = self.options;
        let scheme = if options.speaks_tls() { "https" } else { "http" };
        let logins = self.people.iter().map(|person| person.login);
        Ready {
            face: options.face,
            api: format!("https://{}", self.api),
            ca: self.dir.join("ca.crt"),
            kubeconfig: folder::kubeconfig(self.dir, "sarah"),
            kubeconfigs: logins
                .map(|login| (login.to_owned(), folder::kubeconfig(self.dir, login)))
                .collect(),
            tokens: self.by_login(|person| person.token.clone()),
            registry: self.public.to_string(),
            registry_url: format!("{scheme}://{}", self.public),
            registry_direct: format!("http://{}", registry.storage.address),
            registry_storage: registry.storage.root.clone(),
            registry_proxy_path: self.service.proxy_path(options.speaks_tls()),
            service_address: self.service_address.to_string(),
            service_ca: self.dir.join("service-ca.crt"),
            pods: registry_pods(store),
            registry_passwords: registry.passwords.clone(),
            token_server: registry.token_server.clone(),
            passwords: self.by_login(|person| person.password.clone().filter(|_| options.old)),
            control: format!("http://{}", self.control),
            pid: std::process::id(),
        }
    }

    /// Writes everybody's kubeconfig.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(super) fn write_kubeconfigs(&self, api: &str, ca: &str) -> std::io::Result<()> {
        let mut people = self.people.iter();
        people.try_for_each(|person| {
            let (path, own) = (folder::kubeconfig(self.dir, person.login), Credential::of(person));
            kubeconfig::write(&path, person.login, &own, api, ca)
        })
    }

    fn by_login(&self, what: impl Fn(&Person) -> Option<String>) -> BTreeMap<String, String> {
        let people = self.people.iter();
        people.filter_map(|person| Some((person.login.to_owned(), what(person)?))).collect()
    }
}

/// The pods that listen where registries do.
fn registry_pods(store: &Store) -> Vec<PodPort> {
    let objects = store.read();
    let pods = objects.all(&PODS).filter(|pod| {
        let containers = &pod.value()["spec"]["containers"];
        let mut containers = containers.as_array().into_iter().flatten();
        containers.any(|container| container["ports"][0]["containerPort"] == REGISTRY_PORT)
    });
    let port = |pod: &Arc<Stored>| PodPort {
        namespace: pod.namespace().unwrap_or_default().to_owned(),
        name: pod.name().to_owned(),
        port: REGISTRY_PORT,
    };
    pods.map(port).collect()
}
