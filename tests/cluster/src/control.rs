// SPDX-License-Identifier: LGPL-2.1-or-later
//! The control port: faults to order and requests to count. Plain HTTP, for tests only.
//!
//! | request | what |
//! |---|---|
//! | `POST /faults` | a JSON list of [`fault::Fault`]s is added |
//! | `DELETE /faults` | all faults are taken back, also those that hang or hold |
//! | `GET /holds` | a JSON list of [`hold::Held`]s: the requests that wait |
//! | `GET /holds?NAME` | the same of one fault, once there is one |
//! | `POST /holds/release` | `{"name": NAME, "one": true}`: the one that waits longest goes; without `one` all of them, and the fault is taken back |
//! | `GET /requests` | a JSON list of [`record::Entry`]s since the last reset |
//! | `GET /requests?counts` | the same, counted by target, method, path and user agent |
//! | `DELETE /requests` | reset |
//! | `POST /objects` | a JSON list of objects is written as they are, status and all |
//! | `POST /images/age` | `{"image": DIGEST, "minutes": N}`: that Image was made so long ago |
//! | `POST /registry-state` | `{"state": NAME}`: the registry's objects are as in that state at once |
//! | `POST /login` | `{"user": NAME}` logs in somebody, known or not: `{"user", "token", "kubeconfig"}`. On OpenShift by the identity `htpasswd:NAME`, or that of another `"provider"`; the first login makes the user. A user who was made by hand, without that identity, is refused, unless `"mapping": "add"` or `"lookup"` says how the provider is set up. Elsewhere the token stands for the name and the `"groups"` |
//! | `POST /organization` | `{"projects": N, "users": N, "groups": N, "bindings": N, "seed": N}`: so many more of each, the same for the same seed; 2,000, 5,000, 300, 20,000 and 1 where it does not say |
//! | `POST /events` | `{"per_second": N, "for": SECONDS}`: so much happens in a load from now on, instead of what happens already; `{"count": N}`: so much at once. Each writes one stream; the seed decides which and how. Afterwards what is next in the seed's order happens |
//! | `GET /events` | `{"happened": N}`, since the start |
//! | `DELETE /events` | nothing happens any more |
//! | `POST /tokens/expire` | all tokens of service accounts are over |
//! | `POST /tokens/cache` | `{"seconds": N}`: so long a token of a service account is good after what it is bound to is gone, if it was used before; 10 as in Kubernetes |
//! | `POST /tokens/lifetime` | `{"seconds": N}`: later ones get no more than that |
//! | `POST /history/compact` | what is older is gone: 410 for continue tokens and watches |

pub(crate) mod events;
pub(crate) mod fault;
pub(crate) mod hold;
pub(crate) mod login;
pub(crate) mod observe;
mod organization;
mod place;
pub(crate) mod record;

use std::sync::{Arc, OnceLock};

use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::controller::Controller;
use crate::furniture::state::RegistryState;
use crate::http::body::{Body, answer, collect, empty};
use crate::http::listen::{Handler, Peer};
use crate::store::Store;
use events::{Events, Order};
use fault::{Fault, Faults};
use hold::Holds;
use login::Doorkeeper;
use organization::Organization;
use record::Recorder;

/// What the control port controls.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) faults: Faults,
    pub(crate) holds: Holds,
    pub(crate) recorder: Recorder,
    pub(crate) store: Arc<Store>,
    events: Arc<Events>,
    /// Set once there is a cluster.
    controller: OnceLock<Arc<Controller>>,
    doorkeeper: OnceLock<Doorkeeper>,
}

