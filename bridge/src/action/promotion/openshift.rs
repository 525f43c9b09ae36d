// SPDX-License-Identifier: LGPL-2.1-or-later

//! Promotes by image stream tags: the cluster's registry serves an image wherever a stream names it,
//! so that no byte of it moves.

use std::collections::BTreeSet;

use images_proto::stage::Change;
use images_proto::{Digest, Failure, TagRef};
use tokio::time::sleep;

use super::super::delete::persistence::ask;
use super::attachments::attached;
use super::look::Look;
use super::{Done, Ground, words};
use crate::cluster::Cluster;
use crate::cluster::tag_naming::Named;
use crate::registry::Registry;
use crate::source::Backoff;

/// How often it is tried while somebody else changes the same stream.
const ATTEMPTS: u32 = 8;
/// How often the registry is asked, which may remember the stream as it was.
const LOOKS: u32 = 4;

/// Does one move.
///
/// # Errors
/// When the tag does not name the image afterwards, by the words of the cluster or registry.
pub(super) async fn promote(
    ground: Ground<'_>,
    cluster: &Cluster,
    change: &Change,
    done: &mut Done,
) -> Result<(), Failure> {
    let wanted = &change.wanted;
    let look = Look::at(ground.connection, std::slice::from_ref(wanted)).await;
    let now = look.names(&wanted.to).await?;
    if now != change.was && now != Some(wanted.digest) {
        return Err(words::moved(&wanted.to, now.as_ref(), change.was.as_ref()));
    }
    if !look.has(wanted).await? {
        return Err(words::gone(wanted));
    }
    let inside = look.inside(wanted);
    if wanted.from != wanted.to.repository {
        let mut subjects = BTreeSet::from([wanted.digest]);
        subjects.extend(inside);
        let (source, unseen) = look.attached_at_source(&wanted.from, &subjects).await?;
        done.remark = unseen.map(|failure| words::unseen(&wanted.from, &failure));
        let target = look.attached(&wanted.to.repository, &subjects).await?;
        let attached = attached(&source, &target, &subjects);
        for (tag, digest) in &attached.goes {
            let to = TagRef { repository: wanted.to.repository.clone(), tag: tag.clone() };
            // A fallback for referrers is an index.
            let is_index = tag.as_str().find('.').is_none();
            let named = Named { from: &wanted.from, digest, is_index };
            set(cluster, &to, None, named).await?;
            done.attachments.push(tag.clone());
        }
        if !attached.stays.is_empty() {
            done.remark = Some(words::left_behind(&wanted.to.repository, &attached.stays));
        }
    }
    let named = Named { from: &wanted.from, digest: &wanted.digest, is_index: !inside.is_empty() };
    set(cluster, &wanted.to, change.was.as_ref(), named).await?;
    match ground.connection.registry(ground.state).await {
        Ok(registry) => {
            for digest in [&wanted.digest].into_iter().chain(inside) {
                match is_served(&registry, &wanted.to, digest).await {
                    Ok(true) => {}
                    Ok(false) => {
                        return Err(words::not_served(&wanted.to.repository, digest));
                    }
                    Err(failure) => {
                        done.remark = Some(words::not_asked(&failure));
                        break;
                    }
                }
            }
        }
        Err(failure) => done.remark = Some(words::not_asked(&failure)),
    }
    Ok(())
}

/// Has a tag name an image if it still names what it did, and looks whether it does then.
async fn set(
    cluster: &Cluster,
    tag: &TagRef,
    was: Option<&Digest>,
    named: Named<'_>,
) -> Result<(), Failure> {
    let mut backoff = Backoff::default();
    for attempt in 1.. {
        let now = ask(|| cluster.stream_now(&tag.repository)).await;
        let now = now.map_err(|error| error.failure(format_args!("look at the tag {tag}")))?;
        let names = now.as_ref().and_then(|now| now.names(&tag.tag));
        if names.as_ref() == Some(named.digest) {
            return Ok(());
        }
        if names.as_ref() != was {
            return Err(words::moved(tag, names.as_ref(), was));
        }
        match cluster.name_image(tag, now.as_ref(), named).await {
            Ok(()) => break,
            // Somebody changed the stream: this tag, or just another one.
            Err(error) if error.is_conflict() && attempt < ATTEMPTS => {
                sleep(backoff.next_delay() / 8).await;
            }
            Err(error) => return Err(error.failure(format_args!("promote to {tag}"))),
        }
    }
    let now = ask(|| cluster.stream_now(&tag.repository)).await;
    let now = now.map_err(|error| error.failure(format_args!("see whether {tag} is promoted")))?;
    let names = now.as_ref().and_then(|now| now.names(&tag.tag));
    match names.as_ref() == Some(named.digest) {
        true => Ok(()),
        false => Err(words::not_there(tag, names.as_ref())),
    }
}

async fn is_served(registry: &Registry, tag: &TagRef, digest: &Digest) -> Result<bool, Failure> {
    let mut backoff = Backoff::default();
    for look in 1..=LOOKS {
        let found = ask(|| registry.find_manifest(&tag.repository, digest)).await;
        let found = found.map_err(|error| {
            error.failure(format_args!("look for {}@{}", tag.repository, digest.short()))
        })?;
        if found.is_some() {
            return Ok(true);
        }
        if look < LOOKS {
            sleep(backoff.next_delay() / 2).await;
        }
    }
    Ok(false)
}
