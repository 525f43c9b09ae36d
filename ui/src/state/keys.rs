// SPDX-License-Identifier: LGPL-2.1-or-later

//! The keys of quick delete mode.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Moves the cursor so many rows down.
    Move(i32),
    /// The same, and marks all rows from the one that was marked last.
    Extend(i32),
    /// Marks the row of the cursor, or takes its mark away.
    Toggle,
    /// Marks all rows.
    All,
    /// Opens the dialog that deletes what is marked, or the row of the cursor.
    Delete,
    /// Leaves the mode.
    Leave,
}

/// The modifiers that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Shift.
    pub shift: bool,
    /// Control, or the command key of a Mac.
    pub control: bool,
    /// Alt.
    pub alt: bool,
}

/// What a key does, by the name that browsers give it. The space bar is the browser's own key for
/// a checkbox, which has the focus in this mode.
pub fn act(key: &str, held: Held) -> Option<Act> {
    let step = match key {
        "ArrowDown" | "j" | "J" => 1,
        "ArrowUp" | "k" | "K" => -1,
        _ => 0,
    };
    match (key, held) {
        ("a", Held { control: true, alt: false, shift: false }) => Some(Act::All),
        (_, Held { control: true, .. } | Held { alt: true, .. }) => None,
        (_, Held { shift: true, .. }) if step != 0 => Some(Act::Extend(step)),
        (_, Held { shift: false, .. }) if step != 0 => Some(Act::Move(step)),
        ("x", Held { shift: false, .. }) => Some(Act::Toggle),
        ("Delete", Held { shift: false, .. }) => Some(Act::Delete),
        ("Escape", _) => Some(Act::Leave),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Held = Held { shift: false, control: false, alt: false };
    const SHIFT: Held = Held { shift: true, ..PLAIN };
    const CONTROL: Held = Held { control: true, ..PLAIN };

    #[test]
    fn keys_move_mark_and_delete() {
        for (key, held, wanted) in [
            ("j", PLAIN, Act::Move(1)),
            ("ArrowUp", PLAIN, Act::Move(-1)),
            ("ArrowDown", SHIFT, Act::Extend(1)),
            ("K", SHIFT, Act::Extend(-1)),
            ("x", PLAIN, Act::Toggle),
            ("a", CONTROL, Act::All),
            ("Delete", PLAIN, Act::Delete),
            ("Escape", PLAIN, Act::Leave),
        ] {
            assert_eq!(act(key, held), Some(wanted), "{key}");
        }
    }

    #[test]
    fn keys_of_browsers_and_screen_readers_are_left_alone() {
        let alt = Held { alt: true, ..PLAIN };
        for (key, held) in [
            (" ", PLAIN),
            ("Tab", PLAIN),
            ("Enter", PLAIN),
            ("a", PLAIN),
            ("j", CONTROL),
            ("x", CONTROL),
            ("ArrowUp", alt),
            ("Delete", SHIFT),
            ("Delete", CONTROL),
        ] {
            assert_eq!(act(key, held), None, "{key} {held:?}");
        }
    }
}
