// SPDX-License-Identifier: LGPL-2.1-or-later

//! Has this host trust a registry: which files that takes, writing them, and taking them back.

mod files;
mod voucher;

use std::rc::Rc;

use images_proto::access::{Address, Trust};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use self::files::{Look, Why, look, perform};
use self::voucher::Voucher;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{self, Button};
use crate::components::command::command;
use crate::components::dialog::Dialog;
use crate::components::empty_state::spinner;
use crate::components::expandable::Expandable;
use crate::components::failure;
use crate::components::label::{Colour, label};
use crate::host::{File, Refused};
use crate::part::part;
use crate::state::access::Example;
use crate::state::trust::{Act, NoFiles, Present, TrustFile, docker_setting, trial};
use crate::text::{tr, tr_with};

/// The dialog; it looks as soon as it is there, and changes nothing before a button was pressed.
#[derive(PartialEq)]
pub struct TrustDialog {
    /// The registry's address.
    pub address: Address,
    /// Something to pull, to try it out.
    pub example: Option<Example>,
    /// The dialog is done.
    pub on_close: Callback<()>,
}

/// How far the dialog is.
#[derive(Clone, PartialEq)]
enum Step {
    Busy,
    Shown(Rc<Look>, Option<Act>),
    Failed(Why),
}

/// What somebody has ticked.
#[derive(Clone, Copy, Default, PartialEq)]
struct Ticks {
    /// Files with another content are touched too.
    differing: bool,
    /// The fingerprint is the one that the registry's administrator told.
    compared: bool,
}

part!(TrustDialog, use_trust_dialog, "trust-dialog");

#[hook]
fn use_trust_dialog(props: &TrustDialog) -> Html {
    let step = use_state(|| Step::Busy);
    let ticks = use_state_eq(Ticks::default);

    // Does something, if there is something to do, and looks.
    let go = {
        let (step, address, ticks) = (step.clone(), props.address.clone(), ticks.clone());
        Callback::from(move |act: Option<Act>| {
            let shown = match &*step {
                Step::Shown(look, _) => Some(look.clone()),
                _ => None,
            };
            let (step, address, differing) = (step.clone(), address.clone(), ticks.differing);
            step.set(Step::Busy);
            // What was ticked was about the files as they were.
            ticks.set(Ticks::default());
            spawn_local(async move {
                let acted = match (shown, act) {
                    (Some(look), Some(act)) => perform(&look, act, differing).await,
                    _ => Ok(()),
                };
                let looked = match acted {
                    Ok(()) => look(&address).await,
                    Err(why) => Err(why),
                };
                step.set(match looked {
                    Ok(look) => Step::Shown(Rc::new(look), act),
                    Err(why) => Step::Failed(why),
                });
            });
        })
    };
    use_effect_with((), {
        let go = go.clone();
        move |()| go.emit(None)
    });

    let again = go.reform(|_: MouseEvent| None);
    let close = props.on_close.reform(|_: MouseEvent| ());
    let (name, body, buttons) = match &*step {
        Step::Busy => (
            "busy",
            html! {
                <div class="images-asking" role="status">
                    { spinner() }
                    <span>{ tr("Looking at this host's files") }</span>
                </div>
            },
            html! {},
        ),
        Step::Failed(why) => (
            "failed",
            told(why),
            html! {
                <Button look={button::Look::Primary} label={tr("Look again")} onclick={again} testid="look-again" />
            },
        ),
        Step::Shown(look, act) => {
            let vouching = Voucher::of(&props.address.trust);
            let buttons = buttons(look, vouching, *ticks, &go);
            let body = html! {
                <>
                    { outcome(*act, look, props) }
                    { purpose(&props.address, look) }
                    // What is written already needs no comparison any more.
                    if look.takes(Act::Write, true) { { voucher::compare(vouching, &ticks) } }
                    <ul class="images-items">
                        { for look.shown().enumerate().map(|(idx, (file, there, present))| row(idx, file, there, present)) }
                    </ul>
                    { differing(look, &ticks) }
                </>
            };
            ("shown", body, buttons)
        }
    };
    let host = props.address.host.as_str();
    html! {
        <Dialog title={tr_with("Let this host trust $0?", &[host])} step={name} testid="dialog-trust"
            onclose={props.on_close.clone()} afterwards="#heading"
            footer={html! {
                <>
                    { buttons }
                    <Button look={button::Look::Link} label={tr("Close")} onclick={close} testid="close-dialog" />
                </>
            }}>
            <div class="images-plan">{ body }</div>
        </Dialog>
    }
}

