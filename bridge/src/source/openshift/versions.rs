// SPDX-License-Identifier: LGPL-2.1-or-later

//! The versions of the streams that were seen last, deleted ones included: an answer to a question
//! of our own may be older than what the watch told meanwhile.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::RepositoryName;

use crate::cluster::metadata::Metadata;

/// The versions seen last.
#[derive(Default)]
pub(super) struct Versions(Mutex<HashMap<RepositoryName, u64>>);

impl Versions {
    /// A list or a watch told this: they are always right, even after the cluster went back in time.
    pub(super) fn see(&self, repository: &RepositoryName, metadata: &Metadata) {
        let mut seen = self.seen();
        match number(metadata) {
            Some(version) => drop(seen.insert(repository.clone(), version)),
            None => drop(seen.remove(repository)),
        }
    }

    /// Whether something newer was seen. Versions that are no numbers are not compared.
    pub(super) fn is_old(&self, repository: &RepositoryName, metadata: &Metadata) -> bool {
        let seen = self.seen().get(repository).copied();
        number(metadata).zip(seen).is_some_and(|(version, seen)| version < seen)
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<RepositoryName, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(metadata: &Metadata) -> Option<u64> {
    metadata.resource_version.as_ref()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_compared() {
        let versions = Versions::default();
        let repository: RepositoryName = "shop/api".parse().unwrap();
        let at = |version: &str| Metadata {
            resource_version: Some(version.to_owned()),
            ..Metadata::default()
        };
        assert!(!versions.is_old(&repository, &at("1")));
        versions.see(&repository, &at("10"));
        assert!(versions.is_old(&repository, &at("9")));
        assert!(!versions.is_old(&repository, &at("10")));
        assert!(!versions.is_old(&repository, &at("abc")));
        versions.see(&repository, &at("2"));
        assert!(!versions.is_old(&repository, &at("9")), "the cluster was restored");
        versions.see(&repository, &at("abc"));
        assert!(!versions.is_old(&repository, &at("1")));
    }
}
