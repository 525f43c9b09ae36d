// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a deletion would take with it, looked up now.

use std::collections::{BTreeMap, HashSet};

use images_catalog::Catalog;
use images_proto::delete::{Params, Plan, PlanItem, Target};
use images_proto::repository::Origin;
use images_proto::{Code, Digest, Failure, TagRef};

use crate::cluster::Cluster;
use crate::cluster::access::Right;
use crate::session::state::State;
use crate::source::{Connection, Source};

/// Tags that stay, named one by one.
const STAYS: usize = 20;

/// Plans.
///
/// # Errors
/// When the repositories cannot be read.
pub async fn plan(connection: &Connection, state: &State, params: Params) -> Result<Plan, Failure> {
    super::check(&params)?;
    let content = state.content();
    super::reread(connection, state, content, &super::repositories(&params.targets)).await?;
    let refused = match connection.source() {
        Source::Openshift(source) => missing_rights(source.cluster(), &params.targets).await,
        Source::Distribution(_) => BTreeMap::new(),
    };
    let openshift = matches!(connection.source(), Source::Openshift(_));
    let catalog = state.catalog();
    if state.content() != content {
        return Err(super::left());
    }
    let doomed: HashSet<_> =
        params.targets.iter().filter_map(|target| digest(&catalog, target)).collect();
    let items = params.targets.into_iter().map(|target| {
        let right = right(&target).filter(|_| openshift);
        let mut item = match openshift {
            true => on_openshift(&catalog, target),
            false => in_registry(&catalog, target, &doomed),
        };
        item.refused = item.refused.or_else(|| refused.get(&right?).cloned());
        item
    });
    let mut items: Vec<_> = items.collect();
    set_stays(&mut items);
    Ok(Plan { items })
}

/// The digest that a target names now.
pub(super) fn digest(catalog: &Catalog, target: &Target) -> Option<Digest> {
    match target {
        Target::Tag(tag) => Some(catalog.tag(tag)?.revisions.first()?.digest),
        Target::Revision { digest, .. } | Target::Manifest { digest, .. } => Some(*digest),
    }
}

/// The tags that name a digest now: those of the target's repository, and those of others.
pub(super) fn tags_now(
    catalog: &Catalog,
    target: &Target,
    digest: &Digest,
) -> (Vec<TagRef>, Vec<TagRef>) {
    let now = catalog.tags_of_digest(None, digest).into_iter().filter(|(_, age)| *age == 0);
    let repository = super::repository(target);
    now.map(|(tag, _)| tag).partition(|tag| tag.repository == *repository)
}

fn on_openshift(catalog: &Catalog, target: Target) -> PlanItem {
    let mut item = empty(target);
    let tag = match &item.target {
        Target::Tag(tag) => tag.clone(),
        Target::Revision { repository, tag, .. } => super::tag_ref(repository, tag),
        Target::Manifest { .. } => {
            item.refused = Some(super::only_by_pruning());
            return item;
        }
    };
    let Some(known) = catalog.tag(&tag) else {
        item.refused = Some(super::absent(format_args!("tag {tag}")));
        return item;
    };
    item.digest = digest(catalog, &item.target);
    if let Target::Revision { digest, .. } = &item.target {
        let Some(age) = known.revisions.iter().position(|revision| revision.digest == *digest)
        else {
            item.refused =
                Some(super::absent(format_args!("revision {} of {tag}", digest.short())));
            return item;
        };
        // The tag goes with its last revision; else the one before becomes what it names.
        if known.revisions.iter().all(|revision| revision.digest == *digest) {
            item.goes.push(tag.clone());
        }
        if let Origin::Imported { from, scheduled: true } = known.origin
            && age == 0
        {
            item.returns = Some(format!("It is imported again from {from} from time to time."));
        }
    } else {
        item.goes.push(tag.clone());
        item.history = known.revisions.len().saturating_sub(1) as u32;
    }
    if let Some(digest) = item.digest {
        let (mut stays, others) = tags_now(catalog, &item.target, &digest);
        stays.retain(|other| *other != tag);
        stays.extend(others);
        item.stays = stays;
    }
    item
}

fn in_registry(catalog: &Catalog, target: Target, doomed: &HashSet<Digest>) -> PlanItem {
    let mut item = empty(target);
    if matches!(item.target, Target::Revision { .. }) {
        item.refused = Some(super::no_history());
        return item;
    }
    item.digest = digest(catalog, &item.target);
    let Some(digest) = item.digest else {
        if let Target::Tag(tag) = &item.target {
            item.refused = Some(super::absent(format_args!("tag {tag}")));
        }
        return item;
    };
    if catalog.has_unread_tags(super::repository(&item.target)) {
        item.refused = Some(super::unread_tags(super::repository(&item.target)));
    }
    (item.goes, item.stays) = tags_now(catalog, &item.target, &digest);
    item.breaks = catalog.indexes_containing(super::repository(&item.target), &digest);
    item.breaks.retain(|index| !doomed.contains(index));
    item
}

/// What stays is what no other target takes: only all of them together tell.
fn set_stays(items: &mut [PlanItem]) {
    let going: HashSet<_> = items
        .iter()
        .filter(|item| item.refused.is_none())
        .flat_map(|item| item.goes.iter().cloned())
        .collect();
    for item in items {
        item.stays.retain(|tag| !going.contains(tag));
        item.stay_count = item.stays.len() as u32;
        item.stays.truncate(STAYS);
    }
}

fn empty(target: Target) -> PlanItem {
    PlanItem {
        target,
        digest: None,
        goes: Vec::new(),
        history: 0,
        stays: Vec::new(),
        stay_count: 0,
        breaks: Vec::new(),
        returns: None,
        refused: None,
    }
}

/// The right that a target's deletion needs.
fn right(target: &Target) -> Option<Right> {
    let project = super::repository(target).project()?.to_owned();
    match target {
        Target::Tag(_) => Some(Right::DeleteTags { project }),
        Target::Revision { .. } => Some(Right::ChangeHistory { project }),
        Target::Manifest { .. } => None,
    }
}

/// The rights that the user lacks. Where the cluster does not say, trying will.
async fn missing_rights(cluster: &Cluster, targets: &[Target]) -> BTreeMap<Right, Failure> {
    let mut missing = BTreeMap::new();
    let needed: std::collections::BTreeSet<_> = targets.iter().filter_map(right).collect();
    for right in needed {
        if cluster.has_right(&right).await.unwrap_or(true) {
            continue;
        }
        let (project, what, role) = match &right {
            Right::DeleteTags { project } => (project, "delete tags", "registry-editor"),
            Right::ChangeHistory { project } => {
                (project, "take revisions out of a tag's history", "system:image-pruner")
            }
        };
        let failure =
            Failure::new(Code::Forbidden, format!("You may not {what} in the project {project}."))
                .with_fix(format!("Ask an administrator for the role {role}."));
        missing.insert(right, failure);
    }
    missing
}

#[cfg(test)]
mod tests;
