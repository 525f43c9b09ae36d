// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of a component: its channel lives as long as the component does.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use images_proto::{Code, Failure, Message, Method};
use yew::prelude::*;

use super::line::{self, Heard, Line, spawn_from_now_on};
use crate::browser::{Timer, now};
use crate::cockpit::Closed;
use crate::json::{self, Reader};
use crate::state::reopen::{Next, after_close};
use crate::state::view::{Event, ViewState};
use crate::text::tr;

/// A method that keeps answering while its channel is open.
pub trait LiveView: Method<Params: Clone + PartialEq + 'static, Answer: 'static> + 'static {
    /// Whether the answer has all that can be listed. After a broken line the old answer stays until
    /// there is such a one: a bridge that starts again begins with nothing.
    fn is_whole(_answer: &Self::Answer) -> bool {
        true
    }

    /// Whether the answer belongs to these parameters and not to older ones that were overtaken.
    fn answers(_params: &Self::Params, _answer: &Self::Answer) -> bool {
        true
    }
}

impl LiveView for images_proto::status::Status {}

impl LiveView for images_proto::route::Routes {}

impl LiveView for images_proto::history::History {}

// Questions that are answered once. A page shows their answer as it shows that of a view, and asks
// again by `retry`.
impl LiveView for images_proto::history::ShowRecord {}
impl LiveView for images_proto::usage::Usage {}
impl LiveView for images_proto::stage::PlanPromotion {}
impl LiveView for images_proto::stage::Versions {}
impl LiveView for images_proto::people::DeletePerson {}

impl LiveView for images_proto::stage::Stages {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.reading
    }
}

impl LiveView for images_proto::project::Projects {}

impl LiveView for images_proto::project::Project {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        answer.project.as_ref().is_none_or(|project| project.name == params.name)
    }
}

impl LiveView for images_proto::lens::Lens {}

impl LiveView for images_proto::lens::Reach {}

impl LiveView for images_proto::people::People {}

impl LiveView for images_proto::people::Person {}

impl LiveView for images_proto::robot::Robots {}

impl LiveView for images_proto::orphans::Orphans {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.coverage.listing
    }
}

impl LiveView for images_proto::search::Search {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        params.query == answer.query
    }

    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.coverage.listing
    }
}

impl LiveView for images_proto::repository::Repository {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        params.repository == answer.name
    }

    fn is_whole(answer: &Self::Answer) -> bool {
        answer.tag_count.is_some()
    }
}

impl LiveView for images_proto::image::Image {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        params.digest == answer.digest
    }
}

impl LiveView for images_proto::layer::Layer {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        params.digest == answer.digest
    }

    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.coverage.listing && answer.coverage.repositories_unread == 0
    }
}

/// What [`use_view`] gives.
pub struct UseView<A> {
    /// The present state.
    pub state: ViewState<A>,
    /// Opens the channel anew, and with it those of all views whose bridge is gone.
    pub retry: Callback<()>,
}

/// Shows what the bridge answers to these parameters, from now on. Other parameters go over the
/// same channel; unmounting the component closes it.
#[hook]
pub fn use_view<M: LiveView>(params: M::Params) -> UseView<M::Answer> {
    let question = Question {
        method: M::NAME,
        written: json::write(&params),
        params: Rc::new(params),
        reader: Reader::of::<M::Answer>(),
        answers: answers::<M>,
        is_whole: is_whole::<M>,
    };
    let (ViewState { answer, progress, failure, line }, retry) = use_question(question);
    let answer = answer.and_then(|answer| Rc::downcast((*answer).clone()).ok());
    UseView { state: ViewState { answer, progress, failure, line }, retry }
}

/// The answer to some method. A hook that knew the type would be compiled once for each method, which
/// is a few KB each.
type Answer = Rc<dyn Any>;

/// What is asked, of whatever method.
#[derive(Clone)]
struct Question {
    method: &'static str,
    /// The parameters as JSON.
    written: String,
    /// The parameters, of the method's type.
    params: Rc<dyn Any>,
    /// Reads a message.
    reader: Reader,
    /// See [`LiveView::answers`].
    answers: fn(&dyn Any, &dyn Any) -> bool,
    /// See [`LiveView::is_whole`].
    is_whole: fn(&dyn Any) -> bool,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.method == other.method && self.written == other.written
    }
}

