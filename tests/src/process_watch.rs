// SPDX-License-Identifier: LGPL-2.1-or-later

//! Looks all the time at what everybody can see of a process and of those that it starts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};

/// The pause between two looks: a program that was started lives longer than that.
const PAUSE: Duration = Duration::from_millis(5);

/// The watch.
#[derive(Debug)]
pub struct ProcessWatch {
    ends: Arc<AtomicBool>,
    watching: Option<JoinHandle<BTreeSet<String>>>,
}

impl ProcessWatch {
    /// Begins.
    pub fn of(pid: u32) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let watching = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !end.load(Ordering::Relaxed) {
                look(pid, &mut seen);
                thread::sleep(PAUSE);
            }
            seen
        });
        Self { ends, watching: Some(watching) }
    }

    /// Ends, and tells the arguments and environments that were seen.
    ///
    /// # Errors
    /// When the watch failed.
    pub fn end(mut self) -> Result<Vec<String>> {
        self.ends.store(true, Ordering::Relaxed);
        let watching = self.watching.take().ok_or_else(|| anyhow!("it has ended"))?;
        let seen = watching.join().map_err(|_| anyhow!("the watch failed"))?;
        Ok(seen.into_iter().collect())
    }
}

impl Drop for ProcessWatch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// What comes and goes while we look is not there: nothing here is an error.
fn look(root: u32, seen: &mut BTreeSet<String>) {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut unseen = vec![root];
    while let Some(pid) = unseen.pop() {
        unseen.extend(children.remove(&pid).unwrap_or_default());
        for what in ["cmdline", "environ"] {
            if let Ok(text) = fs::read(format!("/proc/{pid}/{what}")) {
                seen.insert(format!("{what}: {}", String::from_utf8_lossy(&text)));
            }
        }
    }
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may hold anything, but ends with the last parenthesis.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_whitespace().nth(1)?.parse().ok()
}
