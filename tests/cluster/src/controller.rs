// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the cluster does by itself: a step, some time after somebody wrote something.

pub(crate) mod account;
mod garbage;
mod operator;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::access::Access;
use crate::clock::Clock;
use crate::furniture::namespace::{self, CaBundles};
use crate::furniture::registry::RegistryService;
use crate::furniture::state::RegistryState;
use crate::image::stream;
use crate::network::Network;
use crate::ready::Face;
use crate::resource::{IMAGE_GROUP, IMAGE_STREAMS, REGISTRY_CONFIGS, ROUTES, SERVICES};
use crate::storage::{Environment, Maintenance};
use crate::store::{Objects, Store, key};
use crate::workload::{self, Programs};

/// How long a step lets the world wait: about as long as real controllers do.
const STEP: Duration = Duration::from_millis(300);

/// Steps from one state to the next at most; one of them always is the last.
const MOST_STEPS: usize = 20;

/// All controllers in one.
#[derive(Debug)]
pub(crate) struct Controller {
    pub(crate) face: Face,
    pub(crate) store: Arc<Store>,
    pub(crate) access: Arc<Access>,
    pub(crate) network: Arc<Network>,
    /// The cluster's own registry,
    pub(crate) service: RegistryService,
    /// its address inside of the cluster,
    pub(crate) service_ip: Ipv4Addr,
    /// and outside of it: `127.0.0.1:PORT`.
    pub(crate) public: String,
    /// Whether OpenShift has a route to it.
    pub(crate) route: bool,
    /// Whether service accounts get tokens in Secrets, and no operator cares for the registry.
    pub(crate) old: bool,
    pub(crate) authorities: CaBundles,
    pub(crate) trouble: Mutex<RegistryState>,
    /// How the docker-registry behind the registry's pod is to be.
    pub(crate) maintenance: Arc<Maintenance>,
}

impl Controller {
    /// Follows what is written, for as long as the cluster lives.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut changes = self.store.changes();
        let mut restarts = self.maintenance.changes();
        let mut seen = self.store.read().version();
        loop {
            if !self.concerned(&mut seen) {
                let ended = tokio::select! {
                    changed = changes.changed() => changed.is_err(),
                    // The pod that waited for this may be ready now.
                    _ = restarts.changed() => {
                        self.step();
                        false
                    }
                };
                if ended {
                    return;
                }
                continue;
            }
            sleep(STEP).await;
            self.step();
        }
    }

    /// Whether anything but images was written since.
    fn concerned(&self, seen: &mut u64) -> bool {
        let objects = self.store.read();
        let since = std::mem::replace(seen, objects.version());
        match objects.since(since) {
            Some(mut events) => events.any(|event| event.resource.group != IMAGE_GROUP),
            None => true,
        }
    }

    /// Brings the registry into a state, with all that follows from it, at once.
    pub(crate) fn set(&self, state: RegistryState) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.store.write(|objects, clock| self.put_registry(objects, clock, state));
        self.settle();
    }

    /// Does at once all that follows from what was written.
    pub(crate) fn settle(&self) {
        for _ in 0..MOST_STEPS {
            let before = self.store.read().version();
            self.step();
            if self.store.read().version() == before {
                break;
            }
        }
    }

    /// Whether OpenShift's operator cares for the registry.
    pub(crate) fn is_operated(&self) -> bool {
        self.face == Face::Openshift && !self.old
    }

    fn put_registry(&self, objects: &mut Objects, clock: &Clock, state: RegistryState) {
        let replicas = u64::from(state != RegistryState::Scaled);
        let is_there = !matches!(state, RegistryState::Absent | RegistryState::Removed);
        if self.is_operated() && state != RegistryState::Absent {
            let management = if is_there { "Managed" } else { "Removed" };
            let mut config = operator::config(management, replicas, self.route);
            if let Some(old) = objects.get(&REGISTRY_CONFIGS, operator::NAME) {
                let old = old.value();
                config["metadata"] = old["metadata"].clone();
                config["status"] = old["status"].clone();
            }
            objects.put(&REGISTRY_CONFIGS, config, clock);
            return;
        }
        if !is_there {
            objects.delete(&REGISTRY_CONFIGS, operator::NAME);
            self.remove_registry(objects);
            return;
        }
        let [(_, mut deployment), (_, service)] = self.service.objects(self.service_ip);
        deployment["spec"]["replicas"] = json!(replicas);
        let maker = self.service.maker;
        for (resource, mut object) in [(maker, deployment), (&SERVICES, service)] {
            if let Some(old) = objects.get(resource, &self.service.key()) {
                object["metadata"] = old.value()["metadata"].clone();
            }
            objects.put(resource, object, clock);
        }
        if self.face == Face::Openshift && self.route {
            self.put_route(objects, clock);
        }
    }

    fn put_route(&self, objects: &mut Objects, clock: &Clock) {
        let (resource, route) = self.service.route(&self.public);
        if objects.get(resource, &self.route_key()).is_none() {
            objects.put(resource, route, clock);
        }
    }

    fn route_key(&self) -> String {
        key(Some(self.service.namespace), self.service.route)
    }

    fn remove_registry(&self, objects: &mut Objects) {
        objects.delete(self.service.maker, &self.service.key());
        objects.delete(&SERVICES, &self.service.key());
        objects.delete(&ROUTES, &self.route_key());
    }

    fn trouble(&self) -> RegistryState {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_in_trouble(&self) -> bool {
        matches!(self.trouble(), RegistryState::NoEndpoints | RegistryState::Crashing)
    }

    fn step(&self) {
        let trouble = self.trouble();
        let registry = (self.service.namespace.to_owned(), self.service.name.to_owned());
        let environment = self.maintenance.running();
        let programs = Programs { registry, pod: self.network.pod().into(), environment };
        self.store.write(|objects, clock| {
            namespace::reconcile(objects, clock, self.face, &self.authorities);
            garbage::collect(objects);
            account::reconcile(objects, clock, self);
            if self.is_operated() {
                operator::reconcile(objects, clock, self);
            }
            workload::reconcile(objects, clock, &programs, trouble);
            if let Some(maker) = objects.get(self.service.maker, &self.service.key()) {
                let container = &maker.value()["spec"]["template"]["spec"]["containers"][0];
                self.maintenance.want(Environment::of(container));
            }
            publish(objects, clock);
        });
    }
}

/// Streams name the registry's public address while it has one.
fn publish(objects: &mut Objects, clock: &Clock) {
    let public = stream::public_registry(objects);
    let streams: Vec<_> = objects.all(&IMAGE_STREAMS).map(|stream| stream.value()).collect();
    for before in streams {
        let mut after = before.clone();
        stream::set_repositories(&mut after, public.as_deref());
        workload::put_changed(objects, clock, &IMAGE_STREAMS, &before, after);
    }
}