fn answers<M: LiveView>(params: &dyn Any, answer: &dyn Any) -> bool {
    match (params.downcast_ref(), answer.downcast_ref()) {
        (Some(params), Some(answer)) => M::answers(params, answer),
        _ => false,
    }
}

fn is_whole<M: LiveView>(answer: &dyn Any) -> bool {
    answer.downcast_ref().is_some_and(M::is_whole)
}

#[hook]
fn use_question(question: Question) -> (ViewState<Answer>, Callback<()>) {
    let state = use_reducer(Shown::default);
    let asked = use_mut_ref(|| None::<Question>);
    let request = {
        let (dispatcher, asked) = (state.dispatcher(), asked.clone());
        let method = question.method;
        use_memo((), move |()| {
            let tell = move |event| dispatcher.dispatch(event);
            Request::new(method, move |turn| {
                let asked = asked.borrow().clone();
                hear(asked.as_ref(), &tell, turn)
            })
        })
    };
    use_effect_with(question, {
        let request = request.clone();
        move |question: &Question| {
            asked.replace(Some(question.clone()));
            request.ask(question.written.clone());
        }
    });
    use_effect_with((), {
        let request = request.clone();
        move |()| move || request.end()
    });
    let retry = use_callback((), move |(), ()| request.retry());
    (state.0.clone(), retry)
}

/// Tells what a request hears, if it is worth it.
fn hear(asked: Option<&Question>, tell: &dyn Fn(Event<Answer>), turn: Turn<'_>) -> Worth {
    let (event, worth) = match turn {
        Turn::Message { text, recovers } => {
            // What is heard before something was asked answers nothing.
            let Some(asked) = asked else { return Worth::None };
            match json::message(text, asked.reader) {
                Ok(Message::View(answer)) => {
                    let is_ours = (asked.answers)(&*asked.params, &*answer);
                    if !is_ours || (recovers && !(asked.is_whole)(&*answer)) {
                        return Worth::None;
                    }
                    (Event::Said(Message::View(answer)), Worth::Answer)
                }
                Ok(message) => (Event::Said(message), Worth::Word),
                Err(error) => (Event::Refused(not_understood(&error)), Worth::Word),
            }
        }
        Turn::Lost => (Event::Lost, Worth::Word),
        Turn::Ended(words) => (Event::Ended(words), Worth::Word),
        Turn::Refused(failure) => (Event::Refused(failure), Worth::Word),
        Turn::Retried => (Event::Retried, Worth::Word),
    };
    tell(event);
    worth
}

#[derive(Default)]
struct Shown(ViewState<Answer>);

impl Reducible for Shown {
    type Action = Event<Answer>;

    fn reduce(self: Rc<Self>, event: Event<Answer>) -> Rc<Self> {
        Rc::new(Self(self.0.after(event)))
    }
}

/// What a request hears, before it is known what it means.
enum Turn<'a> {
    /// A message; whether the shown answer is from before the line broke.
    Message { text: &'a str, recovers: bool },
    /// The line broke and is being opened again.
    Lost,
    /// The bridge is gone for good; Cockpit's words.
    Ended(String),
    /// The request was refused.
    Refused(Failure),
    /// The user wants it tried again.
    Retried,
}

/// What it was worth.
#[derive(PartialEq)]
enum Worth {
    /// Nothing: the answer to other parameters, or a worse one than is shown.
    None,
    /// It was told.
    Word,
    /// It was told, and was an answer.
    Answer,
}

/// The request behind a view, over as many lines as it takes. It knows no types of messages, so
/// that it is compiled once.
struct Request {
    method: &'static str,
    hear: Box<dyn Fn(Turn<'_>) -> Worth>,
    inner: RefCell<Inner>,
    this: std::rc::Weak<Self>,
}

struct Inner {
    /// Its parameters, as JSON.
    params: Option<String>,
    line: Option<Line>,
    /// These parameters have been answered.
    answered: bool,
    /// The answer is from before the line broke.
    recovers: bool,
    /// When the line was opened, in seconds since the Unix epoch.
    opened: i64,
    /// Lines in a row that did not hold.
    attempt: u32,
    again: Option<Timer>,
}

/// Seconds after which a line has held: its end is then a new accident and no part of a series.
const HELD: i64 = 10;

thread_local! {
    /// How to open the views again whose bridge is gone for good. The user tries that again for
    /// the page as a whole.
    static ENDED: RefCell<Vec<Box<dyn Fn()>>> = const { RefCell::new(Vec::new()) };
}

impl Request {
    fn new(method: &'static str, hear: impl Fn(Turn<'_>) -> Worth + 'static) -> Rc<Self> {
        let inner = Inner {
            params: None,
            line: None,
            answered: false,
            recovers: false,
            opened: 0,
            attempt: 0,
            again: None,
        };
        Rc::new_cyclic(|this| Self {
            method,
            hear: Box::new(hear),
            inner: RefCell::new(inner),
            this: this.clone(),
        })
    }

