// SPDX-License-Identifier: LGPL-2.1-or-later

//! A registry of our own on plain Kubernetes.

use std::time::Duration;

use images_proto::account::MissingRight;
use images_proto::installation::{Plan, Receipt, Storage};
use images_proto::{Code, Failure, Progress};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::objects::{self, IMAGE, NAME, NAMESPACE, PORT, RANDOM_PLACE, User};
use super::rollout::{self, End};
use super::{Patience, contents, halfway, refused};
use crate::action::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::cluster::apply::{Draft, Standing};
use crate::cluster::service::Endpoint;

/// What the registry is to be asked with.
fn endpoint() -> Endpoint {
    let (namespace, service) = (NAMESPACE.to_owned(), NAME.to_owned());
    Endpoint { namespace, service, port: PORT, tls: false }
}

/// As whom the program may run.
async fn user(cluster: &Cluster) -> Result<User, Failure> {
    let constraints = cluster.get::<serde::de::IgnoredAny>("/apis/security.openshift.io/v1").await;
    match constraints {
        Ok(_) => Ok(User::Assigned),
        Err(error) if error.is_no_path() || error.is_forbidden() => Ok(User::Chosen),
        Err(error) => Err(error.failure("find out as whom a pod may run")),
    }
}

pub(super) async fn plan(cluster: &Cluster, storage: &Storage) -> Result<Plan, Failure> {
    let drafts = objects::drafts(storage, user(cluster).await?);
    let namespace = cluster.standing(&drafts[0]).await;
    let is_there = match namespace {
        Ok(standing) => standing.is_some(),
        Err(error) if error.is_forbidden() => false,
        Err(error) => return Err(error.failure("look for the registry's namespace")),
    };
    let missing = missing(cluster, &drafts, is_there).await;
    Ok(Plan {
        objects: drafts.iter().map(Draft::shown).collect(),
        classes: None,
        missing,
        warnings: vec![
            "The registry asks nobody for a login: whoever reaches it inside of the cluster may push, pull and delete.".to_owned(),
            "It speaks HTTP without TLS and has no address outside of the cluster until somebody adds one.".to_owned(),
            format!("The cluster pulls the program, {IMAGE}, from Docker Hub."),
        ],
        added: !ours(cluster).await?.is_empty(),
    })
}

/// Applies the objects one by one and waits for the registry.
pub(super) async fn add(
    cluster: &Cluster,
    storage: &Storage,
    patience: Patience,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    let drafts = objects::drafts(storage, user(cluster).await?);
    let total = drafts.len() as u64 + 1;
    let mut notes = Vec::new();
    for (idx, draft) in drafts.iter().enumerate() {
        let text = format!("Adding {draft}");
        progress(Progress { text, done: idx as u64, total: Some(total) });
        let note = put(cluster, draft).await;
        notes.extend(note.map_err(|failure| halfway(failure, idx, drafts.len()))?);
    }
    let tell = |words: &str| {
        let text = format!("Waiting for {words}");
        progress(Progress { text, done: total - 1, total: Some(total) });
    };
    let end = rollout::wait(cluster, &endpoint(), patience, tell).await;
    let done = receipt_notes(end, patience.whole, &mut notes);
    Ok(Receipt { objects: drafts.iter().map(Draft::shown).collect(), done, notes })
}

/// Whether it is done, with what there is to say about it.
pub(super) fn receipt_notes(end: End, waited: Duration, notes: &mut Vec<String>) -> bool {
    match end {
        End::Answers => return true,
        End::Runs => notes.push(
            "The registry runs, but you may not reach it through the cluster's API (get services/proxy), so nobody has seen it answer.".to_owned(),
        ),
        End::Stuck(words) => {
            let minutes = waited.as_secs().div_ceil(60);
            notes.push(format!(
                "The registry does not answer after {minutes} minutes. The last it waited for was {words}."
            ));
            notes.push(
                "What was added stays: it may still come up. It can be removed here.".to_owned(),
            );
        }
    }
    false
}

/// Adds one object. Returns what there is to say about it.
async fn put(cluster: &Cluster, draft: &Draft) -> Result<Option<String>, Failure> {
    let tried = format!("add {draft}");
    let standing = match cluster.standing(draft).await {
        Ok(standing) => standing,
        // Who may not look may perhaps apply.
        Err(error) if error.is_forbidden() => None,
        Err(error) => return Err(error.failure(tried)),
    };
    let kind = draft.kind();
    match standing {
        Some(standing) if standing.is_going => {
            let message = format!("{draft} is still being deleted.");
            return Err(Failure::new(Code::Conflict, message)
                .retryable()
                .with_fix("Wait until it is gone, and try again."));
        }
        // Somebody prepared it for us. It is used, and not taken over.
        Some(standing) if !standing.is_ours() && kind == "Namespace" => {
            return Ok(Some(format!(
                "{draft} was there before and stays when the registry is removed."
            )));
        }
        Some(standing) if !standing.is_ours() => {
            let message = format!("There is another {draft}, which cockpit-images did not add.");
            return Err(Failure::new(Code::Conflict, message)
                .with_fix("Remove it, or give it another name."));
        }
        // A volume keeps its size, and uploads go on with the secret that they began with.
        Some(_) if matches!(kind, "PersistentVolumeClaim" | "Secret") => return Ok(None),
        _ => {}
    }
    let applied = match kind {
        "Secret" => cluster.apply(&draft.clone().with(RANDOM_PLACE, json!(random()?))).await,
        _ => cluster.apply(draft).await,
    };
    applied.map(|()| None).map_err(|error| refused(&error, tried, draft))
}

