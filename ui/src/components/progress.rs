// SPDX-License-Identifier: LGPL-2.1-or-later

//! A line of progress.

use images_proto::Progress;
use yew::prelude::*;

use crate::browser::number;
use crate::text::tr_with;

/// What is being done and how far it is. The browser's own element is used, since PatternFly's
/// needs a style attribute, which the page's content security policy forbids.
pub fn progress(progress: &Progress, testid: &'static str) -> Html {
    let Progress { text, done, total } = progress;
    let measure = match total {
        Some(total) => tr_with("$0 of $1", &[&number(*done), &number(*total)]),
        None if *done > 0 => number(*done),
        None => String::new(),
    };
    html! {
        <div class="images-progress" data-testid={testid}>
            <span>{ text }</span>
            <span class="images-nowrap">{ measure }</span>
            // Without a value the browser shows that it goes on without saying how far.
            <progress aria-label={text.clone()} max={total.unwrap_or(1).max(1).to_string()}
                value={total.map(|_| done.to_string())} />
        </div>
    }
}
