// SPDX-License-Identifier: LGPL-2.1-or-later

//! Speaks with cockpit-bridge on standard input and output, or answers one `call`.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use images_bridge::session::Session;
use images_bridge::{call, dispatch, ends, transport};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

const USAGE: &str = "\
Usage: cockpit-images-bridge                     speak with cockpit-bridge
       cockpit-images-bridge call METHOD [JSON]  ask one thing, print JSON lines
       cockpit-images-bridge call METHOD -       the same, with the JSON from standard input
       cockpit-images-bridge --version

Methods: status, search, repository, image, layer, raw, plan, delete, routes, choose-context,
choose-registry and others; see cockpit-images-bridge(8).
";

/// What is logged unless `COCKPIT_IMAGES_LOG` says otherwise. The kube crate reports every 5xx as an
/// error, but a service behind the API server that does not answer is none of ours.
const LOG: &str = "warn,kube_client=off";

/// How long the last answers may take once there is no more input.
const LAST_WORDS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    // Standard output is the protocol, so all else goes to standard error, which cockpit-bridge
    // hands to the journal.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            EnvFilter::try_from_env("COCKPIT_IMAGES_LOG").unwrap_or_else(|_| EnvFilter::new(LOG)),
        )
        .with_ansi(false)
        .without_time()
        .init();
    match run() {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut stdout = std::io::stdout();
    let asked = match arguments.as_slice() {
        [] => None,
        ["call", method] => Some((*method, "{}".to_owned())),
        // Arguments are seen by everybody on the host, and parameters may hold a password.
        ["call", method, "-"] => Some((*method, std::io::read_to_string(std::io::stdin())?)),
        ["call", method, params] => Some((*method, (*params).to_owned())),
        ["--version"] => {
            writeln!(stdout, "cockpit-images-bridge {}", env!("CARGO_PKG_VERSION"))?;
            return Ok(ExitCode::SUCCESS);
        }
        ["--help"] => {
            stdout.write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {
            std::io::stderr().write_all(USAGE.as_bytes())?;
            return Ok(ExitCode::from(2));
        }
    };

    // The only TLS provider; an error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // One: each step leads to the next without waking another thread, which takes longer than most
    // steps do. What takes long steps aside (`aside.rs`).
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start")?;
    let code = runtime.block_on(async {
        let session = Session::new();
        let code = match asked {
            Some((method, params)) => {
                let call = Box::pin(call::call(&session, method, &params, &mut stdout));
                tokio::select! {
                    good = call => good
                        .map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
                        .map_err(anyhow::Error::from),
                    // Cancelled, as by closing a channel.
                    code = stopped() => Ok(code),
                }
            }
            // On the worker, not on this thread, which all else would have to wake.
            None => match tokio::spawn(speak(session.clone())).await {
                Ok(code) => code,
                Err(fault) => Err(fault.into()),
            },
        };
        session.finish().await;
        code
    });
    // Whatever still runs must not keep the process: a read of standard input cannot be cancelled.
    runtime.shutdown_background();
    code
}

/// Speaks with cockpit-bridge until it ends the input, or somebody ends us.
async fn speak(session: Arc<Session>) -> anyhow::Result<ExitCode> {
    let work = move |open| dispatch::work(session.clone(), open);
    // A signal is the end of the input, so that works are broken off in order.
    let (mut feeding, fed) = tokio::io::duplex(64 << 10);
    let feed = async move {
        let mut input = ends::input();
        tokio::select! {
            copied = tokio::io::copy(&mut input, &mut feeding) => {
                copied.map(|_| ExitCode::SUCCESS)
            }
            code = stopped() => Ok(code),
        }
    };
    let served = transport::serve(images_proto::PAYLOAD, fed, ends::output(), work);
    let mut served = std::pin::pin!(served);
    tokio::select! {
        served = &mut served => {
            served.map(|()| ExitCode::SUCCESS).map_err(anyhow::Error::from)
        }
        // Output that nobody reads must not keep us.
        code = feed => match tokio::time::timeout(LAST_WORDS, served).await {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(())) | Err(_) => code.map_err(anyhow::Error::from),
        },
    }
}

/// Returns when somebody interrupts or ends us, or closes the terminal; with the exit code that
/// shells give for that. What has to be set back is set back then.
async fn stopped() -> ExitCode {
    let heard = [
        (SignalKind::interrupt(), 130),
        (SignalKind::terminate(), 143),
        (SignalKind::hangup(), 129),
    ];
    let waiting = heard.map(|(kind, code)| {
        Box::pin(async move {
            if let Ok(mut signals) = signal(kind)
                && signals.recv().await.is_some()
            {
                return ExitCode::from(code);
            }
            std::future::pending().await
        })
    });
    futures_util::future::select_all(waiting).await.0
}
