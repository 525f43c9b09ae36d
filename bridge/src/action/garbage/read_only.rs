// SPDX-License-Identifier: LGPL-2.1-or-later

//! Keeping pushes away while garbage is collected: a push that relies on a blob which goes at that
//! moment leaves an image that cannot be pulled.

use std::time::Duration;

use images_proto::history::State;
use images_proto::{Code, Failure};
use tokio::time::{Instant, sleep};

use super::place::Place;
use super::site::Site;
use crate::action::rights::{self, Tool};
use crate::cluster::access::Permission;
use crate::cluster::maintenance::{Maker, Mark, Rollout};
use crate::cluster::program::Storage;
use crate::cluster::{Cluster, Error};
use crate::record::Records;

/// How long the pods may take to be made anew, and how often they are looked at.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub(super) whole: Duration,
    pub(super) pause: Duration,
}

/// An image that is pulled, and a volume that another pod lets go of.
pub(super) const ROLLOUT: Patience =
    Patience { whole: Duration::from_secs(300), pause: Duration::from_millis(500) };

/// How long a collection may take of which nobody here knows anything but its beginning.
const LONGEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(2);

/// How pushes are kept away.
#[derive(Debug)]
pub(super) enum Way {
    /// The registry is read-only anyway.
    Already,
    /// Its pods are made anew, read-only.
    Make(Maker),
    /// An earlier collection left it read-only, or another one does so right now.
    Left(Maker, Mark),
    /// Not at all, for this reason.
    None(Failure),
}

impl Way {
    /// The way for the registry of this pod.
    pub(super) async fn find(place: &Place, site: &impl Site) -> Self {
        let Some(maker) = &place.maker else {
            return match site.is_read_only().await {
                Ok(true) => Self::Already,
                _ => Self::None(Failure::new(
                    Code::Unsupported,
                    "The registry cannot be made read-only from here: its pods are not those of one deployment.",
                )),
            };
        };
        // Whoever may not read it cannot change it either, which is told below.
        let rollout = place.cluster.rollout(maker).await;
        if let Ok(Rollout { mark: Some(mark), .. }) = rollout {
            return Self::Left(maker.clone(), mark);
        }
        if site.is_read_only().await.unwrap_or(false) {
            return Self::Already;
        }
        let lost = match place.program.storage {
            Storage::Kept | Storage::Node => None,
            Storage::Lost => {
                Some("its images are in its pod alone, and would be lost when that is made anew")
            }
            Storage::Unclear => Some(
                "it may keep its images in its pod alone, and would lose them when that is made anew",
            ),
        };
        if let Some(why) = lost {
            let message = format!("The registry cannot be made read-only: {why}.");
            return Self::None(Failure::new(Code::Unsupported, message));
        }
        let (group, resource) = maker.resource();
        let (namespace, name) = maker.place();
        let permission = Permission {
            verb: "patch",
            group,
            resource,
            subresource: None,
            namespace: Some(namespace),
            name: Some(name),
        };
        // A cluster that does not say is taken at its word when it refuses.
        if place.cluster.may(permission).await.unwrap_or(true) {
            return Self::Make(maker.clone());
        }
        let mut missing = rights::told(&place.cluster, Tool::Kubectl, &[permission]).await;
        let failure = Failure::new(
            Code::Forbidden,
            format!("You may not make the registry read-only (patch {resource} in {namespace})."),
        );
        Self::None(match missing.pop().and_then(|right| right.command) {
            Some(command) => failure.with_command(command),
            None => failure,
        })
    }
}

/// A registry that is read-only for one collection.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) maker: Maker,
    mark: Mark,
}

/// What a collection that is about to begin is told of its pods.
pub(super) enum Refused {
    /// Nothing was changed.
    Unchanged(Failure),
    /// It may have been changed.
    Unknown(Failure),
}

impl Hold {
    /// One for the collection with this record, from now on.
    pub(super) fn new(maker: Maker, record: &str) -> Self {
        let since = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { maker, mark: Mark { since, record: Some(record.to_owned()) } }
    }

