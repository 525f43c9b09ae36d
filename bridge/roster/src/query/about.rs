// SPDX-License-Identifier: LGPL-2.1-or-later

//! What all views say.

use images_proto::project::About;

use crate::coverage::Coverage;
use crate::facts::Kind;
use crate::roster::Roster;

/// The most reasons that are told.
const MAX_REASONS: usize = 8;

impl Roster {
    /// What a view says whose rows come out of `rows`, and which shows besides what comes out of
    /// `more`: without that it is still whole, so nothing is said when it was refused.
    pub(crate) fn about(&self, rows: &[&Coverage], more: &[&Coverage]) -> About {
        let mut unread = Vec::new();
        for coverage in rows {
            if let Coverage::Refused(failure) = coverage
                && !unread.contains(failure)
                && unread.len() < MAX_REASONS
            {
                unread.push(failure.clone());
            }
        }
        About {
            decides: self.decides,
            openshift: self.openshift,
            me: self.me.as_ref().and_then(|me| crate::who::Named::of(me).user_name()),
            reading: rows.iter().chain(more).any(|coverage| coverage.is_coming()),
            unread,
        }
    }

    /// How far users or groups were read, for a cluster that may have none.
    pub(crate) fn people_coming(&self, kind: Kind) -> &Coverage {
        if self.openshift { self.covered.of_cluster(kind) } else { &Coverage::Whole }
    }

    /// How far the bindings of all projects were read.
    pub(crate) fn all_bindings(&self) -> &Coverage {
        let names = self.all_listed().map(|(_, project)| project.name.as_str());
        self.covered.of_all(Kind::Binding, names)
    }
}
