// SPDX-License-Identifier: LGPL-2.1-or-later

//! Modal dialogs: the browser's own element, which keeps the focus inside and gives it back, in
//! the clothes of patternfly.org's components/modal.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::alert::Severity;
use super::icon::Icon;
use crate::browser;
use crate::location::use_route;
use crate::state::route::Route;
use crate::text::tr;

/// See [`Dialog`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its title.
    pub title: AttrValue,
    /// How bad it is, which an icon before the title shows; absent for a plain question.
    #[prop_or_default]
    pub severity: Option<Severity>,
    /// What it says.
    pub children: Html,
    /// Its buttons.
    pub footer: Html,
    /// The user wants it closed: by the cross, by Escape, or by going to another page.
    pub onclose: Callback<()>,
    /// Its state, for tests.
    pub step: &'static str,
    /// What takes the focus at the end when the element that had it before is gone.
    pub afterwards: &'static str,
    /// Its name in tests.
    #[prop_or_default]
    pub testid: Option<&'static str>,
}

/// A modal dialog, open as long as it is there.
#[component]
pub fn Dialog(props: &Props) -> Html {
    let node = use_node_ref();
    let afterwards = props.afterwards;
    use_effect_with(node.clone(), move |node| {
        let element = node.cast::<HtmlDialogElement>();
        if let Some(element) = &element {
            // It fails only for one that is open already.
            let _ = element.show_modal();
        }
        move || {
            if let Some(element) = element {
                element.close();
                browser::focus_unless_focused(afterwards);
            }
        }
    });
    let here = use_route();
    let came_from = use_mut_ref(|| here.clone());
    use_effect_with(here, {
        let onclose = props.onclose.clone();
        move |here: &Route| {
            if !came_from.replace(here.clone()).same_place(here) {
                onclose.emit(());
            }
        }
    });
    let oncancel = props.onclose.reform(|event: Event| event.prevent_default());
    // Chromium closes the dialog at the second Escape, whatever `cancel` was answered.
    let onclose = {
        let node = node.clone();
        props.onclose.reform(move |_: Event| {
            if let Some(element) = node.cast::<HtmlDialogElement>() {
                let _ = element.show_modal();
            }
        })
    };
    let cross = props.onclose.reform(|_: MouseEvent| ());
    let (class, icon) = props.severity.map(look).unzip();
    // One dialog may stand above another.
    let title = format!("{}-title", props.testid.unwrap_or("dialog"));
    html! {
        <dialog ref={node} class={classes!("pf-v6-c-modal-box", "pf-m-md", "images-dialog", class)} aria-labelledby={title.clone()}
            data-step={props.step} data-testid={props.testid} {oncancel} {onclose}>
            <div class="pf-v6-c-modal-box__close">
                <button type="button" class="pf-v6-c-button pf-m-plain" aria-label={tr("Close")} onclick={cross}>
                    <span class="pf-v6-c-button__icon">{ Icon::Close.draw() }</span>
                </button>
            </div>
            <header class="pf-v6-c-modal-box__header">
                <h2 class="pf-v6-c-modal-box__title images-break" id={title}>
                    if let Some(icon) = icon {
                        <span class="pf-v6-c-modal-box__title-icon">{ icon.draw() }</span>
                    }
                    <span class="pf-v6-c-modal-box__title-text">{ &props.title }</span>
                </h2>
            </header>
            <div class="pf-v6-c-modal-box__body" tabindex="0">{ props.children.clone() }</div>
            <footer class="pf-v6-c-modal-box__footer">{ props.footer.clone() }</footer>
        </dialog>
    }
}

fn look(severity: Severity) -> (&'static str, Icon) {
    match severity {
        Severity::Info => ("pf-m-info", Icon::Info),
        Severity::Warning => ("pf-m-warning", Icon::Warning),
        Severity::Danger => ("pf-m-danger", Icon::Warning),
        Severity::Success => ("pf-m-success", Icon::Check),
    }
}
