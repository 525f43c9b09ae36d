// SPDX-License-Identifier: LGPL-2.1-or-later
//! The loopback cluster: Kubernetes' and OpenShift's API, as far as images need it, on
//! 127.0.0.1, in front of Debian's real docker-registry.
//!
//! A test double, small and honest: no product code uses it. Where it cannot be as the
//! real thing it is stricter, never kinder. What the real thing does was recorded;
//! `golden/` holds the recordings and a test compares.
//!
//! ```text
//! kube, curl, oc ──TLS──> api ──┬─ store (objects, history, watches)
//!                               └─ service proxy ──> docker-registry or the front
//! skopeo, reqwest ──TLS──> registry (front: token, rights, streams) ──> docker-registry
//! tests ──> control (faults, counts, compaction)
//! ```
//!
//! In the plain face there is no front with a mind of its own: the registry's port passes
//! everything on, recorded, to docker-registry.
//!
//! Not served: protobuf and YAML, PATCH, imports, signatures, conversion of
//! manifests to schema 1 (refused instead), projects as a watch.

mod access;
mod api;
pub mod args;
mod clock;
pub mod control;
mod furniture;
mod http;
mod identifier;
mod image;
mod kubeconfig;
mod pki;
pub mod play;
mod ready;
mod registry;
mod resource;
pub mod seed;
pub mod serve;
mod storage;
mod store;

pub use control::fault::{Fault, Kind as FaultKind};
pub use control::record::{Count, Entry, Target};
pub use ready::{Face, Ready};
