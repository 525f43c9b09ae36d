// SPDX-License-Identifier: LGPL-2.1-or-later

//! Promotes at a plain registry: blobs are mounted, manifests put as they are, and the tag last.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;

use images_proto::stage::Change;
use images_proto::{Digest, Failure, TagRef};

use super::super::delete::persistence::ask;
use super::attachments::attached;
use super::look::{Look, resolve};
use super::tree::Tree;
use super::{Done, words};
use crate::registry::Registry;

/// Does one move.
///
/// # Errors
/// When the tag does not name the image afterwards, by the registry's own words.
pub(super) async fn promote(
    registry: &Registry,
    connection: &crate::source::Connection,
    change: &Change,
    done: &mut Done,
) -> Result<(), Failure> {
    let wanted = &change.wanted;
    let (to, digest) = (&wanted.to, &wanted.digest);
    is_as_planned(registry, change).await?;
    let look = Look::at(connection, std::slice::from_ref(wanted)).await;
    if !look.has(wanted).await? {
        return Err(words::gone(wanted));
    }
    let tree = Tree::read(registry, &wanted.from, digest).await?;
    let sent = done.sent.insert(AtomicU64::new(0));
    if wanted.from != to.repository {
        tree.bring(registry, &wanted.from, &to.repository, sent).await?;
        let subjects: BTreeSet<Digest> = tree.digests();
        let (source, unseen) = look.attached_at_source(&wanted.from, &subjects).await?;
        done.remark = unseen.map(|failure| words::unseen(&wanted.from, &failure));
        let target = look.attached(&to.repository, &subjects).await?;
        let attached = attached(&source, &target, &subjects);
        for (tag, digest) in &attached.goes {
            let tag = TagRef { repository: to.repository.clone(), tag: tag.clone() };
            let tree = Tree::read(registry, &wanted.from, digest).await?;
            tree.bring(registry, &wanted.from, &to.repository, sent).await?;
            match resolve(registry, &tag).await? {
                None => tree.put_tag(registry, &tag).await?,
                Some(there) if there == *digest => {}
                Some(there) => return Err(words::moved(&tag, Some(&there), None)),
            }
            done.attachments.push(tag.tag);
        }
        if !attached.stays.is_empty() {
            done.remark = Some(words::left_behind(&to.repository, &attached.stays));
        }
    }
    // It may have taken a while until here.
    if !is_as_planned(registry, change).await? {
        tree.put_tag(registry, to).await?;
    }
    let now = resolve(registry, to).await?;
    if now.as_ref() != Some(digest) {
        return Err(words::not_there(to, now.as_ref()));
    }
    for part in tree.digests() {
        let served = ask(|| registry.manifest(&to.repository, &part)).await;
        match served {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {
                return Err(words::not_served(&to.repository, &part));
            }
            Err(error) => {
                let tried = format!("read {}@{} again", to.repository, part.short());
                done.remark = Some(words::not_asked(&error.failure(tried)));
                break;
            }
        }
    }
    Ok(())
}

/// Whether the tag names the image already.
///
/// # Errors
/// When it names neither that nor what it did when the promotion was planned.
async fn is_as_planned(registry: &Registry, change: &Change) -> Result<bool, Failure> {
    let to = &change.wanted.to;
    let now = resolve(registry, to).await?;
    if now == Some(change.wanted.digest) {
        return Ok(true);
    }
    match now == change.was {
        true => Ok(false),
        false => Err(words::moved(to, now.as_ref(), change.was.as_ref())),
    }
}
