// SPDX-License-Identifier: LGPL-2.1-or-later

//! What still leads to images once the tags are gone, and which of the others are removed.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use images_proto::Digest;
use images_proto::delete::{Params, Reason};
use images_proto::repository::Origin;

use super::owners::Owners;
use super::planner::Planner;
use crate::Content;
use crate::digests::DigestId;
use crate::references::Naming;

/// What is known of the time after the plan.
pub(super) struct Afterwards {
    /// The images that the plan touches, and for whom.
    pub(super) touched: BTreeMap<Digest, Owners>,
    /// Those that are removed from the cluster.
    pub(super) removed: BTreeSet<Digest>,
    /// Those that could be, but are not, and why.
    withheld: HashMap<Digest, Vec<Reason>>,
}

impl Afterwards {
    pub(super) fn new(planner: &mut Planner<'_>) -> Self {
        let mut touched: BTreeMap<Digest, Owners> = std::mem::take(&mut planner.outside);
        for place in planner.places.values() {
            for image in place.touched() {
                touched.entry(planner.digest(image)).or_default().add(&place.owners(image));
            }
        }
        // The other repositories that have them tell why they stay.
        for digest in touched.keys() {
            let id = planner.catalog.digests.get(digest);
            for holder in id.into_iter().flat_map(|id| planner.catalog.holders(id)) {
                planner.place(holder);
            }
        }
        let mut new = Self { touched, removed: BTreeSet::new(), withheld: HashMap::new() };
        if planner.purges_cluster() {
            new.choose_removed(planner);
        }
        new
    }

    /// Of the images that nothing leads to, those are removed that are old enough and in no index
    /// that remains.
    fn choose_removed(&mut self, planner: &Planner<'_>) {
        let Some(everywhere) = planner.everywhere() else { return };
        let mut next: Vec<_> = self.touched.keys().copied().collect();
        while let Some(digest) = next.pop() {
            let Some(image) = everywhere.image(&digest) else { continue };
            if planner.is_led_to(&digest) || self.removed.contains(&digest) {
                continue;
            }
            let owners = self.touched.get(&digest).cloned().unwrap_or_default();
            if let Some(Content::Index { children }) = planner.content(&digest) {
                for child in children {
                    self.touched.entry(child).or_default().add(&owners);
                    next.push(child);
                }
            }
            let why = if everywhere.has_unread() {
                Some(Reason::Unread)
            } else {
                planner.too_young(image.created)
            };
            match why {
                Some(why) => drop(self.withheld.insert(digest, vec![why])),
                None => drop(self.removed.insert(digest)),
            }
        }
        // What is in an index that remains has to remain, and so on inwards.
        loop {
            let mut kept = Vec::new();
            for digest in &self.removed {
                let indexes = everywhere.indexes_with(digest).iter();
                let holding = indexes.filter(|index| !self.removed.contains(*index));
                let holding: Vec<_> = holding.map(|index| Reason::Image(*index)).collect();
                if !holding.is_empty() {
                    kept.push((*digest, holding));
                }
            }
            if kept.is_empty() {
                return;
            }
            for (digest, holding) in kept {
                self.removed.remove(&digest);
                self.withheld.insert(digest, holding);
            }
        }
    }

    /// Why an image that nothing leads to is kept all the same.
    pub(super) fn withheld(&self, digest: &Digest) -> &[Reason] {
        self.withheld.get(digest).map_or(&[], Vec::as_slice)
    }
}

