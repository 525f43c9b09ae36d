// SPDX-License-Identifier: LGPL-2.1-or-later

//! From applied objects to a registry that answers.

use http::{Request, StatusCode};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::Patience;
use crate::body::{self, Excess};
use crate::cluster::Cluster;
use crate::cluster::service::Endpoint;
use crate::cluster::workload::{Pod, Workload};

/// How long the registry may take for one answer.
const ANSWER: Duration = Duration::from_secs(5);
/// What is read of its answer, in bytes.
const ANSWER_LIMIT: usize = 4 << 10;

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The registry answers.
    Answers,
    /// It runs, but we may not ask it through the API server.
    Runs,
    /// It did neither in time; the words say how far it came.
    Stuck(String),
}

/// Waits until the registry behind the service answers. `tell` gets what it waits for, in words,
/// whenever that changes.
pub(super) async fn wait(
    cluster: &Cluster,
    endpoint: &Endpoint,
    patience: Patience,
    mut tell: impl FnMut(&str),
) -> End {
    let give_up = Instant::now() + patience.whole;
    let mut told = String::new();
    loop {
        let words = match look(cluster, endpoint).await {
            Ok(end) => return end,
            Err(words) => words,
        };
        if words != told {
            tell(&words);
            told = words;
        }
        if Instant::now() >= give_up {
            return End::Stuck(told);
        }
        sleep(patience.pause).await;
    }
}

/// What it waits for, as long as it has not come to an end.
async fn look(cluster: &Cluster, endpoint: &Endpoint) -> Result<End, String> {
    let workload = cluster.registry_workload(&endpoint.namespace, &endpoint.service).await;
    let workload = match workload {
        Ok(workload) => workload,
        Err(error) if error.is_not_found() => return Err("the service".to_owned()),
        Err(error) => return Err(error.failure("look for the registry's pod").message),
    };
    if let Some(words) = unready(&workload) {
        // OpenShift's operator knows more than its pods, such as that storage is missing.
        let operator = cluster.image_registry_operator().await.ok().flatten();
        let degraded = operator.as_ref().and_then(|operator| operator.is_true("Degraded"));
        let theirs = degraded.and_then(|condition| condition.words());
        return Err(theirs.map_or(words, |theirs| format!("the operator: {theirs}")));
    }
    match timeout(ANSWER, ask(cluster, endpoint)).await {
        Ok(Asked::Answers) => Ok(End::Answers),
        Ok(Asked::Forbidden) if workload.ready_pod().is_some() => Ok(End::Runs),
        Ok(Asked::Forbidden) => {
            Err("the registry, which you may neither see nor reach through the API".to_owned())
        }
        Ok(Asked::Silent(words)) => Err(format!("an answer of the registry: {words}")),
        Err(_) => Err("an answer of the registry, which takes long".to_owned()),
    }
}

/// What its pods wait for; `None` when one of them is ready, or nobody may look.
fn unready(workload: &Workload) -> Option<String> {
    if workload.ready_pod().is_some() || workload.endpoints.is_some_and(|count| count > 0) {
        return None;
    }
    let pods = workload.pods.as_deref()?;
    if let Some(pod) = workload.failing_pod() {
        return Some(pod_words(pod));
    }
    let controllers = workload.controllers.as_deref().unwrap_or_default();
    let refused = controllers.iter().find_map(|controller| controller.message.as_deref());
    match (refused, pods) {
        (Some(words), _) => Some(format!("a pod: {words}")),
        (None, []) => Some("a pod".to_owned()),
        (None, _) => None,
    }
}

fn pod_words(pod: &Pod) -> String {
    let reason = pod.waiting_reason.as_deref().unwrap_or(match &*pod.phase {
        "Running" => "it runs, but is not ready yet",
        _ => "it is being started",
    });
    match &pod.message {
        Some(message) => format!("pod {}: {reason}: {message}", pod.name),
        None => format!("pod {}: {reason}", pod.name),
    }
}

enum Asked {
    Answers,
    Forbidden,
    Silent(String),
}

/// Asks the registry through the API server, which keeps every login to itself: a registry that
/// wants one answers 401, and that is an answer, too.
async fn ask(cluster: &Cluster, endpoint: &Endpoint) -> Asked {
    let mut request = Request::new(bytes::Bytes::new());
    match format!("{}/v2/", endpoint.proxy_path()).parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return Asked::Silent("it has no address".to_owned()),
    }
    let (head, body) = match cluster.carry(request).await {
        Ok(answer) => answer.into_parts(),
        Err(error) => return Asked::Silent(body::chain(&*error)),
    };
    let is_registry = head.headers.contains_key("docker-distribution-api-version");
    match head.status {
        StatusCode::OK | StatusCode::UNAUTHORIZED if is_registry => Asked::Answers,
        StatusCode::FORBIDDEN if !is_registry => Asked::Forbidden,
        status => {
            let text = body::read(&head.headers, body, ANSWER_LIMIT, Excess::Cut).await;
            let text = body::excerpt(&text.unwrap_or_default());
            Asked::Silent(format!("{status} {text}"))
        }
    }
}
