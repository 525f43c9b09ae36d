// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of a component: its channel lives as long as the component does and somebody sees
//! the page. A page that is hidden for a moment has no view open, so that nothing is read for nobody;
//! when it is back, its views are opened again, and show until then what they showed before.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use images_proto::image::Details;
use images_proto::{Code, Failure, Message, Method};
use yew::prelude::*;

use super::line::{self, Heard, Line, spawn_from_now_on};
use crate::browser::{Timer, now};
use crate::cockpit::{Closed, is_hidden, on_hiding};
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

impl LiveView for images_proto::history::History {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.reading
    }
}

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

impl LiveView for images_proto::project::Projects {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::project::Project {
    fn answers(params: &Self::Params, answer: &Self::Answer) -> bool {
        answer.project.as_ref().is_none_or(|project| project.name == params.name)
    }

    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::lens::Lens {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::lens::Reach {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::people::People {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::people::Person {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::robot::Robots {
    fn is_whole(answer: &Self::Answer) -> bool {
        !answer.about.reading
    }
}

impl LiveView for images_proto::orphans::Orphans {
    fn is_whole(answer: &Self::Answer) -> bool {
        answer.is_known() && !answer.coverage.listing
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

    fn is_whole(answer: &Self::Answer) -> bool {
        answer.details != Details::Reading
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
    /// The line is to be opened when the page is seen again.
    rests: bool,
}

/// Seconds after which a line has held: its end is then a new accident and no part of a series.
const HELD: i64 = 10;

/// Milliseconds after which a page that nobody sees has no view open.
const MOMENT: u32 = 500;

thread_local! {
    /// The requests of the page, once somebody listens whether it is seen.
    static REQUESTS: RefCell<Option<Vec<std::rc::Weak<Request>>>> = const { RefCell::new(None) };
    /// Nobody sees the page.
    static RESTS: Cell<bool> = const { Cell::new(false) };
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
            rests: false,
        };
        let request = Rc::new_cyclic(|this| Self {
            method,
            hear: Box::new(hear),
            inner: RefCell::new(inner),
            this: this.clone(),
        });
        listen(&request);
        request
    }

    fn ask(&self, params: String) {
        let mut inner = self.inner.borrow_mut();
        let is_open = match &inner.line {
            Some(line) => {
                line.send(&params);
                true
            }
            // It is opened again, with the new parameters, when the time has come.
            None => inner.again.is_some() || inner.rests,
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
        inner.rests = RESTS.get();
        let Some(params) = inner.params.as_ref().filter(|_| !RESTS.get()) else { return };
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

    /// Nobody sees the page: closes the line until somebody does.
    fn rest(&self) {
        let mut inner = self.inner.borrow_mut();
        let closed = (inner.line.take(), inner.again.take());
        inner.rests |= closed.0.is_some() || closed.1.is_some();
        drop(inner);
        drop(closed);
    }

    fn wake(&self) {
        let mut inner = self.inner.borrow_mut();
        let rested = std::mem::take(&mut inner.rests);
        inner.recovers |= rested && inner.answered;
        drop(inner);
        if rested {
            self.open();
        }
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

/// From now on the request rests while the page is hidden.
fn listen(request: &Rc<Request>) {
    let is_first = REQUESTS.with_borrow_mut(|requests| {
        let is_first = requests.is_none();
        let requests = requests.get_or_insert_default();
        requests.retain(|request| request.strong_count() > 0);
        requests.push(Rc::downgrade(request));
        is_first
    });
    if is_first {
        let moment = RefCell::new(None);
        on_hiding(move || match is_hidden() {
            true => drop(moment.replace(Timer::after(MOMENT, || tell_all(true)))),
            false => {
                moment.take();
                tell_all(false);
            }
        });
    }
}

/// Has all requests rest or wake.
fn tell_all(rest: bool) {
    RESTS.set(rest);
    let requests = REQUESTS.with_borrow(|requests| requests.clone().unwrap_or_default());
    for request in requests.iter().filter_map(std::rc::Weak::upgrade) {
        if rest {
            request.rest();
        } else {
            request.wake();
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
