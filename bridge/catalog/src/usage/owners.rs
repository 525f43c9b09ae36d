// SPDX-License-Identifier: LGPL-2.1-or-later

//! From a pod up to what somebody made by hand.

use images_proto::usage::Owned;

use super::{Owner, Workload, Workloads};

/// The longest chain that is followed. Real ones have three links or four.
const LONGEST: usize = 8;

/// The objects that may own others, to be found by uid and by name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_uid: Box<[u32]>,
    by_name: Box<[u32]>,
}

impl Owners {
    pub(super) fn of(all: &[Workload]) -> Self {
        let places = || (0..all.len() as u32).filter(|at| &*all[*at as usize].kind != "Pod");
        let mut by_uid: Box<[u32]> =
            places().filter(|at| all[*at as usize].uid.is_some()).collect();
        by_uid.sort_by_key(|at| all[*at as usize].uid.as_deref());
        let mut by_name: Box<[u32]> = places().collect();
        by_name.sort_by_key(|at| name(&all[*at as usize]));
        Self { by_uid, by_name }
    }
}

impl Workloads {
    /// The chain of owners down to this object, the topmost first. Where an owner is gone or could
    /// not be read, the chain begins with what is said of it.
    pub(super) fn chain(&self, workload: &Workload) -> Vec<Owned> {
        let mut chain = vec![owned(&workload.kind, &workload.name)];
        let mut below = workload;
        while let Some(owner) = &below.owner
            && chain.len() < LONGEST
        {
            chain.push(owned(&owner.kind, &owner.name));
            match self.owner(below, owner) {
                Some(found) => below = found,
                None => break,
            }
        }
        chain.reverse();
        chain
    }

    fn owner(&self, of: &Workload, owner: &Owner) -> Option<&Workload> {
        let at = |place: &u32| &self.all[*place as usize];
        if let Some(uid) = owner.uid.as_deref() {
            // One of the same name with another uid came later, and owns nothing of this.
            let by_uid = &self.owners.by_uid;
            let found = by_uid.binary_search_by_key(&Some(uid), |place| at(place).uid.as_deref());
            return found.ok().map(|found| at(&by_uid[found]));
        }
        let wanted = (&*of.project, &*owner.kind, &*owner.name);
        let by_name = &self.owners.by_name;
        let found = by_name.binary_search_by_key(&wanted, |place| name(at(place)));
        found.ok().map(|found| at(&by_name[found]))
    }
}

fn name(workload: &Workload) -> (&str, &str, &str) {
    (&workload.project, &workload.kind, &workload.name)
}

fn owned(kind: &str, name: &str) -> Owned {
    Owned { kind: kind.to_owned(), name: name.to_owned() }
}
