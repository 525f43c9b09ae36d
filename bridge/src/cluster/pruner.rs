// SPDX-License-Identifier: LGPL-2.1-or-later

//! OpenShift's own pruning of images: when it runs, and what it spares
//! (`imageregistry.operator.openshift.io/v1`).

mod schedule;

use images_proto::delete::Window;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

pub use self::schedule::{Schedule, Unreadable};
use super::workload::Condition;
use super::{Cluster, Error};

const PATH: &str = "/apis/imageregistry.operator.openshift.io/v1/imagepruners/cluster";

/// What the operator does where nothing is said (cluster-image-registry-operator, prunecronjob.go).
const SCHEDULE: &str = "0 0 * * *";
const KEEP_YOUNGER_THAN: SignedDuration = SignedDuration::from_mins(60);
const KEEP_TAG_REVISIONS: u32 = 3;

/// How the images are pruned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruner {
    /// When; `None` if the schedule is one that we cannot read.
    pub schedule: Option<Schedule>,
    /// Whether it is switched off.
    pub suspended: bool,
    /// Images and revisions younger than this are spared, in seconds.
    pub keep_younger_than: i64,
    /// The newest revisions of each tag that are spared.
    pub keep_tag_revisions: u32,
    /// Why the last run failed, in the operator's words; bounded.
    pub failure: Option<String>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    schedule: String,
    suspend: Option<bool>,
    keep_tag_revisions: Option<u32>,
    /// In nanoseconds; the older field.
    keep_younger_than: Option<i64>,
    keep_younger_than_duration: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Option<Vec<Condition>>,
}

impl Cluster {
    /// How OpenShift prunes its images; `None` on a cluster that does not.
    ///
    /// # Errors
    /// When that may not or cannot be read.
    pub async fn pruner(&self) -> Result<Option<Pruner>, Error> {
        match self.get::<Object>(PATH).await {
            Ok(object) => Ok(Some(object.read())),
            Err(error) if error.is_no_path() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Object {
    fn read(self) -> Pruner {
        let spec = self.spec;
        let schedule = if spec.schedule.is_empty() { SCHEDULE } else { &spec.schedule };
        let said = spec.keep_younger_than_duration.and_then(|text| text.parse().ok());
        let keep = said.or(spec.keep_younger_than.map(SignedDuration::from_nanos));
        let conditions = self.status.conditions.unwrap_or_default();
        let failed = conditions.iter().find(|c| c.r#type == "Failed" && c.status == "True");
        Pruner {
            schedule: schedule.parse().ok(),
            suspended: spec.suspend.unwrap_or(false),
            keep_younger_than: keep.unwrap_or(KEEP_YOUNGER_THAN).as_secs(),
            keep_tag_revisions: spec.keep_tag_revisions.unwrap_or(KEEP_TAG_REVISIONS),
            failure: failed.and_then(Condition::words),
        }
    }
}

impl Pruner {
    /// When it runs next after `now`, in seconds since the Unix epoch. `None`: never, or nobody
    /// knows.
    pub fn next_run(&self, now: i64) -> Option<i64> {
        self.schedule.filter(|_| !self.suspended)?.next(now)
    }

    /// How long data that nothing leads to stays, told at `now`.
    pub fn window(&self, now: i64) -> Window {
        let until = self.next_run(now);
        let words = match until.and_then(|until| Timestamp::from_second(until).ok()) {
            _ if self.suspended => {
                "The cluster's own pruning is switched off: data that nothing leads to stays until somebody prunes by hand.".to_owned()
            }
            None => "The cluster prunes its images on a schedule that cannot be read.".to_owned(),
            Some(time) => {
                let spared = match self.keep_younger_than {
                    ..=0 => String::new(),
                    seconds => format!(", and spares what is younger than {}", span(seconds)),
                };
                format!("The cluster prunes its images next at {}{spared}.", time.strftime("%Y-%m-%d %H:%M UTC"))
            }
        };
        let words = match &self.failure {
            Some(failure) => format!("{words} The last run failed: {failure}"),
            None => words,
        };
        Window { open: true, until, words }
    }
}

/// A time in the largest unit that is exact.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    // An hour is what everybody sees in the command line: 60 minutes.
    let units = if seconds == 3_600 { &units[2..] } else { &units[..] };
    let fits = units.iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = fits.copied().unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake::{Fake, refusal};

    fn read(spec: Value) -> Pruner {
        serde_json::from_value::<Object>(json!({ "spec": spec })).unwrap().read()
    }

    /// 2026-11-24T16:50:00Z
    const NOW: i64 = 1_795_539_000;

    #[test]
    fn what_is_not_said_is_as_the_operator_does_it() {
        let pruner = read(json!({}));
        assert_eq!((pruner.keep_younger_than, pruner.keep_tag_revisions), (3600, 3));
        let window = pruner.window(NOW);
        assert_eq!(
            window.words,
            "The cluster prunes its images next at 2026-11-25 00:00 UTC, and spares what is younger than 60 minutes."
        );
        assert_eq!(window.until, Some(1_795_564_800));
        assert!(window.open);
    }

    #[test]
    fn what_is_said_holds() {
        let pruner = read(json!({
            "schedule": "15 3 * * 0", "suspend": false, "keepTagRevisions": 1,
            "keepYoungerThan": 60_000_000_000_i64, "keepYoungerThanDuration": "48h0m0s",
        }));
        assert_eq!((pruner.keep_younger_than, pruner.keep_tag_revisions), (48 * 3600, 1));
        assert!(
            pruner
                .window(NOW)
                .words
                .ends_with("2026-11-29 03:15 UTC, and spares what is younger than 2 days.")
        );
        assert_eq!(read(json!({ "keepYoungerThan": 60_000_000_000_i64 })).keep_younger_than, 60);
    }

    #[test]
    fn nobody_knows_when() {
        let suspended = read(json!({ "suspend": true }));
        assert_eq!(suspended.next_run(NOW), None);
        assert!(suspended.window(NOW).words.contains("switched off"));
        let odd = read(json!({ "schedule": "@every 90m" }));
        assert_eq!(odd.next_run(NOW), None);
        assert!(odd.window(NOW).words.contains("cannot be read"));
    }

    #[tokio::test]
    async fn it_is_asked_of_the_operator() {
        let failed = json!({ "type": "Failed", "status": "True", "reason": "Error", "message": "pod failed" });
        let object = json!({ "spec": {}, "status": { "conditions": [failed] } });
        let fake = Fake::start(move |_| (200, object.clone())).await;
        let pruner = fake.cluster.pruner().await.unwrap().unwrap();
        assert!(pruner.window(NOW).words.ends_with("The last run failed: pod failed"));
        assert_eq!(fake.log()[0].target, PATH);
        let none = Fake::start(|_| refusal(404)).await;
        assert_eq!(none.cluster.pruner().await.unwrap(), None);
        let no = Fake::start(|_| refusal(403)).await;
        assert!(no.cluster.pruner().await.unwrap_err().is_forbidden());
    }
}
