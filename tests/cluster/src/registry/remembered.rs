// SPDX-License-Identifier: LGPL-2.1-or-later
//! The configurations of OCI images that the registry knows by their manifests.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::route::Repository;

/// Which image led to which configuration, by repository.
///
/// A stream's layers name no configuration of an OCI image. The registry learns it when the
/// manifest is read: from a repository that did not get the push itself the configuration is
/// served after the manifest, and not before.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<BTreeMap<(String, String), String>>);

impl Remembered {
    /// Keeps that the manifest of an image with that configuration was served.
    pub(crate) fn keep(&self, repository: Repository<'_>, config: &str, image: &str) {
        let key = (repository.name(), config.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, image.to_owned());
    }

    /// The image whose manifest led to a configuration.
    pub(crate) fn image(&self, repository: Repository<'_>, config: &str) -> Option<String> {
        let key = (repository.name(), config.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }
}
