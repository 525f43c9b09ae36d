// SPDX-License-Identifier: LGPL-2.1-or-later

//! One question or action: progress, then one result.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use images_proto::{Code, Failure, Message, Method, Progress};

use super::line::{Heard, Line, spawn_from_now_on};
use super::view::{not_understood, refused, words};
use crate::cockpit::Closed;
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
    _asked: Rc<dyn Any>,
}

struct Asked<M: Method> {
    params: M::Params,
    tell: Box<dyn Fn(Report<M::Answer>)>,
    line: RefCell<Option<Line>>,
}

/// Asks. The question is sent once: a channel that breaks is a failure, for nobody knows how far
/// the work had come.
pub fn ask<M: Method + 'static>(
    params: M::Params,
    tell: impl Fn(Report<M::Answer>) + 'static,
) -> Question {
    let asked = Rc::new(Asked::<M> { params, tell: Box::new(tell), line: RefCell::default() });
    asked.open();
    Question { _asked: asked }
}

impl<M: Method + 'static> Asked<M> {
    fn open(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let line = Line::open::<M>(
            &self.params,
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
            Heard::Message(text) => match serde_json::from_str::<Message<M::Answer>>(&text) {
                Ok(Message::Progress(progress)) => (self.tell)(Report::Progress(progress)),
                Ok(Message::View(answer) | Message::Result(answer)) => self.end(Ok(answer)),
                Ok(Message::Failed(failure)) => self.end(Err(failure)),
                Err(error) => self.end(Err(not_understood(&error))),
            },
            Heard::Closed(closed) => self.closed(closed),
        }
    }

    fn closed(self: &Rc<Self>, closed: Closed) {
        let Some(line) = self.line.borrow_mut().take() else { return };
        match after_close(closed.problem.as_deref(), line.way(), 0) {
            // The request has reached nobody yet, so it can be made again.
            Next::Spawn => {
                spawn_from_now_on();
                self.open();
            }
            Next::Refused => (self.tell)(Report::End(Err(refused(closed)))),
            Next::Rest | Next::Reopen(_) | Next::Ended => {
                (self.tell)(Report::End(Err(broken(closed))));
            }
        }
    }

    fn end(&self, result: Result<M::Answer, Failure>) {
        let line = self.line.borrow_mut().take();
        drop(line);
        (self.tell)(Report::End(result));
    }
}

fn broken(closed: Closed) -> Failure {
    Failure::new(Code::Internal, tr("This page's helper ended before it had answered.")).retryable().with_fix(tr("Look at what is there now before you try it again.")).with_details(words(closed))
}
