// SPDX-License-Identifier: LGPL-2.1-or-later

//! What moves from stage to stage, and the stages that somebody types.

use images_proto::stage::{Change, Move, Plan, Row, State, Wanted};

/// The move that brings to a stage what the stage before it has; nothing when it has that already,
/// or when nothing is known to be there.
pub fn promotion(row: &Row, stage: usize) -> Option<Move> {
    let before = row.cells.get(stage.checked_sub(1)?)?;
    let cell = row.cells.get(stage)?;
    let digest = before.digest.filter(|_| cell.state != State::Unknown)?;
    (cell.digest != Some(digest)).then(|| Move {
        from: before.tag.repository.clone(),
        digest,
        to: cell.tag.clone(),
    })
}

/// What rows are called: their repository, and their tag where stages are projects.
pub fn name(row: &Row) -> String {
    match &row.tag {
        Some(tag) => [&row.repository, ":", tag.as_str()].concat(),
        None => row.repository.clone(),
    }
}

/// How many moves of a plan would be done.
pub fn doable(plan: &Plan) -> usize {
    let is_doable = |change: &&Change| change.refused.is_none() && !change.same;
    if plan.missing.is_empty() { plan.changes.iter().filter(is_doable).count() } else { 0 }
}

/// The rows that are marked. They stay so when they are scrolled away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marked(Vec<Row>);

impl Marked {
    /// Whether the row is marked.
    pub fn contains(&self, row: &Row) -> bool {
        self.0.iter().any(|marked| is_same(marked, row))
    }

    /// How many are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same with these rows, or without them.
    #[must_use]
    pub fn with(&self, rows: &[Row], marked: bool) -> Self {
        let mut next = self.clone();
        next.0.retain(|old| !rows.iter().any(|row| is_same(old, row)));
        if marked {
            next.0.extend_from_slice(rows);
        }
        next
    }

    /// What brings the marked rows to a stage, as the newest look at them says.
    pub fn promotions(&self, now: &[Row], stage: usize) -> Vec<Move> {
        let newest = |row: &Row| {
            let newest = now.iter().find(|now| is_same(now, row)).unwrap_or(row);
            promotion(newest, stage)
        };
        self.0.iter().filter_map(newest).take(Wanted::MAX).collect()
    }
}

fn is_same(one: &Row, other: &Row) -> bool {
    one.repository == other.repository && one.tag == other.tag
}

/// The names in a text, in order.
pub fn names(text: &str) -> Vec<String> {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | '→' | '>');
    let names = text.split(separates).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// The text with a name at its end, or without it where it was there.
pub fn toggled(text: &str, name: &str) -> String {
    let mut names = names(text);
    let before = names.len();
    names.retain(|other| other != name);
    if names.len() == before {
        names.push(name.to_owned());
    }
    names.join(" ")
}

/// A commit in short, as git writes it; other texts as they are, cut.
pub fn short_commit(commit: &str) -> String {
    let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    commit.chars().take(if is_hash { 8 } else { 20 }).collect()
}

#[cfg(test)]
mod tests {
    use images_proto::account::MissingRight;
    use images_proto::stage::Cell;
    use images_proto::{Code, Digest, Failure, TagRef};
    use proptest::prelude::*;

    use super::*;

    fn cell(project: &str, digest: Option<u8>) -> Cell {
        Cell {
            tag: TagRef {
                repository: format!("{project}/api").parse().unwrap(),
                tag: "v1".parse().unwrap(),
            },
            digest: digest.map(|byte| Digest::from_bytes([byte; 32])),
            since: None,
            commit: None,
            state: match digest {
                Some(_) => State::Differs,
                None => State::Missing,
            },
        }
    }

    fn row(tag: &str, digests: [Option<u8>; 3]) -> Row {
        let stages = ["dev", "test", "prod"].iter().zip(digests);
        Row {
            repository: "api".to_owned(),
            tag: Some(tag.parse().unwrap()),
            cells: stages.map(|(stage, digest)| cell(stage, digest)).collect(),
        }
    }

