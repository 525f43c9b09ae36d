// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is read project by project, for as long as somebody looks at the project: robots and
//! tokens, and roles and bindings where the user may not list those of all projects.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use images_proto::project::Window;
use images_proto::search::Params;
use images_proto::{Code, Failure};
use images_roster::facts::Kind;
use images_roster::query::projects::Projects;
use images_roster::query::{LiveView, Outside};
use images_roster::{Coverage, Scope};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use super::follow::{Part, Read};
use super::{Reader, Refused};
use crate::cluster::Collection;
use crate::cluster::binding::{self, Binding};
use crate::cluster::path::is_name;
use crate::cluster::robot_token::{self, RobotToken};
use crate::cluster::role::{self, Role};
use crate::cluster::service_account::{self, ServiceAccount};
use crate::session::roster::Want;

/// Lists that are read at once.
const CONCURRENCY: usize = 8;
/// Projects of which a row is shown and that are followed, not only listed: each costs the API
/// server two watches.
const FOLLOWED_ROWS: usize = 8;
/// Projects that are read one by one where all of them are wanted. Who sees more of them and may
/// not list their bindings at once is not told what they hold together.
const MOST: usize = 1_000;
/// The time in which changes count as one.
const PAUSE: Duration = Duration::from_millis(250);

/// What is read of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum What {
    Bindings,
    Roles,
    Robots,
    Tokens,
}

/// A piece of the work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Piece {
    project: String,
    what: What,
    /// Followed, and not only listed.
    is_followed: bool,
}

impl What {
    fn kind(self) -> Kind {
        match self {
            Self::Bindings => Kind::Binding,
            Self::Roles => Kind::Role,
            Self::Robots => Kind::Robot,
            Self::Tokens => Kind::Token,
        }
    }

    fn collection(self, project: &str) -> Collection {
        match self {
            Self::Bindings => Collection::whole(binding::list_path(project)),
            Self::Roles => Collection::whole(role::list_path(project)),
            Self::Robots => Collection::metadata(service_account::list_path(project)),
            Self::Tokens => robot_token::collection(project),
        }
    }
}

impl Piece {
    fn scope(&self) -> Scope {
        Scope::Project(self.project.clone())
    }
}

/// The pieces that are wanted.
fn pieces(want: Want, refused: Refused) -> BTreeSet<Piece> {
    let mut pieces = BTreeSet::new();
    let mut add = |project: &String, what, is_followed| {
        // It stands in a path.
        if is_name(project) {
            pieces.insert(Piece { project: project.clone(), what, is_followed });
        }
    };
    for project in &want.robots {
        add(project, What::Robots, true);
        add(project, What::Tokens, true);
    }
    let rows = want.rows.difference(&want.near).enumerate();
    let rows = rows.map(|(place, project)| (project, place < FOLLOWED_ROWS));
    for (project, is_followed) in want.near.iter().map(|project| (project, true)).chain(rows) {
        if refused.bindings {
            add(project, What::Bindings, is_followed);
        }
        if refused.roles {
            add(project, What::Roles, is_followed);
        }
    }
    pieces
}

impl Reader {
    /// Reads what is wanted until it is dropped.
    pub(super) async fn follow_near(&self, mut refused: watch::Receiver<Refused>) -> Infallible {
        let mut wants = self.writer.state().wants().changes();
        let mut changes = self.writer.state().changes();
        let turns = Arc::new(Semaphore::new(CONCURRENCY));
        let mut work = JoinSet::new();
        let mut running: HashMap<Piece, AbortHandle> = HashMap::new();
        loop {
            wants.borrow_and_update();
            let refused_now = *refused.borrow_and_update();
            let mut want = self.writer.state().wants().all();
            let is_about_all = want.all && refused_now != Refused::default();
            if is_about_all {
                changes.borrow_and_update();
                want.rows.extend(self.all_projects());
            }
            let wanted = pieces(want, refused_now);
            for (piece, task) in &running {
                if !wanted.contains(piece) {
                    task.abort();
                }
            }
            for piece in wanted {
                if let Entry::Vacant(place) = running.entry(piece) {
                    let piece = place.key().clone();
                    self.writer.begin([(piece.what.kind(), piece.scope())]);
                    let reading = self.clone().read_piece(piece, turns.clone());
                    place.insert(work.spawn(reading));
                }
            }
            tokio::select! {
                _ = wants.changed() => {}
                _ = refused.changed() => {}
                () = changed(&mut changes), if is_about_all => {}
                // What was aborted runs on until its next await, and may say until then that it
                // begins. What stumbled, or is wanted again by now, begins anew.
                Some(ended) = work.join_next_with_id() => {
                    let id = match ended {
                        Ok((id, _)) => id,
                        Err(error) => error.id(),
                    };
                    running.retain(|piece, task| {
                        let is_it = task.id() == id;
                        if is_it {
                            self.writer.end(piece.what.kind(), &piece.scope());
                        }
                        !is_it
                    });
                }
            }
        }
    }
}

