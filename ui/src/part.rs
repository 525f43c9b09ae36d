// SPDX-License-Identifier: LGPL-2.1-or-later

//! Parts of the page that keep a state of their own, such as pages and dialogs.
//!
//! To yew all of them are one component: it compiles its machinery once for each component, which
//! is a KB each over the wire. A part is a struct and a hook that draws it.

use std::any::Any;
use std::rc::Rc;

use yew::functional::{Hook, HookContext};
use yew::prelude::*;

/// What a part is made of.
pub trait Part: PartialEq + 'static {
    /// Its name, one among all parts.
    const NAME: &'static str;

    /// Runs its hook.
    fn draw(&self, context: &mut HookContext) -> Html;

    /// Draws it. What it keeps goes when another part stands in its place.
    fn part(self) -> Html
    where
        Self: Sized,
    {
        drawn(Self::NAME.to_owned(), Shown(Rc::new(self)))
    }

    /// The same for one of several: what it keeps goes when the key is another, too.
    fn keyed(self, key: &str) -> Html
    where
        Self: Sized,
    {
        drawn([Self::NAME, key].join(" "), Shown(Rc::new(self)))
    }
}

fn drawn(key: String, part: Shown) -> Html {
    html! { <Anything {key} {part} /> }
}

/// A part of whatever kind.
trait AnyPart {
    fn draw(&self, context: &mut HookContext) -> Html;
    fn is(&self, other: &dyn Any) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<P: Part> AnyPart for P {
    fn draw(&self, context: &mut HookContext) -> Html {
        Part::draw(self, context)
    }

    fn is(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone)]
struct Shown(Rc<dyn AnyPart>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other.0.as_any())
    }
}

#[derive(Properties, PartialEq)]
struct Props {
    part: Shown,
}

#[component]
fn Anything(props: &Props) -> Html {
    use_part(props.part.clone())
}

fn use_part(part: Shown) -> impl Hook<Output = Html> {
    part
}

impl Hook for Shown {
    type Output = Html;

    fn run(self, context: &mut HookContext) -> Html {
        self.0.draw(context)
    }
}

/// Makes a part of a struct and the hook that draws it.
macro_rules! part {
    ($props:ty, $draw:path, $name:literal) => {
        impl $crate::part::Part for $props {
            const NAME: &'static str = $name;

            fn draw(&self, context: &mut yew::functional::HookContext) -> yew::Html {
                yew::functional::Hook::run($draw(self), context)
            }
        }
    };
}

pub(crate) use part;
