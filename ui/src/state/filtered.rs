// SPDX-License-Identifier: LGPL-2.1-or-later

//! A long list with a filter, as an address names it.

use images_proto::project;

use super::paging::Window;
use super::route::Options;

/// What is shown of a long list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtered {
    /// Only what contains this text.
    pub filter: String,
    /// Which page of it.
    pub window: Window,
}

impl Filtered {
    /// What contains another text: from its first page.
    pub fn filtering(&self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), window: self.window.at(1) }
    }

    /// Another page of the same.
    pub fn at(&self, window: Window) -> Self {
        Self { window, ..self.clone() }
    }

    /// The same as the bridge is asked for it.
    pub fn params(&self) -> project::Window {
        project::Window {
            filter: self.filter.clone(),
            offset: self.window.offset(),
            limit: self.window.per_page,
        }
    }

    pub(super) fn from_options(options: &Options) -> Self {
        Self {
            filter: options.get("filter").cloned().unwrap_or_default(),
            window: Window::from_options(options),
        }
    }

    pub(super) fn write_options(&self, options: &mut Options) {
        if !self.filter.is_empty() {
            options.insert("filter".to_owned(), self.filter.clone());
        }
        self.window.write_options(options);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_begins_at_the_first_page() {
        let window = Window { page: 3, per_page: 100 };
        let list = Filtered { filter: "a".to_owned(), window };
        assert_eq!(list.params().offset, 200);
        let next = list.filtering("b");
        assert_eq!((next.params().filter.as_str(), next.params().offset), ("b", 0));
        assert_eq!(next.window.per_page, 100);
        assert_eq!(list.at(window.at(2)).filter, "a");
    }

    #[test]
    fn an_address_says_the_same() {
        for list in [
            Filtered::default(),
            Filtered { filter: "x y".to_owned(), window: Window { page: 2, per_page: 50 } },
        ] {
            let mut options = Options::new();
            list.write_options(&mut options);
            assert_eq!(Filtered::from_options(&options), list);
        }
    }
}
