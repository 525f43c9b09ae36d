// SPDX-License-Identifier: LGPL-2.1-or-later

//! The steps that mend a failure: which of them are shown.

use images_proto::{Failure, Offer};

/// The steps that this page knows, each once, in order.
pub fn shown(offers: &[Offer]) -> Vec<Offer> {
    let mut shown = Vec::with_capacity(offers.len());
    for offer in offers {
        if *offer != Offer::Unknown && !shown.contains(offer) {
            shown.push(*offer);
        }
    }
    shown
}

/// The same steps and, last, the look at the routes.
pub fn with_routes(offers: &[Offer]) -> Vec<Offer> {
    offers.iter().copied().chain([Offer::Routes]).collect()
}

/// A failure without the steps that a dialog itself is, which it does not offer once more.
pub fn without(failure: &Failure, steps: &[Offer]) -> Failure {
    let mut failure = failure.clone();
    failure.offers.retain(|offer| !steps.contains(offer));
    failure
}

/// The name of a step in the names of its buttons and dialogs, as on the wire.
pub fn name(offer: Offer) -> &'static str {
    match offer {
        Offer::HostKubeconfig => "host-kubeconfig",
        Offer::ChooseContext => "choose-context",
        Offer::Account => "account",
        Offer::Login => "login",
        Offer::ChooseRegistry => "choose-registry",
        Offer::SetRegistry => "set-registry",
        Offer::AddRegistry => "add-registry",
        Offer::Routes => "routes",
        Offer::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_step_is_shown_once() {
        let offers = [Offer::Login, Offer::Unknown, Offer::Routes, Offer::Login];
        assert_eq!(shown(&offers), [Offer::Login, Offer::Routes]);
        assert_eq!(shown(&with_routes(&offers)), [Offer::Login, Offer::Routes]);
        assert_eq!(shown(&with_routes(&[])), [Offer::Routes]);
    }

    #[test]
    fn a_dialog_does_not_offer_itself() {
        let failure = Failure::new(images_proto::Code::Unauthenticated, "Wrong password.")
            .offering(Offer::Login)
            .offering(Offer::ChooseRegistry);
        assert_eq!(without(&failure, &[Offer::Login]).offers, [Offer::ChooseRegistry]);
        assert_eq!(without(&failure, &[]), failure);
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for offer in [
            Offer::HostKubeconfig,
            Offer::ChooseContext,
            Offer::Account,
            Offer::Login,
            Offer::ChooseRegistry,
            Offer::SetRegistry,
            Offer::AddRegistry,
            Offer::Routes,
        ] {
            assert_eq!(serde_json::to_value(offer).unwrap(), name(offer));
        }
    }
}