    /// Has the pods made anew as read-only ones.
    pub(super) async fn begin(&self, cluster: &Cluster) -> Result<(), Refused> {
        cluster.make_read_only(&self.maker, &self.mark, 1).await.map_err(|error| {
            let failure = refused(&error, &self.maker);
            match error.status() {
                Some(status) if status.is_client_error() => Refused::Unchanged(failure),
                _ => Refused::Unknown(failure),
            }
        })
    }

    /// Waits until the pods are read-only, the old one is gone, and the registry refuses pushes.
    pub(super) async fn wait(
        &self,
        old: &Place,
        site: &impl Site,
        patience: Patience,
    ) -> Result<(), Failure> {
        let waiting = async {
            wait(&old.cluster, &self.maker, patience).await?;
            // With it goes what a collection that was broken off may have left running in it.
            leave(old, patience).await?;
            prove(site, true, patience).await
        };
        tokio::select! {
            waited = waiting => waited,
            failure = self.lost(&old.cluster, patience) => Err(failure),
        }
    }

    /// Waits until somebody else collects, or has set it back: what is waited for then never comes.
    async fn lost(&self, cluster: &Cluster, patience: Patience) -> Failure {
        loop {
            sleep(patience.pause).await;
            match self.check(cluster).await {
                Err(failure) if failure.code == Code::Conflict => return failure,
                // Pods that are made anew may take the API's way to itself with them.
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Makes sure that nobody else collects by now, or has set it back.
    pub(super) async fn check(&self, cluster: &Cluster) -> Result<(), Failure> {
        let tried = "look whether the registry is still read-only";
        let rollout = cluster.rollout(&self.maker).await.map_err(|error| error.failure(tried))?;
        match rollout.mark {
            Some(mark) if mark == self.mark => Ok(()),
            Some(mark) => Err(going_on(&mark)),
            None => Err(Failure::new(
                Code::Conflict,
                "The registry was made writable meanwhile by somebody else, so nothing was collected.",
            )
            .retryable()),
        }
    }

    /// Has the pods made anew once more, still read-only, and waits until the one in which the
    /// program may still run is gone.
    pub(super) async fn outlive(&self, old: &Place, patience: Patience) -> Result<(), Failure> {
        let ended = async {
            let made = old.cluster.make_read_only(&self.maker, &self.mark, 2).await;
            made.map_err(|error| refused(&error, &self.maker))?;
            wait(&old.cluster, &self.maker, patience).await?;
            leave(old, patience).await
        };
        ended.await.map_err(|failure: Failure| {
            let details = failure.message.clone();
            let message = "The registry is still read-only: its garbage collection may still run in its pod, and a push would be damaged.".to_owned();
            Failure { message, ..failure }
                .with_fix("Collect once more, which ends it; or have the command run when the program has come to its end.")
                .with_details(details)
                .with_command(self.maker.set_back_command())
                .retryable()
        })
    }

    /// Has the pods made anew as they were before, and waits for them. If somebody else collects
    /// by now, it is theirs to do.
    pub(super) async fn end(&self, cluster: &Cluster, patience: Patience) -> Result<(), Failure> {
        if let Ok(Rollout { mark: Some(mark), .. }) = cluster.rollout(&self.maker).await
            && mark.record != self.mark.record
        {
            return Err(going_on(&mark));
        }
        set_back(cluster, &self.maker, patience).await
    }
}

/// Why it is not collected while a registry has this mark; `None` if it was left by a collection
/// that is over, so that whoever collects now takes it over.
pub(super) fn in_the_way(mark: &Mark, maker: &Maker, records: &Records) -> Option<Failure> {
    let entries = records.entries();
    let known = entries.iter().find(|entry| Some(&entry.change.id) == mark.record.as_ref());
    if let Some(entry) = known {
        return (entry.change.state == State::Running).then(|| going_on(mark));
    }
    // That of another user or host: its age is all there is to go by.
    let age = mark.since.parse().ok().map(|since| jiff::Timestamp::now().duration_since(since));
    if age.is_some_and(|age| age >= LONGEST) {
        return None;
    }
    let failure = going_on(mark).with_fix(
        "Wait until that collection is over. If nobody collects any more, have the command run, and collect then.",
    );
    Some(failure.with_command(maker.set_back_command()))
}

fn going_on(mark: &Mark) -> Failure {
    let since = crate::body::excerpt(mark.since.as_bytes());
    let message = format!(
        "The registry is read-only for another collection, since {since}, which may be going on."
    );
    Failure::new(Code::Conflict, message)
        .retryable()
        .with_fix("Wait until that collection is over.")
}

/// Waits until this pod is gone.
async fn leave(old: &Place, patience: Patience) -> Result<(), Failure> {
    let give_up = Instant::now() + patience.whole;
    loop {
        let why = match old.cluster.has_pod(&old.program).await {
            Ok(false) => return Ok(()),
            Ok(true) => format!("{} is still there", old.program.container),
            Err(error) => error.failure("look for the registry's old pod").message,
        };
        if Instant::now() >= give_up {
            let message = "The registry's old pod did not end in time.";
            return Err(Failure::new(Code::Busy, message).retryable().with_details(why));
        }
        sleep(patience.pause).await;
    }
}

async fn set_back(cluster: &Cluster, maker: &Maker, patience: Patience) -> Result<(), Failure> {
    let told = |failure: Failure, fix: &str| {
        let details = failure.message.clone();
        let message =
            format!("The registry is still read-only: {} could not be set back.", maker.words());
        let failure = Failure { message, ..failure }.with_fix(fix).with_details(details);
        failure.with_command(maker.set_back_command()).retryable()
    };
    cluster.make_writable(maker).await.map_err(|error| {
        told(
            refused(&error, maker),
            "Collect once more, or have the command run by somebody who may.",
        )
    })?;
    wait(cluster, maker, patience).await
}

/// Waits until all pods follow their template.
async fn wait(cluster: &Cluster, maker: &Maker, patience: Patience) -> Result<(), Failure> {
    let give_up = Instant::now() + patience.whole;
    loop {
        let looked = cluster.rollout(maker).await;
        let why = match looked {
            Ok(rollout) if rollout.is_settled => return Ok(()),
            Ok(rollout) => format!("{} of {} pods are ready", rollout.ready, rollout.wanted),
            Err(error) => error.failure("look at the registry's pods").message,
        };
        if Instant::now() >= give_up {
            return Err(Failure::new(
                Code::Busy,
                format!("The pods of the {} were not made anew in time.", maker.words()),
            )
            .retryable()
            .with_fix("Look at the pods and their events.")
            .with_details(why));
        }
        sleep(patience.pause).await;
    }
}

/// Waits until the registry itself takes no pushes, or takes them again.
pub(super) async fn prove(
    site: &impl Site,
    read_only: bool,
    patience: Patience,
) -> Result<(), Failure> {
    let give_up = Instant::now() + patience.whole;
    loop {
        let why = match site.is_read_only().await {
            Ok(found) if found == read_only => return Ok(()),
            Ok(_) => None,
            Err(failure) => Some(failure.message),
        };
        if Instant::now() >= give_up {
            let what = if read_only { "still takes pushes" } else { "takes no pushes" };
            let message = format!("The registry was restarted, but {what}.");
            let failure = Failure::new(Code::Unsupported, message).with_fix(
                "Its configuration may say otherwise (storage.maintenance.readonly). Look at its log.",
            );
            return Err(match why {
                Some(why) => failure.with_details(why),
                None => failure,
            });
        }
        sleep(patience.pause).await;
    }
}

fn refused(error: &Error, maker: &Maker) -> Failure {
    match error.other_manager() {
        Some(manager) => {
            let manager = crate::body::excerpt(manager.as_bytes());
            let message = format!(
                "Whether the registry is read-only is set by {manager} in the {}, from which nothing is taken.",
                maker.words()
            );
            Failure::new(Code::Conflict, message)
                .with_fix("Make it read-only there, and then collect.")
        }
        None => error.failure("change whether the registry is read-only"),
    }
}
