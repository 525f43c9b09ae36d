// SPDX-License-Identifier: LGPL-2.1-or-later

//! Speaks with cockpit-bridge on standard input and output, or answers one `call`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use images_bridge::session::Session;
use images_bridge::{call, dispatch, transport};
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start")?;
    let code = runtime.block_on(async {
        let session = Session::new();
        match asked {
            Some((method, params)) => {
                let good = Box::pin(call::call(&session, method, &params, &mut stdout)).await?;
                anyhow::Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            None => {
                let work = |open| dispatch::work(session.clone(), open);
                let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
                transport::serve(images_proto::PAYLOAD, input, output, work).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // Whatever still runs must not keep the process: a read of standard input cannot be cancelled.
    runtime.shutdown_background();
    code
}