fn buttons(look: &Look, voucher: Voucher<'_>, ticks: Ticks, go: &Callback<Option<Act>>) -> Html {
    let takes = |act| look.takes(act, ticks.differing);
    let may_write = takes(Act::Write) && (ticks.compared || !voucher.wants_comparison());
    let button = |act: Act, look, label: String, disabled, testid: &'static str| {
        let onclick = go.reform(move |_: MouseEvent| Some(act));
        html! { <Button {look} {label} {onclick} {disabled} {testid} /> }
    };
    use button::Look::{Primary, Secondary};
    html! {
        <>
            if look.takes(Act::Write, true) {
                { button(Act::Write, Primary, tr("Write the files"), !may_write, "trust-apply") }
            }
            // Where nothing is wanted, all that there is to remove is out of date.
            if look.nothing.is_none() && look.takes(Act::Tidy, true) {
                { button(Act::Tidy, Secondary, tr("Remove what is out of date"), !takes(Act::Tidy), "trust-tidy") }
            }
            if look.takes(Act::Remove, true) {
                { button(Act::Remove, Secondary, tr("Remove the files"), !takes(Act::Remove), "trust-remove") }
            }
        </>
    }
}

/// The tick for files with another content, where there are such.
fn differing(look: &Look, ticks: &UseStateHandle<Ticks>) -> Html {
    let has = |present| look.shown().any(|(_, _, shown)| shown == present);
    if !has(Present::Older) && !has(Present::Other) {
        return html! {};
    }
    let words = tr(
        "Files with another content too: replace them, or remove those that were written by this page. What they say is lost.",
    );
    let next = Ticks { differing: !ticks.differing, ..**ticks };
    tick(words, "trust-replace", ticks.differing, ticks, next)
}

/// A checkbox; `next` are the ticks once it was clicked.
fn tick(
    words: String,
    testid: &'static str,
    checked: bool,
    ticks: &UseStateHandle<Ticks>,
    next: Ticks,
) -> Html {
    let ticks = ticks.clone();
    let onchange = Callback::from(move |_: Event| ticks.set(next));
    html! {
        <label class="pf-v6-c-check">
            <input class="pf-v6-c-check__input" type="checkbox" {checked} {onchange} data-testid={testid} />
            <span class="pf-v6-c-check__label">{ words }</span>
        </label>
    }
}

fn told(why: &Why) -> Html {
    let (title, text, details) = match why {
        Why::Refused(Refused::Denied) => (
            tr("This takes an administrator"),
            tr("Turn on administrative access in Cockpit's top bar, then look again."),
            None,
        ),
        Why::Refused(Refused::Changed) => (
            tr("Somebody else changed a file meanwhile"),
            tr("It was left as it is. Look again."),
            None,
        ),
        Why::Refused(Refused::Other(details)) => (
            tr("This host's files cannot be read or written"),
            tr("What was done before stays. Look again to see what is there."),
            Some(details),
        ),
        Why::Nothing(_) => (
            tr("Not possible"),
            tr("The address has a form that cannot be the name of a file."),
            None,
        ),
    };
    html! {
        <Alert severity={Severity::Danger} {title} testid="trust-failure">
            <p>{ text }</p>
            if let Some(details) = details.filter(|details| !details.is_empty()) {
                { failure::details(details) }
            }
        </Alert>
    }
}

