// SPDX-License-Identifier: LGPL-2.1-or-later

//! How long a deletion can be taken back, as far as that can be told beforehand. Whether its data is
//! really there is only known by asking for it.

use images_proto::delete::{Extent, Step, Window};

use crate::cluster::pruner::Pruner;
use crate::record::comes_back;
use crate::source::{Connection, Source};

/// Who ends the time in which a deletion can be taken back.
#[derive(Clone, Debug)]
pub(crate) enum Closing {
    /// OpenShift prunes images; `None`: how, may not or cannot be read.
    Pruning(Option<Pruner>),
    /// Somebody collects the garbage of a plain registry.
    Collection,
}

impl Closing {
    /// Who does so there.
    pub(crate) async fn of(connection: &Connection) -> Self {
        match connection.source() {
            Source::Openshift(source) => {
                Self::Pruning(source.cluster().pruner().await.unwrap_or_default())
            }
            Source::Distribution(_) => Self::Collection,
        }
    }

    /// The time that is left, at `now`, after a deletion that ended at `ended`.
    pub(crate) fn window(&self, ended: i64, now: i64) -> Window {
        let (until, words) = match self {
            Self::Pruning(None) => {
                (None, "Pruning the cluster's images ends that; when, cannot be read.".to_owned())
            }
            Self::Pruning(Some(pruner)) if pruner.suspended => (
                None,
                "Pruning by hand ends that; the cluster's own pruning is switched off.".to_owned(),
            ),
            Self::Pruning(Some(pruner)) => match pruner.next_run(ended) {
                None => (None, "The next pruning of the cluster's images ends that.".to_owned()),
                Some(run) if run > now => {
                    (Some(run), "The cluster prunes its images then.".to_owned())
                }
                // What is young or in use elsewhere outlived it.
                Some(_) => (
                    None,
                    "The cluster has pruned its images since: only what it spared comes back."
                        .to_owned(),
                ),
            },
            Self::Collection => (
                None,
                "Collecting the registry's garbage ends that; when, nobody knows.".to_owned(),
            ),
        };
        Window { open: true, until, words }
    }
}

/// How long what these steps do can be taken back, if it ended at `ended`, in seconds since the
/// Unix epoch.
pub(crate) async fn window(
    connection: &Connection,
    extent: Extent,
    steps: &[Step],
    ended: i64,
) -> Window {
    if extent == Extent::Purge {
        return closed("Data is removed, not only what leads to it. That cannot be taken back.");
    }
    if !steps.iter().any(comes_back) {
        return closed("There is nothing that could be put back.");
    }
    let now = jiff::Timestamp::now().as_second();
    Closing::of(connection).await.window(ended, now)
}

/// A window that is closed, and why.
pub(crate) fn closed(words: impl Into<String>) -> Window {
    Window { open: false, until: None, words: words.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pruner(suspended: bool) -> Pruner {
        Pruner {
            schedule: "0 0 * * *".parse().ok(),
            suspended,
            keep_younger_than: 3_600,
            keep_tag_revisions: 3,
            failure: None,
        }
    }

    #[test]
    fn it_closes_with_the_next_pruning() {
        const DAY: i64 = 24 * 60 * 60;
        let (ended, midnight) = (10 * DAY + 5, 11 * DAY);
        let closing = Closing::Pruning(Some(pruner(false)));
        let window = closing.window(ended, ended);
        assert!(window.open && window.until == Some(midnight), "{window:?}");
        let window = closing.window(ended, midnight + 5);
        assert!(window.open && window.until.is_none(), "{window:?}");
        assert!(window.words.contains("has pruned"), "{window:?}");
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (closing, words) in [
            (Closing::Pruning(None), "cannot be read"),
            (Closing::Pruning(Some(pruner(true))), "switched off"),
            (Closing::Collection, "nobody knows"),
        ] {
            let window = closing.window(0, 1);
            assert!(window.open && window.until.is_none(), "{window:?}");
            assert!(window.words.contains(words), "{window:?}");
        }
    }
}