/// Returns some time after something changed, so that many changes are one.
async fn changed(changes: &mut watch::Receiver<u64>) {
    if changes.changed().await.is_err() {
        pending::<()>().await;
    }
    sleep(PAUSE).await;
}

impl Reader {
    /// The names of all projects, the first [`MOST`] of them. Of the others it is said that nobody
    /// reads their bindings.
    fn all_projects(&self) -> Vec<String> {
        let mut names = Vec::new();
        let roster = self.writer.state().look();
        loop {
            let offset = names.len() as u32;
            let window = Window { offset, limit: Params::MAX_LIMIT, ..Window::default() };
            let nothing = Outside { repositories: &|_| None };
            let list = Projects::new(window).render(&roster, &nothing);
            names.extend(list.rows.into_iter().map(|row| row.name));
            if names.len() >= list.total as usize || names.len() == offset as usize {
                break;
            }
        }
        drop(roster);
        let rest = names.split_off(names.len().min(MOST));
        self.writer.update(|roster| {
            for project in rest {
                let coverage = Coverage::Refused(too_many());
                roster.set_coverage(Kind::Binding, Scope::Project(project), coverage);
            }
        });
        names
    }

    async fn read_piece(self, piece: Piece, turns: Arc<Semaphore>) {
        let Piece { project, what, is_followed } = &piece;
        let part = Part::new(what.collection(project), piece.scope()).in_turn(turns);
        match what {
            What::Bindings => self.read_one::<Binding>(&part, *is_followed).await,
            What::Roles => self.read_one::<Role>(&part, *is_followed).await,
            What::Robots => self.read_one::<ServiceAccount>(&part, *is_followed).await,
            What::Tokens => self.read_one::<RobotToken>(&part, *is_followed).await,
        };
    }

    async fn read_one<T: Read>(&self, part: &Part, is_followed: bool) -> Infallible {
        match is_followed {
            true => self.follow::<T>(part, |_| ()).await,
            false => self.look_at::<T>(part).await,
        }
    }
}

fn too_many() -> Failure {
    Failure::new(
        Code::Forbidden,
        format!(
            "You may see more than {MOST} projects but not list the role bindings of all at once."
        ),
    )
    .with_fix("Ask an administrator for the right to list role bindings in the whole cluster.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn bindings_are_read_project_by_project_only_where_they_are_refused_at_once() {
        let (near, rows, robots) = (names(&["a"]), names(&["a", "b"]), names(&["c"]));
        let want = Want { near, rows, robots, all: false };
        let robots: Vec<_> = pieces(want.clone(), Refused::default()).into_iter().collect();
        assert!(robots.iter().all(|piece| piece.project == "c"), "{robots:?}");
        assert_eq!(robots.len(), 2);
        let refused = Refused { bindings: true, roles: false };
        let more: Vec<_> = pieces(want, refused)
            .into_iter()
            .filter(|piece| piece.what == What::Bindings)
            .map(|piece| piece.project)
            .collect();
        assert_eq!(more, ["a", "b"]);
    }

    #[test]
    fn a_window_full_of_rows_is_not_followed_as_a_whole() {
        let rows = (0..50).map(|number| format!("p{number}")).collect();
        let want = Want { near: names(&["p7"]), rows, ..Want::default() };
        let pieces = pieces(want, Refused { bindings: true, roles: true });
        assert_eq!(pieces.len(), 100);
        let followed = pieces.iter().filter(|piece| piece.is_followed).count();
        assert_eq!(followed, 2 * (FOLLOWED_ROWS + 1));
        assert!(pieces.iter().any(|piece| piece.project == "p7" && piece.is_followed));
    }

    #[test]
    fn a_name_that_would_leave_its_path_is_not_asked_for() {
        let want = Want { robots: names(&["a/../b", ".."]), ..Want::default() };
        assert!(pieces(want, Refused::default()).is_empty());
    }
}
