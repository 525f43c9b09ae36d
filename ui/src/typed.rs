// SPDX-License-Identifier: LGPL-2.1-or-later

//! Text that is typed into a field and also stands in the address.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use crate::browser::Timer;

/// Milliseconds between the last key and the change of the address: longer than between two keys,
/// because all of Cockpit looks at it, and browsers allow only so many changes in a while. What is
/// shown does not wait for it.
const ADDRESS_DELAY: u32 = 400;

/// A typed text.
#[derive(Clone)]
pub struct Typed {
    /// The text, as of the last key.
    pub text: String,
    /// Hears the keys.
    pub oninput: Callback<String>,
    /// Hears that the field is left: whoever goes elsewhere comes back to what was typed.
    pub onleave: Callback<()>,
    state: UseStateHandle<String>,
    /// The text as this field knows the address to have it.
    written: Rc<RefCell<String>>,
    writing: Rc<Waiting>,
}

/// What is to be written into the address, and when.
type Waiting = RefCell<Option<(String, Option<Timer>)>>;

impl Typed {
    /// Takes the text that the address has, or that the caller is about to write there itself.
    pub fn settle(&self, text: &str) {
        self.writing.borrow_mut().take();
        text.clone_into(&mut self.written.borrow_mut());
        self.state.set(text.to_owned());
    }
}

/// The text of a field: that of the address until something is typed, and again when the address
/// changes by itself, as by the back button. `write` puts the text into the address.
#[hook]
pub fn use_typed(address: &str, write: Callback<String>) -> Typed {
    let text = use_state_eq(|| address.to_owned());
    let written = use_mut_ref(|| address.to_owned());
    let writing: Rc<Waiting> = use_mut_ref(|| None);
    let onleave = {
        let (write, written, writing) = (write.clone(), written.clone(), writing.clone());
        Callback::from(move |()| write_down(&writing, &written, &write))
    };
    let oninput = {
        let (text, written, writing) = (text.clone(), written.clone(), writing.clone());
        Callback::from(move |typed: String| {
            text.set(typed.clone());
            let (write, written) = (write.clone(), written.clone());
            // Of a page that was left nothing is written any more.
            let waiting = Rc::downgrade(&writing);
            let timer = Timer::after(ADDRESS_DELAY, move || {
                if let Some(writing) = waiting.upgrade() {
                    write_down(&writing, &written, &write);
                }
            });
            writing.replace(Some((typed, timer)));
        })
    };
    let typed = Typed { text: (*text).clone(), oninput, onleave, state: text, written, writing };
    use_effect_with(address.to_owned(), {
        let typed = typed.clone();
        move |address: &String| {
            if *typed.written.borrow() != *address {
                typed.settle(address);
            }
        }
    });
    typed
}

fn write_down(writing: &Waiting, written: &RefCell<String>, write: &Callback<String>) {
    let waiting = writing.borrow_mut().take();
    if let Some((text, _)) = waiting {
        written.borrow_mut().clone_from(&text);
        write.emit(text);
    }
}
