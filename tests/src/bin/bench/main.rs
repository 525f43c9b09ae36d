// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `make bench` runs: measures the budgets as ratios, both sides in one run on one machine,
//! and prints them as a table in Markdown. The table is kept in `bench.md` beside the build.
//!
//! `bench NAME...` measures only what is named.

mod cold;
mod deletion;
mod organization;
mod page;
mod table;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use table::Row;

/// How often each side of a short measurement is measured.
const ROUNDS: usize = 5;

/// All that can be measured.
const NAMES: [&str; 4] = ["cold", "deletion", "organization", "page"];

async fn measure(name: &str) -> Result<Vec<Row>> {
    match name {
        "cold" => cold::measure().await,
        "deletion" => deletion::measure().await,
        "organization" => organization::measure().await,
        _ => page::measure().await,
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = runtime.context("cannot start").and_then(|runtime| runtime.block_on(bench()));
    match measured.and_then(|rows| report(&rows)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<Vec<Row>> {
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    for name in &wanted {
        ensure!(NAMES.contains(&name.as_str()), "{name} is none of {}", NAMES.join(", "));
    }
    let mut rows = Vec::new();
    for name in NAMES.iter().filter(|name| wanted.is_empty() || wanted.iter().any(|w| w == *name)) {
        rows.extend(measure(name).await.with_context(|| format!("cannot measure {name}"))?);
    }
    Ok(rows)
}

/// Prints and keeps the table; whether all budgets hold.
fn report(rows: &[Row]) -> Result<bool> {
    let table = table::table(rows);
    let own = std::env::current_exe()?;
    let folder = own.parent().context("this program is in no folder")?;
    std::fs::write(folder.join("bench.md"), &table)?;
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(rows.iter().all(Row::is_met))
}
