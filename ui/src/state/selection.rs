// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is marked for deletion in quick delete mode.

use std::mem::discriminant;
use std::rc::Rc;

use images_proto::delete::{List, Params, Target};

use super::set::Set;

/// The rows of a table that can be deleted.
#[derive(Debug)]
pub struct Rows {
    /// Those that are in the document, in their order on the screen.
    pub targets: Vec<Rc<Target>>,
    /// The list that they are of.
    pub list: List,
    /// How many rows it has in all, in the document or not.
    pub total: u32,
    /// Whether it has some that are not in the document.
    pub is_part: bool,
}

/// The marked rows. They stay marked when they are scrolled away or do not fit the filter, so the
/// number on the delete button and not the visible rows says how many there are.
///
/// All rows of a list that is only partly in the document are marked by a rule: all, but those from
/// which the mark was taken away. It ends when another list is shown in its place. What is marked one
/// by one is held by pointers and changed in place: marking one of thousands costs a search, not a
/// copy of them.
#[derive(Debug, Default)]
pub struct Selection {
    targets: Set<Rc<Target>>,
    rules: Vec<Rule>,
    /// The row that was marked last: a range reaches from there.
    anchor: Option<Rc<Target>>,
}

/// All rows of a list, but some.
#[derive(Debug)]
struct Rule {
    list: List,
    total: u32,
    except: Set<Rc<Target>>,
}

impl Rule {
    fn len(&self) -> usize {
        (self.total as usize).saturating_sub(self.except.as_slice().len())
    }
}

/// A row that is marked or no longer marked.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The rows of its table.
    pub rows: Rc<Rows>,
    /// Its place among those in the document.
    pub at: usize,
    /// Whether it is marked from now on.
    pub marked: bool,
    /// All rows from the one that was marked last are.
    pub range: bool,
}

/// How much of a list is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// None, or there are no rows.
    None,
    /// Some, not all.
    Some,
    /// Every one.
    All,
}

