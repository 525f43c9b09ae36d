// SPDX-License-Identifier: LGPL-2.1-or-later
//! `loopback-cluster serve`: all servers of one cluster, from start to end.

mod folder;
mod registry;
mod report;

use std::io::Write as _;
use std::net::SocketAddrV4;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use rustls::crypto::ring::default_provider;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::access::Access;
use crate::access::people;
use crate::api::Api;
use crate::api::exec::Commands;
use crate::api::port_forward::Tunnels;
use crate::args::ServeOptions;
use crate::control::Control;
use crate::control::login::Doorkeeper;
use crate::control::observe::Observed;
use crate::control::record::Target;
use crate::controller::Controller;
use crate::furniture::namespace::CaBundles;
use crate::furniture::{self, Furniture, RegistryService};
use crate::http::listen::{self, bind, reserve};
use crate::http::upstream::Upstream;
use crate::load::{self, Load};
use crate::network::{Network, REGISTRY_PORT};
use crate::node;
use crate::pki::Authorities;
use crate::ready::{Face, Ready};
use crate::seed::PROJECTS;
use crate::seed::direct::{CROWD, Direct};
use crate::storage::{CONFIGURATION, Files, Maintenance, REGISTRY, Storage};
use crate::store::Store;
use registry::Registry;
use report::Report;

/// A running cluster.
pub(crate) struct Cluster {
    pub(crate) ready: Ready,
    pub(crate) store: Arc<Store>,
    storage: Storage,
    maintenance: Arc<Maintenance>,
    servers: JoinSet<()>,
}

/// Plays a cluster until a signal comes, or stdin ends if that was asked for.
///
/// # Errors
/// When something does not start, or docker-registry ends by itself.
pub async fn run(options: ServeOptions) -> anyhow::Result<()> {
    // Before anything is started: a signal that comes early must not leave it behind.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut cluster = Cluster::start(&options).await?;
    let line = serde_json::to_string(&cluster.ready)?;
    writeln!(std::io::stdout(), "{line}")?;
    let mut stdin_ends = pin!(end_of_stdin());
    let ended = loop {
        let environment = tokio::select! {
            _ = interrupt.recv() => break Ok(()),
            _ = terminate.recv() => break Ok(()),
            () = &mut stdin_ends, if options.until_eof => break Ok(()),
            error = cluster.storage.ended() => break Err(error),
            wanted = cluster.maintenance.wanted() => wanted,
        };
        if let Err(error) = cluster.storage.restart(&environment).await {
            break Err(error);
        }
        cluster.maintenance.runs(environment);
    };
    cluster.stop().await;
    ended
}

async fn end_of_stdin() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 256];
    while stdin.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

