// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletes a project, after telling all that goes with it.

use images_catalog::Holdings;
use images_proto::name::{self, NameError};
use images_proto::project::{Deletion, Goes, Kind};
use images_proto::usage::{How, Params as Asked, Used};
use images_proto::{Code, Failure};
use tokio::time::{Instant, sleep};

use super::{PATIENCE, PAUSE, none, tool};
use crate::action::rights;
use crate::cluster::Cluster;
use crate::cluster::inventory::{Inventory, Listable};
use crate::cluster::project_object::{Projects, Standing};
use crate::registry::sha256;
use crate::session::state::State;
use crate::source::{Connection, Source};

/// The most images that are named as used, and kinds as unreadable.
const MOST: usize = 100;
/// Kinds that come and go by themselves: a deletion that somebody agreed to is not held up by them.
const FLEETING: &[&str] = &[
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "Build",
    "ControllerRevision",
    "Lease",
    "PodMetrics",
];

/// Where a project is, and what knows its images.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Its cluster.
    pub cluster: &'a Cluster,
    /// Whether that is OpenShift.
    pub openshift: bool,
    /// The registry's images.
    pub state: &'a State,
    /// The connection that reads them, or why there is none.
    pub connection: Result<&'a Connection, &'a Failure>,
}

/// Says what would go with a project or, once somebody agreed to just that, deletes it. When
/// something else would go by now, nothing is done and that is told.
///
/// # Errors
/// When there is no such project, or it cannot be looked at or deleted.
pub async fn delete_project(place: Place<'_>, params: Deletion) -> Result<Goes, Failure> {
    let Place { cluster, openshift, .. } = place;
    let Deletion { name, agreed } = params;
    check(&name)?;
    let projects = Projects::of(openshift);
    let standing = cluster.project_standing(projects, &name).await;
    let standing =
        standing.map_err(|error| error.failure(format_args!("look at the project {name}")))?;
    let Some(standing) = standing else { return Err(none(&name)) };
    let mut goes = Box::pin(place.look(&name, &standing)).await?;
    let needed = [projects.permission("delete", &name)];
    goes.missing = rights::missing(cluster, tool(openshift), &needed).await;
    let is_agreed = agreed.is_some_and(|agreed| agreed == goes.fingerprint);
    if !is_agreed || !goes.missing.is_empty() {
        return Ok(goes);
    }
    let deleted = cluster.delete_project(projects, &name, &standing).await;
    deleted.map_err(|error| error.failure(format_args!("delete the project {name}")))?;
    match end(cluster, projects, &name, &standing).await? {
        End::Gone => goes.done = true,
        End::Going => goes.terminating = true,
        End::Unseen => goes.unseen = true,
    }
    Ok(goes)
}

/// What became of a project whose deletion the cluster accepted.
enum End {
    Gone,
    /// It is still being emptied.
    Going,
    /// This user may not see it any more, and it is not listed for him.
    Unseen,
}

async fn end(
    cluster: &Cluster,
    projects: Projects,
    name: &str,
    deleted: &Standing,
) -> Result<End, Failure> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match cluster.project_standing(projects, name).await {
            Ok(None) => return Ok(End::Gone),
            // Another one has its name by now.
            Ok(Some(standing)) if standing.uid != deleted.uid => return Ok(End::Gone),
            Ok(Some(standing)) if Instant::now() >= give_up => {
                return match standing.is_going {
                    true => Ok(End::Going),
                    false => {
                        let message = format!(
                            "The cluster said that it deletes the project {name}, yet it is there as before."
                        );
                        Err(Failure::new(Code::BadAnswer, message).retryable())
                    }
                };
            }
            Ok(Some(_)) => {}
            // The roles inside of it went before it did, and OpenShift answers the same where there
            // is nothing: nobody but an administrator sees the end.
            Err(error) if error.is_forbidden() => match is_listed(cluster, projects, name).await {
                false => return Ok(End::Unseen),
                true if Instant::now() >= give_up => return Ok(End::Going),
                true => {}
            },
            Err(error) => {
                let tried = format!("look whether the project {name} is gone");
                return Err(error.failure(tried));
            }
        }
        sleep(PAUSE).await;
    }
}

/// Whether the project is among those that the user sees.
async fn is_listed(cluster: &Cluster, projects: Projects, name: &str) -> bool {
    match projects {
        Projects::Openshift => {
            let listed = cluster.projects().await;
            listed.is_ok_and(|listed| listed.iter().any(|listed| listed == name))
        }
        // Who may not look at one namespace may not list them.
        Projects::Plain => false,
    }
}

