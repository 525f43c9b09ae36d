// SPDX-License-Identifier: LGPL-2.1-or-later

//! What an administrator or a developer sets from outside.

use std::sync::Arc;

use images_proto::{Code, Failure};

use super::choices::Choices;
use crate::cluster::Cluster;
use crate::cluster::kubeconfig::Places;
use crate::recollection::Recollections;
use crate::record::Records;
use crate::registry::direct::Address;
use crate::source::Logins;

/// Names the registry's address; wins over [`FILE`].
const VARIABLE: &str = "COCKPIT_IMAGES_REGISTRY";
/// Holds the registry's address on a line of its own; lines that start with `#` are remarks.
const FILE: &str = "/etc/cockpit-images/registry";

/// The settings of a session.
#[derive(Clone, Default)]
pub struct Settings {
    /// A cluster other than that of the user's kubeconfig.
    pub cluster: Option<Cluster>,
    /// Where the user's kubeconfig is.
    pub kubeconfig: Places,
    /// The registry's address as somebody wrote it, and where.
    pub registry: Option<(String, &'static str)>,
    /// What is remembered from one login to the next.
    pub choices: Arc<Choices>,
    /// The logins that somebody typed.
    pub logins: Arc<Logins>,
    /// What was changed.
    pub records: Arc<Records>,
    /// What was read at earlier logins.
    pub recollections: Arc<Recollections>,
}

impl Settings {
    /// Reads environment and file.
    pub fn from_environment() -> Self {
        let variable = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
        let registry = match variable {
            Some(text) => Some((text.trim().to_owned(), VARIABLE)),
            None => std::fs::read_to_string(FILE).ok().and_then(|text| address_in(&text)),
        };
        let choices = Arc::new(Choices::load());
        let kubeconfig = Places::from_environment();
        let logins = Arc::default();
        let records = Arc::new(Records::from_environment());
        let recollections = Arc::new(Recollections::from_environment());
        Self { cluster: None, kubeconfig, registry, choices, logins, records, recollections }
    }

    /// The registry's address, if one is set.
    ///
    /// # Errors
    /// When what is set is no address.
    pub fn registry(&self) -> Result<Option<Address>, Failure> {
        let Some((text, place)) = &self.registry else { return Ok(None) };
        // The text may hold a password: it is not repeated.
        Address::parse(text).map(Some).map_err(|error| {
            Failure::new(
                Code::NoRegistry,
                format!("The registry's address that {place} sets cannot be used: {error}."),
            )
            .with_fix("Write it as https://HOST or https://HOST:PORT.")
        })
    }
}

fn address_in(text: &str) -> Option<(String, &'static str)> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.map(|line| (line.to_owned(), FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_may_have_remarks() {
        let found = address_in("# the registry\n\n  https://registry.example.com \nignored\n");
        assert_eq!(found.unwrap().0, "https://registry.example.com");
        assert_eq!(address_in("# nothing\n"), None);
    }

    #[test]
    fn a_bad_address_is_not_repeated() {
        let registry = Some(("https://amy:secret@x/y".to_owned(), VARIABLE));
        let Err(failure) = (Settings { registry, ..Settings::default() }).registry() else {
            panic!("accepted")
        };
        assert!(failure.message.contains(VARIABLE) && !failure.message.contains("secret"));
    }
}
