// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is marked for deletion in quick delete mode.

use images_proto::delete::Target;

use super::set::Set;

/// The marked targets. They stay marked when another page of the list is shown, so the number on
/// the delete button and not the visible rows says how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    targets: Set<Target>,
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

    /// Whether this one is marked.
    pub fn contains(&self, target: &Target) -> bool {
        self.targets.contains(target)
    }

    /// All marked targets, in order.
    pub fn targets(&self) -> Vec<Target> {
        self.targets.as_slice().to_vec()
    }

    /// With one target marked or no longer marked.
    pub fn with(mut self, target: &Target, marked: bool) -> Self {
        if marked {
            self.targets.insert(target.clone());
        } else {
            self.targets.remove(target);
        }
        self
    }

    /// With all of these marked, or none of them.
    pub fn with_all(mut self, targets: &[Target], marked: bool) -> Self {
        for target in targets {
            self = self.with(target, marked);
        }
        self
    }

    /// How much of these is marked.
    pub fn extent(&self, targets: &[Target]) -> Extent {
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
    use super::*;
    use crate::state::target;

    fn tags(names: &[&str]) -> Vec<Target> {
        let repository = "a/b".parse().unwrap();
        names.iter().map(|name| target::of_tag(&repository, &name.parse().unwrap())).collect()
    }

    #[test]
    fn select_all_touches_the_visible_rows_only() {
        let (first, second) = (tags(&["a", "b"]), tags(&["c"]));
        let selection = Selection::default().with(&second[0], true).with_all(&first, true);
        assert_eq!(selection.len(), 3);
        assert_eq!(selection.extent(&first), Extent::All);
        let selection = selection.with_all(&first, false);
        assert_eq!(selection.targets(), second);
        assert_eq!(selection.extent(&first), Extent::None);
    }

    #[test]
    fn extent_of_nothing_is_none() {
        assert_eq!(Selection::default().extent(&[]), Extent::None);
        let both = tags(&["a", "b"]);
        assert_eq!(Selection::default().with(&both[1], true).extent(&both), Extent::Some);
    }
}
