// SPDX-License-Identifier: LGPL-2.1-or-later

//! One question or action: progress, then one result.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use images_proto::{Code, Failure, Message, Method, Progress};
use serde::de::IgnoredAny;

use super::line::{Heard, Line, Request, spawn_from_now_on};
use super::view::{not_understood, refused, words};
use crate::cockpit::Closed;
use crate::json::{self, Reader};
use crate::state::reopen::{Next, after_close};
use crate::text::tr;

/// What is heard of a question.
pub enum Report<A> {
    /// Work goes on.
    Progress(Progress),
    /// The end: the answer, or why there is none.
    End(Result<A, Failure>),
}

/// A question under way. Dropping it cancels the work that is not yet done.
pub struct Question {
    _asked: Rc<Asked>,
}

/// Takes a message, or a failure of ours; says whether it is the end.
type Take = dyn Fn(Result<&str, Failure>) -> bool;
/// Hears what comes of a question, whatever its answer is.
type Tell = dyn Fn(Report<Rc<dyn Any>>);

struct Asked {
    method: &'static str,
    params: String,
    take: Box<Take>,
    line: RefCell<Option<Line>>,
}

/// Asks. The question is sent once: a channel that breaks is a failure, for nobody knows how far
/// the work had come.
pub fn ask<M: Method<Answer: 'static> + 'static>(
    params: M::Params,
    tell: impl Fn(Report<M::Answer>) + 'static,
) -> Question {
    let tell = move |report: Report<Rc<dyn Any>>| match report {
        Report::Progress(progress) => tell(Report::Progress(progress)),
        Report::End(Ok(answer)) => {
            if let Some(answer) = owned(answer) {
                tell(Report::End(Ok(answer)));
            }
        }
        Report::End(Err(failure)) => tell(Report::End(Err(failure))),
    };
    ask_any(M::NAME, json::write(&params), Reader::of::<M::Answer>(), Box::new(tell))
}

/// An answer of a type that is known here. Nobody else has it.
pub(super) fn owned<A: 'static>(answer: Rc<dyn Any>) -> Option<A> {
    Rc::into_inner(answer.downcast().ok()?)
}

/// The same as [`ask`] for whatever method; the parameters are written already.
pub(super) fn ask_any(
    method: &'static str,
    params: String,
    reader: Reader,
    tell: Box<Tell>,
) -> Question {
    let take = move |said: Result<&str, Failure>| {
        let report = match said.map(|text| json::message(text, reader)) {
            Ok(Ok(Message::Progress(progress))) => Report::Progress(progress),
            Ok(Ok(Message::View(answer) | Message::Result(answer))) => Report::End(Ok(answer)),
            Ok(Ok(Message::Failed(failure))) | Err(failure) => Report::End(Err(failure)),
            Ok(Err(error)) => Report::End(Err(not_understood(&error))),
        };
        let is_end = matches!(report, Report::End(_));
        tell(report);
        is_end
    };
    let asked = Rc::new(Asked { method, params, take: Box::new(take), line: RefCell::default() });
    asked.open();
    Question { _asked: asked }
}

/// Asks, and hears the message with the answer as it came.
pub fn ask_as_is<M: Method + 'static>(
    params: M::Params,
    tell: impl Fn(Result<String, Failure>) + 'static,
) -> Question {
    let take = move |said: Result<&str, Failure>| {
        let answer = said.and_then(|text| match json::message(text, Reader::of::<IgnoredAny>()) {
            Ok(Message::Progress(_)) => Ok(None),
            Ok(Message::View(_) | Message::Result(_)) => Ok(Some(text.to_owned())),
            Ok(Message::Failed(failure)) => Err(failure),
            Err(error) => Err(not_understood(&error)),
        });
        let Some(answer) = answer.transpose() else { return false };
        tell(answer);
        true
    };
    let (method, params) = (M::NAME, json::write(&params));
    let asked = Rc::new(Asked { method, params, take: Box::new(take), line: RefCell::default() });
    asked.open();
    Question { _asked: asked }
}

impl Asked {
    fn open(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let line = Line::open(
            Request { method: self.method, params: &self.params },
            Rc::new(move |heard| {
                if let Some(asked) = this.upgrade() {
                    asked.hear(heard);
                }
            }),
        );
        *self.line.borrow_mut() = Some(line);
    }

    fn hear(self: &Rc<Self>, heard: Heard) {
        match heard {
            Heard::Message(text) => {
                if (self.take)(Ok(&text)) {
                    let line = self.line.borrow_mut().take();
                    drop(line);
                }
            }
            Heard::Closed(closed) => self.closed(closed),
        }
    }

    fn closed(self: &Rc<Self>, closed: Closed) {
        let Some(line) = self.line.borrow_mut().take() else { return };
        let failure = match after_close(closed.problem.as_deref(), line.way(), 0) {
            // The request has reached nobody yet, so it can be made again.
            Next::Spawn => {
                spawn_from_now_on();
                self.open();
                return;
            }
            Next::Refused => refused(closed),
            Next::Rest | Next::Reopen(_) | Next::Ended => broken(closed),
        };
        (self.take)(Err(failure));
    }
}

fn broken(closed: Closed) -> Failure {
    Failure::new(Code::Internal, tr("This page's helper ended before it had answered."))
        .retryable()
        .with_fix(tr("Look at what is there now before you try it again."))
        .with_details(words(closed))
}
