// SPDX-License-Identifier: LGPL-2.1-or-later

//! The browser's console.

use std::fmt;

use serde::Deserialize;

/// One message.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// Where it comes from and what it says.
    pub message: String,
}

impl Entry {
    /// Whether the page is to blame for it: a warning or worse that does not come from Cockpit's
    /// own pages.
    pub fn is_fault(&self) -> bool {
        const COCKPITS_OWN: [&str; 6] =
            ["/shell/", "/base1/", "/system/", "/cockpit/static/", "/cockpit/login", "favicon.ico"];
        // Each says that this machine lacks something that the shell would like to show.
        const HARMLESS: [&str; 3] = ["ListUnitsFiltered", "ScheduledShutdown", "systemd"];
        matches!(self.level.as_str(), "SEVERE" | "WARNING")
            && !COCKPITS_OWN.iter().chain(&HARMLESS).any(|words| self.message.contains(words))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.level, self.message)
    }
}
