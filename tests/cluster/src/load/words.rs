// SPDX-License-Identifier: LGPL-2.1-or-later
//! Names of projects and streams. They grow with their number: it is their place in a list.

const AREAS: [&str; 25] = [
    "accounts",
    "analytics",
    "billing",
    "catalog",
    "checkout",
    "claims",
    "content",
    "customers",
    "delivery",
    "edge",
    "fleet",
    "fraud",
    "identity",
    "insights",
    "inventory",
    "ledger",
    "loyalty",
    "media",
    "orders",
    "partners",
    "payments",
    "pricing",
    "returns",
    "search",
    "shipping",
];

const STAGES: [&str; 20] = [
    "batch", "build", "canary", "ci", "demo", "dev", "europe", "guest", "int", "lab", "live",
    "nightly", "perf", "pilot", "prod", "qa", "sandbox", "stage", "test", "west",
];

const PARTS: [&str; 40] = [
    "adapter",
    "admin",
    "agent",
    "api",
    "archive",
    "auth",
    "backend",
    "broker",
    "cache",
    "client",
    "collector",
    "consumer",
    "controller",
    "cron",
    "dashboard",
    "db",
    "exporter",
    "frontend",
    "gateway",
    "gui",
    "importer",
    "indexer",
    "job",
    "mailer",
    "migrate",
    "monitor",
    "notifier",
    "operator",
    "portal",
    "processor",
    "proxy",
    "queue",
    "report",
    "router",
    "scheduler",
    "server",
    "sync",
    "uploader",
    "web",
    "worker",
];

const PROJECTS: usize = AREAS.len() * STAGES.len();

/// So many names for projects there are.
const MOST_PROJECTS: u32 = 500;

/// A project for so many streams, but not more projects than there are names for.
const STREAMS_OF_PROJECT: u32 = 20;

/// How many projects so many streams are in.
pub(super) fn projects(streams: u32) -> u32 {
    streams.div_ceil(STREAMS_OF_PROJECT).min(MOST_PROJECTS)
}

/// Project and name of a stream out of so many.
pub(super) fn names(number: u32, streams: u32) -> (String, String) {
    let projects = projects(streams);
    let each = streams.div_ceil(projects);
    (project(number / each, projects), stream(number % each, each))
}

/// The name of a project out of so many.
pub(super) fn project(number: u32, of: u32) -> String {
    let place = spread(number, of, PROJECTS);
    pair(place, &STAGES)
}

/// The name of a stream out of so many in its project.
fn stream(number: u32, of: u32) -> String {
    let names = AREAS.len() * PARTS.len();
    if of as usize <= names {
        return pair(spread(number, of, names), &PARTS);
    }
    let each = of.div_ceil(u32::try_from(names).unwrap_or(1));
    let name = pair((number / each) as usize, &PARTS);
    let digits = each.to_string().len();
    format!("{name}-{:0digits$}", number % each)
}

/// A word for text.
pub(super) fn word(number: u64) -> &'static str {
    let all = AREAS.len() + STAGES.len() + PARTS.len();
    let at = usize::try_from(number % all as u64).unwrap_or_default();
    AREAS.iter().chain(&STAGES).chain(&PARTS).nth(at).copied().unwrap_or("word")
}

/// Evenly over all names, in their order.
fn spread(number: u32, of: u32, names: usize) -> usize {
    number as usize * names / (of as usize).max(1)
}

fn pair(place: usize, second: &[&str]) -> String {
    let first = AREAS[(place / second.len()) % AREAS.len()];
    format!("{first}-{}", second[place % second.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_grow_with_their_number() {
        let grows = |names: Vec<String>| assert!(names.is_sorted_by(|one, next| one < next));
        assert_eq!(MOST_PROJECTS as usize, PROJECTS);
        for of in [1, 7, 500] {
            grows((0..of).map(|number| project(number, of)).collect());
        }
        for of in [1, 20, 1000, 1001, 20_000] {
            grows((0..of).map(|number| stream(number, of)).collect());
        }
    }
}
