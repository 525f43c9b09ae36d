// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which rows of a long list are in the document: those that are seen and about a screen more on
//! either side, so that scrolling finds them there. The others are space of the same height.

use std::ops::Range;

use super::route::Options;

/// At least and at most so many rows are there above and below what is seen. With the rows of a
/// screen the latter makes less than 150.
const BESIDE: (u32, u32) = (15, 40);

/// How tall a list may be, in pixels. Firefox draws nothing taller than 17,895,697 pixels, and
/// Chromium nothing taller than 33,554,428. In a list with more rows than that holds, each row that
/// is not there takes less space than one that is, so that the scrollbar still stands for all.
const TALLEST: f64 = 16_000_000.0;

/// A window of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The place of its first row, from 0.
    pub offset: u32,
    /// How many rows it has.
    pub limit: u32,
}

impl Window {
    /// The first window of a list that is scrolled to this row, on a screen with room for so many: no
    /// more than are enough there, for each key that is typed brings others.
    pub fn at(row: u32, room: u32) -> Self {
        // A row that is cut off above makes room for a part of one more below.
        let seen = room.saturating_add(1);
        let margin = beside(&(0..seen)) / 2 + 1;
        let offset = row.saturating_sub(margin);
        Self { offset, limit: (row - offset).saturating_add(seen).saturating_add(margin) }
    }

    /// The window around the rows that are seen of so many.
    pub fn around(seen: &Range<u32>, total: u32) -> Self {
        let beside = beside(seen);
        let end = seen.end.saturating_add(beside).min(total);
        let limit = beside + count(seen) + beside;
        // At the end of the list there is as much as elsewhere.
        let offset = seen.start.saturating_sub(beside).min(end.saturating_sub(limit));
        Self { offset, limit }
    }

    /// Whether there is enough of it around the rows that are seen of so many.
    pub fn is_enough(&self, seen: &Range<u32>, total: u32) -> bool {
        let margin = beside(seen) / 2;
        let end = self.offset.saturating_add(self.limit);
        let above = self.offset == 0 || self.offset.saturating_add(margin) <= seen.start;
        above && (end >= total || end >= seen.end.saturating_add(margin))
    }
}

/// How many rows are wanted on either side of those that are seen: as many again.
fn beside(seen: &Range<u32>) -> u32 {
    count(seen).clamp(BESIDE.0, BESIDE.1)
}

fn count(rows: &Range<u32>) -> u32 {
    rows.end.saturating_sub(rows.start)
}

/// The rows of a list that are in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The place of the first one, from 0.
    pub offset: u32,
    /// How many they are.
    pub rows: u32,
    /// How many rows there are in all.
    pub total: u32,
}

impl Drawn {
    /// Whether the list has rows that are not in the document.
    pub fn is_part(&self) -> bool {
        self.rows < self.total
    }

    /// How many rows are missing below.
    pub fn missing_below(&self) -> u32 {
        self.total.saturating_sub(self.offset).saturating_sub(self.rows)
    }

    /// The height of each row that is not there, where those that are there have this height.
    pub fn row_height(&self, measured: f64) -> f64 {
        measured.min(TALLEST / f64::from(self.total.max(1)))
    }

    /// The row at a height below the top of the list, whose rows that are not there have the height
    /// `row`; `top` tells the same of each row that is there, and behind the last one where they end.
    pub fn row_at(&self, y: f64, row: f64, top: impl Fn(u32) -> f64) -> u32 {
        let last = self.total.saturating_sub(1);
        if y < top(0) {
            return ((y.max(0.0) / row) as u32).min(self.offset.saturating_sub(1)).min(last);
        }
        let end = top(self.rows);
        if y >= end {
            let below = ((y - end) / row) as u32;
            return self.offset.saturating_add(self.rows).saturating_add(below).min(last);
        }
        // The last one that begins at or above it.
        let (mut at, mut behind) = (0, self.rows);
        while at + 1 < behind {
            let middle = at + (behind - at) / 2;
            if top(middle) <= y {
                at = middle;
            } else {
                behind = middle;
            }
        }
        self.offset.saturating_add(at).min(last)
    }
}

