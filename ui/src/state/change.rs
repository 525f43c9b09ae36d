// SPDX-License-Identifier: LGPL-2.1-or-later

//! A change, of whatever method: what comes of it, and what has to be agreed to before it is done.

use images_proto::Method;
use images_proto::account::{MissingRight, Object};
use serde::Deserialize;

/// What the bridge is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The method.
    pub method: &'static str,
    /// Its parameters, as JSON.
    pub params: String,
}

impl Wish {
    /// The wish for a method.
    pub fn of<M: Method>(params: &M::Params) -> Self {
        Self { method: M::NAME, params: crate::json::write(params) }
    }
}

/// What the answers of all changes have in common. One type reads all of them, which is a few KB
/// less for each over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Whether it was done. An answer that says nothing of it is itself the proof.
    pub done: bool,
    /// Roles that would be created.
    pub creates: Vec<Object>,
    /// The change takes the user's own last right to give roles.
    pub last_right: bool,
    /// The rights that the user lacks.
    pub missing: Vec<MissingRight>,
    /// What one should know, in whole sentences.
    pub notes: Vec<String>,
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            done: true,
            creates: Vec::new(),
            last_right: false,
            missing: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What the user saw and agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// That roles are created.
    pub creates: bool,
    /// That the own last right goes.
    pub own: bool,
}

/// What a dialog does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It asks for what is wanted.
    Ask,
    /// It tells of rights that the user lacks.
    Lacks,
    /// It shows the roles that would be created.
    Creates,
    /// It warns of the own last right.
    LastRight,
    /// It tells what one should know.
    Told,
    /// It closes.
    Over,
}

impl Outcome {
    /// What follows from it.
    pub fn step(&self) -> Step {
        if self.done {
            return if self.notes.is_empty() { Step::Over } else { Step::Told };
        }
        if !self.missing.is_empty() {
            Step::Lacks
        } else if !self.creates.is_empty() {
            Step::Creates
        } else if self.last_right {
            Step::LastRight
        } else {
            Step::Told
        }
    }
}

impl Agreed {
    /// After a yes to what a step showed.
    pub fn after(self, step: Step) -> Self {
        Self {
            creates: self.creates || step == Step::Creates,
            own: self.own || step == Step::LastRight,
        }
    }
}

#[cfg(test)]
mod tests {
    use images_proto::{grant, people, project, robot};
    use serde::Serialize;

    use super::*;

    fn read(answer: &impl Serialize) -> Outcome {
        crate::json::read(&crate::json::write(answer)).unwrap()
    }

    fn object() -> Object {
        Object {
            kind: "ClusterRole".to_owned(),
            namespace: None,
            name: "viewer".to_owned(),
            yaml: "kind: ClusterRole".to_owned(),
        }
    }

    #[test]
    fn the_answers_of_all_changes_are_read() {
        assert_eq!(read(&project::Done {}).step(), Step::Over);
        let notes = vec!["Known.".to_owned()];
        let done = grant::Granted { done: true, notes: notes.clone(), ..Default::default() };
        assert_eq!((read(&done).step(), read(&done).notes), (Step::Told, notes));
        assert_eq!(read(&people::Changed { done: true, ..Default::default() }).step(), Step::Over);
        let creates = robot::Changed { creates: vec![object()], ..Default::default() };
        assert_eq!(read(&creates).step(), Step::Creates);
        assert_eq!(read(&creates).creates, [object()]);
        let last = grant::Granted { last_right: true, ..Default::default() };
        assert_eq!(read(&last).step(), Step::LastRight);
        let right = MissingRight {
            verb: "create".to_owned(),
            resource: "groups".to_owned(),
            namespace: None,
            command: None,
        };
        let lacks = people::Changed { missing: vec![right], ..Default::default() };
        assert_eq!(read(&lacks).step(), Step::Lacks);
    }

    #[test]
    fn what_was_not_done_is_never_taken_for_done() {
        assert_eq!(read(&grant::Granted::default()).step(), Step::Told);
        assert!(!read(&people::Changed::default()).done);
    }

    #[test]
    fn a_yes_is_to_what_was_shown_and_adds_up() {
        let roles = Agreed::default().after(Step::Creates);
        assert_eq!(roles, Agreed { creates: true, own: false });
        assert_eq!(roles.after(Step::LastRight), Agreed { creates: true, own: true });
        assert_eq!(Agreed::default().after(Step::Ask), Agreed::default());
        assert_eq!(Agreed::default().after(Step::Lacks), Agreed::default());
    }
}
