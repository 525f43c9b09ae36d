// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is marked for deletion in quick delete mode.

use std::rc::Rc;

use images_proto::delete::{Params, Target};

use super::set::Set;

/// The rows of a table that can be deleted, in their order on the screen.
pub type Rows = Rc<Vec<Rc<Target>>>;

/// The marked targets. They stay marked when another page of the list is shown, so the number on
/// the delete button and not the visible rows says how many there are. It holds pointers and is
/// changed in place: marking one of thousands costs a search, not a copy of them.
#[derive(Debug, Default)]
pub struct Selection {
    targets: Set<Rc<Target>>,
    /// The row that was marked last: a range reaches from there.
    anchor: Option<Rc<Target>>,
}

/// A row that is marked or no longer marked.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The rows of its table.
    pub rows: Rows,
    /// Its place among them.
    pub at: usize,
    /// Whether it is marked from now on.
    pub marked: bool,
    /// All rows from the one that was marked last are.
    pub range: bool,
}

/// How much of the visible rows is marked.
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
        self.targets.as_slice().len()
    }

    /// Whether nothing is marked.
    pub fn is_empty(&self) -> bool {
        self.targets.as_slice().is_empty()
    }

    /// Whether more are marked than one request may name.
    pub fn is_too_large(&self) -> bool {
        self.len() > Params::MAX_TARGETS
    }

    /// Whether this one is marked.
    pub fn contains(&self, target: &Rc<Target>) -> bool {
        self.targets.contains(target)
    }

    /// All marked targets, in order.
    pub fn targets(&self) -> Vec<Target> {
        self.targets.as_slice().iter().map(|target| (**target).clone()).collect()
    }

    /// Marks a row, or a range of rows, or takes the marks away.
    pub fn mark(&mut self, mark: &Mark) {
        let Mark { rows, at, marked, range } = mark;
        let Some(row) = rows.get(*at) else { return };
        let from = self.anchor.as_ref().filter(|_| *range);
        let from = from.and_then(|anchor| rows.iter().position(|row| row == anchor)).unwrap_or(*at);
        let (first, last) = (from.min(*at), from.max(*at));
        self.mark_all(rows.get(first..=last).unwrap_or_default(), *marked);
        // A range that grows or shrinks does so from the same row.
        if from == *at {
            self.anchor = Some(Rc::clone(row));
        }
    }

    /// Marks all of these, or none of them.
    pub fn mark_all(&mut self, targets: &[Rc<Target>], marked: bool) {
        for target in targets {
            if marked {
                self.targets.insert(Rc::clone(target));
            } else {
                self.targets.remove(target);
            }
        }
    }

    /// Takes the marks off what is gone.
    pub fn forget(&mut self, gone: Vec<Target>) {
        for target in gone {
            self.targets.remove(&Rc::new(target));
        }
    }

    /// How much of these is marked.
    pub fn extent(&self, targets: &[Rc<Target>]) -> Extent {
        let marked = targets.iter().filter(|target| self.contains(target)).count();
        match marked {
            0 => Extent::None,
            _ if marked == targets.len() => Extent::All,
            _ => Extent::Some,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::state::target;

    fn tags(names: &[&str]) -> Rows {
        let repository = "a/b".parse().unwrap();
        let target = |name: &&str| Rc::new(target::of_tag(&repository, &name.parse().unwrap()));
        Rc::new(names.iter().map(target).collect())
    }

    fn mark(selection: &mut Selection, rows: &Rows, at: usize, marked: bool, range: bool) {
        selection.mark(&Mark { rows: Rc::clone(rows), at, marked, range });
    }

    fn marked(selection: &Selection, rows: &Rows) -> Vec<usize> {
        (0..rows.len()).filter(|at| selection.contains(&rows[*at])).collect()
    }

    #[test]
    fn select_all_touches_the_visible_rows_only() {
        let (first, second) = (tags(&["a", "b"]), tags(&["c"]));
        let mut selection = Selection::default();
        mark(&mut selection, &second, 0, true, false);
        selection.mark_all(&first, true);
        assert_eq!(selection.len(), 3);
        assert_eq!(selection.extent(&first), Extent::All);
        selection.mark_all(&first, false);
        assert_eq!(selection.targets(), [(*second[0]).clone()]);
        assert_eq!(selection.extent(&first), Extent::None);
    }

    #[test]
    fn extent_of_nothing_is_none() {
        assert_eq!(Selection::default().extent(&[]), Extent::None);
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
        selection.forget(vec![(*rows[0]).clone()]);
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
        let owners: usize = rows.iter().map(Rc::strong_count).sum();
        assert_eq!(owners, 2 * Params::MAX_TARGETS - 500 + 1);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