/// Reads to which row of its list an address is scrolled.
pub(super) fn from_options(options: &Options) -> u32 {
    options.get("from").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Writes it.
pub(super) fn write_options(from: u32, options: &mut Options) {
    if from > 0 {
        options.insert("from".to_owned(), from.to_string());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tops of rows of these heights, the first of which stands below `offset` rows of the height
    /// `row`.
    fn tops(offset: u32, row: f64, heights: &[f64]) -> Vec<f64> {
        let mut tops = vec![f64::from(offset) * row];
        for height in heights {
            tops.push(tops[tops.len() - 1] + height);
        }
        tops
    }

    #[test]
    fn a_row_is_found_by_its_height() {
        // Row 11 is open and takes as much as five others.
        let drawn = Drawn { offset: 10, rows: 3, total: 100 };
        let tops = tops(10, 40.0, &[40.0, 200.0, 40.0]);
        let row_at = |y| drawn.row_at(y, 40.0, |row| tops[row as usize]);
        for (y, row) in [
            (-5.0, 0),
            (0.0, 0),
            (39.0, 0),
            (40.0, 1),
            (399.0, 9),
            (400.0, 10),
            (440.0, 11),
            (639.0, 11),
            (640.0, 12),
            (680.0, 13),
            (719.0, 13),
            (720.0, 14),
            (1e9, 99),
        ] {
            assert_eq!(row_at(y), row, "{y}");
        }
    }

    #[test]
    fn an_empty_list_has_no_place_to_be_at() {
        let drawn = Drawn::default();
        assert_eq!(drawn.row_at(100.0, drawn.row_height(40.0), |_| 0.0), 0);
        assert!(Window::at(0, 0).is_enough(&(0..0), 0));
    }

    #[test]
    fn a_list_that_is_too_tall_is_drawn_smaller() {
        let all = |total| Drawn { offset: 0, rows: 50, total };
        assert!((all(100_000).row_height(41.0) - 41.0).abs() < f64::EPSILON);
        let height = all(4_000_000).row_height(41.0) * 4_000_000.0;
        assert!((height - TALLEST).abs() < 1.0);
        // The middle of the space is the middle of the list.
        let drawn = all(4_000_000);
        let row = drawn.row_height(41.0);
        let middle = drawn.row_at(TALLEST / 2.0, row, |at| f64::from(at) * 41.0);
        assert!(middle.abs_diff(2_000_000) < 1_000, "{middle}");
    }

    #[test]
    fn a_short_list_is_never_asked_for_again() {
        let first = Window::at(0, 20);
        assert_eq!(first, Window { offset: 0, limit: 32 });
        assert!(first.is_enough(&(0..20), 32));
        assert!(first.is_enough(&(12..32), 32));
        assert!(!first.is_enough(&(12..32), 33));
    }

    #[test]
    fn the_end_of_a_list_has_rows_enough() {
        let window = Window::around(&(99_980..100_000), 100_000);
        assert_eq!((window.offset, window.limit), (99_940, 60));
        assert_eq!(Window::around(&(0..3), 3), Window { offset: 0, limit: 33 });
    }

    proptest! {
        #[test]
        fn what_is_seen_first_needs_no_second_question(
            total in 1_u32..200_000,
            row in 0_u32..200_000,
            room in 1_u32..80,
        ) {
            let row = row % total;
            let seen = row..(row + room + 1).min(total);
            prop_assert!(Window::at(row, room).is_enough(&seen, total));
        }

        #[test]
        fn what_is_seen_is_in_the_window(
            total in 1_u32..200_000,
            start in 0.0_f64..1.0,
            screen in 1_u32..70,
        ) {
            let start = (f64::from(total) * start) as u32;
            let seen = start..(start + screen).min(total);
            let window = Window::around(&seen, total);
            prop_assert!(window.offset <= seen.start);
            prop_assert!(window.offset + window.limit >= seen.end);
            prop_assert!(window.limit <= 150);
            prop_assert!(window.is_enough(&seen, total));
            // A few rows further it is still the same.
            let further = (seen.start + 5).min(total - 1)..(seen.end + 5).min(total);
            prop_assert!(window.is_enough(&further, total));
            // And another screen on it is not, unless the list ends there.
            let beyond = seen.start.saturating_add(2 * 40).min(total - 1)..total.min(seen.end + 2 * 40);
            prop_assert!(!window.is_enough(&beyond, total) || window.offset + window.limit >= total);
        }

        #[test]
        fn rows_and_heights_are_the_same_thing(
            offset in 0_u32..1_000,
            heights in prop::collection::vec(1.0_f64..300.0, 1..60),
            below in 0_u32..1_000,
            row in 1.0_f64..60.0,
        ) {
            let rows = heights.len() as u32;
            let drawn = Drawn { offset, rows, total: offset + rows + below };
            let tops = tops(offset, row, &heights);
            let top = |at: u32| tops[at as usize];
            for at in 0..rows {
                let middle = (top(at) + top(at + 1)) / 2.0;
                prop_assert_eq!(drawn.row_at(middle, row, top), offset + at);
            }
            for missing in [0, below / 2, below.saturating_sub(1)] {
                if missing < below {
                    let y = top(rows) + (f64::from(missing) + 0.5) * row;
                    prop_assert_eq!(drawn.row_at(y, row, top), offset + rows + missing);
                }
            }
            if offset > 0 {
                let y = (f64::from(offset / 2) + 0.5) * row;
                prop_assert_eq!(drawn.row_at(y, row, top), offset / 2);
            }
        }
    }
}
