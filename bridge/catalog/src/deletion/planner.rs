// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the parts of a plan share while it is made.

use std::collections::{BTreeMap, BTreeSet};

use images_proto::delete::{Extent, Params, Plan, Step};
use images_proto::{Digest, Failure, RepositoryName, TagRef};

use super::afterwards::Afterwards;
use super::owners::Owners;
use super::place::Place;
use super::{Surroundings, fingerprint, words};
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::references::References;
use crate::repository::RepositoryId;

/// The most digests, tags or reasons that are named one by one where there may be many.
pub(super) const NAMED: usize = 20;

/// Makes one plan.
pub(super) struct Planner<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) params: &'a Params,
    pub(super) around: &'a Surroundings,
    /// The repositories that were looked at.
    pub(super) places: BTreeMap<RepositoryId, Place<'a>>,
    /// One for each target.
    pub(super) drafts: Vec<Draft>,
    /// Images in no repository of the catalog that are to be removed from the cluster.
    pub(super) outside: BTreeMap<Digest, Owners>,
    /// Blobs that can no longer be pulled from a repository, whatever it may be part of.
    pub(super) cut: BTreeMap<(RepositoryName, Digest), Owners>,
    /// Blobs that are targets themselves.
    pub(super) blobs: BTreeMap<Digest, Owners>,
    /// What was left out for lack of rights.
    pub(super) missing: Vec<Failure>,
}

/// What is found out about one target.
#[derive(Default)]
pub(super) struct Draft {
    /// What it names now, if it is one thing.
    pub(super) digest: Option<Digest>,
    /// The images that it is about, without what is inside of them.
    pub(super) about: BTreeSet<DigestId>,
    /// Tags of which it takes something.
    pub(super) tags: BTreeSet<(RepositoryId, NameId)>,
    /// Why nothing of it can be done.
    pub(super) refused: Option<Failure>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(catalog: &'a Catalog, params: &'a Params, around: &'a Surroundings) -> Self {
        Self {
            catalog,
            params,
            around,
            places: BTreeMap::new(),
            drafts: Vec::with_capacity(params.targets.len()),
            outside: BTreeMap::new(),
            cut: BTreeMap::new(),
            blobs: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        for (target, wanted) in self.params.targets.iter().enumerate() {
            let mut draft = Draft::default();
            let refused = match self.refusal() {
                Some(refused) => Err(refused),
                None => self.expand(target, wanted, &mut draft),
            };
            draft.refused = refused.err();
            self.drafts.push(draft);
        }
        self.settle();
        let afterwards = Afterwards::new(&mut self);
        self.refuse_blobs(&afterwards);
        let (images, layers, space) = self.fates(&afterwards);
        let (steps, owners) = self.steps(&afterwards, &layers);
        let items = self.items(&afterwards, &steps, &owners);
        self.tell_what_is_unknown(&steps, &afterwards);
        Plan {
            fingerprint: fingerprint(&steps, self.params.extent, self.params.insist),
            items,
            steps,
            images,
            layers,
            space,
            missing: self.missing,
            ..Plan::default()
        }
    }

    /// Why nothing at all can be done.
    fn refusal(&self) -> Option<Failure> {
        let forbidden = self.purges_cluster()
            && (!self.around.rights.prune || self.around.everywhere.is_none());
        forbidden.then(words::no_purge)
    }

    fn settle(&mut self) {
        let ids: Vec<_> = self.places.keys().copied().collect();
        for id in ids {
            let may_delete = self.may_delete_tags(id);
            let Some(place) = self.places.get_mut(&id) else { continue };
            if may_delete {
                place.round_up();
            }
            place.settle(self.catalog, may_delete);
        }
    }

    fn tell_what_is_unknown(&mut self, steps: &[Step], afterwards: &Afterwards) {
        if steps.is_empty() {
            return;
        }
        let unread = self.catalog.counts().repositories_unread;
        if self.around.everywhere.is_none() {
            if unread > 0 {
                self.missing.push(words::unread_others(unread));
            }
            if self.around.is_openshift() && !self.around.sees_all {
                self.missing.push(words::unseen_projects());
            }
        }
        let cuts = steps.iter().any(|step| matches!(step, Step::Link { .. }));
        if cuts && !self.around.is_openshift() {
            self.missing.push(words::unlisted_untagged());
        }
        let links_left = self.links_left(afterwards);
        if links_left > 0 {
            self.missing.push(words::links_left(links_left));
        }
    }

    /// Whether data is removed from the storage of a cluster's registry.
    pub(super) fn purges_cluster(&self) -> bool {
        self.params.extent == Extent::Purge && self.around.is_openshift()
    }

    pub(super) fn everywhere(&self) -> Option<&'a References> {
        self.around.everywhere.as_ref()
    }

    /// A repository, looked at once.
    pub(super) fn place(&mut self, id: RepositoryId) -> Option<&mut Place<'a>> {
        let repository = self.catalog.repository(id)?;
        let is_openshift = self.around.is_openshift();
        Some(self.places.entry(id).or_insert_with(|| Place::new(repository, is_openshift)))
    }

    /// A repository by name.
    pub(super) fn find(&mut self, name: &RepositoryName) -> Result<RepositoryId, Failure> {
        let id = self.catalog.id(name);
        id.ok_or_else(|| words::absent(format_args!("repository {name}")))
    }

    pub(super) fn may_delete_tags(&self, id: RepositoryId) -> bool {
        self.project(id).is_none_or(|project| !self.around.rights.no_tags.contains(project))
    }

    pub(super) fn may_change_history(&self, id: RepositoryId) -> bool {
        self.project(id).is_none_or(|project| !self.around.rights.no_history.contains(project))
    }

    /// The project of a repository, where there are projects.
    pub(super) fn project(&self, id: RepositoryId) -> Option<&'a str> {
        let repository = self.catalog.repository(id).filter(|_| self.around.is_openshift())?;
        repository.name.project()
    }

    pub(super) fn tag_ref(&self, place: &Place<'_>, name: NameId) -> TagRef {
        TagRef { repository: place.repository.name.clone(), tag: self.catalog.tag_name(name) }
    }

    pub(super) fn digest(&self, id: DigestId) -> Digest {
        self.catalog.digests.digest(id)
    }
}
