// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a process takes, as the kernel counts it.

use std::time::Duration;

use anyhow::{Context, Result};

/// A mebibyte.
pub(crate) const MIB: u64 = 1024 * 1024;

/// The bytes of a process that are in memory.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

/// The most bytes of a process that ever were in memory.
pub(crate) fn peak(pid: u32) -> Result<u64> {
    status(pid, "VmHWM:")
}

fn status(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")).context("no such line")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// The time that the processors spent on a process so far.
pub(crate) fn processor_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold anything (proc_pid_stat(5)); utime is field 14.
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>())
        .sum::<Result<u64, _>>()?;
    // The kernel tells all programs of this many in a second.
    Ok(Duration::from_millis(ticks * 10))
}
