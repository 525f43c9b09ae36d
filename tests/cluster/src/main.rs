// SPDX-License-Identifier: LGPL-2.1-or-later
//! `loopback-cluster`: plays a Kubernetes or OpenShift cluster with a registry on 127.0.0.1.

use std::io::Write as _;
use std::process::ExitCode;

use images_cluster::args::{self, Command};
use images_cluster::{seed, serve};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "loopback-cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    match args::parse(std::env::args().skip(1))? {
        Command::Help => Ok(std::io::stdout().write_all(args::USAGE.as_bytes())?),
        Command::Seed(out) => Box::pin(seed::make(&out)).await,
        Command::Serve(options) => Box::pin(serve::run(options)).await,
    }
}
