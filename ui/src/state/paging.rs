// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which window of a long list is shown.

use super::route::Options;

/// The sizes of a page that the user may choose.
pub const PAGE_SIZES: [u32; 4] = [50, 100, 200, 500];

/// A page of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The page, from 1.
    pub page: u32,
    /// Rows of a page, one of [`PAGE_SIZES`].
    pub per_page: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { page: 1, per_page: PAGE_SIZES[0] }
    }
}

impl Window {
    /// The place of its first row, from 0.
    pub fn offset(&self) -> u32 {
        self.page.saturating_sub(1).saturating_mul(self.per_page)
    }

    /// The last page of a list of so many rows, at least 1.
    pub fn last_page(&self, total: u32) -> u32 {
        total.div_ceil(self.per_page.max(1)).max(1)
    }

    /// The same window at another page.
    pub fn at(self, page: u32) -> Self {
        Self { page: page.max(1), ..self }
    }

    /// The window with this many rows per page that shows the row that was first until now.
    pub fn resized(self, per_page: u32) -> Self {
        Self { page: self.offset() / per_page.max(1) + 1, per_page }
    }

    pub(super) fn from_options(options: &Options) -> Self {
        let number = |name| options.get(name).and_then(|text: &String| text.parse::<u32>().ok());
        let per_page = number("per-page").filter(|size| PAGE_SIZES.contains(size));
        Self {
            page: number("page").unwrap_or(1).max(1),
            per_page: per_page.unwrap_or(PAGE_SIZES[0]),
        }
    }

    pub(super) fn write_options(&self, options: &mut Options) {
        if self.page > 1 {
            options.insert("page".to_owned(), self.page.to_string());
        }
        if self.per_page != PAGE_SIZES[0] {
            options.insert("per-page".to_owned(), self.per_page.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_all_rows() {
        let window = Window::default();
        assert_eq!([0, 1, 50, 51, 101].map(|total| window.last_page(total)), [1, 1, 1, 2, 3]);
        assert_eq!(window.at(3).offset(), 100);
        assert_eq!(window.at(0).page, 1);
        assert_eq!(window.at(u32::MAX).offset(), u32::MAX);
    }

    #[test]
    fn another_size_keeps_the_row() {
        let window = Window { page: 5, per_page: 50 }.resized(100);
        assert_eq!((window.page, window.offset()), (3, 200));
    }

    #[test]
    fn sizes_from_an_address_are_ours_only() {
        let options = [("page", "0"), ("per-page", "1000000")];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(Window::from_options(&options), Window::default());
    }
}
