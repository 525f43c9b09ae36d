// SPDX-License-Identifier: LGPL-2.1-or-later

//! How clients log in, pull and push: a section of the page of the registry.

mod token;

use std::rc::Rc;

use images_proto::access::{Address, Addresses, Answer, Login, Params, Trust, Way};
use images_proto::search::{self, Search};
use yew::prelude::*;

use self::token::Token;
use crate::bridge::{use_action, use_view};
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Look};
use crate::components::choice::{Choice, choice};
use crate::components::command::command;
use crate::components::description::{Fact, facts};
use crate::components::empty_state::spinner;
use crate::components::failure;
use crate::components::select::Select;
use crate::dialogs::trust::TrustDialog;
use crate::part::{Part, part};
use crate::session::Session;
use crate::state::access::{Commands, Example, Tool, commands, sends_the_token_in_the_clear, user};
use crate::text::{tr, tr_with};

/// How many repositories are looked at for one with a tag.
const LOOKED_AT: u32 = 20;

/// The section. It asks again whenever the page speaks to another registry, or as somebody else.
#[derive(PartialEq)]
pub struct Access;

part!(Access, use_access, "access");

#[hook]
fn use_access(_part: &Access) -> Html {
    let session = use_context::<Session>().unwrap_or_default();
    let answer = use_state(|| None::<Rc<Answer>>);
    let tool = use_state_eq(Tool::default);
    let chosen = use_state_eq(String::new);
    let trusting = use_state_eq(|| None::<Address>);
    let list = use_view::<Search>(search::Params { limit: LOOKED_AT, ..Default::default() });
    let action = use_action::<Addresses>({
        let answer = answer.clone();
        Callback::from(move |known| answer.set(Some(Rc::new(known))))
    });

    let registry = session.status.as_ref().and_then(|status| status.registry.as_ref());
    let cluster = session.status.as_ref().and_then(|status| status.cluster.as_ref());
    let whose = (
        registry.map(|registry| (registry.host.clone(), registry.route.clone())),
        cluster.map(|cluster| (cluster.server.clone(), cluster.user.clone())),
    );
    let ask = action.start.reform(|()| Params {});
    use_effect_with(whose, {
        let (ask, answer) = (ask.clone(), answer.clone());
        move |_| {
            answer.set(None);
            ask.emit(());
        }
    });

    let example = list.state.answer.as_deref().and_then(Example::of);
    let user = user(cluster.and_then(|cluster| cluster.user.as_deref()));
    let address = answer.as_ref().and_then(|answer| {
        let by_choice = answer.addresses.iter().find(|address| address.host == *chosen);
        by_choice.or(answer.addresses.first()).cloned()
    });
    let choose = Callback::from(move |host: String| chosen.set(host));
    let open = {
        let (trusting, address) = (trusting.clone(), address.clone());
        Callback::from(move |_: MouseEvent| trusting.set(address.clone()))
    };
    let on_close = {
        let trusting = trusting.clone();
        Callback::from(move |()| trusting.set(None))
    };

    let body = match (&*answer, &address) {
        (None, _) if action.failure.is_some() => html! {},
        (None, _) => html! {
            <div class="images-asking" role="status">
                { spinner() }
                <span>{ tr("Looking for addresses that clients can reach") }</span>
            </div>
        },
        (Some(_), None) => html! {
            <p data-testid="access-none">{ tr("No address is known by which clients reach the registry.") }</p>
        },
        (Some(answer), Some(address)) => {
            let commands = commands(*tool, address, answer.login, user, example.as_ref());
            html! {
                <>
                    { addresses(answer, address, choose) }
                    { about(address, open) }
                    { tools(&tool) }
                    if let Some(commands) = commands {
                        { lines(&commands, address, answer.login, *tool) }
                    }
                    { hint(address, *tool) }
                    if answer.login == Login::Token {
                        { Token.part() }
                    }
                </>
            }
        }
    };
    html! {
        <section class="pf-v6-c-card images-card" data-testid="access">
            <div class="pf-v6-c-card__title">
                <h2 class="pf-v6-c-card__title-text">{ tr("Log in, pull and push") }</h2>
            </div>
            <div class="images-inset images-more">
                if let Some(failure) = &action.failure {
                    { failure::told(failure, Some("access-failure")) }
                    <div>
                        <Button label={tr("Try again")} look={Look::Link} onclick={ask.reform(|_: MouseEvent| ())} />
                    </div>
                }
                { body }
            </div>
            // The one that was looked at when it was opened, whatever is answered meanwhile.
            if let Some(address) = (*trusting).clone() {
                { TrustDialog { address, example, on_close }.part() }
            }
        </section>
    }
}

/// The address, or the choice of one.
fn addresses(answer: &Answer, address: &Address, choose: Callback<String>) -> Html {
    if answer.addresses.len() == 1 {
        return html! {
            <p data-testid="access-address"><strong class="images-break">{ words(address) }</strong></p>
        };
    }
    let choices = answer
        .addresses
        .iter()
        .map(|address| (AttrValue::from(address.host.clone()), AttrValue::from(words(address))));
    html! {
        <div class="images-buttons">
            <label class="images-fix" for="access-address">{ tr("Address") }</label>
            <Select id="access-address" label={tr("Address")} choices={choices.collect::<Vec<_>>()}
                chosen={address.host.clone()} onchange={choose} />
        </div>
    }
}

