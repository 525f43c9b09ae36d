// SPDX-License-Identifier: LGPL-2.1-or-later

//! Moments: how long ago, with date and time on hover.

use yew::prelude::*;

use crate::browser::{full_time, now};
use crate::state::moment::Ago;
use crate::text::{plural, tr};

/// A moment in seconds since the Unix epoch.
pub fn moment(seconds: i64) -> Html {
    let full = full_time(seconds);
    let text = match Ago::between(seconds, now()) {
        Ago::Future => full.clone(),
        Ago::Now => tr("just now"),
        Ago::Minutes(n) => plural("$0 minute ago", "$0 minutes ago", n.into()),
        Ago::Hours(n) => plural("$0 hour ago", "$0 hours ago", n.into()),
        Ago::Days(n) => plural("$0 day ago", "$0 days ago", n.into()),
        Ago::Months(n) => plural("$0 month ago", "$0 months ago", n.into()),
        Ago::Years(n) => plural("$0 year ago", "$0 years ago", n.into()),
    };
    html! { <span class="images-nowrap" title={full}>{ text }</span> }
}
