// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether and how long something can be undone, in words.

use images_proto::delete::Window;
use yew::prelude::*;

use crate::browser::full_time;
use crate::text::{tr, tr_with};

/// Whether it can be undone, until when, and what closes the window or has closed it.
pub fn window(window: &Window) -> Html {
    let words = match (window.open, window.until) {
        (true, Some(until)) => tr_with("It can be undone until $0.", &[&full_time(until)]),
        (true, None) => tr("It can be undone."),
        (false, _) => tr("It cannot be undone."),
    };
    html! {
        <p data-testid="window" data-open={window.open.to_string()}>{ words }{ " " }{ &window.words }</p>
    }
}
