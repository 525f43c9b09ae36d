// SPDX-License-Identifier: LGPL-2.1-or-later

//! Terms and what they are (patternfly.org: components/description-list).

use yew::prelude::*;

/// A term and what it is.
pub struct Fact {
    /// The term.
    pub term: String,
    /// What it is.
    pub value: Html,
    /// Its name in tests.
    pub testid: &'static str,
}

/// A list of facts.
pub fn facts(facts: Vec<Fact>) -> Html {
    html! {
        <dl class="pf-v6-c-description-list pf-m-horizontal-on-md images-facts">
            { for facts.into_iter().map(|Fact { term, value, testid }| html! {
                <div class="pf-v6-c-description-list__group" data-testid={testid}>
                    <dt class="pf-v6-c-description-list__term">
                        <span class="pf-v6-c-description-list__text">{ term }</span>
                    </dt>
                    <dd class="pf-v6-c-description-list__description">
                        <div class="pf-v6-c-description-list__text">{ value }</div>
                    </dd>
                </div>
            }) }
        </dl>
    }
}
