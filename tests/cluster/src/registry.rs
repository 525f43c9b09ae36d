// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry's own port: of the plain face docker-registry as it is, of the openshift
//! face a front that knows users, rights and streams. What a stream names is served from its
//! repository, to whichever one it was pushed.
//!
//! What the front does not do: convert manifests to schema 1 (404 instead), pull images
//! through from other registries (404), take signatures.

mod access;
pub(crate) mod account;
mod blob;
mod catalog;
mod error;
pub(crate) mod front;
mod manifest;
pub(crate) mod plain;
pub(crate) mod remembered;
mod route;
pub(crate) mod router;
mod signature;
pub(crate) mod token;
