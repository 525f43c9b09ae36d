// SPDX-License-Identifier: LGPL-2.1-or-later

//! What `make bench` runs: measures the budgets as ratios, both sides in one run on one machine,
//! and prints them as a table in Markdown. `tests/bench.md` keeps the table of a whole run, and
//! `tests/growth.svg` the drawing.
//!
//! `bench NAME...` measures only what is named, and keeps nothing but the drawing of `growth`.

mod cold;
mod crawl;
mod deletion;
mod growth;
mod kubectl;
mod large;
mod memory;
mod organization;
mod page;
mod replay;
mod scrolling;
mod table;
mod typing;
mod warm;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use table::Row;

/// How often each side of a short measurement is measured.
const ROUNDS: usize = 5;

/// All that can be measured.
const NAMES: [&str; 11] = [
    "cold",
    "large",
    "warm",
    "kubectl",
    "typing",
    "scrolling",
    "crawl",
    "deletion",
    "organization",
    "page",
    "growth",
];

async fn measure(name: &str) -> Result<Vec<Row>> {
    match name {
        "cold" => cold::measure().await,
        "large" => large::measure().await,
        "warm" => warm::measure().await,
        "kubectl" => kubectl::measure().await,
        "typing" => typing::measure().await,
        "scrolling" => scrolling::measure().await,
        "crawl" => crawl::measure().await,
        "deletion" => deletion::measure().await,
        "organization" => organization::measure().await,
        "page" => page::measure().await,
        _ => growth().await,
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

/// Prints the table, and keeps it if it is whole; whether all budgets hold.
fn report(rows: &[Row]) -> Result<bool> {
    let table = table::table(rows);
    if std::env::args().len() == 1 {
        std::fs::write(kept("bench.md"), table::page(&table)?)?;
    }
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(rows.iter().all(Row::is_met))
}

/// Draws it; it has no budget of its own.
async fn growth() -> Result<Vec<Row>> {
    let points = growth::measure().await?;
    std::fs::write(kept("growth.svg"), growth::drawing(&points))?;
    Ok(Vec::new())
}

/// A file that the README shows.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