/// 256 bits that nobody can guess, in hexadecimal.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Failure::new(Code::Internal, "This host gives out no random numbers."))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Says what would go or, once agreed, removes it.
pub(super) async fn remove(
    cluster: &Cluster,
    agreed: bool,
    patience: Patience,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Receipt, Failure> {
    // Whoever uses something goes before it.
    let ours = ours(cluster).await?.into_iter().rev().collect::<Vec<_>>();
    if ours.is_empty() {
        let message = "There is no registry here that cockpit-images added.";
        return Err(Failure::new(Code::NotFound, message));
    }
    let objects = ours.iter().map(|(draft, _)| gone(draft)).collect::<Vec<_>>();
    let mut notes = Vec::new();
    if !agreed {
        notes.push("All images in this registry are lost with it.".to_owned());
        return Ok(Receipt { objects, done: false, notes });
    }
    let total = ours.len() as u64;
    for (idx, (draft, standing)) in ours.iter().enumerate() {
        let text = format!("Removing {draft}");
        progress(Progress { text, done: idx as u64, total: Some(total) });
        if draft.kind() == "Namespace"
            && let Some(note) = kept(cluster).await
        {
            notes.push(note);
            continue;
        }
        take_away(cluster, draft, standing, patience).await?;
    }
    Ok(Receipt { objects, done: true, notes })
}

/// Why the namespace stays, if it does.
async fn kept(cluster: &Cluster) -> Option<String> {
    match contents::foreign(cluster, NAMESPACE).await {
        Ok(None) => None,
        Ok(Some(what)) => {
            let what = crate::body::excerpt(what.as_bytes());
            Some(format!("Namespace {NAMESPACE} stays: it holds {what}, which is not ours."))
        }
        Err(error) => {
            let why = error.failure("look into it").message;
            Some(format!(
                "Namespace {NAMESPACE} stays, as there may be something in it that is not ours. {why}"
            ))
        }
    }
}

/// Deletes an object and waits until it is gone.
pub(super) async fn take_away(
    cluster: &Cluster,
    draft: &Draft,
    standing: &Standing,
    patience: Patience,
) -> Result<(), Failure> {
    let tried = format!("remove {draft}");
    let deleted = cluster.delete_standing(draft, standing).await;
    deleted.map_err(|error| error.failure(&tried))?;
    let give_up = Instant::now() + patience.whole;
    loop {
        match cluster.standing(draft).await {
            Ok(Some(now)) if now.uid == standing.uid => {}
            Ok(_) => return Ok(()),
            // In the middle of a deletion nobody is told that it is still going on.
            Err(error) if error.is_forbidden() => return Ok(()),
            Err(error) => return Err(error.failure(&tried)),
        }
        if Instant::now() >= give_up {
            let seconds = patience.whole.as_secs();
            let message = format!("{draft} is still not gone after {seconds} seconds.");
            return Err(Failure::new(Code::Busy, message)
                .retryable()
                .with_fix("Something still uses it, or a finalizer keeps it. Look at it with kubectl describe."));
        }
        sleep(patience.pause).await;
    }
}

/// What stands of our objects, in the order in which they were applied.
async fn ours(cluster: &Cluster) -> Result<Vec<(Draft, Standing)>, Failure> {
    let drafts = objects::drafts(&Storage::default(), User::Chosen);
    let standing =
        futures_util::future::join_all(drafts.iter().map(|draft| cluster.standing(draft))).await;
    let mut ours = Vec::new();
    for (draft, standing) in drafts.into_iter().zip(standing) {
        match standing {
            Ok(Some(standing)) if standing.is_ours() => ours.push((draft, standing)),
            Ok(_) => {}
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error.failure(format_args!("look for {draft}"))),
        }
    }
    Ok(ours)
}

/// An object that goes, without what nobody needs to see of it.
pub(super) fn gone(draft: &Draft) -> images_proto::account::Object {
    let body = draft.body();
    let short = json!({
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": body["metadata"],
    });
    Draft::new("", short).shown()
}

/// The rights that are needed and lacking, with one command for all of them.
async fn missing(cluster: &Cluster, drafts: &[Draft], is_there: bool) -> Vec<MissingRight> {
    let mut needed = Vec::new();
    for draft in drafts {
        let (group, resource) = match draft.kind() {
            "Namespace" if is_there => continue,
            "Namespace" => ("", "namespaces"),
            "PersistentVolumeClaim" => ("", "persistentvolumeclaims"),
            "Secret" => ("", "secrets"),
            "Deployment" => ("apps", "deployments"),
            _ => ("", "services"),
        };
        let namespace = draft.namespace().map(|_| NAMESPACE);
        for verb in ["create", "patch"] {
            let subresource = None;
            needed.push(Permission { verb, group, resource, subresource, namespace, name: None });
        }
    }
    let mut missing = rights::missing(cluster, Tool::Kubectl, &needed).await;
    missing.dedup_by(|second, first| {
        let same = second.resource == first.resource && second.namespace == first.namespace;
        if same {
            first.verb = format!("{}, {}", first.verb, second.verb);
        }
        same
    });
    if !missing.is_empty() {
        let command = rights::to_administer(cluster, NAMESPACE, is_there).await;
        for right in &mut missing {
            right.command = None;
        }
        missing[0].command = Some(command);
    }
    missing
}
