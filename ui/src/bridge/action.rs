// SPDX-License-Identifier: LGPL-2.1-or-later

//! An action that a dialog waits for.

use std::rc::Rc;

use images_proto::{Failure, Method, Progress};
use yew::prelude::*;

use super::ask::{Question, Report, ask};

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
pub fn use_action<M: Method + 'static>(done: Callback<M::Answer>) -> Action<M::Params> {
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
        Callback::from(move |params: M::Params| {
            state.set(Doing::busy(Progress::default()));
            let (state, done) = (state.clone(), done.clone());
            let asked = ask::<M>(params, move |report| match report {
                Report::Progress(progress) => state.set(Doing::busy(progress)),
                Report::End(Ok(answer)) => {
                    state.set(Doing::default());
                    done.emit(answer);
                }
                Report::End(Err(failure)) => {
                    state.set(Doing { progress: None, failure: Some(Rc::new(failure)) });
                }
            });
            *question.borrow_mut() = Some(asked);
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
