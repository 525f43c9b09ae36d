// SPDX-License-Identifier: LGPL-2.1-or-later

//! The users of what is asked about: found one by one, and told together where they belong together.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use images_proto::Digest;
use images_proto::usage::{How, Owned, User};

use super::known::{Known, Named};
use super::meant::{Meant, Understood};
use super::{Use, Workload};

/// The users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that the user may see: running ones first, then by project, kind and name.
    pub users: Vec<User>,
    /// How many others there are.
    pub hidden: u32,
    /// Containers of which only the config is known that they run, and which may be users: not all
    /// configs of what is asked about were read.
    pub unclear: u32,
}

/// An image that one container uses.
struct Match {
    digest: Digest,
    how: How,
    moved: bool,
}

/// What is told as one user: the same image in the same container of the same topmost owner.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Together {
    hidden: bool,
    project: Arc<str>,
    kind: String,
    name: String,
    container: Option<Arc<str>>,
    digest: Digest,
}

/// Those that are told as one.
struct Group {
    how: How,
    through: Vec<Owned>,
    asks: Arc<str>,
    moved: bool,
    count: u32,
}

impl Understood<'_> {
    /// Who uses what is asked about.
    pub fn users(&self, known: &Known) -> Found {
        let (mut groups, mut unclear) = (BTreeMap::new(), 0);
        for workload in &self.workloads.all {
            for used in &workload.uses {
                let matches = self.matches(known, workload, used);
                unclear += u32::from(matches.is_empty() && may_match(known, used));
                for found in matches {
                    self.put(&mut groups, workload, used, found);
                }
            }
        }
        let hidden = groups.keys().filter(|together| together.hidden).count() as u32;
        let shown = groups.into_iter().filter(|(together, _)| !together.hidden);
        let mut users: Vec<_> = shown.map(|(together, group)| user(together, group)).collect();
        // Of those that are equal, the order of the groups stays.
        users.sort_by_key(|user| user.how);
        Found { users, hidden, unclear }
    }

    /// The images asked about that one container uses: by what it asks for, and by what runs.
    fn matches(&self, known: &Known, workload: &Workload, used: &Use) -> Vec<Match> {
        let Use { asks, how, .. } = used;
        let runs = used.runs.map(|runs| runs.digest);
        let run = runs.and_then(|runs| Some(known.asked(&runs)?.likeliest(&runs).to_vec()));
        let run = run.unwrap_or_default();
        let meaning = self.meaning(workload, asks);
        let spec = meaning.map(|meant| Spec::of(known, &meant, runs.as_ref())).unwrap_or_default();
        let matches = |digests: Vec<Digest>, how, moved| {
            digests.into_iter().map(move |digest| Match { digest, how, moved })
        };
        match spec.relation {
            Relation::Same if spec.digests.is_empty() => matches(run, *how, false).collect(),
            Relation::Same => matches(spec.digests, *how, false).collect(),
            Relation::Unclear => {
                matches(run, *how, false).chain(matches(spec.digests, *how, false)).collect()
            }
            // The tag names what would be pulled now.
            Relation::Moved => matches(run, *how, true)
                .chain(matches(spec.digests, How::Referenced, false))
                .collect(),
        }
    }

    fn put(
        &self,
        groups: &mut BTreeMap<Together, Group>,
        workload: &Workload,
        used: &Use,
        Match { digest, how, moved }: Match,
    ) {
        let mut through = self.workloads.chain(workload);
        let top = through.remove(0);
        let together = Together {
            hidden: workload.hidden,
            project: workload.project.clone(),
            kind: top.kind,
            name: top.name,
            container: used.container.clone(),
            digest,
        };
        let new = Group { how, through, asks: used.asks.text().clone(), moved, count: 1 };
        match groups.entry(together) {
            Entry::Vacant(place) => drop(place.insert(new)),
            Entry::Occupied(mut place) => {
                let group = place.get_mut();
                match new.rank().cmp(&group.rank()) {
                    Ordering::Less => *group = new,
                    Ordering::Equal => {
                        group.count += 1;
                        group.moved |= new.moved;
                    }
                    Ordering::Greater => {}
                }
            }
        }
    }
}

/// Whether a container runs a config that may be one of those that were not read.
fn may_match(known: &Known, used: &Use) -> bool {
    let runs = used.runs.filter(|runs| runs.is_config);
    known.has_unread() && runs.is_some_and(|runs| known.is_stranger(&runs.digest))
}

/// What a workload asks for.
#[derive(Default)]
struct Spec {
    /// That of it that is asked about.
    digests: Vec<Digest>,
    relation: Relation,
}

/// How what runs relates to what is asked for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Relation {
    /// It is that image, or nothing says otherwise.
    #[default]
    Same,
    /// It is another image, which the tag named before.
    Moved,
    /// It is another digest, and may be that image all the same.
    Unclear,
}

impl Spec {
    fn of(known: &Known, meant: &Meant, runs: Option<&Digest>) -> Self {
        match meant {
            Meant::Digest(digest) => {
                let asked = known.asked(digest);
                let is_same = runs.is_none_or(|runs| known.are_one(digest, runs));
                Self {
                    digests: asked.map_or_else(Vec::new, |asked| asked.likeliest(digest).to_vec()),
                    // What is asked for by its digest does not move.
                    relation: if is_same { Relation::Same } else { Relation::Unclear },
                }
            }
            Meant::Tag(tag) => match known.tag(tag) {
                None => Self::default(),
                Some(named) => Self::of_tag(known, named, runs),
            },
        }
    }

    fn of_tag(known: &Known, named: &Named, runs: Option<&Digest>) -> Self {
        let Some(now) = &named.now else {
            // Nobody knows what the tag names: it may well be what runs.
            let digests = runs.copied().into_iter().collect();
            return Self { digests, relation: Relation::Same };
        };
        let asked = known.asked(now).map(|asked| asked.likeliest(now).to_vec());
        let (digests, is_same) = match (&named.family, runs) {
            (Some(family), runs) => (vec![*now], runs.is_none_or(|runs| family.contains(runs))),
            (None, Some(runs)) => (asked.unwrap_or_default(), known.are_one(now, runs)),
            (None, None) => (asked.unwrap_or_default(), true),
        };
        let may_be = named.has_unread && runs.is_some_and(|runs| known.is_stranger(runs));
        let relation = match (is_same, may_be) {
            (true, _) => Relation::Same,
            (false, true) => Relation::Unclear,
            (false, false) => Relation::Moved,
        };
        Self { digests, relation }
    }
}

impl Group {
    /// What runs stands for what is only named, and what is nearer to the top for what it made.
    fn rank(&self) -> (How, usize) {
        (self.how, self.through.len())
    }
}

fn user(together: Together, group: Group) -> User {
    let Together { project, kind, name, container, digest, .. } = together;
    let Group { how, through, asks, moved, count } = group;
    User {
        kind,
        project: project.to_string(),
        name,
        through,
        container: container.as_deref().map(str::to_owned),
        asks: Some(asks.to_string()),
        digest,
        how,
        moved,
        count,
    }
}
