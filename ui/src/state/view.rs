// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a page knows of a live view: its last answer, what stands in the way, and the line to the
//! bridge.

use std::rc::Rc;

use images_proto::{Failure, Message, Progress};

/// The state of a live view.
#[derive(Debug)]
pub struct ViewState<A> {
    /// The last answer, kept while the line is lost.
    pub answer: Option<Rc<A>>,
    /// What the bridge is doing before its first answer.
    pub progress: Option<Progress>,
    /// Why there is no newer answer.
    pub failure: Option<Rc<Failure>>,
    /// The line to the bridge.
    pub line: Line,
}

/// The line to the bridge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// Nothing was heard yet.
    #[default]
    Opening,
    /// It stands.
    Open,
    /// It broke and is being opened again.
    Lost,
    /// The bridge is gone and does not come back in this session; Cockpit's words.
    Ended(String),
}

/// What happens to a live view.
#[derive(Debug)]
pub enum Event<A> {
    /// The bridge said something.
    Said(Message<A>),
    /// The line broke and is being opened again.
    Lost,
    /// The bridge is gone for good; Cockpit's words.
    Ended(String),
    /// The request was refused, or its answer cannot be understood.
    Refused(Failure),
    /// The user wants it tried again.
    Retried,
}

impl<A> Default for ViewState<A> {
    fn default() -> Self {
        Self { answer: None, progress: None, failure: None, line: Line::default() }
    }
}

impl<A> Clone for ViewState<A> {
    fn clone(&self) -> Self {
        Self {
            answer: self.answer.clone(),
            progress: self.progress.clone(),
            failure: self.failure.clone(),
            line: self.line.clone(),
        }
    }
}

impl<A> ViewState<A> {
    /// The state after the event.
    pub fn after(&self, event: Event<A>) -> Self {
        let mut next = self.clone();
        match event {
            Event::Said(message) => {
                next.line = Line::Open;
                next.hear(message);
            }
            Event::Lost => next.line = Line::Lost,
            Event::Ended(details) => next.line = Line::Ended(details),
            Event::Refused(failure) => {
                next.progress = None;
                next.failure = Some(Rc::new(failure));
            }
            Event::Retried => {
                next.failure = None;
                next.line = Line::Opening;
            }
        }
        next
    }

    /// Whether the answer may be out of date because the line is broken.
    pub fn is_cut_off(&self) -> bool {
        matches!(self.line, Line::Lost | Line::Ended(_))
    }

    fn hear(&mut self, message: Message<A>) {
        match message {
            Message::Progress(progress) => self.progress = Some(progress),
            Message::View(answer) | Message::Result(answer) => {
                self.answer = Some(Rc::new(answer));
                self.progress = None;
                self.failure = None;
            }
            Message::Failed(failure) => {
                self.progress = None;
                self.failure = Some(Rc::new(failure));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use images_proto::Code;

    use super::*;

    fn failure() -> Failure {
        Failure::new(Code::Busy, "busy").retryable()
    }

    #[test]
    fn content_outlives_failures_and_lost_lines() {
        let shown = ViewState::default().after(Event::Said(Message::View(1)));
        let lost = shown.after(Event::Said(Message::Failed(failure()))).after(Event::Lost);
        assert_eq!(lost.answer.as_deref(), Some(&1));
        assert!(lost.failure.is_some() && lost.is_cut_off());
        let back = lost.after(Event::Said(Message::View(2)));
        assert_eq!(back.answer.as_deref(), Some(&2));
        assert!(back.failure.is_none() && !back.is_cut_off());
    }

    #[test]
    fn an_answer_ends_progress() {
        let busy = ViewState::default().after(Event::Said(Message::Progress(Progress::default())));
        assert!(busy.progress.is_some());
        assert!(busy.after(Event::Said(Message::View(()))).progress.is_none());
        assert!(busy.after(Event::Refused(failure())).progress.is_none());
    }

    #[test]
    fn trying_again_forgets_the_failure_and_keeps_the_answer() {
        let state = ViewState::default()
            .after(Event::Said(Message::View(1)))
            .after(Event::Ended("gone".to_owned()))
            .after(Event::Retried);
        assert_eq!(state.line, Line::Opening);
        assert_eq!(state.answer.as_deref(), Some(&1));
    }
}
