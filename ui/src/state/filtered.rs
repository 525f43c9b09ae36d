// SPDX-License-Identifier: LGPL-2.1-or-later

//! A long list with a filter, as an address names it.

use images_proto::project;

use super::route::Options;
use super::window::{self, Window};

/// What is shown of a long list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtered {
    /// Only what contains this text.
    pub filter: String,
    /// The first row of it that is seen.
    pub from: u32,
}

impl Filtered {
    /// What contains another text: from its top.
    pub fn filtering(&self, filter: &str) -> Self {
        Self { filter: filter.to_owned(), from: 0 }
    }

    /// The same, scrolled to a row.
    pub fn at(&self, from: u32) -> Self {
        Self { from, ..self.clone() }
    }

    /// A window of it as the bridge is asked for that.
    pub fn params(&self, window: Window) -> project::Window {
        let Window { offset, limit } = window;
        project::Window { filter: self.filter.clone(), offset, limit }
    }

    pub(super) fn from_options(options: &Options) -> Self {
        Self {
            filter: options.get("filter").cloned().unwrap_or_default(),
            from: window::from_options(options),
        }
    }

    pub(super) fn write_options(&self, options: &mut Options) {
        if !self.filter.is_empty() {
            options.insert("filter".to_owned(), self.filter.clone());
        }
        window::write_options(self.from, options);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_text_begins_at_the_top() {
        let list = Filtered { filter: "a".to_owned(), from: 200 };
        assert_eq!(list.filtering("b"), Filtered { filter: "b".to_owned(), from: 0 });
        assert_eq!(list.at(7), Filtered { filter: "a".to_owned(), from: 7 });
        let params = list.params(Window { offset: 185, limit: 50 });
        assert_eq!((params.filter.as_str(), params.offset, params.limit), ("a", 185, 50));
    }

    #[test]
    fn an_address_says_the_same() {
        for list in [Filtered::default(), Filtered { filter: "x y".to_owned(), from: 2 }] {
            let mut options = Options::new();
            list.write_options(&mut options);
            assert_eq!(Filtered::from_options(&options), list);
        }
        let odd = [("from".to_owned(), "-1".to_owned())].into();
        assert_eq!(Filtered::from_options(&odd), Filtered::default());
    }
}