impl Control {
    /// No faults, nothing recorded.
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self {
            faults: Faults::default(),
            holds: Holds::default(),
            recorder: Recorder::default(),
            store,
            events: Arc::default(),
            controller: OnceLock::new(),
            doorkeeper: OnceLock::new(),
        }
    }

    /// From now on it also drives what the cluster does by itself.
    pub(crate) fn drive(&self, controller: Arc<Controller>) {
        let _ = self.controller.set(controller);
    }

    /// From now on it also lets people in.
    pub(crate) fn open(&self, doorkeeper: Doorkeeper) {
        let _ = self.doorkeeper.set(doorkeeper);
    }

    fn controller(&self) -> Result<&Controller, String> {
        self.controller.get().map(Arc::as_ref).ok_or_else(|| "there is no cluster yet".to_owned())
    }

    async fn respond(&self, request: Request<Body>) -> Result<Response<Body>, String> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().map(str::to_owned);
        let counts = query.as_deref() == Some("counts");
        match (request.method().clone(), path.as_str()) {
            (Method::POST, "/faults") => {
                self.faults.order(read::<Vec<Fault>>(request).await?);
                Ok(done())
            }
            (Method::DELETE, "/faults") => {
                self.faults.take_back();
                self.holds.release(None, false);
                Ok(done())
            }
            (Method::GET, "/holds") => match query {
                Some(name) => json(&self.holds.wait_for(&name).await),
                None => json(&self.holds.of(None)),
            },
            (Method::POST, "/holds/release") => {
                let release: Release = read(request).await?;
                if !release.one {
                    self.faults.take_back_named(&release.name);
                }
                self.holds.release(Some(&release.name), release.one);
                Ok(done())
            }
            (Method::GET, "/requests") if counts => json(&self.recorder.counts()),
            (Method::GET, "/requests") => json(&self.recorder.entries()),
            (Method::DELETE, "/requests") => {
                self.recorder.reset();
                Ok(done())
            }
            (Method::POST, "/objects") => {
                place::objects(&self.store, read(request).await?)?;
                Ok(done())
            }
            (Method::POST, "/images/age") => {
                place::age(&self.store, &read(request).await?)?;
                Ok(done())
            }
            (Method::POST, "/registry-state") => {
                let state: State = read(request).await?;
                self.controller()?.set(state.state.parse::<RegistryState>()?);
                Ok(done())
            }
            (Method::POST, "/login") => {
                let doorkeeper = self.doorkeeper.get().ok_or("there is no cluster yet")?;
                let access = &self.controller()?.access;
                json(&doorkeeper.let_in(&self.store, access, read(request).await?)?)
            }
            (Method::POST, "/events") => {
                self.events.order(read::<Order>(request).await?, &self.store)?;
                Ok(done())
            }
            (Method::GET, "/events") => json(&self.events.progress()),
            (Method::DELETE, "/events") => {
                self.events.stop();
                Ok(done())
            }
            (Method::POST, "/tokens/expire") => {
                self.controller()?.access.tokens.expire_all();
                Ok(done())
            }
            (Method::POST, "/organization") => {
                let organization: Organization = read(request).await?;
                let controller = self.controller()?;
                organization.found(&self.store, controller.face);
                controller.settle();
                controller.access.catch_up();
                Ok(done())
            }
            (Method::POST, "/tokens/cache") => {
                let lasting: Lasting = read(request).await?;
                self.controller()?.access.remembered.set_lasting(lasting.seconds);
                Ok(done())
            }
            (Method::POST, "/tokens/lifetime") => {
                let lifetime: Lifetime = read(request).await?;
                self.controller()?.access.tokens.set_longest(lifetime.seconds);
                Ok(done())
            }
            (Method::POST, "/history/compact") => {
                self.store.compact();
                Ok(done())
            }
            (method, path) => Err(format!("{method} {path} is not known here")),
        }
    }
}

impl Handler for Control {
    async fn handle(self: Arc<Self>, request: Request<Body>, _peer: Arc<Peer>) -> Response<Body> {
        match self.respond(request).await {
            Ok(response) => response,
            Err(message) => {
                answer(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", message + "\n")
            }
        }
    }
}

#[derive(Deserialize)]
struct State {
    state: String,
}

#[derive(Deserialize)]
struct Release {
    name: String,
    #[serde(default)]
    one: bool,
}

#[derive(Deserialize)]
struct Lasting {
    seconds: u64,
}

#[derive(Deserialize)]
struct Lifetime {
    seconds: i64,
}

async fn read<T: DeserializeOwned>(request: Request<Body>) -> Result<T, String> {
    let body = collect(request.into_body()).await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&body).map_err(|error| error.to_string())
}

fn done() -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json<T: serde::Serialize>(value: &T) -> Result<Response<Body>, String> {
    let text = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    Ok(answer(StatusCode::OK, "application/json", text))
}
