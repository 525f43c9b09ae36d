// SPDX-License-Identifier: LGPL-2.1-or-later

//! An action that a dialog waits for.

use std::any::Any;
use std::rc::Rc;

use images_proto::{Failure, Method, Progress};
use yew::prelude::*;

use super::ask::{Question, Report, ask_any, owned};
use crate::json::Reader;
use crate::state::change::{Outcome, Wish};

/// What [`use_action`] gives.
#[derive(Clone)]
pub struct Action<P: 'static> {
    /// How far it is; absent while nothing is done.
    pub progress: Option<Progress>,
    /// Why the last try failed.
    pub failure: Option<Rc<Failure>>,
    /// Does it with these parameters.
    pub start: Callback<P>,
    /// Cancels what is being done.
    pub stop: Callback<()>,
}

impl<P> Action<P> {
    /// Whether it is being done.
    pub fn is_busy(&self) -> bool {
        self.progress.is_some()
    }
}

/// An action that somebody may start, and try again when it failed. `done` hears the answer. It is
/// cancelled when the component goes.
#[hook]
pub fn use_action<M: Method<Answer: 'static> + 'static>(
    done: Callback<M::Answer>,
) -> Action<M::Params> {
    let heard = Callback::from(move |answer: Rc<dyn Any>| {
        if let Some(answer) = owned(answer) {
            done.emit(answer);
        }
    });
    let Action { progress, failure, start, stop } = use_any(Reader::of::<M::Answer>(), heard);
    Action { progress, failure, start: start.reform(|params| Wish::of::<M>(&params)), stop }
}

/// The same for a change of whatever method.
#[hook]
pub fn use_change(done: Callback<Outcome>) -> Action<Wish> {
    let heard = Callback::from(move |answer: Rc<dyn Any>| {
        if let Some(answer) = owned(answer) {
            done.emit(answer);
        }
    });
    use_any(Reader::of::<Outcome>(), heard)
}

/// It knows no type of answers, so that it is compiled once and not for each method.
#[hook]
fn use_any(reader: Reader, done: Callback<Rc<dyn Any>>) -> Action<Wish> {
    let state = use_state(Doing::default);
    let question = use_mut_ref(|| None::<Question>);
    let stop = {
        let (state, question) = (state.clone(), question.clone());
        Callback::from(move |()| {
            question.borrow_mut().take();
            state.set(Doing::default());
        })
    };
    let start = {
        let state = state.clone();
        Callback::from(move |Wish { method, params }: Wish| {
            state.set(Doing::busy(Progress::default()));
            let (state, done) = (state.clone(), done.clone());
            let tell = move |report| match report {
                Report::Progress(progress) => state.set(Doing::busy(progress)),
                Report::End(Ok(answer)) => {
                    state.set(Doing::default());
                    done.emit(answer);
                }
                Report::End(Err(failure)) => {
                    state.set(Doing { progress: None, failure: Some(Rc::new(failure)) });
                }
            };
            *question.borrow_mut() = Some(ask_any(method, params, reader, Box::new(tell)));
        })
    };
    Action { progress: state.progress.clone(), failure: state.failure.clone(), start, stop }
}

#[derive(Default)]
struct Doing {
    progress: Option<Progress>,
    failure: Option<Rc<Failure>>,
}

impl Doing {
    fn busy(progress: Progress) -> Self {
        Self { progress: Some(progress), failure: None }
    }
}