impl Selection {
    /// How many are marked.
    pub fn len(&self) -> usize {
        let ruled: usize = self.rules.iter().map(Rule::len).sum();
        ruled + self.targets.as_slice().len()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether more are marked, or excepted, than one request may name.
    pub fn is_too_large(&self) -> bool {
        let ruled: usize = self.rules.iter().map(|rule| 1 + rule.except.as_slice().len()).sum();
        ruled + self.targets.as_slice().len() > Params::MAX_TARGETS
    }

    /// Whether this row of a list is marked.
    pub fn contains(&self, list: &List, target: &Rc<Target>) -> bool {
        match self.rules.iter().find(|rule| rule.list == *list) {
            Some(rule) => !rule.except.contains(target),
            None => self.targets.contains(target),
        }
    }

    /// How many of the marked ones are none of these rows.
    pub fn unseen(&self, rows: &Rows) -> usize {
        let seen = rows.targets.iter().filter(|row| self.contains(&rows.list, row)).count();
        self.len().saturating_sub(seen)
    }

    /// All that is marked, as targets.
    pub fn targets(&self) -> Vec<Target> {
        let owned = |targets: &Set<Rc<Target>>| -> Vec<Target> {
            targets.as_slice().iter().map(|target| (**target).clone()).collect()
        };
        let rule =
            |rule: &Rule| Target::Rows { list: rule.list.clone(), except: owned(&rule.except) };
        let rules = self.rules.iter().filter(|rule| rule.len() > 0).map(rule);
        rules.chain(owned(&self.targets)).collect()
    }

    /// Marks a row, or a range of rows, or takes the marks away.
    pub fn mark(&mut self, mark: &Mark) {
        let Mark { rows, at, marked, range } = mark;
        let Rows { targets, list, .. } = &**rows;
        let Some(row) = targets.get(*at) else { return };
        let from = self.anchor.as_ref().filter(|_| *range);
        let from = from.and_then(|anchor| targets.iter().position(|row| row == anchor));
        let from = from.unwrap_or(*at);
        let (first, last) = (from.min(*at), from.max(*at));
        self.mark_each(list, targets.get(first..=last).unwrap_or_default(), *marked);
        // A range that grows or shrinks does so from the same row.
        if from == *at {
            self.anchor = Some(Rc::clone(row));
        }
    }

    /// Marks all rows of the list, in the document or not, or takes all marks away.
    pub fn mark_all(&mut self, rows: &Rows, marked: bool) {
        let Rows { targets, list, total, is_part } = rows;
        let is_ruled = self.rules.iter().any(|rule| rule.list == *list);
        self.rules.retain(|rule| rule.list != *list);
        if !*is_part && !is_ruled {
            return self.mark_each(list, targets, marked);
        }
        // What was marked one by one is among all, or is to be marked no longer.
        self.targets.retain(|target| !replaces(list, target));
        if marked {
            self.rules.push(Rule { list: list.clone(), total: *total, except: Set::default() });
        }
    }

    /// The list that is shown, and how many rows it has: the rule of the one before it ends.
    pub fn show(&mut self, list: &List, total: u32) {
        let is_before =
            |rule: &Rule| discriminant(&rule.list) == discriminant(list) && rule.list != *list;
        self.rules.retain(|rule| !is_before(rule));
        for rule in self.rules.iter_mut().filter(|rule| rule.list == *list) {
            rule.total = total;
        }
    }

    /// Whether there are rules.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Takes the marks off what is gone.
    pub fn forget(&mut self, gone: Vec<Target>) {
        for target in gone {
            if let Target::Rows { list, .. } = &target {
                self.rules.retain(|rule| rule.list != *list);
            }
            let target = Rc::new(target);
            self.targets.remove(&target);
            for rule in &mut self.rules {
                rule.except.remove(&target);
            }
        }
    }

    /// How much of the list is marked.
    pub fn extent(&self, rows: &Rows) -> Extent {
        if let Some(rule) = self.rules.iter().find(|rule| rule.list == rows.list) {
            return match rule.len() {
                0 => Extent::None,
                _ if rule.except.as_slice().is_empty() => Extent::All,
                _ => Extent::Some,
            };
        }
        let marked = rows.targets.iter().filter(|target| self.targets.contains(target)).count();
        match marked {
            0 => Extent::None,
            _ if marked == rows.targets.len() && !rows.is_part => Extent::All,
            _ => Extent::Some,
        }
    }

    fn mark_each(&mut self, list: &List, targets: &[Rc<Target>], marked: bool) {
        let (among, put) = match self.rules.iter_mut().find(|rule| rule.list == *list) {
            Some(rule) => (&mut rule.except, !marked),
            None => (&mut self.targets, marked),
        };
        for target in targets {
            if put {
                among.insert(Rc::clone(target));
            } else {
                among.remove(target);
            }
        }
    }
}

/// Whether the rule for all rows of a list takes the place of what was marked by itself.
fn replaces(list: &List, target: &Target) -> bool {
    match (list, target) {
        (List::Tags { repository, .. }, Target::Tag(tag)) => tag.repository == *repository,
        (List::Tags { .. }, _) => false,
        (List::Search { .. } | List::Layer(_), _) => true,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use images_proto::RepositoryName;

    use super::*;
    use crate::state::target;

    fn repository() -> RepositoryName {
        "a/b".parse().unwrap()
    }

    fn list(filter: &str) -> List {
        List::Tags { repository: repository(), filter: filter.to_owned(), attachments: false }
    }

    fn targets(names: &[&str]) -> Vec<Rc<Target>> {
        let target = |name: &&str| Rc::new(target::of_tag(&repository(), &name.parse().unwrap()));
        names.iter().map(target).collect()
    }

    /// A list that is there as a whole.
    fn tags(names: &[&str]) -> Rc<Rows> {
        window(names, names.len() as u32)
    }

    /// What is there of a list of so many rows.
    fn window(names: &[&str], total: u32) -> Rc<Rows> {
        let targets = targets(names);
        let is_part = targets.len() < total as usize;
        Rc::new(Rows { targets, list: list(""), total, is_part })
    }

    fn mark(selection: &mut Selection, rows: &Rc<Rows>, at: usize, marked: bool, range: bool) {
        selection.mark(&Mark { rows: Rc::clone(rows), at, marked, range });
    }

    fn marked(selection: &Selection, rows: &Rows) -> Vec<usize> {
        let is_marked = |at: &usize| selection.contains(&rows.list, &rows.targets[*at]);
        (0..rows.targets.len()).filter(is_marked).collect()
    }

    #[test]
    fn select_all_of_a_short_list_names_its_rows() {
        let (first, second) = (tags(&["a", "b"]), tags(&["c"]));
        let mut selection = Selection::default();
        mark(&mut selection, &second, 0, true, false);
        selection.mark_all(&first, true);
        assert_eq!(selection.len(), 3);
        assert_eq!(selection.extent(&first), Extent::All);
        selection.mark_all(&first, false);
        assert_eq!(selection.targets(), [(*second.targets[0]).clone()]);
        assert_eq!(selection.extent(&first), Extent::None);
    }

    #[test]
    fn select_all_of_a_long_list_is_a_rule_with_exceptions() {
        let (here, there) = (window(&["a", "b"], 100_000), window(&["y", "z"], 100_000));
        let mut selection = Selection::default();
        mark(&mut selection, &here, 0, true, false);
        selection.mark_all(&here, true);
        assert_eq!(selection.len(), 100_000);
        assert_eq!(selection.extent(&here), Extent::All);
        // Rows that were never there before are marked, too.
        assert_eq!(marked(&selection, &there), [0, 1]);
        mark(&mut selection, &there, 1, false, false);
        assert_eq!(selection.len(), 99_999);
        assert_eq!(selection.extent(&there), Extent::Some);
        assert_eq!(marked(&selection, &there), [0]);
        assert_eq!(selection.unseen(&there), 99_998);
        let except = vec![(*there.targets[1]).clone()];
        assert_eq!(selection.targets(), [Target::Rows { list: list(""), except }]);
        // Marked again, it is excepted no longer.
        mark(&mut selection, &there, 1, true, false);
        assert_eq!(selection.targets(), [Target::Rows { list: list(""), except: vec![] }]);
        selection.mark_all(&here, false);
        assert!(selection.is_empty() && selection.targets().is_empty());
        assert_eq!(selection.extent(&here), Extent::None);
    }

    #[test]
    fn a_long_list_is_not_all_marked_because_what_is_seen_is() {
        let rows = window(&["a", "b"], 3);
        let mut selection = Selection::default();
        mark(&mut selection, &rows, 0, true, false);
        mark(&mut selection, &rows, 1, true, true);
        assert_eq!((selection.len(), selection.extent(&rows)), (2, Extent::Some));
    }

    #[test]
    fn a_rule_ends_with_its_list_and_other_marks_stay() {
        let rows = window(&["a"], 500);
        let within = List::Search { query: String::new(), project: None };
        let mut selection = Selection::default();
        selection.mark_all(&rows, true);
        // It is a list within another one.
        selection.show(&within, 7);
        assert_eq!(selection.len(), 500);
        selection.show(&list(""), 501);
        assert_eq!(selection.len(), 501);
        selection.show(&list("x"), 2);
        assert!(!selection.has_rules() && selection.is_empty());
        let filtered = Rows { list: list("x"), ..Rc::into_inner(rows).unwrap() };
        mark(&mut selection, &Rc::new(filtered), 0, true, false);
        selection.show(&list("y"), 2);
        assert_eq!(selection.len(), 1);
    }

    #[test]
    fn what_was_marked_elsewhere_is_counted_beside_a_rule() {
        let rows = window(&["a"], 500);
        let other = target::of_tag(&"a/c".parse().unwrap(), &"v1".parse().unwrap());
        let elsewhere = Rc::new(Rows {
            targets: vec![Rc::new(other.clone())],
            list: List::Tags {
                repository: "a/c".parse().unwrap(),
                filter: String::new(),
                attachments: true,
            },
            total: 1,
            is_part: false,
        });
        let mut selection = Selection::default();
        mark(&mut selection, &elsewhere, 0, true, false);
        selection.mark_all(&rows, true);
        assert_eq!(selection.len(), 501);
        let rule = Target::Rows { list: list(""), except: vec![] };
        assert_eq!(selection.targets(), [rule.clone(), other]);
        selection.forget(vec![rule]);
        assert_eq!(selection.len(), 1);
    }

    #[test]
    fn too_many_exceptions_are_too_many() {
        let names: Vec<String> = (0..Params::MAX_TARGETS).map(|n| format!("{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = window(&names, 100_000);
        let mut selection = Selection::default();
        selection.mark_all(&rows, true);
        assert!(!selection.is_too_large());
        mark(&mut selection, &rows, 0, false, false);
        mark(&mut selection, &rows, names.len() - 1, false, true);
        assert_eq!(selection.len(), 90_000);
        assert!(selection.is_too_large());
    }

    #[test]
    fn extent_of_nothing_is_none() {
        assert_eq!(Selection::default().extent(&tags(&[])), Extent::None);
        let both = tags(&["a", "b"]);
        let mut selection = Selection::default();
        mark(&mut selection, &both, 1, true, false);
        assert_eq!(selection.extent(&both), Extent::Some);
    }

    #[test]
    fn a_range_reaches_from_the_row_that_was_marked_last() {
        let rows = tags(&["a", "b", "c", "d", "e"]);
        let mut selection = Selection::default();
        mark(&mut selection, &rows, 3, true, false);
        mark(&mut selection, &rows, 1, true, true);
        assert_eq!(marked(&selection, &rows), [1, 2, 3]);
        // Still from the fourth row.
        mark(&mut selection, &rows, 4, true, true);
        assert_eq!(marked(&selection, &rows), [1, 2, 3, 4]);
        mark(&mut selection, &rows, 2, false, true);
        assert_eq!(marked(&selection, &rows), [1, 4]);
    }

    #[test]
    fn a_range_without_a_beginning_is_one_row() {
        let (rows, others) = (tags(&["a", "b", "c"]), tags(&["x"]));
        let mut selection = Selection::default();
        mark(&mut selection, &rows, 1, true, true);
        assert_eq!(marked(&selection, &rows), [1]);
        // The one that was marked last is in another table.
        mark(&mut selection, &others, 0, true, false);
        mark(&mut selection, &rows, 2, true, true);
        assert_eq!(marked(&selection, &rows), [1, 2]);
        // A row that has gone meanwhile is nothing.
        mark(&mut selection, &rows, 7, true, true);
        assert_eq!(selection.len(), 3);
    }

    #[test]
    fn what_is_gone_needs_no_mark() {
        let rows = tags(&["a", "b"]);
        let mut selection = Selection::default();
        selection.mark_all(&rows, true);
        selection.forget(vec![(*rows.targets[0]).clone()]);
        assert_eq!(marked(&selection, &rows), [1]);
    }

    /// No row is copied, however many are marked: all of them are the ones of the tables.
    #[test]
    fn thousands_are_marked_without_a_copy() {
        let names: Vec<String> = (0..Params::MAX_TARGETS).map(|n| format!("{n}")).collect();
        let rows = tags(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut selection = Selection::default();
        let started = Instant::now();
        selection.mark_all(&rows, true);
        assert!(!selection.is_too_large());
        for at in 0..1_000 {
            mark(&mut selection, &rows, at, at % 2 == 0, false);
        }
        assert_eq!(selection.len(), Params::MAX_TARGETS - 500);
        // One owner is this list; the marked ones have a second, the anchor a third.
        let owners: usize = rows.targets.iter().map(Rc::strong_count).sum();
        assert_eq!(owners, 2 * Params::MAX_TARGETS - 500 + 1);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
