// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is in which group, as the stored groups say.

use std::collections::{BTreeMap, BTreeSet};

use crate::resource::GROUPS;
use crate::store::{Event, Objects, Stored};

/// All groups of one moment.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    members: BTreeMap<String, Vec<String>>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl Membership {
    /// Reads what is stored.
    pub(crate) fn read(objects: &Objects) -> Self {
        let mut membership = Self::default();
        for group in objects.all(&GROUPS) {
            membership.put(group);
        }
        membership
    }

    /// Follows one write.
    pub(crate) fn follow(&mut self, event: &Event) {
        if event.resource != &GROUPS {
            return;
        }
        match (&event.after, &event.before) {
            (Some(group), _) => self.put(group),
            (None, Some(group)) => self.remove(group.name()),
            (None, None) => {}
        }
    }

    /// The groups of a user, sorted.
    pub(crate) fn groups_of(&self, user: &str) -> impl Iterator<Item = &String> {
        self.groups.get(user).into_iter().flatten()
    }

    fn put(&mut self, group: &Stored) {
        self.remove(group.name());
        let members: Vec<String> =
            serde_json::from_value(group.value()["users"].clone()).unwrap_or_default();
        for member in &members {
            self.groups.entry(member.clone()).or_default().insert(group.name().to_owned());
        }
        self.members.insert(group.name().to_owned(), members);
    }

    fn remove(&mut self, group: &str) {
        for member in self.members.remove(group).unwrap_or_default() {
            if let Some(groups) = self.groups.get_mut(&member) {
                groups.remove(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Store;

    #[test]
    fn a_member_is_in_as_long_as_the_group_says() {
        let store = Store::default();
        let mut membership = Membership::default();
        let groups =
            |membership: &Membership| membership.groups_of("greg").cloned().collect::<Vec<_>>();
        let mut seen = store.read().version();
        let mut after = |membership: &mut Membership| {
            let objects = store.read();
            objects.since(seen).unwrap().for_each(|event| membership.follow(event));
            seen = objects.version();
        };
        for (name, users) in [("QA", json!(["greg", "frank"])), ("all", json!(["greg"]))] {
            let group = json!({"metadata": {"name": name}, "users": users});
            store.write(|objects, clock| objects.put(&GROUPS, group, clock));
        }
        after(&mut membership);
        assert_eq!(groups(&membership), ["QA", "all"]);
        let without = json!({"metadata": {"name": "QA"}, "users": null});
        store.write(|objects, clock| objects.put(&GROUPS, without, clock));
        after(&mut membership);
        assert_eq!(groups(&membership), ["all"]);
        store.write(|objects, _| objects.delete(&GROUPS, "all"));
        after(&mut membership);
        assert_eq!(groups(&membership), Vec::<String>::new());
        assert_eq!(groups(&Membership::read(&store.read())), Vec::<String>::new());
    }
}