    #[test]
    fn what_a_stage_lacks_moves_there() {
        let row = row("v1", [Some(1), None, Some(1)]);
        let moved = promotion(&row, 1).unwrap();
        assert_eq!(moved.from.to_string(), "dev/api");
        assert_eq!(moved.to.to_string(), "test/api:v1");
        assert_eq!(moved.digest, Digest::from_bytes([1; 32]));
        // Nothing leads to the first stage, and nothing comes from an empty one.
        assert_eq!([0, 2, 3].map(|stage| promotion(&row, stage)), [None, None, None]);
    }

    #[test]
    fn what_is_there_or_unread_does_not_move() {
        let mut row = row("v1", [Some(1), Some(1), Some(2)]);
        assert_eq!(promotion(&row, 1), None);
        assert!(promotion(&row, 2).is_some());
        row.cells[2].state = State::Unknown;
        assert_eq!(promotion(&row, 2), None);
    }

    #[test]
    fn marks_follow_what_is_there_now() {
        let (old, other) = (row("v1", [Some(1), None, None]), row("v2", [Some(2), None, None]));
        let marked = Marked::default().with(&[old.clone(), other.clone()], true);
        let now = [row("v1", [Some(9), None, None])];
        let digests = |marked: &Marked| {
            let moves = marked.promotions(&now, 1);
            moves.iter().map(|one| one.digest).collect::<Vec<_>>()
        };
        assert!(marked.contains(&now[0]) && marked.len() == 2);
        assert_eq!(digests(&marked), [Digest::from_bytes([9; 32]), Digest::from_bytes([2; 32])]);
        // Marked again it is there once.
        assert_eq!(marked.with(&now, true).len(), 2);
        let less = marked.with(&now, false);
        assert_eq!(digests(&less), [Digest::from_bytes([2; 32])]);
        assert!(less.with(&[other], false).is_empty());
    }

    #[test]
    fn nothing_is_done_without_the_rights_for_all_of_it() {
        let change = |refused: bool, same: bool| Change {
            wanted: promotion(&row("v1", [Some(1), None, None]), 1).unwrap(),
            was: None,
            refused: refused.then(|| Failure::new(Code::NotFound, "gone")),
            same,
            env: None,
            labels: None,
            layers_new: None,
            layers_kept: None,
            size: None,
            size_was: None,
            platforms: vec![],
            attachments: vec![],
        };
        let changes = vec![change(false, false), change(true, false), change(false, true)];
        let mut plan = Plan { changes, ..Plan::default() };
        assert_eq!(doable(&plan), 1);
        plan.missing = vec![MissingRight {
            verb: "update".to_owned(),
            resource: "imagestreamtags".to_owned(),
            namespace: None,
            command: None,
        }];
        assert_eq!(doable(&plan), 0);
    }

    #[test]
    fn stages_are_typed_in_order() {
        assert_eq!(names(" dev, test →prod "), ["dev", "test", "prod"]);
        assert_eq!(toggled("dev test", "prod"), "dev test prod");
        assert_eq!(toggled("dev test prod", "test"), "dev prod");
    }

    #[test]
    fn commits_are_short() {
        let hash = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(short_commit(hash), "01234567");
        assert_eq!(short_commit("v1.2-3-gabcdef"), "v1.2-3-gabcdef");
        assert_eq!(short_commit(&"é".repeat(50)).chars().count(), 20);
    }

    proptest! {
        #[test]
        fn toggling_twice_changes_nothing_but_order(text in "[a-c ]{0,8}", name in "[a-d]{1,2}") {
            let twice = toggled(&toggled(&text, &name), &name);
            let sorted = |text: &str| {
                let mut names = names(text);
                names.sort();
                names.dedup();
                names
            };
            prop_assert_eq!(sorted(&twice), sorted(&text));
        }
    }
}
