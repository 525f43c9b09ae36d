// SPDX-License-Identifier: LGPL-2.1-or-later

//! Pods, as far as they say what runs and why it does not.

use serde::Deserialize;

use super::Condition;
use crate::body::excerpt;
use crate::cluster::service::TargetPort;

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Whether it says that it is ready for requests.
    pub ready: bool,
    /// The word for what it waits for, such as `CrashLoopBackOff`, `ImagePullBackOff` or
    /// `Unschedulable`.
    pub waiting_reason: Option<String>,
    /// The cluster's or the program's own words about that. Untrusted text, bounded.
    pub message: Option<String>,
    /// How often its program was started again.
    pub restarts: u32,
    /// The image that it was asked to run.
    pub image: Option<String>,
    /// The port that the service leads to.
    pub port: Option<u16>,
}

#[derive(Deserialize)]
pub(super) struct Object {
    metadata: Named,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    containers: Option<Vec<Container>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    image: Option<String>,
    ports: Option<Vec<ContainerPort>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerPort {
    name: Option<String>,
    container_port: u16,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: String,
    conditions: Option<Vec<Condition>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    ready: bool,
    restart_count: u32,
    state: State,
    last_state: State,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Reason>,
    terminated: Option<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reason {
    reason: Option<String>,
    message: Option<String>,
    exit_code: Option<i64>,
}

impl Object {
    /// What is known of the pod behind a service's port `service_port` with this target.
    pub(super) fn read(self, target: Option<&TargetPort>, service_port: Option<u16>) -> Pod {
        let containers = self.spec.containers.unwrap_or_default();
        let (container, port) = find(&containers, target, service_port);
        let name = container.map(|container| container.name.as_str());
        let Status { phase, conditions, container_statuses, init_container_statuses, .. } =
            self.status;
        let conditions = conditions.unwrap_or_default();
        let ready =
            conditions.iter().any(|known| known.r#type == "Ready" && known.status == "True");
        // The registry's own container first, then what else keeps the pod from being ready.
        let mut statuses: Vec<_> = init_container_statuses.into_iter().flatten().collect();
        statuses.extend(container_statuses.into_iter().flatten());
        statuses.sort_by_key(|status| Some(status.name.as_str()) != name);
        let restarts = statuses.first().map_or(0, |status| status.restart_count);
        let trouble = statuses.iter().filter(|status| !status.ready).find_map(ContainerStatus::why);
        let unscheduled = || {
            let placed = conditions.iter().find(|known| known.r#type == "PodScheduled")?;
            (placed.status == "False").then(|| (placed.reason.clone(), placed.message.clone()))
        };
        // An evicted pod has no containers any more.
        let own = || self.status.reason.is_some().then(|| (self.status.reason.clone(), None));
        let (reason, message) = match ready {
            true => (None, None),
            false => trouble.or_else(unscheduled).or_else(own).unwrap_or_default(),
        };
        let message = message.or(self.status.message.filter(|_| !ready));
        let bounded = |text: String| excerpt(text.as_bytes());
        Pod {
            name: self.metadata.name,
            phase,
            ready,
            waiting_reason: reason.map(bounded),
            message: message.map(bounded).filter(|text| !text.is_empty()),
            restarts,
            image: container.and_then(|container| container.image.clone()).map(bounded),
            port,
        }
    }
}

/// The container and its port that a service's port leads to. Ports need not be declared.
fn find<'a>(
    containers: &'a [Container],
    target: Option<&TargetPort>,
    service_port: Option<u16>,
) -> (Option<&'a Container>, Option<u16>) {
    let declared = |fits: &dyn Fn(&ContainerPort) -> bool| {
        let mut all = containers.iter().flat_map(|container| {
            container.ports.iter().flatten().map(move |port| (container, port))
        });
        all.find(|(_, port)| fits(port)).map(|(container, port)| (container, port.container_port))
    };
    let number = match target {
        Some(TargetPort::Name(name)) => {
            let found = declared(&|port| port.name.as_deref() == Some(name));
            let Some((container, port)) = found else { return (containers.first(), None) };
            return (Some(container), Some(port));
        }
        Some(TargetPort::Number(number)) => Some(*number),
        None => service_port,
    };
    let found = number.and_then(|number| declared(&|port| port.container_port == number));
    (found.map(|(container, _)| container).or(containers.first()), number)
}

impl ContainerStatus {
    /// The word and the words for why the container is not ready.
    fn why(&self) -> Option<(Option<String>, Option<String>)> {
        if let Some(waiting) = &self.state.waiting {
            // The backoff's own message says only how long it lasts; the program's last words more.
            let last = self.last_state.terminated.as_ref().and_then(Reason::last_words);
            return Some((waiting.reason.clone(), last.or_else(|| waiting.message.clone())));
        }
        let ended = self.state.terminated.as_ref()?;
        // A container that has done its work is no trouble.
        (ended.exit_code != Some(0)).then(|| (ended.reason.clone(), ended.last_words()))
    }
}

impl Reason {
    fn last_words(&self) -> Option<String> {
        let said = self.message.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let code = || self.exit_code.map(|code| format!("ended with exit code {code}"));
        said.map(str::to_owned).or_else(code)
    }
}
