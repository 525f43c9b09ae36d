// SPDX-License-Identifier: LGPL-2.1-or-later

//! Shares a project with everybody who logs in, with everybody at all, or with its members alone.

use std::time::Duration;

use images_proto::Failure;
use images_proto::grant::Granted;
use images_proto::project::{Sharing, SharingChoice};
use images_proto::subject::{Role, Subject, Verb};
use images_roster::role_of;
use tokio::time::{Instant, sleep};

use super::{Wish, Work, check_project, tool, words};
use crate::cluster::access::Permission;
use crate::cluster::access_review::Caller;
use crate::cluster::role_binding::RoleBinding;
use crate::cluster::{Cluster, Error};

/// How long the cluster may take to notice that a binding is gone, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 3 });
const PAUSE: Duration = Duration::from_millis(250);
/// Everybody who logs in.
const WITH_LOGIN: &str = "system:authenticated";
/// Everybody else.
const WITHOUT_LOGIN: &str = "system:unauthenticated";

/// Sets with whom a project is shared.
///
/// # Errors
/// When it could not be done, or not wholly, which is told.
pub async fn share(
    cluster: &Cluster,
    openshift: bool,
    params: SharingChoice,
) -> Result<Granted, Failure> {
    let SharingChoice { project, sharing, agreed } = params;
    check_project(&project)?;
    let (with, without) = ([Subject::group(WITH_LOGIN)], [Subject::group(WITHOUT_LOGIN)]);
    let pull = |is_shared: bool| is_shared.then_some(Role::Pull);
    // Whoever logs in is not among those without a login, so both are named.
    let wishes = [
        Wish { subjects: &with, role: pull(sharing != Sharing::Private) },
        Wish { subjects: &without, role: pull(sharing == Sharing::Anonymous) },
    ];
    let work = Work { cluster, tool: tool(openshift), project: &project, agreed };
    let mut granted = Granted::default();
    let Some(ready) = work.prepare(openshift, &wishes, &mut granted).await? else {
        return Ok(granted);
    };
    if !granted.missing.is_empty() || !ready.is_agreed {
        return Ok(granted);
    }
    let bindings = work.run(ready, &wishes).await?;
    granted.creates.clear();
    granted.done = true;
    let private: Vec<_> = wishes.iter().filter(|wish| wish.role.is_none()).collect();
    for group in private.into_iter().flat_map(|wish| wish.subjects) {
        granted.notes.extend(anyway(cluster, &project, &bindings, group).await);
    }
    Ok(granted)
}

/// That a group may pull all the same, if the cluster says so.
async fn anyway(
    cluster: &Cluster,
    project: &str,
    bindings: &[RoleBinding],
    group: &Subject,
) -> Option<String> {
    let other = named(bindings, group);
    let all = words::somebody(group);
    let note = match (still_pulls(cluster, project, &group.name).await, other) {
        (Ok(false), _) | (Err(_), None) => return None,
        (Ok(true), None) => {
            format!("Still {all} may pull from it, by a binding of the whole cluster.")
        }
        (Ok(true), Some(binding)) => format!(
            "Still {all} may pull from it: the binding {} (role {}) was left alone.",
            binding.name(),
            binding.role().name
        ),
        (Err(_), Some(binding)) => format!(
            "Whether {all} may still pull from it could not be asked: the binding {} (role {}) was left alone.",
            binding.name(),
            binding.role().name
        ),
    };
    Some(crate::body::excerpt(note.as_bytes()))
}

/// Asked until the cluster has noticed the change: its answers come from a memory of its own.
async fn still_pulls(cluster: &Cluster, project: &str, group: &str) -> Result<bool, Error> {
    let caller = Caller { user: None, groups: vec![group.to_owned()] };
    let (verb, resource, subresource) = Verb::Pull.rule();
    let (api, namespace) = ("image.openshift.io", Some(project));
    let pull = Permission { verb, group: api, resource, subresource, namespace, name: None };
    let give_up = Instant::now() + PATIENCE;
    loop {
        let may = cluster.may_somebody(&caller, pull).await?.allowed;
        if !may || Instant::now() >= give_up {
            return Ok(may);
        }
        sleep(PAUSE).await;
    }
}

/// A binding of the project, not of ours, that this group has.
fn named<'a>(bindings: &'a [RoleBinding], group: &Subject) -> Option<&'a RoleBinding> {
    bindings.iter().find(|binding| role_of(&binding.role()).is_none() && binding.has(group))
}
