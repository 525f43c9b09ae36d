// SPDX-License-Identifier: LGPL-2.1-or-later

//! The order of a view's rows, kept so that no row moves under the mouse.

use std::hash::Hash;

use hashbrown::HashMap;
use images_proto::window;

/// What a row is, for as long as it is shown: its content may change, this does not.
pub(crate) trait Row: Copy {
    /// Two rows with the same identity are the same row.
    type Identity: Copy + Eq + Hash;

    /// What it is.
    fn identity(self) -> Self::Identity;
}

/// Rows in their order, and the contents of the window as they were last seen: a row that went
/// stays as it was until the page asks for a new order.
pub(crate) struct Table<R: Row, C> {
    order: Order<R>,
    seen: HashMap<R::Identity, C>,
}

/// A window of a table.
pub(crate) struct Window<C> {
    pub(crate) contents: C,
    /// The place of the first row among all.
    pub(crate) offset: u32,
    /// How many rows there are in all.
    pub(crate) total: u32,
    /// How many rows came, went or would move.
    pub(crate) changes: u32,
}

/// The rows of a view in the order in which they were first shown.
struct Order<R> {
    rows: Vec<R>,
    changes: u32,
    /// Whether the order was taken when it was fit to be kept.
    settled: bool,
}

impl<R: Row, C: Clone> Table<R, C> {
    /// A table of these rows; `settled` says whether their order is fit to be kept.
    pub(crate) fn new(rows: Vec<R>, settled: bool) -> Self {
        Self { order: Order::new(rows, settled), seen: HashMap::new() }
    }

    /// Looks at the rows as they would stand now. They are taken as they are if the order was not
    /// fit to be kept, or if there was none: a row that appears on an empty page moves nothing.
    /// Otherwise every row stays where it is, those that went included; what came is only counted.
    pub(crate) fn look(&mut self, fresh: Vec<R>, settled: bool) {
        self.order.look(fresh, settled);
    }

    /// All rows in their order.
    pub(crate) fn rows(&self) -> &[R] {
        &self.order.rows
    }

    /// The contents of a window. A row that went before it was ever seen is left out of it.
    pub(crate) fn show(
        &mut self,
        offset: u32,
        limit: u32,
        content: impl Fn(R) -> Option<C>,
    ) -> Window<Vec<C>> {
        let rows = &self.order.rows;
        let window = window::places(offset, limit, rows.len());
        let mut seen = HashMap::new();
        let mut contents = Vec::with_capacity(window.len());
        for row in &rows[window.clone()] {
            let identity = row.identity();
            if let Some(content) = content(*row).or_else(|| self.seen.remove(&identity)) {
                seen.insert(identity, content.clone());
                contents.push(content);
            }
        }
        self.seen = seen;
        Window {
            contents,
            offset: window.start as u32,
            total: rows.len() as u32,
            changes: self.order.changes,
        }
    }
}

impl<C> Window<C> {
    pub(crate) fn map<D>(self, to: impl FnOnce(C) -> D) -> Window<D> {
        let Self { contents, offset, total, changes } = self;
        Window { contents: to(contents), offset, total, changes }
    }
}

impl<R: Row> Order<R> {
    fn new(rows: Vec<R>, settled: bool) -> Self {
        Self { rows, changes: 0, settled }
    }

    fn look(&mut self, fresh: Vec<R>, settled: bool) {
        if !self.settled || self.rows.is_empty() {
            *self = Self::new(fresh, settled);
            return;
        }
        let places: HashMap<_, _> =
            fresh.iter().enumerate().map(|(place, row)| (row.identity(), place)).collect();
        let mut kept = Vec::with_capacity(self.rows.len());
        for row in &mut self.rows {
            if let Some(place) = places.get(&row.identity()) {
                *row = fresh[*place];
                kept.push(*place);
            }
        }
        let gone = self.rows.len() - kept.len();
        let came = fresh.len() - kept.len();
        let moved = kept.len() - longest_rise(&kept);
        self.changes = (gone + came + moved) as u32;
    }
}

/// The length of the longest rising subsequence of distinct numbers: so many rows need not move.
fn longest_rise(places: &[usize]) -> usize {
    // The smallest end of a rising subsequence of each length.
    let mut ends: Vec<usize> = Vec::new();
    for place in places {
        let length = ends.partition_point(|end| end < place);
        match ends.get_mut(length) {
            Some(end) => *end = *place,
            None => ends.push(*place),
        }
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for char {
        type Identity = char;
        fn identity(self) -> char {
            self
        }
    }

    fn after(old: &str, new: &str) -> (String, u32) {
        let mut order = Order::new(old.chars().collect(), true);
        order.look(new.chars().collect(), true);
        (order.rows.iter().collect(), order.changes)
    }

    #[test]
    fn rows_stay_and_changes_are_counted() {
        for (old, new, kept, changes) in [
            ("abc", "abc", "abc", 0),
            ("abc", "abxc", "abc", 1),
            ("abc", "ac", "abc", 1),
            ("abc", "", "abc", 3),
            ("abc", "cab", "abc", 1),
            ("abc", "cba", "abc", 2),
            ("abc", "xcy", "abc", 4),
            ("", "abc", "abc", 0),
        ] {
            assert_eq!(after(old, new), (kept.to_owned(), changes), "{old} -> {new}");
        }
    }

    #[test]
    fn changes_are_counted_against_what_is_shown() {
        let mut order = Order::new(vec!['a', 'b'], true);
        order.look(vec!['b'], true);
        assert_eq!(order.changes, 1);
        order.look(vec!['a', 'b'], true);
        assert_eq!(order.changes, 0);
    }

    #[test]
    fn an_unsettled_order_is_taken_again_once_it_settled() {
        let mut order = Order::new(vec!['b'], false);
        order.look(vec!['a', 'b'], true);
        assert_eq!((&order.rows[..], order.changes), (&['a', 'b'][..], 0));
        order.look(vec!['b'], true);
        assert_eq!((&order.rows[..], order.changes), (&['a', 'b'][..], 1));
    }
}
