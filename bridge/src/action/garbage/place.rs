// SPDX-License-Identifier: LGPL-2.1-or-later

//! Where the garbage of a plain registry can be collected: its pod, or the command line for
//! whoever may.

use images_proto::{Code, Failure};

use crate::cluster::Cluster;
use crate::cluster::maintenance::Maker;
use crate::cluster::program::Program;
use crate::shell::word;
use crate::source::Connection;

/// Where the official images have their configuration up to version 2.8.
const CONFIG: &str = "/etc/docker/registry/config.yml";

/// A registry's pod.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) cluster: Cluster,
    /// The name of its service.
    pub(super) service: String,
    pub(super) program: Program,
    /// What makes its pods, if that is one thing and can make them anew.
    pub(super) maker: Option<Maker>,
    /// How many pods are ready.
    pub(super) pods: usize,
}

/// Why it is collected by somebody else, and where.
pub(super) struct Outside {
    pub(super) failure: Failure,
    /// Namespace and name of its service; `None`: outside of the cluster.
    service: Option<(String, String)>,
}

impl Place {
    /// Looks for the pod of the registry in use.
    pub(super) async fn find(connection: &Connection) -> Result<Self, Box<Outside>> {
        let (Some(cluster), Some((namespace, service))) =
            (connection.cluster(), connection.service())
        else {
            return Err(Outside::of_another_host());
        };
        Self::of_service(cluster, &namespace, &service).await
    }

    /// Looks for the pod behind a service.
    pub(super) async fn of_service(
        cluster: &Cluster,
        namespace: &str,
        service: &str,
    ) -> Result<Self, Box<Outside>> {
        let outside = |failure| {
            let service = Some((namespace.to_owned(), service.to_owned()));
            Box::new(Outside { failure, service })
        };
        let workload = cluster.registry_workload(namespace, service).await;
        let workload =
            workload.map_err(|error| outside(error.failure("look for the registry's pod")))?;
        let Some(pod) = workload.ready_pod() else {
            let failure = match &workload.pods {
                None => Failure::new(
                    Code::Forbidden,
                    format!("You may not see the pods of {namespace}, in one of which the garbage is collected."),
                )
                .with_fix("Ask somebody who may to run the command."),
                Some(_) => {
                    Failure::new(Code::NotFound, "No pod of the registry is ready.").retryable()
                }
            };
            return Err(outside(failure));
        };
        let program = cluster.registry_program(namespace, pod).await;
        let program = program.map_err(|error| outside(error.failure("read the registry's pod")))?;
        let maker = match workload.controllers.as_deref() {
            Some([controller]) => Maker::new(
                namespace,
                controller.kind,
                &controller.name,
                program.container.name.as_deref().unwrap_or_default(),
            ),
            _ => None,
        };
        let pods = workload.pods.iter().flatten().filter(|pod| pod.ready).count();
        Ok(Self { cluster: cluster.clone(), service: service.to_owned(), program, maker, pods })
    }

    /// The same registry in the pod that it has now.
    pub(super) async fn again(&self) -> Result<Self, Box<Outside>> {
        Self::of_service(&self.cluster, &self.program.container.namespace, &self.service).await
    }

    /// The words of the command with this configuration file.
    pub(super) fn words(&self, config: &str, options: &[&str]) -> Vec<String> {
        let words = [&*self.program.binary, "garbage-collect"];
        let words = words.into_iter().chain(options.iter().copied()).chain([config]);
        words.map(str::to_owned).collect()
    }

    /// The same for a terminal.
    pub(super) fn command(&self, config: &str, options: &[&str]) -> String {
        let container = &self.program.container;
        kubectl(
            &container.namespace,
            &container.pod,
            container.name.as_deref(),
            &self.program.binary,
            config,
            options,
        )
    }
}

impl Outside {
    fn of_another_host() -> Box<Self> {
        let failure = Failure::new(
            Code::Unsupported,
            "The registry is none that runs in the cluster, so its garbage is collected on its own host.",
        )
        .with_fix("Run the command there while nobody pushes, with the name of the registry's container.");
        Box::new(Self { failure, service: None })
    }

    /// The command line with these options, as far as it is known.
    pub(super) fn command(&self, options: &[&str]) -> String {
        match &self.service {
            // kubectl finds the pod of a service by itself.
            Some((namespace, service)) => {
                kubectl(namespace, &format!("service/{service}"), None, "registry", CONFIG, options)
            }
            None => {
                format!("podman exec registry registry garbage-collect {}{CONFIG}", spaced(options))
            }
        }
    }
}

fn spaced(options: &[&str]) -> String {
    options.iter().flat_map(|option| [*option, " "]).collect()
}

fn kubectl(
    namespace: &str,
    target: &str,
    container: Option<&str>,
    binary: &str,
    config: &str,
    options: &[&str],
) -> String {
    let container = container.map_or_else(String::new, |name| format!(" -c {}", word(name)));
    let options = spaced(options);
    format!(
        "kubectl -n {} exec {}{container} -- {} garbage-collect {options}{}",
        word(namespace),
        word(target),
        word(binary),
        word(config)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_each_place() {
        let outside = Outside::of_another_host();
        assert_eq!(
            outside.command(&["--delete-untagged"]),
            "podman exec registry registry garbage-collect --delete-untagged /etc/docker/registry/config.yml"
        );
        assert_eq!(
            kubectl(
                "shop",
                "registry-1",
                Some("registry"),
                "registry",
                "/etc/a b.yml",
                &["--dry-run"]
            ),
            "kubectl -n shop exec registry-1 -c registry -- registry garbage-collect --dry-run '/etc/a b.yml'"
        );
    }
}
