// SPDX-License-Identifier: LGPL-2.1-or-later

//! What has to be asked before a plan is made.

use std::collections::{BTreeSet, HashMap};

use images_proto::delete::{
    Extent, Fate, LayerFate, List, Orphan, Params, Part, Plan, Step, Target,
};
use images_proto::status::Source;
use images_proto::{Digest, RepositoryName};

use super::targets::rows;
use crate::Catalog;
use crate::digests::DigestId;
use crate::names::NameId;
use crate::query::search::found;
use crate::repository::{Repository, RepositoryId};

/// What has to be asked before a plan is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The repositories from which something may go: they are to be read again.
    pub repositories: BTreeSet<RepositoryName>,
    /// Blobs of which is to be asked which repositories hand them out.
    pub blobs: BTreeSet<Digest>,
    /// Manifests of which is to be asked whether the repository has them.
    pub subjects: BTreeSet<(RepositoryName, Digest)>,
    /// Whether all images and image streams of the cluster are to be read.
    pub everywhere: bool,
    /// The projects in which something may go.
    pub projects: BTreeSet<String>,
}

impl Catalog {
    /// What has to be asked before this deletion can be planned. It is exact only of what was read
    /// lately: ask once for the repositories, read them again, and ask once more.
    pub fn deletion_needs(&self, params: &Params) -> Needs {
        let mut needs = Needs::default();
        let is_openshift = self.source() == Some(Source::Openshift);
        let purge = params.extent == Extent::Purge;
        needs.everywhere = is_openshift && purge;
        for target in &params.targets {
            self.need(target, purge, &mut needs);
        }
        let projects = needs.repositories.iter().filter_map(|repository| repository.project());
        needs.projects = projects.map(str::to_owned).collect();
        needs
    }

    fn need(&self, target: &Target, purge: bool, needs: &mut Needs) {
        let is_openshift = self.source() == Some(Source::Openshift);
        match target {
            Target::Tag(tag) => drop(needs.repositories.insert(tag.repository.clone())),
            Target::Revision { repository, .. }
            | Target::Manifest { repository, .. }
            | Target::Repository(repository) => {
                needs.repositories.insert(repository.clone());
            }
            Target::Image(digest) => self.need_holders(self.digests.get(digest), needs),
            Target::Layer(digest) => {
                let layer = self.digests.get(digest);
                for image in layer.into_iter().flat_map(|layer| self.by_layer(layer)) {
                    for holding in self.with_indexes(image) {
                        self.need_holders(Some(holding), needs);
                    }
                }
                if purge && !is_openshift {
                    needs.blobs.insert(*digest);
                }
            }
            Target::Blob(digest) => drop(needs.blobs.insert(*digest)),
            Target::Found { query, project } => {
                let found = found(self, query, project.as_deref()).unwrap_or_default();
                let found = found.into_iter().filter_map(|found| self.repository(found.repository));
                needs.repositories.extend(found.map(|repository| repository.name.clone()));
            }
            Target::Orphans(Orphan::Images) => {}
            Target::Orphans(Orphan::Untagged) => {
                for (_, repository) in self.repositories_by_name() {
                    let held = repository.images().iter().filter(|held| !held.missing);
                    let held = held.map(|held| held.digest).collect();
                    if !crate::query::without_tag(self, repository, held).is_empty() {
                        needs.repositories.insert(repository.name.clone());
                    }
                }
            }
            Target::Orphans(Orphan::Signatures) => {
                for (repository, _, subject) in self.signatures_without_subject() {
                    needs.repositories.insert(repository.name.clone());
                    if !is_openshift {
                        let subject = self.digests.digest(subject);
                        needs.subjects.insert((repository.name.clone(), subject));
                    }
                }
            }
            Target::Rows { list: List::Tags { repository, .. }, .. } => {
                needs.repositories.insert(repository.clone());
            }
            Target::Rows { list, except } => {
                for row in rows(self, list, except).unwrap_or_default() {
                    self.need(&row, purge, needs);
                }
            }
        }
    }

    fn need_holders(&self, image: Option<DigestId>, needs: &mut Needs) {
        let holders = image.into_iter().flat_map(|image| self.holders_by_name(image));
        needs.repositories.extend(holders.map(|(_, repository)| repository.name.clone()));
    }

    /// The manifests and blobs that go by this plan and of which nobody knows the bytes, each with a
    /// repository to ask.
    pub fn wanted_sizes(&self, plan: &Plan) -> Vec<(RepositoryName, Digest)> {
        let links: HashMap<_, _> = plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Link { repository, digest } => Some((digest, repository)),
                _ => None,
            })
            .collect();
        let holding = |layer: &LayerFate| match layer.part {
            Part::Manifest => self.repository_holding(&layer.digest),
            Part::Config | Part::Layer => {
                let blob = self.digests.get(&layer.digest)?;
                let (_, repository) =
                    self.by_blob(blob).find_map(|image| self.repositories_with(image).next())?;
                Some(repository.name.clone())
            }
        };
        let unknown =
            plan.layers.iter().filter(|layer| layer.size.is_none() && layer.fate != Fate::Stays);
        let asked = unknown.filter_map(|layer| {
            let linked = || links.get(&layer.digest).map(|repository| (*repository).clone());
            Some((holding(layer).or_else(linked)?, layer.digest))
        });
        asked.collect()
    }

    /// Tags that hold signatures and the like of an image that their repository does not have, as
    /// far as the catalog knows. `is_absent` says whether it is really absent.
    pub(crate) fn lone_signatures(
        &self,
        is_absent: impl Fn(&RepositoryName, &Digest) -> bool,
    ) -> Vec<(RepositoryId, NameId)> {
        let all = self.signatures_without_subject();
        all.filter(|(repository, _, subject)| {
            is_absent(&repository.name, &self.digests.digest(*subject))
        })
        .filter_map(|(repository, name, _)| Some((self.id(&repository.name)?, name)))
        .collect()
    }

    /// Tags that hold signatures and the like, with what they are attached to, where the catalog
    /// does not know that the repository has it.
    pub(crate) fn signatures_without_subject(
        &self,
    ) -> impl Iterator<Item = (&Repository, NameId, DigestId)> {
        self.repositories_by_name().flat_map(|(_, repository)| {
            let attached = repository.tags().filter(|tag| self.is_attachment(tag.name));
            let attached: Vec<_> = attached.map(|tag| tag.name).collect();
            let digests = if attached.is_empty() { Vec::new() } else { repository.digests() };
            let with_subject = attached.into_iter().filter_map(|name| {
                Some((name, self.digests.get(&self.tag_name(name).attached_to()?)?))
            });
            let alone: Vec<_> = with_subject
                .filter(|(_, subject)| digests.binary_search(subject).is_err())
                .collect();
            alone.into_iter().map(move |(name, subject)| (repository, name, subject))
        })
    }
}
