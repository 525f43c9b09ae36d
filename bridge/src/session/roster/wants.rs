// SPDX-License-Identifier: LGPL-2.1-or-later

//! What open views want read: of which projects, where not all of them are read at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What a view wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Projects whose roles and bindings are looked at closely, so that they are followed.
    pub near: BTreeSet<String>,
    /// Projects of which a row is shown.
    pub rows: BTreeSet<String>,
    /// Projects whose robots and tokens are shown.
    pub robots: BTreeSet<String>,
    /// What is shown is counted over all projects.
    pub all: bool,
}

/// The wants of all open views.
#[derive(Default)]
pub struct Wants {
    by_view: Arc<Mutex<Views>>,
    changes: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct Views {
    last: u64,
    wants: HashMap<u64, Want>,
}

/// The want of one view, which ends with it.
pub struct Wanted {
    id: u64,
    by_view: Arc<Mutex<Views>>,
    changes: Arc<watch::Sender<u64>>,
}

impl Wants {
    /// A view that wants nothing yet.
    pub(super) fn add(&self) -> Wanted {
        let mut views = self.by_view.lock().unwrap_or_else(PoisonError::into_inner);
        views.last += 1;
        Wanted { id: views.last, by_view: self.by_view.clone(), changes: self.changes.clone() }
    }

    /// What all of them want together.
    pub fn all(&self) -> Want {
        let views = self.by_view.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Want::default();
        for want in views.wants.values() {
            all.near.extend(want.near.iter().cloned());
            all.rows.extend(want.rows.iter().cloned());
            all.robots.extend(want.robots.iter().cloned());
            all.all |= want.all;
        }
        all
    }

    /// Ticks when one of them wants something else.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl Wanted {
    pub(super) fn set(&self, want: Want) {
        let mut views = self.by_view.lock().unwrap_or_else(PoisonError::into_inner);
        if views.wants.get(&self.id) != Some(&want) {
            views.wants.insert(self.id, want);
            drop(views);
            self.changes.send_modify(|count| *count += 1);
        }
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let mut views = self.by_view.lock().unwrap_or_else(PoisonError::into_inner);
        if views.wants.remove(&self.id).is_some() {
            drop(views);
            self.changes.send_modify(|count| *count += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(project: &str) -> Want {
        Want { near: BTreeSet::from([project.to_owned()]), ..Want::default() }
    }

    #[test]
    fn a_want_ends_with_its_view() {
        let wants = Wants::default();
        let mut changes = wants.changes();
        let (first, second) = (wants.add(), wants.add());
        first.set(near("a"));
        second.set(near("b"));
        assert_eq!(wants.all().near, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        changes.borrow_and_update();
        second.set(near("b"));
        assert!(!changes.has_changed().unwrap());
        drop(second);
        assert!(changes.has_changed().unwrap());
        assert_eq!(wants.all(), near("a"));
    }
}
