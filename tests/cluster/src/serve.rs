// SPDX-License-Identifier: LGPL-2.1-or-later
//! `loopback-cluster serve`: all servers of one cluster, from start to end.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rustls::crypto::ring::default_provider;
use tokio::io::AsyncReadExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::access::{Access, people};
use crate::api::Api;
use crate::args::ServeOptions;
use crate::control::Control;
use crate::control::observe::Observed;
use crate::control::record::Target;
use crate::furniture::{self, RegistryService};
use crate::http::listen::{self, bind};
use crate::http::upstream::Upstream;
use crate::image::stream;
use crate::kubeconfig;
use crate::pki::Authority;
use crate::ready::{Face, Ready};
use crate::registry::front::Front;
use crate::registry::plain::Plain;
use crate::registry::remembered::Remembered;
use crate::resource::IMAGE_STREAMS;
use crate::seed::PROJECTS;
use crate::storage::Storage;
use crate::store::Store;

/// A running cluster.
pub(crate) struct Cluster {
    pub(crate) ready: Ready,
    pub(crate) store: Arc<Store>,
    storage: Storage,
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
    let ended = tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        () = end_of_stdin(), if options.until_eof => Ok(()),
        error = cluster.storage.ended() => Err(error),
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
        let dir = fresh(&options.dir)?;
        let store = Arc::new(Store::default());
        if let Some(seed) = &options.seed {
            unpack(&seed.join(face.name()), &dir, &store)?;
        }
        let storage = Storage::start(&dir, options.delete).await?;
        let provider = Arc::new(default_provider());
        let upstream = Upstream::new(Arc::clone(&provider))?;
        let authority = Authority::new(provider)?;
        let service = RegistryService::of(face);
        let everybody = people::everybody(face, &authority)?;
        let access = Access::new(everybody, people::bindings(face, &PROJECTS, service.namespace))?;
        let access = Arc::new(access);
        let control = Arc::new(Control::new(Arc::clone(&store)));

        let (api_port, api_address) =
            bind(options.api_port).await.context("the API server's port")?;
        let (registry_port, registry_address) =
            bind(options.registry_port).await.context("the registry's port")?;
        let (control_port, control_address) = bind(0).await?;
        let backend = if face == Face::Plain { storage.address } else { registry_address };
        set_public_registry(&store, &registry_address.to_string());
        furniture::put(&store, face, &PROJECTS, &access.people, backend);

        let mut servers = JoinSet::new();
        let api = Api {
            face,
            access: Arc::clone(&access),
            store: Arc::clone(&store),
            upstream: upstream.clone(),
            control: Arc::clone(&control),
            public_registry: registry_address.to_string(),
            service_proxy: options.service_proxy,
        };
        let api = Observed::new(Target::Api, Arc::clone(&control), Arc::new(api));
        servers.spawn(listen::serve(api_port, Some(authority.server("kubernetes", true)?), api));
        match face {
            Face::Plain => {
                let plain = Arc::new(Plain { upstream, storage: storage.address });
                let plain = Observed::new(Target::Registry, Arc::clone(&control), plain);
                servers.spawn(listen::serve(registry_port, None, plain));
            }
            Face::Openshift => {
                let front = Arc::new(Front {
                    access: Arc::clone(&access),
                    store: Arc::clone(&store),
                    upstream,
                    storage: storage.address,
                    storage_root: storage.root.clone(),
                    public: registry_address.to_string(),
                    remembered: Remembered::default(),
                });
                let front = Observed::new(Target::Registry, Arc::clone(&control), front);
                let tls = authority.server("image-registry.openshift-image-registry.svc", true)?;
                servers.spawn(listen::serve(registry_port, Some(tls), front));
            }
        }
        servers.spawn(listen::serve(control_port, None, control));

        let api = format!("https://{api_address}");
        let scheme = if face == Face::Plain { "http" } else { "https" };
        let mut ready = Ready {
            face,
            ca: dir.join("ca.crt"),
            kubeconfig: dir.join("kubeconfig"),
            kubeconfigs: access
                .people
                .iter()
                .map(|p| (p.login.to_owned(), config_path(&dir, p.login)))
                .collect(),
            tokens: access
                .people
                .iter()
                .filter_map(|p| Some((p.login.to_owned(), p.token.clone()?)))
                .collect(),
            registry: registry_address.to_string(),
            registry_url: format!("{scheme}://{registry_address}"),
            registry_direct: format!("http://{}", storage.address),
            registry_storage: storage.root.clone(),
            registry_proxy_path: service.proxy_path(),
            control: format!("http://{control_address}"),
            pid: std::process::id(),
            api,
        };
        std::fs::write(&ready.ca, authority.pem())?;
        for person in &access.people {
            kubeconfig::write(
                &config_path(&dir, person.login),
                person,
                &ready.api,
                &authority.pem(),
            )?;
        }
        ready.kubeconfig = config_path(&dir, "sarah");
        Ok(Self { ready, store, storage, servers })
    }

    /// Ends all servers and waits until they are gone.
    pub(crate) async fn stop(mut self) {
        self.servers.shutdown().await;
        self.storage.stop().await;
    }
}

/// The streams of a seed were pushed to another port.
fn set_public_registry(store: &Store, public: &str) {
    store.write(|objects, clock| {
        let streams: Vec<_> = objects.all(&IMAGE_STREAMS).map(|stream| stream.value()).collect();
        for mut stream in streams {
            stream::set_repositories(&mut stream, public);
            objects.put(&IMAGE_STREAMS, stream, clock);
        }
    });
    store.compact();
}

fn config_path(dir: &Path, login: &str) -> PathBuf {
    dir.join(format!("{login}.kubeconfig"))
}

/// An empty folder; whatever an earlier run of ours left there goes.
fn fresh(dir: &Path) -> anyhow::Result<PathBuf> {
    const MARK: &str = "loopback-cluster";
    if dir.join(MARK).exists() {
        std::fs::remove_dir_all(dir).with_context(|| format!("emptying {}", dir.display()))?;
    }
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let dir = dir.canonicalize()?;
    let used = std::fs::read_dir(&dir)?.next().is_some();
    anyhow::ensure!(!used, "{} is not empty, and not of an earlier run", dir.display());
    std::fs::write(
        dir.join(MARK),
        "The state of a loopback cluster; the next one empties this folder.\n",
    )?;
    Ok(dir)
}

/// Copies a seed: the storage's files and the API's objects.
fn unpack(seed: &Path, dir: &Path, store: &Store) -> anyhow::Result<()> {
    let missing = || format!("no seed in {}", seed.display());
    copy_all(&seed.join("registry"), &dir.join("registry")).with_context(missing)?;
    let objects = std::fs::read(seed.join("objects.json")).with_context(missing)?;
    store.load(&serde_json::from_slice(&objects)?);
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
