// SPDX-License-Identifier: LGPL-2.1-or-later

//! Reads projects, people, roles and bindings from a cluster and follows what changes.
//!
//! ```text
//! who we are, projects -> users, groups, roles, bindings of all projects at once
//!                         (where that is refused: those of the projects that somebody looks at)
//! robots and tokens    -> of the projects that somebody looks at
//! ```

mod facts;
mod follow;
mod near;
mod projects;

use std::convert::Infallible;

use images_roster::Scope;
use images_roster::facts::Kind;
use tokio::sync::watch;

use self::follow::Part;
use crate::cluster::binding::{self, Binding};
use crate::cluster::group::{GROUPS, Group};
use crate::cluster::role::{self, Role};
use crate::cluster::user::{USERS, User};
use crate::cluster::{Cluster, Collection};
use crate::session::roster::Writer;

/// What all parts of the reading share.
#[derive(Clone)]
struct Reader {
    cluster: Cluster,
    writer: Writer,
}

/// Which lists of all projects the user may not read, so that they are read project by project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Refused {
    bindings: bool,
    roles: bool,
}

/// Reads and follows until it is dropped.
pub async fn read(cluster: Cluster, writer: Writer) -> Infallible {
    let all = [
        (Kind::Project, Scope::Cluster),
        (Kind::Role, Scope::Cluster),
        (Kind::Binding, Scope::Cluster),
        (Kind::Role, Scope::Everywhere),
        (Kind::Binding, Scope::Everywhere),
        (Kind::User, Scope::Cluster),
        (Kind::Group, Scope::Cluster),
    ];
    writer.begin(all);
    let reader = Reader { cluster, writer };
    let refused = watch::Sender::new(Refused::default());
    // The names of projects come first: they are rows, all else is told about them.
    let (seen, mut is_seen) = watch::channel(None);
    let rest = async {
        let is_openshift = match is_seen.wait_for(Option::is_some).await {
            Ok(seen) => *seen == Some(true),
            Err(_) => false,
        };
        let cluster = |path| Part::new(Collection::whole(path), Scope::Cluster);
        let everywhere = |path| Part::new(Collection::whole(path), Scope::Everywhere);
        let (users, groups) = (cluster(USERS), cluster(GROUPS));
        let users = async {
            match is_openshift {
                true => reader.follow::<User>(&users, |_| ()).await,
                false => reader.leave_out(Kind::User).await,
            }
        };
        let groups = async {
            match is_openshift {
                true => reader.follow::<Group>(&groups, |_| ()).await,
                false => reader.leave_out(Kind::Group).await,
            }
        };
        let roles = cluster(role::CLUSTER_ROLES);
        let bindings = cluster(binding::CLUSTER_ROLE_BINDINGS);
        let (all_roles, all_bindings) =
            (everywhere(role::ROLES), everywhere(binding::ROLE_BINDINGS));
        tokio::select! {
            never = users => never,
            never = groups => never,
            never = reader.follow::<Role>(&roles, |_| ()) => never,
            never = reader.follow::<Binding>(&bindings, |_| ()) => never,
            never = reader.follow::<Role>(&all_roles, |is_refused| {
                refused.send_if_modified(|refused| replace(&mut refused.roles, is_refused));
            }) => never,
            never = reader.follow::<Binding>(&all_bindings, |is_refused| {
                refused.send_if_modified(|refused| replace(&mut refused.bindings, is_refused));
            }) => never,
        }
    };
    tokio::select! {
        never = reader.follow_projects(&seen) => never,
        never = reader.follow_near(refused.subscribe()) => never,
        never = reader.know_me() => never,
        never = rest => never,
    }
}

fn replace(place: &mut bool, value: bool) -> bool {
    std::mem::replace(place, value) != value
}

impl Reader {
    /// Says that plain Kubernetes has no such objects.
    async fn leave_out(&self, kind: Kind) -> Infallible {
        self.writer.end(kind, &Scope::Cluster);
        std::future::pending().await
    }

    /// Asks who the user is, and again when that may be another answer.
    async fn know_me(&self) -> Infallible {
        let mut refreshes = self.writer.state().refreshes();
        loop {
            refreshes.borrow_and_update();
            if let Some(me) = self.cluster.me().await {
                self.writer.update(|roster| roster.set_me(Some(&me.name), me.groups));
            }
            follow::refreshed(&mut refreshes).await;
        }
    }
}
