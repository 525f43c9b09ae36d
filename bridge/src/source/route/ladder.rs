// SPDX-License-Identifier: LGPL-2.1-or-later

//! The rungs as they are shown, while they are tried and afterwards.

use images_proto::Failure;
use images_proto::route::{Found, Identity, Kind, Outcome, Rung, View};

/// The rungs so far.
pub(super) struct Ladder<'a> {
    view: View,
    tell: &'a (dyn Fn(View) + Sync),
}

impl<'a> Ladder<'a> {
    pub(super) fn new(view: View, tell: &'a (dyn Fn(View) + Sync)) -> Self {
        Self { view, tell }
    }

    /// A rung is being tried: one of the following two ends that.
    pub(super) fn trying(&mut self, kind: Kind, route: &str) {
        self.push(kind, Some(route.to_owned()), Outcome::Trying);
    }

    /// The rung being tried leads to the registry.
    pub(super) fn answers(&mut self) {
        self.end(Outcome::InUse);
    }

    /// The rung being tried does not.
    pub(super) fn no(&mut self, failure: Failure) {
        self.end(Outcome::Failed(failure));
    }

    /// The rung that answered is one of several registries, of which none was chosen.
    pub(super) fn not_chosen(&mut self) {
        let why = "A registry answers there. Which of several is meant has to be chosen.";
        self.end(Outcome::Skipped(why.to_owned()));
    }

    /// Where a login would be taken.
    pub(super) fn wants_login(&mut self, route: Option<String>) {
        self.view.wants_login = route;
        (self.tell)(self.view.clone());
    }

    /// A rung that is not tried, and why.
    pub(super) fn skipped(&mut self, kind: Kind, route: Option<&str>, why: String) {
        self.push(kind, route.map(str::to_owned), Outcome::Skipped(why));
    }

    /// A rung about which not even that could be found out.
    pub(super) fn failed(&mut self, kind: Kind, route: Option<&str>, failure: Failure) {
        self.push(kind, route.map(str::to_owned), Outcome::Failed(failure));
    }

    /// The registries that answered.
    pub(super) fn found(&mut self, found: Vec<Found>) {
        self.view.found = found;
        (self.tell)(self.view.clone());
    }

    /// The end of the climb. The rungs below were not needed.
    pub(super) fn reached(&mut self, identity: Option<Identity>) {
        const ALL: [Kind; 4] = [Kind::Public, Kind::Service, Kind::Proxy, Kind::PortForward];
        self.view.identity = identity;
        let configured = self.view.rungs.iter().any(|rung| rung.kind == Kind::Configured);
        for kind in ALL.into_iter().filter(|_| !configured) {
            if self.view.rungs.iter().all(|rung| rung.kind != kind) {
                let outcome = Outcome::Skipped("It is not needed.".to_owned());
                self.view.rungs.push(Rung { kind, route: None, outcome });
            }
        }
        (self.tell)(self.view.clone());
    }

    /// All failures in words, for details.
    pub(super) fn words(&self) -> Option<String> {
        let words: Vec<_> = self
            .view
            .rungs
            .iter()
            .filter_map(|Rung { route, outcome, .. }| match (route, outcome) {
                (Some(route), Outcome::Failed(failure)) => {
                    let words = failure.details.as_deref().unwrap_or(&failure.message);
                    Some(format!("{route}: {words}"))
                }
                (Some(route), Outcome::Skipped(why)) => Some(format!("{route}: {why}")),
                _ => None,
            })
            .collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }

    fn push(&mut self, kind: Kind, route: Option<String>, outcome: Outcome) {
        self.view.rungs.push(Rung { kind, route, outcome });
        (self.tell)(self.view.clone());
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(rung) = self.view.rungs.last_mut() {
            rung.outcome = outcome;
        }
        (self.tell)(self.view.clone());
    }
}
