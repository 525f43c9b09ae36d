// SPDX-License-Identifier: LGPL-2.1-or-later

//! The heading of a page.

use yew::prelude::*;

use crate::browser;
use crate::text::{tr, tr_with};

/// See [`Heading`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The heading; the document is called after it.
    pub title: AttrValue,
    /// The same as the document's title, when the heading is too long for it.
    #[prop_or_default]
    pub short: Option<AttrValue>,
    /// It takes the keyboard focus when it appears, so that a screen reader says where we are.
    #[prop_or(true)]
    pub focus: bool,
    /// What the page is about, where the title may become more exact; else the title.
    #[prop_or_default]
    pub place: Option<AttrValue>,
    /// What stands beside it.
    #[prop_or_default]
    pub children: Html,
}

/// The `h1` of a page.
#[component]
pub fn Heading(props: &Props) -> Html {
    let name = props.short.clone().unwrap_or_else(|| props.title.clone());
    use_effect_with((name, props.focus), |(name, focus)| {
        browser::set_title(&match *focus {
            true => tr_with("$0 - Images", &[name]),
            false => tr("Images"),
        });
    });
    // Once for each place: a title that becomes more exact must not take the focus back.
    let place = props.place.clone().unwrap_or_else(|| props.title.clone());
    use_effect_with(place, {
        let focus = props.focus;
        move |_| {
            if focus {
                browser::focus("#heading");
            }
        }
    });
    html! {
        <div class="images-heading">
            <h1 class="pf-v6-c-title pf-m-2xl images-break" id="heading" tabindex="-1">
                { &props.title }
            </h1>
            { props.children.clone() }
        </div>
    }
}
