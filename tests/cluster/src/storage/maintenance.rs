// SPDX-License-Identifier: LGPL-2.1-or-later
//! The registry's pod and the docker-registry behind it: what the one says in its environment, the
//! other is started anew with, and only then the pod is ready.

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::watch;

/// The variables that we pass on begin so; they make a registry read-only for a while.
const PREFIX: &str = "REGISTRY_STORAGE_MAINTENANCE";

/// What the environment of a container changes about docker-registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Of a container of a pod's spec.
    pub(crate) fn of(container: &Value) -> Self {
        let all = container["env"].as_array().into_iter().flatten();
        let all = all.filter_map(|one| {
            let name = one["name"].as_str().filter(|name| name.starts_with(PREFIX))?;
            Some((name.to_owned(), one["value"].as_str().unwrap_or_default().to_owned()))
        });
        Self(all.collect())
    }

    /// Gives it to a program.
    pub(crate) fn put(&self, command: &mut Command) {
        command.envs(self.0.iter().map(|(name, value)| (name, value)));
    }
}

/// What is wanted, and what runs.
#[derive(Debug)]
pub(crate) struct Maintenance {
    wanted: watch::Sender<Environment>,
    running: watch::Sender<Environment>,
}

impl Default for Maintenance {
    fn default() -> Self {
        let sender = || watch::Sender::new(Environment::default());
        Self { wanted: sender(), running: sender() }
    }
}

impl Maintenance {
    /// Asks for a docker-registry with this environment.
    pub(crate) fn want(&self, environment: Environment) {
        self.wanted.send_if_modified(|wanted| {
            let changes = *wanted != environment;
            *wanted = environment;
            changes
        });
    }

    /// The environment of the docker-registry that runs.
    pub(crate) fn running(&self) -> Environment {
        self.running.borrow().clone()
    }

    /// Changes when another one runs.
    pub(crate) fn changes(&self) -> watch::Receiver<Environment> {
        self.running.subscribe()
    }

    /// Waits until another environment is wanted than that which runs.
    pub(crate) async fn wanted(&self) -> Environment {
        let mut wanted = self.wanted.subscribe();
        loop {
            let now = wanted.borrow_and_update().clone();
            if now != self.running() {
                return now;
            }
            if wanted.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Says what runs.
    pub(crate) fn runs(&self, environment: Environment) {
        self.running.send_replace(environment);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_change_is_wanted_until_it_runs() {
        let maintenance = Maintenance::default();
        let variable = json!({"name": format!("{PREFIX}_READONLY"), "value": "{\"enabled\":true}"});
        let other = json!({"name": "REGISTRY_HTTP_ADDR", "value": ":1"});
        let environment = Environment::of(&json!({"env": [other, variable]}));
        assert_eq!(environment.0.len(), 1);
        maintenance.want(environment.clone());
        assert_eq!(maintenance.wanted().await, environment);
        maintenance.runs(environment);
        assert!(futures_util::poll!(Box::pin(maintenance.wanted())).is_pending());
    }
}
