// SPDX-License-Identifier: LGPL-2.1-or-later

//! Labels (patternfly.org: components/label).

use yew::prelude::*;

use super::icon::Icon;

/// The colour of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Something plain.
    Grey,
    /// Something found.
    Blue,
    /// Something of the past.
    Purple,
    /// Something to look out for.
    Orange,
    /// Something wrong.
    Red,
    /// Something done.
    Green,
}

/// A label in a row.
pub fn label(colour: Colour, text: String, testid: Option<&'static str>) -> Html {
    with_icon(colour, None, text, testid)
}

/// A label with an icon.
pub fn with_icon(
    colour: Colour,
    icon: Option<Icon>,
    text: String,
    testid: Option<&'static str>,
) -> Html {
    let colour = match colour {
        Colour::Grey => None,
        Colour::Blue => Some("pf-m-blue"),
        Colour::Purple => Some("pf-m-purple"),
        Colour::Orange => Some("pf-m-orange"),
        Colour::Red => Some("pf-m-red"),
        Colour::Green => Some("pf-m-green"),
    };
    html! {
        <span class={classes!("pf-v6-c-label", "pf-m-compact", colour)} data-testid={testid}>
            <span class="pf-v6-c-label__content">
                if let Some(icon) = icon {
                    <span class="pf-v6-c-label__icon">{ icon.draw() }</span>
                }
                <span class="pf-v6-c-label__text">{ text }</span>
            </span>
        </span>
    }
}