impl Planner<'_> {
    /// What an image is made of, if anybody knows.
    pub(super) fn content(&self, digest: &Digest) -> Option<Content> {
        // The catalog may know an image without its config, from a list that does not tell it.
        let there = self.everywhere().and_then(|all| all.image(digest)?.content.clone());
        there.or_else(|| self.catalog.content_of(digest))
    }

    /// Whether something leads to an image once the tags are gone, seen or hidden.
    pub(super) fn is_led_to(&self, digest: &Digest) -> bool {
        self.is_led_to_by(digest, &mut Vec::new())
    }

    fn is_led_to_by(&self, digest: &Digest, path: &mut Vec<Digest>) -> bool {
        // Hostile facts may go in circles.
        if path.contains(digest) {
            return false;
        }
        let id = self.catalog.digests.get(digest);
        let stays = |id: DigestId| {
            let mut holders = self.catalog.holders(id);
            holders.any(|holder| self.places.get(&holder).is_none_or(|place| !place.leaves(id)))
        };
        if id.is_some_and(stays) || self.other_namings(digest).next().is_some() {
            return true;
        }
        path.push(*digest);
        let led = self.indexes_with(digest, id).any(|index| self.is_led_to_by(&index, path));
        path.pop();
        led
    }

    /// The indexes that contain an image, wherever they are.
    fn indexes_with(&self, digest: &Digest, id: Option<DigestId>) -> impl Iterator<Item = Digest> {
        let here = id.into_iter().flat_map(|id| self.catalog.by_child(id));
        let there = self.everywhere().map_or(&[][..], |all| all.indexes_with(digest)).iter();
        here.map(|index| self.digest(index)).chain(there.copied())
    }

    /// What names an image in the streams of the cluster, and that the plan does not take: hidden, or
    /// newer than the catalog.
    fn other_namings(&self, digest: &Digest) -> impl Iterator<Item = &Naming> {
        let namings = self.everywhere().map_or(&[][..], |all| all.namings(digest)).iter();
        namings.filter(|naming| !self.takes(naming, digest))
    }

    fn takes(&self, naming: &Naming, digest: &Digest) -> bool {
        let taken = || {
            let place = self.places.get(&self.catalog.id(&naming.tag.repository)?)?;
            let name = self.catalog.tag_names.get(naming.tag.tag.as_str())?;
            let image = self.catalog.digests.get(digest)?;
            Some(place.named(image).contains(&name) && place.loses(name, image))
        };
        !naming.hidden && taken().unwrap_or(false)
    }

    /// Why an image stays; sorted.
    pub(super) fn reasons(&self, digest: &Digest) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let id = self.catalog.digests.get(digest);
        let holders = id.into_iter().flat_map(|id| self.catalog.holders(id));
        let places = holders.filter_map(|holder| self.places.get(&holder));
        for (place, id) in places.flat_map(|place| id.map(|id| (place, id))) {
            if place.leaves(id) {
                continue;
            }
            let tags = place
                .stays_named(id)
                .map(|(name, age)| Reason::Tag { tag: self.tag_ref(place, name), age });
            reasons.extend(tags);
            let indexes = place.staying_indexes(self.catalog, id);
            reasons.extend(indexes.map(|index| Reason::Image(self.digest(index))));
            if !place.takes_manifests {
                reasons.push(Reason::Unread);
            }
        }
        reasons.extend(self.other_namings(digest).map(Naming::as_reason));
        for index in self.indexes_with(digest, id).filter(|index| self.is_led_to(index)) {
            reasons.push(self.as_reason(index));
        }
        reasons.sort_unstable();
        reasons.dedup_by(|a, b| a == b && *a != Reason::Hidden);
        reasons
    }

    /// An image as the reason why something stays.
    pub(super) fn as_reason(&self, digest: Digest) -> Reason {
        let id = self.catalog.digests.get(&digest);
        let seen = id.is_some_and(|id| !self.catalog.holders(id).is_empty());
        let named = self.everywhere().is_some_and(|all| !all.namings(&digest).is_empty());
        if !seen && named { Reason::Hidden } else { Reason::Image(digest) }
    }

    pub(super) fn is_old_enough(&self, created: Option<i64>) -> bool {
        self.too_young(created).is_none()
    }

    /// Whether data of this age is too young to be removed. What has no age is.
    fn too_young(&self, created: Option<i64>) -> Option<Reason> {
        if self.params.insist {
            return None;
        }
        match created {
            None => Some(Reason::Unread),
            Some(created) => {
                let young = self.around.now.saturating_sub(created) < Params::YOUNG;
                young.then_some(Reason::Young(created))
            }
        }
    }

    /// Whether the data of an image is not in this registry: it was imported.
    pub(super) fn is_elsewhere(&self, digest: &Digest) -> bool {
        if !self.around.is_openshift() {
            return false;
        }
        if let Some(image) = self.everywhere().and_then(|all| all.image(digest)) {
            return !image.managed;
        }
        let Some(id) = self.catalog.digests.get(digest) else { return false };
        let holders = self.catalog.holders(id);
        let places = holders.filter_map(|holder| self.places.get(&holder));
        let mut tags = places.flat_map(|place| place.named(id).iter().map(|name| place.tag(*name)));
        let mut origins = tags.by_ref().flatten().map(|tag| tag.origin).peekable();
        origins.peek().is_some() && origins.all(|from| matches!(from, Origin::Imported { .. }))
    }

    /// The images that contain a layer or config, wherever they are.
    pub(super) fn images_with(&self, blob: &Digest) -> BTreeSet<Digest> {
        let mut images = BTreeSet::new();
        if let Some(id) = self.catalog.digests.get(blob) {
            images.extend(self.catalog.by_blob(id).map(|image| self.digest(image)));
        }
        images.extend(self.everywhere().map_or(&[][..], |all| all.images_with(blob)));
        images
    }
}
