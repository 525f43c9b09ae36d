// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes manifests at the registry, each once however many targets name it. All tags on a
//! manifest go with it, so one that somebody tagged meanwhile is left alone.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, stream};
use http::StatusCode;
use images_proto::delete::{Outcome, Target};
use images_proto::{Code, Digest, Failure, Progress, RepositoryName, TagRef};

use super::super::plan;
use super::{CONCURRENCY, Meter, still_there};
use crate::registry::Registry;
use crate::session::state::State;

/// What was just read, as long as the catalog was not forgotten since its content was counted.
pub(super) struct Known<'a> {
    pub(super) state: &'a State,
    pub(super) content: u64,
}

/// What became of each target, in their order. Their repositories were just read.
pub(super) async fn delete<P: FnMut(Progress) + Send>(
    registry: &Registry,
    Known { state, content }: Known<'_>,
    targets: &[Target],
    agreed: &[TagRef],
    meter: &Meter<P>,
) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Untried; targets.len()];
    let mut manifests: BTreeMap<(&RepositoryName, Digest), Vec<usize>> = BTreeMap::new();
    for (idx, target) in targets.iter().enumerate() {
        let digest = plan::digest(&state.catalog(), target);
        match (target, digest) {
            (Target::Revision { .. }, _) => {
                outcomes[idx] = Outcome::Kept(super::super::no_history());
                meter.advance(1);
            }
            (_, Some(digest)) => {
                manifests.entry((super::super::repository(target), digest)).or_default().push(idx);
            }
            (Target::Tag(tag), None) if state.catalog().tag(tag).is_some() => {
                outcomes[idx] = Outcome::Kept(super::super::unread_tags(&tag.repository));
                meter.advance(1);
            }
            (_, None) => {
                outcomes[idx] = Outcome::Absent;
                meter.advance(1);
            }
        }
    }
    let named: HashSet<&TagRef> = agreed
        .iter()
        .chain(targets.iter().filter_map(|target| match target {
            Target::Tag(tag) => Some(tag),
            _ => None,
        }))
        .collect();
    let working: Vec<_> = manifests
        .into_iter()
        .map(|((repository, digest), users)| {
            let unnamed =
                users.first().and_then(|idx| unnamed_tag(state, &targets[*idx], &digest, &named));
            let has_unread_tags = state.catalog().has_unread_tags(repository);
            async move {
                let outcome = match unnamed {
                    // One of them may be on the same manifest.
                    _ if has_unread_tags => Outcome::Kept(super::super::unread_tags(repository)),
                    Some(tag) => Outcome::Kept(tagged_meanwhile(&tag)),
                    None => delete_manifest(registry, repository, &digest).await,
                };
                (users, outcome)
            }
        })
        .collect();
    if state.content() != content {
        // What was looked up may be another registry's.
        return vec![Outcome::Kept(super::super::left()); targets.len()];
    }
    let mut working = stream::iter(working).buffer_unordered(CONCURRENCY);
    while let Some((users, outcome)) = working.next().await {
        meter.advance(users.len());
        for idx in users {
            outcomes[idx] = outcome.clone();
        }
    }
    outcomes
}

/// A tag on the manifest that nobody agreed to lose.
fn unnamed_tag(
    state: &State,
    target: &Target,
    digest: &Digest,
    named: &HashSet<&TagRef>,
) -> Option<TagRef> {
    let (goes, _) = plan::tags_now(&state.catalog(), target, digest);
    goes.into_iter().find(|tag| !named.contains(tag))
}

fn tagged_meanwhile(tag: &TagRef) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("The tag {tag} names the same image and would be lost with it."),
    )
    .retryable()
    .with_fix("Look at the plan again, and agree to lose that tag too if you want.")
}

async fn delete_manifest(
    registry: &Registry,
    repository: &RepositoryName,
    digest: &Digest,
) -> Outcome {
    let shown = format!("{repository}@{}", digest.short());
    match registry.delete_manifest(repository, digest).await {
        Ok(()) => {}
        Err(error) if error.is_not_found() => return Outcome::Absent,
        Err(error) => {
            let mut failure = error.failure(format_args!("delete {shown}"));
            let refusal = error.refusal();
            if let Some(refusal) = refusal.filter(|r| r.status == StatusCode::METHOD_NOT_ALLOWED) {
                // A registry that is read-only has no such method; one that does not delete says
                // so in a registry's words.
                let (message, fix) = match &refusal.code {
                    None => (
                        "This registry is read-only.",
                        "Ask its administrator to switch storage.maintenance.readonly off.",
                    ),
                    Some(_) => (
                        "Deleting is switched off in this registry.",
                        "Ask its administrator to set REGISTRY_STORAGE_DELETE_ENABLED=true.",
                    ),
                };
                failure = Failure::new(Code::Unsupported, message)
                    .with_fix(fix)
                    .with_details(crate::body::chain(&error));
            }
            return Outcome::Kept(failure);
        }
    }
    match registry.resolve(repository, &digest.to_string()).await {
        Ok(None) => Outcome::Deleted,
        Ok(Some(_)) => Outcome::Kept(still_there("the registry")),
        Err(error) => Outcome::Unproved(error.failure(format_args!("see whether {shown} is gone"))),
    }
}
