// SPDX-License-Identifier: LGPL-2.1-or-later

//! Windows of long lists.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A window of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// The first row wanted, from 0.
    pub offset: u32,
    /// How many rows, at most [`crate::search::Params::MAX_LIMIT`].
    pub limit: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { offset: 0, limit: 50 }
    }
}

impl Window {
    /// Its places among `total` rows.
    pub fn places(&self, total: usize) -> Range<usize> {
        places(self.offset, self.limit, total)
    }
}

/// The places of a window among `total` rows, at most [`crate::search::Params::MAX_LIMIT`] of them.
/// One that starts behind the end, because rows went, is moved to the last page.
pub fn places(offset: u32, limit: u32, total: usize) -> Range<usize> {
    let limit = limit.min(crate::search::Params::MAX_LIMIT) as usize;
    let mut start = offset as usize;
    if start >= total {
        start = match limit {
            0 => total,
            _ => total.saturating_sub(1) / limit * limit,
        };
    }
    start..(start + limit).min(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_stays_among_the_rows() {
        assert_eq!(places(0, 50, 0), 0..0);
        assert_eq!(places(10, 50, 25), 10..25);
        assert_eq!(places(50, 25, 50), 25..50);
        assert_eq!(places(u32::MAX, 0, 7), 7..7);
        assert_eq!(places(0, u32::MAX, 10_000), 0..500);
    }
}
