// SPDX-License-Identifier: LGPL-2.1-or-later

//! Choosing the registry: what is chosen, what may be, and which steps the page offers.

use images_proto::route::{Choice, Outcome, RegistryChoice, View};
use images_proto::{Code, Offer};

use super::address;

/// What is chosen in the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The bridge finds it.
    Automatic,
    /// One of those that were found.
    Found(Choice),
    /// The address that is typed.
    Typed,
}

impl Chosen {
    /// What is chosen as things stand.
    pub fn present(view: &View) -> Self {
        match &view.choice {
            None => Self::Automatic,
            Some(choice) if is_found(view, choice) => Self::Found(choice.clone()),
            Some(Choice::Address(_)) => Self::Typed,
            // A service that is not found any more cannot be chosen again.
            Some(Choice::Service { .. }) => Self::Automatic,
        }
    }

    /// What confirming sends; `None` while the typed address is none.
    pub fn request(&self, typed: &str) -> Option<RegistryChoice> {
        let choice = match self {
            Self::Automatic => None,
            Self::Found(choice) => Some(choice.clone()),
            Self::Typed => Some(Choice::Address(address::check(typed).ok()?)),
        };
        Some(RegistryChoice { choice })
    }
}

/// The address that was set before, so that it can be mended.
pub fn address_before(view: &View) -> &str {
    match &view.choice {
        Some(Choice::Address(address)) => address,
        _ => "",
    }
}

/// Whether the choice is one of those that were found.
pub fn is_found(view: &View, choice: &Choice) -> bool {
    view.found.iter().any(|found| found.choice == *choice)
}

/// The choices that the page of the registry offers.
pub fn offers(view: &View) -> &'static [Offer] {
    match view.found.len() {
        _ if view.configured => &[],
        0 | 1 => &[Offer::SetRegistry],
        _ => &[Offer::ChooseRegistry, Offer::SetRegistry],
    }
}

/// Whether a password would be sent by a way that others can listen to.
pub fn is_in_the_clear(view: &View) -> bool {
    if let Some(place) = &view.wants_login {
        return place.starts_with("http://");
    }
    view.rungs.iter().any(|rung| {
        let is_plain = rung.route.as_deref().is_some_and(|route| route.starts_with("http://"));
        is_plain
            && match &rung.outcome {
                Outcome::InUse => true,
                Outcome::Failed(why) => why.code == Code::Unauthenticated,
                Outcome::Trying | Outcome::Skipped(_) => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use images_proto::Failure;
    use images_proto::route::{Found, Kind, Rung};

    use super::*;

    fn service(name: &str) -> Choice {
        Choice::Service { namespace: "apps".to_owned(), name: name.to_owned(), port: 5000 }
    }

    fn address() -> Choice {
        Choice::Address("registry.example.com:5000".to_owned())
    }

    fn view(found: &[Choice], choice: Option<Choice>) -> View {
        let found =
            found.iter().map(|choice| Found { choice: choice.clone(), words: String::new() });
        View { found: found.collect(), choice, ..View::default() }
    }

    #[test]
    fn the_dialog_opens_with_what_is_chosen() {
        let present = |found: &[Choice], choice| Chosen::present(&view(found, choice));
        assert_eq!(present(&[service("a")], None), Chosen::Automatic);
        assert_eq!(present(&[], Some(address())), Chosen::Typed);
        let chosen = present(&[service("a"), service("b")], Some(service("b")));
        assert_eq!(chosen, Chosen::Found(service("b")));
        assert_eq!(present(&[service("a")], Some(service("b"))), Chosen::Automatic);
        assert_eq!(address_before(&view(&[], Some(address()))), "registry.example.com:5000");
        assert_eq!(address_before(&view(&[], Some(service("a")))), "");
    }

    #[test]
    fn only_an_address_can_be_set() {
        let set = |choice| Some(RegistryChoice { choice });
        assert_eq!(Chosen::Automatic.request("/"), set(None));
        assert_eq!(Chosen::Found(service("a")).request("/"), set(Some(service("a"))));
        assert_eq!(Chosen::Typed.request(" registry.example.com:5000/"), set(Some(address())));
        assert_eq!(Chosen::Typed.request("a/b"), None);
        assert_eq!(Chosen::Typed.request(""), None);
    }

    #[test]
    fn a_password_in_the_clear_is_told_of() {
        let refused = || Outcome::Failed(Failure::new(Code::Unauthenticated, "who are you?"));
        let closed = Outcome::Failed(Failure::new(Code::RegistryUnreachable, "closed"));
        let is_in_the_clear = |route: &str, outcome| {
            let rung = Rung { kind: Kind::Public, route: Some(route.to_owned()), outcome };
            is_in_the_clear(&View { rungs: vec![rung], ..View::default() })
        };
        assert!(is_in_the_clear("http://registry:5000", Outcome::InUse));
        assert!(is_in_the_clear("http://registry:5000", refused()));
        assert!(!is_in_the_clear("https://registry:5000", refused()));
        assert!(!is_in_the_clear("http://registry:5000", closed));
        // Where the login goes is known: the others do not matter.
        for (place, expected) in [("https://registry", false), ("http://registry", true)] {
            let view = View { wants_login: Some(place.to_owned()), ..View::default() };
            assert_eq!(super::is_in_the_clear(&view), expected, "{place}");
        }
    }

    #[test]
    fn what_an_administrator_set_is_no_choice() {
        assert_eq!(offers(&view(&[], None)), [Offer::SetRegistry]);
        let several = view(&[service("a"), service("b")], None);
        assert_eq!(offers(&several), [Offer::ChooseRegistry, Offer::SetRegistry]);
        assert!(offers(&View { configured: true, ..several }).is_empty());
    }
}
