// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whether a change takes from the user the last right to give roles in a project.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use images_proto::subject::{Role, Subject};
use images_roster::facts::{Binding, Fact, Kind, RoleRef};
use images_roster::{Coverage, Roster, Scope, role_of, rules, subject_of_user};

use super::to;
use crate::cluster::access::Permission;
use crate::cluster::role_binding::RoleBinding;
use crate::cluster::{Cluster, role};

/// Roles that are read at once.
const CONCURRENCY: usize = 8;

/// Whether the user could give no role in the project any more, once these have that role of ours.
/// Where that cannot be found out, it is taken for so: the user is only asked once more.
pub(super) async fn is_lost(
    cluster: &Cluster,
    project: &str,
    bindings: &[RoleBinding],
    subjects: &[Subject],
    role: Option<Role>,
) -> bool {
    let may_lose = |binding: &&RoleBinding| {
        role_of(&binding.role()) == Some(Role::Admin)
            && subjects.iter().any(|subject| binding.has(subject))
    };
    if role == Some(Role::Admin) || !bindings.iter().any(|binding| may_lose(&binding)) {
        return false;
    }
    // Old clusters do not tell; then nobody knows whose right it is.
    let Some(me) = cluster.me().await else { return false };
    let whole_cluster = Permission { namespace: None, ..to("create", project) };
    if cluster.may(whole_cluster).await.unwrap_or(false) {
        return false;
    }
    let mut roster = Roster::default();
    roster.set_me(Some(&me.name), me.groups.clone());
    let mut mine = vec![subject_of_user(&me.name)];
    mine.extend(me.groups.into_iter().map(Subject::group));
    // What is not ours and reaches the user may give the right too.
    let reaches = |binding: &&RoleBinding| mine.iter().any(|subject| binding.has(subject));
    let others: BTreeSet<_> = bindings
        .iter()
        .filter(reaches)
        .map(RoleBinding::role)
        .filter(|role| role_of(role).is_none())
        .collect();
    let reading = others.into_iter().map(|reference| read(cluster, project, reference));
    let reading: Vec<_> = reading.collect();
    let read: Vec<_> = stream::iter(reading).buffered(CONCURRENCY).collect().await;
    for role in read.into_iter().flatten() {
        roster.put(Fact::Role(role));
    }
    for binding in bindings {
        roster.put(Fact::Binding(Binding {
            project: Some(project.to_owned()),
            name: binding.name().to_owned(),
            role: binding.role(),
            subjects: binding.subjects(),
        }));
    }
    // Of the whole cluster nothing gives the right, as it says.
    for scope in [Scope::Cluster, Scope::Project(project.to_owned())] {
        roster.set_coverage(Kind::Binding, scope, Coverage::Whole);
    }
    roster.would_lose_grants(project, subjects, role).unwrap_or(true)
}

/// A role; of one that cannot be read nobody knows what it gives.
async fn read(
    cluster: &Cluster,
    project: &str,
    RoleRef { cluster: of_cluster, name }: RoleRef,
) -> Option<images_roster::facts::Role> {
    let list = match of_cluster {
        true => role::CLUSTER_ROLES.to_owned(),
        false => role::list_path(project),
    };
    let path = format!("{list}/{}", crate::uri::escaped(&name));
    let found: role::Role = cluster.get(&path).await.ok()?;
    let project = (!of_cluster).then(|| project.to_owned());
    Some(rules::role(project, name, &found.into_rules()))
}