/// An address and where it comes from.
fn words(address: &Address) -> String {
    let way = match address.way {
        Way::Configured => tr("set by hand"),
        Way::Route => tr("OpenShift route"),
        Way::Ingress => tr("ingress"),
        Way::NodePort => tr("node port"),
        Way::LoadBalancer => tr("load balancer"),
        Way::Announced => tr("announced by the cluster"),
        Way::Service => tr("address of the service"),
        Way::Unknown => tr("another way"),
    };
    match address.answers {
        true => tr_with("$0 ($1)", &[&address.host, &way]),
        false => tr_with("$0 ($1, does not answer)", &[&address.host, &way]),
    }
}

/// What to know about an address, and the way to have this host trust it.
fn about(address: &Address, trust: Callback<MouseEvent>) -> Html {
    let button = html! {
        <Button label={tr("Let this host trust it")} onclick={trust.clone()} testid="trust-open" />
    };
    html! {
        <>
            if !address.answers {
                <Alert severity={Severity::Warning} title={tr("It does not answer this host")} testid="access-silent">
                    if address.way != Way::Service {
                        <p>{ tr("Other hosts may reach it all the same.") }</p>
                    }
                </Alert>
            }
            if address.way == Way::Service {
                <Alert severity={Severity::Warning} title={tr("Only the cluster's own nodes reach this address")} testid="access-internal">
                    <p>{ tr("There is no route, ingress, node port or load balancer for the registry. Clients elsewhere need one.") }</p>
                </Alert>
            }
            if let Trust::Authority { .. } = address.trust {
                <Alert severity={Severity::Info} title={tr("This host does not know who signed its certificate")}
                    testid="access-authority" actions={button}>
                    <p>{ tr("Until a host trusts it, podman, docker and skopeo refuse to speak to the registry from there.") }</p>
                </Alert>
            } else if address.trust == Trust::Plain {
                <Alert severity={Severity::Warning} title={tr("It speaks plain HTTP")} testid="access-plain" actions={button}>
                    <p>{ tr("Whoever is on the network between can read passwords and change images.") }</p>
                </Alert>
            } else {
                // What was written for it at another time is still in force.
                <div>
                    <Button label={tr("See what this host has been told about it")} look={Look::Link}
                        onclick={trust} testid="trust-open" />
                </div>
            }
        </>
    }
}

fn tools(tool: &UseStateHandle<Tool>) -> Html {
    html! {
        <div class="images-buttons" role="radiogroup" aria-label={tr("Program")}>
            { for Tool::ALL.into_iter().map(|one| {
                let tool = tool.clone();
                choice(Choice {
                    group: "access-tool",
                    label: html! { one.name() },
                    note: Html::default(),
                    checked: *tool == one,
                    testid: format!("access-tool-{}", one.name()),
                }, Callback::from(move |_: Event| tool.set(one)))
            }) }
        </div>
    }
}

fn lines(commands: &Commands, address: &Address, login: Login, tool: Tool) -> Html {
    let in_the_clear = sends_the_token_in_the_clear(address, login);
    let line = |text: &str, testid| command(text, tr("Copy the command"), testid);
    let fact = |term: String, value: Html| Fact { term, value, testid: "access-line" };
    let log_in = html! {
        <>
            if let Some(text) = &commands.login {
                { line(text, "access-login") }
            }
            <div class="images-secondary" data-testid="access-login-about">{ match login {
                _ if in_the_clear => tr("The token would travel unencrypted, and whoever reads it can act as you in the cluster. So no command is shown that logs in here: give the registry TLS, or use another address."),
                Login::None => tr("Nobody has to log in."),
                Login::Token => tr("It asks for the password: paste the token there."),
                Login::Password => tr("It asks for your user and password at the registry."),
                Login::Unclear => tr("It is not known whether one has to log in."),
            } }</div>
            if let Some(text) = &commands.login_script {
                <div class="images-secondary">{ tr("In a script, with the token in a file:") }</div>
                { line(text, "access-login-script") }
            }
        </>
    };
    let pull = html! {
        <>
            { line(&commands.pull, "access-pull") }
            if tool == Tool::Skopeo {
                <div class="images-secondary">{ tr("It copies the image into a folder.") }</div>
            }
        </>
    };
    facts(vec![
        fact(tr("Log in"), log_in),
        fact(tr("Pull"), pull),
        fact(tr("Push"), line(&commands.push, "access-push")),
    ])
}

/// What a program needs besides.
fn hint(address: &Address, tool: Tool) -> Html {
    if tool != Tool::Docker || address.trust != Trust::Plain {
        return html! {};
    }
    html! {
        <p class="images-secondary" data-testid="access-insecure">
            { tr_with("docker speaks plain HTTP only to hosts that its daemon knows: add $0 to “insecure-registries” in /etc/docker/daemon.json and restart docker.",
                &[&address.host]) }
        </p>
    }
}