    fn ask(&self, params: String) {
        let mut inner = self.inner.borrow_mut();
        let is_open = match &inner.line {
            Some(line) => {
                line.send(&params);
                true
            }
            // It is opened again, with the new parameters, when the time has come.
            None => inner.again.is_some(),
        };
        inner.params = Some(params);
        inner.answered = false;
        inner.recovers = false;
        drop(inner);
        if !is_open {
            self.open();
        }
    }

    fn open(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.again = None;
        let Some(params) = &inner.params else { return };
        let this = self.this.clone();
        let line = Line::open(
            line::Request { method: self.method, params },
            Rc::new(move |heard| {
                if let Some(request) = this.upgrade() {
                    request.hear(heard);
                }
            }),
        );
        inner.line = Some(line);
        inner.opened = now();
    }

    fn retry(&self) {
        self.open_anew();
        for open in ENDED.take() {
            open();
        }
    }

    fn open_anew(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.attempt = 0;
        if inner.params.is_none() {
            return;
        }
        drop(inner);
        self.tell(Turn::Retried);
        self.open();
    }

    fn end(&self) {
        let mut inner = self.inner.borrow_mut();
        let ended = (inner.line.take(), inner.again.take(), inner.params.take());
        drop(inner);
        drop(ended);
    }

    fn hear(&self, heard: Heard) {
        match heard {
            Heard::Message(text) => self.hear_message(&text),
            Heard::Closed(closed) => self.hear_end(closed),
        }
    }

    fn hear_message(&self, text: &str) {
        let recovers = {
            let inner = self.inner.borrow();
            if inner.params.is_none() {
                return;
            }
            inner.recovers
        };
        if (self.hear)(Turn::Message { text, recovers }) == Worth::Answer {
            let mut inner = self.inner.borrow_mut();
            inner.answered = true;
            inner.recovers = false;
        }
    }

    fn tell(&self, turn: Turn<'_>) {
        (self.hear)(turn);
    }

    fn hear_end(&self, closed: Closed) {
        let (line, attempt) = {
            let mut inner = self.inner.borrow_mut();
            let attempt = if now() - inner.opened >= HELD { 0 } else { inner.attempt };
            inner.attempt = attempt.saturating_add(1);
            (inner.line.take(), attempt)
        };
        let Some(line) = line else { return };
        match after_close(closed.problem.as_deref(), line.way(), attempt) {
            Next::Rest => {}
            Next::Refused => self.tell(Turn::Refused(refused(closed))),
            Next::Ended => {
                let this = self.this.clone();
                let open = move || {
                    if let Some(request) = this.upgrade() {
                        request.open_anew();
                    }
                };
                ENDED.with_borrow_mut(|ended| ended.push(Box::new(open)));
                self.tell(Turn::Ended(words(closed)));
            }
            Next::Spawn => {
                spawn_from_now_on();
                self.open();
            }
            Next::Reopen(delay) => {
                self.tell(Turn::Lost);
                let this = self.this.clone();
                let mut inner = self.inner.borrow_mut();
                inner.recovers = inner.answered;
                inner.again = Timer::after(delay, move || {
                    if let Some(request) = this.upgrade() {
                        request.open();
                    }
                });
            }
        }
    }
}

/// The failure of an answer that is none of ours.
pub(super) fn not_understood(error: &json::Error) -> Failure {
    Failure::new(Code::BadAnswer, tr("The answer of this page's helper cannot be read."))
        .retryable()
        .with_fix(tr("The package may have been updated meanwhile: load the page again."))
        .with_details(error.to_string())
}

/// The failure of a request that the bridge did not take.
pub(super) fn refused(closed: Closed) -> Failure {
    Failure::new(Code::BadRequest, tr("This page's helper did not understand the request."))
        .with_fix(tr("The package may have been updated meanwhile: load the page again."))
        .with_details(words(closed))
}

/// Cockpit's words about the end of a channel.
pub(super) fn words(closed: Closed) -> String {
    let parts = [closed.problem, closed.message].into_iter().flatten();
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
