// SPDX-License-Identifier: LGPL-2.1-or-later

//! What was measured, as a table in Markdown: each figure beside its yardstick, which was measured
//! in the same run on the same machine.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds of a clock.
    Seconds,
    /// Bytes of memory or of a transfer.
    Bytes,
    /// A part of something, 1 being all of it.
    Share,
}

/// One thing, measured several times.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    unit: Unit,
    sorted: Vec<f64>,
}

impl Samples {
    /// Figures in a unit.
    pub(crate) fn new(unit: Unit, figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { unit, sorted }
    }

    /// Times that something took.
    pub(crate) fn times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::new(Unit::Seconds, times.into_iter().map(|time| time.as_secs_f64()))
    }

    /// Bytes that something took, once.
    pub(crate) fn bytes(bytes: u64) -> Self {
        Self::new(Unit::Bytes, [bytes as f64])
    }

    /// The middle one; of an even number, the smaller of both.
    pub(crate) fn median(&self) -> f64 {
        self.sorted[(self.sorted.len() - 1) / 2]
    }

    fn ends(&self) -> Option<(f64, f64)> {
        match self.sorted.as_slice() {
            [first, .., last] => Some((*first, *last)),
            _ => None,
        }
    }
}

impl fmt::Display for Samples {
    /// The median, and in brackets the smallest and the largest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |figure: f64| show(self.unit, figure);
        write!(f, "{}", show(self.median()))?;
        match self.ends() {
            Some((first, last)) => write!(f, " ({} – {})", show(first), show(last)),
            None => Ok(()),
        }
    }
}

fn show(unit: Unit, figure: f64) -> String {
    match unit {
        Unit::Seconds if figure < 0.0095 => format!("{:.2} ms", figure * 1e3),
        Unit::Seconds if figure < 0.95 => format!("{:.0} ms", figure * 1e3),
        Unit::Seconds => format!("{figure:.1} s"),
        Unit::Share => format!("{:.0} %", figure * 100.0),
        Unit::Bytes if figure < 1024.0 * 1024.0 => format!("{:.0} KiB", figure / 1024.0),
        Unit::Bytes => format!("{:.1} MiB", figure / 1024.0 / 1024.0),
    }
}

/// What a figure may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// At most this, in the figure's own unit.
    AtMost(f64),
    /// At most this many times the yardstick.
    Times(f64),
    /// The yardstick is at least this many times it.
    Faster(f64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured, with its size.
    pub(crate) what: String,
    /// What it took us.
    pub(crate) ours: Samples,
    /// What the same work took somebody else: who, and how much.
    pub(crate) yardstick: Option<(String, Samples)>,
    /// What it may be.
    pub(crate) budget: Budget,
    /// What else there is to know.
    pub(crate) note: String,
}

impl Row {
    /// Whether the budget holds.
    pub(crate) fn is_met(&self) -> bool {
        match (self.budget, self.ratio()) {
            (Budget::AtMost(most), _) => self.ours.median() <= most,
            (Budget::Times(most), Some(ratio)) => ratio <= most,
            (Budget::Faster(least), Some(ratio)) => 1.0 / ratio >= least,
            (Budget::Times(_) | Budget::Faster(_), None) => false,
        }
    }

    /// Ours by the yardstick's.
    fn ratio(&self) -> Option<f64> {
        self.yardstick.as_ref().map(|(_, theirs)| self.ours.median() / theirs.median())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.ours.unit;
        let budget = match self.budget {
            Budget::AtMost(most) => format!("≤ {}", show(unit, most)),
            Budget::Times(most) => format!("≤ {most} ×"),
            Budget::Faster(least) => format!("≥ {least} × faster"),
        };
        let met = if self.is_met() { "yes" } else { "**no**" };
        let yardstick = self.yardstick.as_ref();
        let yardstick =
            yardstick.map_or_else(String::new, |(who, theirs)| format!("{who}: {theirs}"));
        let ratio = match (self.ratio(), self.budget) {
            (Some(ratio), Budget::Faster(_)) => format!("{:.1} × faster", 1.0 / ratio),
            (Some(ratio), _) => format!("{ratio:.2} ×"),
            (None, _) => String::new(),
        };
        let Self { what, ours, note, .. } = self;
        write!(f, "| {what} | {ours} | {yardstick} | {ratio} | {budget} | {met} | {note} |")
    }
}

/// The table of all rows.
pub(crate) fn table(rows: &[Row]) -> String {
    let head = "| what | ours | yardstick | ratio | budget | met | note |\n|---|---|---|---|---|---|---|\n";
    rows.iter().fold(head.to_owned(), |table, row| table + &format!("{row}\n"))
}

/// The page that keeps a table: with what it was measured on, and how to read it.
///
/// # Errors
/// When the machine does not tell what it is.
pub(crate) fn page(table: &str) -> Result<String> {
    let processor = std::fs::read_to_string("/proc/cpuinfo")?;
    let model =
        processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let today = jiff::Zoned::now().date();
    Ok(format!(
        "# What `make bench` measured\n\n\
         On {today}, with {cores} cores of {model}, everything on one machine: cluster, registry, bridge and browser share \
         the cores. Each figure is the median, with the smallest and largest in brackets, and was measured in one run with \
         its yardstick.\n\n{table}"
    ))
}
