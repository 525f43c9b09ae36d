// SPDX-License-Identifier: LGPL-2.1-or-later

//! What fits a filter, and a window of it in order.

use std::cmp::Ordering;

use images_proto::project::Window;
use images_proto::window::places;

use crate::Roster;
use crate::who::Named;

/// A filter: part of a text, upper and lower case being the same.
pub(super) struct Filter(String);

impl Filter {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// Whether one of these texts contains it.
    pub(super) fn fits<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        self.0.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&self.0))
    }

    /// Whether the name of somebody contains it, or what a user is called.
    pub(super) fn fits_somebody(&self, roster: &Roster, named: Named<'_>) -> bool {
        self.fits([named.name]) || self.fits(roster.full_name(named))
    }
}

/// A window of some rows.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// The place of the first row among all.
    pub(super) offset: u32,
    pub(super) total: u32,
}

impl<T> Page<T> {
    /// The window of these rows in this order. Only the window itself is sorted: of 5,000 users the
    /// first 50 are wanted after each change.
    pub(super) fn of(
        mut rows: Vec<T>,
        window: &Window,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Self {
        let total = rows.len();
        let window = places(window.offset, window.limit, total);
        if window.end < total {
            rows.select_nth_unstable_by(window.end, &order);
            rows.truncate(window.end);
        }
        if window.start > 0 && window.start < rows.len() {
            rows.select_nth_unstable_by(window.start, &order);
        }
        rows.drain(..window.start);
        rows.sort_unstable_by(order);
        Self { rows, offset: window.start as u32, total: total as u32 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_filter_is_part_of_one_of_the_texts() {
        let filter = Filter::new(" Ann ");
        assert!(filter.fits(["jANNe", "x"]) && filter.fits(["x", "Anne"]));
        assert!(!filter.fits(["an", "n"]) && !filter.fits([]));
        assert!(Filter::new("ÄRGER").fits(["ärger"]));
        assert!(Filter::new(" ").fits([]));
    }

    proptest! {
        #[test]
        fn a_page_is_a_slice_of_the_sorted_rows(
            rows in prop::collection::hash_set(0u32..100, 0..40),
            offset in 0u32..60,
            limit in 0u32..60,
        ) {
            let window = Window { filter: String::new(), offset, limit };
            let mut sorted: Vec<_> = rows.iter().copied().collect();
            sorted.sort_unstable();
            let page = Page::of(rows.into_iter().collect(), &window, Ord::cmp);
            let expected = places(offset, limit, sorted.len());
            prop_assert_eq!(page.offset as usize, expected.start);
            prop_assert_eq!(page.total as usize, sorted.len());
            prop_assert_eq!(&page.rows[..], &sorted[expected]);
        }
    }
}
