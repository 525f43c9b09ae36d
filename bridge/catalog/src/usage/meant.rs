// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a pull spec means: a tag of this registry, a digest, or something of another registry.

use std::collections::{HashMap, HashSet};

use images_proto::{Digest, PullSpec, RepositoryName, Tag, TagRef};

use super::{Asks, Runs, Workload, Workloads};
use crate::Catalog;

/// The names under which this registry is known.
#[derive(Clone, Debug, Default)]
pub struct Places {
    hosts: HashSet<String>,
    /// The image streams that are meant by their bare name in their own project.
    local: HashSet<RepositoryName>,
}

/// Workloads, and what all that they ask for means.
#[derive(Debug)]
pub struct Understood<'a> {
    pub(super) workloads: &'a Workloads,
    /// Each pull spec once, as long as it means the same in all projects.
    meanings: HashMap<(Option<&'a str>, &'a str), Option<Meant>>,
    /// What runs anywhere.
    pub(super) runs: HashSet<Digest>,
}

/// What is asked for, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Whatever the tag names when it is pulled.
    Tag(TagRef),
    /// This, from wherever it is pulled.
    Digest(Digest),
}

impl Places {
    /// The hosts, each with its port if it has one of its own, and the image streams with a local
    /// lookup policy.
    pub fn new(
        hosts: impl IntoIterator<Item = String>,
        local: impl IntoIterator<Item = RepositoryName>,
    ) -> Self {
        Self {
            hosts: hosts.into_iter().map(|host| canonical(&host)).collect(),
            local: local.into_iter().collect(),
        }
    }

    /// The same with more hosts.
    #[must_use]
    pub fn with_hosts(&self, more: impl IntoIterator<Item = String>) -> Self {
        let mut places = self.clone();
        places.hosts.extend(more.into_iter().map(|host| canonical(&host)));
        places
    }

    /// What a pull spec means in a project; `None` for an image of another registry.
    pub(super) fn meaning(&self, project: &str, text: &str) -> Option<Meant> {
        // A node pulls the digest, whatever tag stands before it and whichever registry it is.
        if let Some((_, digest)) = text.rsplit_once('@') {
            return digest.parse().ok().map(Meant::Digest);
        }
        let spec: PullSpec = text.parse().ok()?;
        let repository = match &spec.host {
            Some(host) => self.hosts.contains(&canonical(host)).then_some(spec.repository)?,
            None if spec.repository.project().is_none() => {
                let local = format!("{project}/{}", spec.repository).parse().ok()?;
                self.local.contains(&local).then_some(local)?
            }
            // Without a host it is one of Docker's own.
            None => return None,
        };
        let tag = spec.tag.or_else(latest)?;
        Some(Meant::Tag(TagRef { repository, tag }))
    }
}

impl Workloads {
    /// Finds out what all that is asked for means.
    pub fn understood(&self, places: &Places) -> Understood<'_> {
        let (mut meanings, mut runs) = (HashMap::new(), HashSet::new());
        for workload in &self.all {
            for used in &workload.uses {
                runs.extend(used.runs.map(|runs| runs.digest));
                if let Asks::Image(text) = &used.asks {
                    meanings
                        .entry(key(workload, text))
                        .or_insert_with(|| places.meaning(&workload.project, text));
                }
            }
        }
        Understood { workloads: self, meanings, runs }
    }
}

impl Catalog {
    /// Hosts with a port that must be this registry's, whoever calls it so: what was asked for there
    /// by the name of a repository runs, and is in that repository here. Public registries, of which
    /// this one may hold copies, need no port.
    pub fn hosts_by_evidence(&self, workloads: &Workloads) -> HashSet<String> {
        let uses = workloads.all.iter().flat_map(|workload| &workload.uses);
        let mut asked = HashSet::new();
        let found = uses.filter_map(|used| {
            let (Asks::Image(text), Some(runs)) = (&used.asks, used.runs) else { return None };
            if !asked.insert((&**text, runs)) {
                return None;
            }
            let spec: PullSpec = text.parse().ok()?;
            let host = spec.host.filter(|host| host.contains(':'))?;
            self.has_by(&spec.repository, &runs.digest).then_some(host)
        });
        found.collect()
    }

    /// Whether a repository has an image that runs by this digest.
    fn has_by(&self, repository: &RepositoryName, digest: &Digest) -> bool {
        let ids = self.id(repository).zip(self.digests.get(digest));
        ids.is_some_and(|(repository, digest)| {
            let images = self.by_config(digest).chain([digest]);
            let mut all = images.flat_map(|image| self.with_indexes(image));
            all.any(|image| self.holders(image).has(repository))
        })
    }
}

impl Understood<'_> {
    /// What this workload asks for.
    pub(super) fn meaning(&self, workload: &Workload, asks: &Asks) -> Option<Meant> {
        match asks {
            Asks::Image(text) => self.meanings.get(&key(workload, text))?.clone(),
            Asks::Tag { tag, .. } => Some(Meant::Tag(TagRef::clone(tag))),
        }
    }

    /// The tags that are asked for, some of them more than once.
    pub(super) fn tags(&self) -> impl Iterator<Item = &TagRef> {
        let pulled = self.meanings.values().filter_map(|meant| match meant {
            Some(Meant::Tag(tag)) => Some(tag),
            Some(Meant::Digest(_)) | None => None,
        });
        let uses = self.workloads.all.iter().flat_map(|workload| &workload.uses);
        pulled.chain(uses.filter_map(|used| match &used.asks {
            Asks::Tag { tag, .. } => Some(&**tag),
            Asks::Image(_) => None,
        }))
    }
}

/// Where the meaning of a text is found: a bare name means another thing in each project.
fn key<'a>(workload: &'a Workload, text: &'a str) -> (Option<&'a str>, &'a str) {
    (Some(&*workload.project).filter(|_| !text.contains('/')), text)
}

/// The digest in a container's `imageID`: of a manifest or index (`REPOSITORY@sha256:…`,
/// `docker-pullable://REPOSITORY@sha256:…`), or of a config (`docker://sha256:…`, `sha256:…`).
pub fn running(image_id: &str) -> Option<Runs> {
    let rest = image_id.rsplit_once("://").map_or(image_id, |(_, rest)| rest);
    let (is_config, digest) = match rest.rsplit_once('@') {
        Some((_, digest)) => (false, digest),
        None => (true, rest),
    };
    Some(Runs { digest: digest.parse().ok()?, is_config })
}

fn latest() -> Option<Tag> {
    "latest".parse().ok()
}

/// A host as it is compared: the port of https need not be written.
fn canonical(host: &str) -> String {
    let mut host = host.to_ascii_lowercase();
    if let Some(without) = host.strip_suffix(":443") {
        host.truncate(without.len());
    }
    host
}