impl Cluster {
    /// Starts all servers.
    pub(crate) async fn start(options: &ServeOptions) -> anyhow::Result<Self> {
        let face = options.face;
        let dir = folder::fresh(&options.dir)?;
        let (public_port, public) =
            reserve(options.registry_port).context("the registry's port")?;
        let load = options.load.filter(|_| face == Face::Openshift);
        let load = load.map(|size| Load::new(size, options.route.then(|| public.to_string())));
        let loaded: Vec<_> = load.iter().flat_map(Load::projects).collect();
        let store = Arc::new(load.map_or_else(Store::default, Store::with_load));
        if let Some(seed) = &options.seed {
            folder::unpack(&seed.join(face.name()), &dir, &store)?;
        }
        let storage = dir.join(REGISTRY);
        let direct = Direct { face, files: Files::of(&storage), store: &store };
        if options.vault {
            direct.vault()?;
        }
        direct.crowd(options.crowd)?;
        if let Some(size) = options.load.filter(|_| face == Face::Plain) {
            load::registry::put(size, &storage, options.read_only)?;
        }
        let mut projects = PROJECTS.to_vec();
        projects.extend((options.crowd > 0).then_some(CROWD));
        projects.extend(loaded.iter().map(String::as_str));
        let provider = Arc::new(default_provider());
        let upstream = Upstream::new(Arc::clone(&provider))?;
        let authorities = Authorities::of(face, options.old, &provider)?;
        std::fs::write(dir.join("ca.crt"), authorities.cluster().pem())?;
        std::fs::write(dir.join("service-ca.crt"), authorities.service().pem())?;
        let everybody = people::everybody(face, authorities.cluster())?;
        let access = Arc::new(Access::new(everybody, Arc::clone(&store), options.old));
        let control = Arc::new(Control::new(Arc::clone(&store)));

        let (api_port, api_address) =
            bind(options.api_port).await.context("the API server's port")?;
        let (control_port, control_address) = bind(0).await?;
        let (network, pod_port) = Network::pick().await.context("the network of the pods")?;
        let network = Arc::new(network);
        let service_address = SocketAddrV4::new(network.next_service(), REGISTRY_PORT);
        let service = RegistryService::of(options);
        let maintenance = Arc::new(Maintenance::default());
        let controller = Arc::new(Controller {
            face,
            store: Arc::clone(&store),
            access: Arc::clone(&access),
            network: Arc::clone(&network),
            service,
            service_ip: *service_address.ip(),
            public: public.to_string(),
            route: options.route,
            old: options.old,
            authorities: CaBundles {
                cluster: authorities.cluster().pem(),
                services: (face == Face::Openshift && !options.old)
                    .then(|| authorities.service().pem()),
            },
            trouble: Mutex::default(),
            maintenance: Arc::clone(&maintenance),
        });
        let furniture = Furniture {
            projects: &projects,
            vault: options.vault,
            storage: &storage,
            people: &access.people,
            announce: options.announce,
            second_registry: options.second_registry,
            storage_class: options.storage_class,
            registry_state: options.registry_state,
        };
        furniture::put(&store, &controller, &furniture)?;
        // How the cluster came into being is nobody's business.
        store.compact();
        control.drive(Arc::clone(&controller));
        control.open(Doorkeeper {
            face,
            api: format!("https://{api_address}"),
            ca: authorities.cluster().pem(),
            dir: dir.clone(),
        });

        let mut servers = JoinSet::new();
        let api = Api {
            face,
            access: Arc::clone(&access),
            store: Arc::clone(&store),
            upstream: upstream.clone(),
            network: Arc::clone(&network),
            old: options.old,
            service_proxy: options.service_proxy,
            port_forward: options.port_forward,
            tunnels: Tunnels::default(),
            commands: Commands::new(dir.join(CONFIGURATION), storage.clone()),
        };
        let api = Observed::new(Target::Api, Arc::clone(&control), Arc::new(api));
        let tls =
            authorities.cluster().server_with_clients(&["kubernetes", "127.0.0.1", "localhost"])?;
        servers.spawn(listen::serve(api_port, Some(tls), api));
        let registry = Registry {
            options,
            dir: &dir,
            authorities: &authorities,
            access: &access,
            store: &store,
            control: &control,
            upstream: &upstream,
            public: public.to_string(),
        };
        let started = registry.start(pod_port, public_port, &mut servers).await?;
        if options.node {
            servers.spawn(node::play(Arc::clone(&store), Arc::clone(&network)));
        }
        servers.spawn(controller.run());
        servers.spawn(listen::serve(control_port, None, control));

        let report = Report {
            options,
            dir: &dir,
            people: &access.people,
            service: &service,
            api: api_address,
            control: control_address,
            public,
            service_address,
        };
        let ready = report.ready(&store, &started);
        report.write_kubeconfigs(&ready.api, &authorities.cluster().pem())?;
        Ok(Self { ready, store, storage: started.storage, maintenance, servers })
    }

    /// Ends all servers and waits until they are gone.
    pub(crate) async fn stop(mut self) {
        self.servers.shutdown().await;
        self.storage.stop().await;
    }
}