impl Place<'_> {
    async fn look(&self, name: &str, standing: &Standing) -> Result<Goes, Failure> {
        let holdings = match self.connection.map(Connection::source) {
            Ok(Source::Openshift(_)) => self.state.catalog().holdings(name),
            // What a plain registry holds is in no namespace, and stays.
            Ok(Source::Distribution(_)) => Holdings { size: Some(0), ..Holdings::default() },
            Err(_) => Holdings { size: (!self.openshift).then_some(0), ..Holdings::default() },
        };
        let (inventory, used) =
            tokio::join!(self.cluster.inventory(name), self.used(name, &holdings));
        let inventory =
            inventory.map_err(|error| error.failure(format_args!("count what is in {name}")))?;
        let (used, mut unread) = used;
        let objects = objects(&inventory);
        unread.extend(uncounted(&inventory));
        let mut goes = Goes {
            terminating: standing.is_going,
            repositories: holdings.repositories,
            tags: u32::try_from(holdings.tags.len()).unwrap_or(u32::MAX),
            size: holdings.size,
            objects,
            used,
            unread,
            ..Goes::default()
        };
        goes.fingerprint = fingerprint(standing, &holdings, &goes);
        Ok(goes)
    }

    /// Who needs images of the project, and what could not be asked.
    async fn used(&self, name: &str, holdings: &Holdings) -> (Vec<String>, Vec<Failure>) {
        let mut used: Vec<_> = holdings
            .followers
            .iter()
            .map(|(tag, from)| format!("{from}: {tag} follows it"))
            .collect();
        let connection = match self.connection {
            Ok(connection) if holdings.repositories > 0 => connection,
            // Nobody knows whether it has repositories.
            Err(failure) if self.openshift => return (used, vec![failure.clone()]),
            Ok(_) | Err(_) => return (used, Vec::new()),
        };
        let most = Asked::MAX_DIGESTS;
        let asked = Asked {
            digests: holdings.digests.iter().take(most).copied().collect(),
            tags: holdings.tags.iter().take(most).cloned().collect(),
        };
        let Used { users, total, hidden, mut unread } =
            Box::pin(crate::action::usage(connection, self.state, &asked)).await;
        let left_out = holdings.digests.len().max(holdings.tags.len()).saturating_sub(most);
        if left_out > 0 {
            let message =
                format!("Of {left_out} more images or tags it was not asked who uses them.");
            unread.push(Failure::new(Code::Unsupported, message));
        }
        let untold = total.saturating_sub(users.len() as u32);
        for user in users {
            let how = match user.how {
                How::Running => "runs it",
                How::Referenced if user.project == name => continue,
                How::Referenced => "names it",
            };
            let image = user.asks.unwrap_or_else(|| user.digest.short());
            used.push(format!("{image}: {} {}/{} {how}", user.kind, user.project, user.name));
        }
        used.sort_unstable();
        used.dedup();
        let cut = used.len().saturating_sub(MOST) as u32 + untold;
        used.truncate(MOST);
        if cut > 0 {
            used.push(format!("{cut} more"));
        }
        if let Some(hidden) = hidden.filter(|hidden| *hidden > 0) {
            used.push(format!("{hidden} in projects that you may not see"));
        }
        (used, unread)
    }
}

/// The kinds with their numbers, the biggest first.
fn objects(inventory: &Inventory) -> Vec<Kind> {
    let mut objects: Vec<Kind> = Vec::new();
    for (kind, count) in &inventory.counted {
        // They are told as repositories.
        let (false, Some(count)) = (kind.resource == "imagestreams", count) else { continue };
        let count = u32::try_from(*count).unwrap_or(u32::MAX);
        match objects.iter_mut().find(|other| other.kind == kind.kind) {
            Some(other) => other.count = other.count.saturating_add(count),
            None => objects.push(Kind { kind: kind.kind.clone(), count }),
        }
    }
    objects.sort_by(|one, other| other.count.cmp(&one.count).then(one.kind.cmp(&other.kind)));
    objects
}

/// What could not be counted, in one failure for each reason.
fn uncounted(inventory: &Inventory) -> Vec<Failure> {
    let names = |kinds: Vec<&Listable>| {
        let mut names: Vec<_> = kinds.into_iter().map(|kind| &*kind.kind).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(MOST);
        names.truncate(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.join(", "))
    };
    let mut unread = Vec::new();
    if !inventory.forbidden.is_empty() {
        let forbidden = inventory.forbidden.iter().collect();
        unread.push(Failure::new(
            Code::Forbidden,
            format!(
                "You may not count these kinds, of which there may be some: {}.",
                names(forbidden)
            ),
        ));
    }
    let uncounted: Vec<_> = inventory
        .counted
        .iter()
        .filter(|(_, count)| count.is_none())
        .map(|(kind, _)| kind)
        .collect();
    if !uncounted.is_empty() {
        unread.push(Failure::new(
            Code::BadAnswer,
            format!("There are some of these kinds, nobody knows how many: {}.", names(uncounted)),
        ));
    }
    let failed = inventory.unread.iter().take(MOST);
    unread.extend(failed.map(|(what, error)| error.failure(format_args!("count {what}"))));
    unread
}

/// Names what goes. Everything is written so that its end is known.
fn fingerprint(standing: &Standing, holdings: &Holdings, goes: &Goes) -> String {
    let lasting: Vec<_> = goes
        .objects
        .iter()
        .filter(|one| !FLEETING.contains(&&*one.kind))
        .map(|one| (&one.kind, one.count))
        .collect();
    // Whoever runs an image comes and goes too.
    let followers: Vec<_> = holdings.followers.iter().map(|(tag, from)| (tag, from)).collect();
    let told = (&standing.uid, &holdings.tags, &holdings.digests, goes.size, lasting, followers);
    // Plain values alone: writing them does not fail.
    sha256(&serde_json::to_vec(&told).unwrap_or_default()).hex()
}

/// What belongs to the cluster itself is not deleted from here, whoever may.
fn check(name: &str) -> Result<(), Failure> {
    match name::valid_project_name(name) {
        Ok(()) if name != "default" => Ok(()),
        Ok(()) | Err(NameError::Reserved(_)) => {
            let message = format!("The project {name} belongs to the cluster itself.");
            Err(Failure::new(Code::Unsupported, message)
                .with_fix("What the cluster is made of cannot be deleted from here."))
        }
        // A namespace may have a shorter name.
        Err(NameError::Short(_)) => Ok(()),
        Err(error) => Err(Failure::new(Code::BadRequest, "That is not the name of a project.")
            .with_fix(error.to_string())),
    }
}
