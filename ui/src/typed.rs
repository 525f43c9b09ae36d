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
    /// The text as this field knows the address to have it.
    written: Rc<RefCell<String>>,
    writing: Rc<RefCell<Option<Timer>>>,
}

impl Typed {
    /// The caller is about to write the text into the address itself.
    pub fn settle(&self) {
        self.writing.borrow_mut().take();
        self.written.borrow_mut().clone_from(&self.text);
    }
}

/// The text of a field: that of the address until something is typed, and again when the address
/// changes by itself, as by the back button. `write` puts the text into the address.
#[hook]
pub fn use_typed(address: &str, write: Callback<String>) -> Typed {
    let text = use_state_eq(|| address.to_owned());
    let written = use_mut_ref(|| address.to_owned());
    let writing = use_mut_ref(|| None::<Timer>);
    use_effect_with(address.to_owned(), {
        let (text, written, writing) = (text.clone(), written.clone(), writing.clone());
        move |address: &String| {
            if *written.borrow() != *address {
                writing.borrow_mut().take();
                written.borrow_mut().clone_from(address);
                text.set(address.clone());
            }
        }
    });
    let oninput = {
        let (text, written, writing) = (text.clone(), written.clone(), writing.clone());
        Callback::from(move |typed: String| {
            text.set(typed.clone());
            let (write, written) = (write.clone(), written.clone());
            *writing.borrow_mut() = Timer::after(ADDRESS_DELAY, move || {
                written.borrow_mut().clone_from(&typed);
                write.emit(typed);
            });
        })
    };
    Typed { text: (*text).clone(), oninput, written, writing }
}
