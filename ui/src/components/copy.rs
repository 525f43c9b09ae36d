// SPDX-License-Identifier: LGPL-2.1-or-later

//! A button that copies text.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::icon::Icon;
use crate::browser::{self, Timer};
use crate::text::tr;

/// See [`CopyButton`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What is copied.
    pub text: AttrValue,
    /// What that is, for the button's label, such as "Copy the digest".
    pub label: AttrValue,
    /// Its name in tests.
    #[prop_or(AttrValue::Static("copy"))]
    pub testid: AttrValue,
}

/// A copy icon that turns into a tick for a moment.
#[component]
pub fn CopyButton(props: &Props) -> Html {
    let copied = use_state(|| None::<bool>);
    let reset = use_mut_ref(|| None::<Timer>);
    let onclick = use_callback(props.text.clone(), {
        let copied = copied.clone();
        move |event: MouseEvent, text: &AttrValue| {
            event.stop_propagation();
            let (text, copied, reset) = (text.to_string(), copied.clone(), reset.clone());
            spawn_local(async move {
                copied.set(Some(browser::copy(text).await));
                *reset.borrow_mut() = Timer::after(2000, move || copied.set(None));
            });
        }
    });
    let (icon, says) = match *copied {
        None => (Icon::Copy, None),
        Some(true) => (Icon::Check, Some(tr("Copied"))),
        Some(false) => (Icon::Close, Some(tr("The browser refused to copy"))),
    };
    html! {
        <>
            <button type="button" class="pf-v6-c-button pf-m-plain pf-m-small images-copy"
                aria-label={props.label.clone()} title={says.clone().map_or(props.label.clone(), AttrValue::from)}
                data-testid={props.testid.clone()} data-copied={(*copied == Some(true)).then_some("true")}
                {onclick}>
                <span class="pf-v6-c-button__icon">{ icon.draw() }</span>
            </button>
            <span class="pf-v6-screen-reader" role="status">{ says.unwrap_or_default() }</span>
        </>
    }
}
