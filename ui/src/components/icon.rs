// SPDX-License-Identifier: LGPL-2.1-or-later

//! The icons of the page, drawn for it: strokes in a square of 24 units, in the colour of the text
//! around them.

use yew::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A magnifying glass.
    Search,
    /// A cross.
    Close,
    /// A bin.
    Trash,
    /// Two sheets.
    Copy,
    /// A tick.
    Check,
    /// `›`
    Forward,
    /// `⌄`
    Down,
    /// Arrows up and down: a column that sorts.
    Sort,
    /// An arrow up: the column that sorts.
    Ascending,
    /// An arrow down: the same, the other way round.
    Descending,
    /// `i` in a circle.
    Info,
    /// `!` in a triangle.
    Warning,
    /// `!` in a circle.
    Danger,
    /// A pulled plug.
    Unplugged,
    /// A padlock.
    Lock,
    /// A box.
    Cube,
    /// A cluster of boxes.
    Cluster,
    /// Two arrows in a circle.
    Again,
    /// A person.
    User,
    /// Two persons.
    Group,
    /// A head with an aerial.
    Robot,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Search => "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L21 21",
            Self::Close => "M5 5L19 19M19 5L5 19",
            Self::Trash => "M3 6H21M9 6V3H15V6M5.5 6L7 21H17L18.5 6M10 10.5V17M14 10.5V17",
            Self::Copy => "M8 8H20V21H8ZM16 8V3H4V16H8",
            Self::Check => "M4 13L9.5 18.5L20 6",
            Self::Forward => "M9 4L17 12L9 20",
            Self::Down => "M4 8L12 16L20 8",
            Self::Sort => "M8 20V4M3.5 8.5L8 4L12.5 8.5M16 4V20M11.5 15.5L16 20L20.5 15.5",
            Self::Ascending => "M12 20V4M5.5 10.5L12 4L18.5 10.5",
            Self::Descending => "M12 4V20M5.5 13.5L12 20L18.5 13.5",
            Self::Info => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 11V17M12 7V8",
            Self::Warning => "M12 3.5L22 20.5H2ZM12 10V14.5M12 17V18",
            Self::Danger => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7V13M12 16V17",
            Self::Unplugged => {
                "M3 21L8 16M7 12L12 17L9.5 19A3.5 3.5 0 0 1 5 14.5ZM12 7L17 12L19 9.5A3.5 3.5 0 0 0 14.5 5ZM16 8L21 3M9.5 14.5L12 12M12 9.5L9.5 12"
            }
            Self::Lock => "M5 11H19V21H5ZM8 11V7A4 4 0 0 1 16 7V11M12 15V17.5",
            Self::Cube => "M12 2.5L20.5 7V17L12 21.5L3.5 17V7ZM3.5 7L12 11.5L20.5 7M12 11.5V21.5",
            Self::Cluster => "M9 3H15V9H9ZM3 15H9V21H3ZM15 15H21V21H15ZM12 9V12M6 15V12H18V15",
            Self::Again => "M20 4V9H15M19.5 9A8 8 0 1 0 20 14",
            Self::User => "M12 3.5a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 21C4 13 20 13 20 21",
            Self::Group => {
                "M9 4.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M2 20C2 13 16 13 16 20M16 5a3.5 3.5 0 0 1 0 6.5M18 15C21 15.5 22 17.5 22 20"
            }
            Self::Robot => "M5 9H19V20H5ZM12 9V4M9.5 13.5V15M14.5 13.5V15M2 13V16M22 13V16",
        }
    }

    /// The picture. It says nothing to a screen reader; the text beside it does.
    pub fn draw(self) -> Html {
        let directed = matches!(self, Self::Forward);
        html! {
            <svg class={classes!("pf-v6-svg", "images-icon", directed.then_some("images-directed"))} viewBox="0 0 24 24" width="1em" height="1em" fill="none"
                stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"
                aria-hidden="true" focusable="false">
                <path d={self.path()} />
            </svg>
        }
    }
}
