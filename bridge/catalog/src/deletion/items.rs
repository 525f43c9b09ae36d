// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is told of each target.

use std::collections::BTreeSet;

use images_proto::delete::{Extent, Fallback, PlanItem, Reason, Step};
use images_proto::repository::Origin;
use images_proto::{Digest, Failure, TagRef};

use super::afterwards::Afterwards;
use super::owners::Owners;
use super::place::Place;
use super::planner::{NAMED, Planner};
use super::words;
use crate::digests::DigestId;
use crate::repository::TagEntry;

impl Planner<'_> {
    pub(super) fn items(
        &self,
        afterwards: &Afterwards,
        steps: &[Step],
        owners: &[Owners],
    ) -> Vec<PlanItem> {
        let mut items: Vec<_> = self.params.targets.iter().cloned().map(PlanItem::new).collect();
        for (step, owners) in owners.iter().enumerate().take(steps.len()) {
            each(&mut items, owners, |item| item.steps.push(step as u32));
        }
        let mut images = vec![BTreeSet::new(); items.len()];
        for place in self.places.values() {
            for (tag, _) in place.going_tags() {
                self.tell_of_tag(place, tag, &mut items);
            }
            for image in &place.leaving {
                for target in place.owners(*image).iter() {
                    images[target].insert(self.digest(*image));
                }
            }
        }
        for digest in &afterwards.removed {
            for target in afterwards.touched.get(digest).into_iter().flat_map(Owners::iter) {
                images[target].insert(*digest);
            }
        }
        for (target, item) in items.iter_mut().enumerate() {
            item.images = images[target].len() as u32;
            self.tell_of_target(target, item, afterwards);
        }
        items
    }

    /// What becomes of a tag of which something goes.
    fn tell_of_tag(&self, place: &Place<'_>, tag: TagEntry<'_>, items: &mut [PlanItem]) {
        let owners = place.tag_owners(tag.name);
        let name = self.tag_ref(place, tag.name);
        if place.is_gone(tag.name) {
            let history = tag.revisions.len().saturating_sub(1) as u32;
            each(items, &owners, |item| {
                item.goes.push(name.clone());
                item.history += history;
            });
            return;
        }
        let stays = |digest: DigestId| !place.loses(tag.name, digest);
        let left = tag.revisions.iter().find(|revision| stays(revision.digest));
        let now = tag.revisions.first().is_some_and(|now| stays(now.digest));
        let Some(left) = left.filter(|_| !now) else { return };
        let fallback = Fallback { tag: name.clone(), digest: self.digest(left.digest) };
        let returns = match tag.origin {
            Origin::Imported { from, scheduled: true } => {
                Some(format!("{name} is imported again from {from} from time to time."))
            }
            Origin::Follows { from } => {
                Some(format!("{name} follows {from}, and gets what that names when it changes."))
            }
            _ => None,
        };
        each(items, &owners, |item| {
            item.falls_back.push(fallback.clone());
            item.returns = item.returns.take().or_else(|| returns.clone());
        });
    }

    fn tell_of_target(&self, target: usize, item: &mut PlanItem, afterwards: &Afterwards) {
        let Some(draft) = self.drafts.get(target) else { return };
        item.digest = draft.digest;
        item.refused.clone_from(&draft.refused);
        item.goes.sort_unstable();
        item.falls_back.sort_unstable_by(|a, b| a.tag.cmp(&b.tag));
        let mut breaks = BTreeSet::new();
        let mut stays: BTreeSet<TagRef> = BTreeSet::new();
        for image in &draft.about {
            for holder in self.catalog.holders(*image) {
                let Some(place) = self.places.get(&holder) else { continue };
                let named = place.stays_named(*image);
                let now = named.filter(|(name, _)| {
                    let tag = place.tag(*name).and_then(|tag| tag.revisions.first());
                    tag.is_some_and(|now| now.digest == *image)
                });
                stays.extend(now.map(|(name, _)| self.tag_ref(place, name)));
                if place.owners(*image).iter().any(|owner| owner == target) {
                    let indexes = place.staying_indexes(self.catalog, *image);
                    breaks.extend(indexes.map(|index| self.digest(index)));
                }
            }
        }
        item.stay_count = stays.len() as u32;
        item.stays = stays.into_iter().take(NAMED).collect();
        let breaks: Vec<Digest> = breaks.into_iter().collect();
        if item.refused.is_none() && item.steps.is_empty() {
            let withheld = self.why_withheld(target, afterwards);
            item.refused = Some(withheld.unwrap_or_else(|| self.why_nothing(item, &breaks)));
        }
        item.breaks = breaks.into_iter().take(NAMED).collect();
        if item.refused.is_some() {
            item.goes.clear();
        }
    }

    /// Why no image of a target is removed from the cluster, if that is what was wanted. That one
    /// is young is said only if waiting is all that it takes.
    fn why_withheld(&self, target: usize, afterwards: &Afterwards) -> Option<Failure> {
        let everywhere = self.everywhere().filter(|_| self.purges_cluster())?;
        let mine = |digest: &Digest| {
            afterwards
                .touched
                .get(digest)
                .is_some_and(|owners| owners.iter().any(|of| of == target))
        };
        let mut young = None;
        for digest in afterwards.touched.keys().filter(|digest| mine(digest)) {
            let led_to = if self.is_led_to(digest) { self.reasons(digest) } else { Vec::new() };
            let failure = match led_to.iter().chain(afterwards.withheld(digest)).next() {
                // Why the index stays is the reason.
                Some(Reason::Image(index)) if mine(index) => continue,
                Some(Reason::Image(index)) => words::part_of_index(digest, &[*index]),
                Some(Reason::Tag { tag, .. }) => words::led_to(digest, tag),
                Some(Reason::Unread) if everywhere.has_unread() => words::contents_unread(),
                Some(Reason::Unread) => words::unknown_age(),
                Some(Reason::Young(_)) => {
                    young = Some(words::too_young());
                    continue;
                }
                Some(_) => words::led_to_by_hidden(digest),
                None => continue,
            };
            return Some(failure);
        }
        young
    }

    /// Why a target adds no step, although nothing was wrong with it.
    fn why_nothing(&self, item: &PlanItem, breaks: &[Digest]) -> Failure {
        match item.digest {
            Some(digest) if !breaks.is_empty() => words::part_of_index(&digest, breaks),
            Some(digest) if self.params.extent == Extent::Unlink => {
                words::no_tag_leads_there(&digest)
            }
            _ => words::nothing_found("Nothing is left to do."),
        }
    }
}

fn each(items: &mut [PlanItem], owners: &Owners, mut tell: impl FnMut(&mut PlanItem)) {
    for target in owners.iter() {
        if let Some(item) = items.get_mut(target) {
            tell(item);
        }
    }
}