fn outcome(act: Option<Act>, look: &Look, props: &TrustDialog) -> Html {
    let (title, text) = match act {
        Some(Act::Write) if look.takes(Act::Write, true) => (
            tr("The files are written where no other one was"),
            tr("The others are left as they are. To see what works:"),
        ),
        Some(Act::Write) => (tr("The files are written"), tr("To see that it works:")),
        Some(Act::Tidy) => {
            (tr("What was out of date is removed"), tr("To see that the rest works:"))
        }
        Some(Act::Remove) => {
            (tr("The files are removed"), tr("This host treats the registry as it did before."))
        }
        None => return html! {},
    };
    let trial =
        (act != Some(Act::Remove)).then(|| trial(&props.address.host, props.example.as_ref()));
    html! {
        <Alert severity={Severity::Success} {title} testid="trust-done">
            <p>{ text }</p>
            if let Some(trial) = trial {
                { command(&trial, tr("Copy the command"), "trust-trial") }
                if props.address.trust == Trust::Plain {
                    <p>{ tr("CRI-O reads the file after “systemctl reload crio”.") }</p>
                }
            }
        </Alert>
    }
}

/// What the files are for, or why none is written.
fn purpose(address: &Address, look: &Look) -> Html {
    if let Some(nothing) = look.nothing {
        let why = match nothing {
            NoFiles::Trusted => {
                tr("There is nothing to write: this host trusts the registry's certificate anyway.")
            }
            NoFiles::Unclear => tr(
                "There is nothing to write now: the registry did not answer at this address, or presented no certificate that can be trusted.",
            ),
            NoFiles::Malformed => {
                tr("The certificate has a form that cannot be written to a file.")
            }
        };
        let left = match look.shown().next() {
            Some(_) => tr("These files were written for it before:"),
            None => tr("No file was written for it from here either."),
        };
        return html! { <p data-testid="trust-nothing">{ why }{ " " }{ left }</p> };
    }
    if address.trust != Trust::Plain {
        return html! {
            <p>{ tr("This host does not know the authority of the registry's certificate. With these files the programs named below accept it on this host, for this address alone.") }</p>
        };
    }
    html! {
        <>
            <p>
                { tr("The registry speaks plain HTTP. With this file podman, skopeo, buildah and CRI-O on this host use it without an option on each command.") }
                { " " }
                <strong>{ tr("Whoever is on the network between can read and change what is pulled and pushed, and read the passwords.") }</strong>
            </p>
            if look.docker {
                <div>
                    <p>{ tr("docker's own settings are left alone. Add this to /etc/docker/daemon.json and restart docker:") }</p>
                    { command(&docker_setting(&address.host), tr("Copy the setting"), "trust-docker") }
                </div>
            }
        </>
    }
}

fn row(idx: usize, file: &TrustFile, there: Option<&File>, present: Present) -> Html {
    let (colour, state) = match present {
        Present::No => (Colour::Blue, tr("New")),
        Present::Ours | Present::Older if !file.is_wanted => (Colour::Orange, tr("Out of date")),
        Present::Ours => (Colour::Green, tr("There")),
        Present::Older => (Colour::Orange, tr("There, with another content")),
        Present::Other => (Colour::Orange, tr("Another one is there")),
    };
    let content = file.content();
    // What it is compared with, or the only thing to see.
    let other = there.filter(|_| content.is_none() || colour == Colour::Orange);
    html! {
        <li data-testid={format!("trust-file-{idx}")}>
            <code class="images-break">{ &file.path }</code>{ " " }{ label(colour, state, None) }
            <div class="images-secondary">{ tr_with("Read by $0", &[file.readers]) }</div>
            if let Some(content) = content {
                <Expandable title={tr("Content")}>
                    <pre class="images-details">{ content }</pre>
                </Expandable>
            }
            if let Some(other) = other {
                <Expandable title={tr("What is there now")}>
                    <pre class="images-details">{ &other.text }</pre>
                </Expandable>
            }
        </li>
    }
}
