// SPDX-License-Identifier: LGPL-2.1-or-later
//! The loopback cluster: Kubernetes' and OpenShift's API, as far as images need it, on
//! 127.0.0.1, in front of Debian's real docker-registry.
//!
//! A test double, small and honest: no product code uses it. Where it cannot be as the
//! real thing it is stricter, never kinder. What the real thing does was recorded;
//! `golden/` holds the recordings and a test compares.
//!
//! ```text
//! kube, curl, oc ──TLS──> api ──┬── store (objects, history, watches) <── controller
//!                               ├── service proxy ──┐
//!                               └── port-forward ───┤
//! a node's clients ──> node (kube-proxy) ───────────┼──> pod ──> docker-registry
//! skopeo, reqwest ──> public port ──────────────────┘
//! tests ──> control (faults, holds, counts, compaction, objects, the registry's state)
//! ```
//!
//! What listens in the registry's pod is, in the openshift face, a front that knows tokens,
//! rights and streams; in the plain face it passes everything on, recorded, to docker-registry.
//! Each of the ways to the pod can be closed without closing another: see `args`.
//!
//! People are objects, and so are their groups and rights; what they may do follows from the
//! objects of that moment. A test logs in whom it likes at the control port.
//!
//! Not served: protobuf, YAML (but what is applied may be YAML), strategic merge patches,
//! imports, signatures, conversion of manifests to schema 1 (refused instead), a login server.

mod access;
mod api;
pub mod args;
mod clock;
pub mod control;
mod controller;
mod furniture;
mod http;
mod identifier;
mod image;
mod kubeconfig;
mod load;
mod network;
mod node;
mod pki;
pub mod play;
mod ready;
mod registry;
mod resource;
pub mod seed;
pub mod serve;
mod storage;
mod store;
mod workload;

pub use control::fault::{Fault, Kind as FaultKind};
pub use control::hold::Held;
pub use control::record::{Count, Entry, Target};
pub use furniture::state::RegistryState;
pub use load::Size;
pub use ready::{Face, PodPort, Ready};
