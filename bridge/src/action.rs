// SPDX-License-Identifier: LGPL-2.1-or-later

//! What changes something: plan, do, and ask again. The only place that speaks to both the cluster
//! and the registry.

mod account;
mod addresses;
mod delete;
mod everywhere;
mod garbage;
mod grant;
mod installation;
mod keep;
mod orphans;
mod people;
mod plan;
mod project;
mod promotion;
mod rights;
mod robot;
mod undo;
mod usage;

use images_proto::delete::Params;
use images_proto::{Code, Failure, RepositoryName, TagRef};

use crate::session::state::State;
use crate::source::{Connection, Documents};

pub use self::account::account;
pub use self::addresses::{Known, addresses};
pub use self::delete::{Workplace, delete, resume};
pub use self::garbage::{Aftermath, collect, garbage};
pub(crate) use self::grant::{Found, find_role};
pub use self::grant::{grant, share};
pub use self::installation::{add_registry, plan_registry, remove_registry};
pub use self::orphans::{image_origins, listed_images, present};
pub use self::people::{change_group, change_user, create_group, create_user, delete_person};
pub use self::plan::{Plans, plan};
pub use self::project::{Place, change_project, create_project, create_repository, delete_project};
pub use self::promotion::{Ground, Promotions, Reader, plan_promotion, promote, versions};
pub use self::robot::{create_robot, delete_robot, issue_token, revoke_token};
pub use self::undo::undo;
pub(crate) use self::undo::{Closing, Collections, collections, window, window_of};
pub use self::usage::usage;

fn check(params: &Params) -> Result<(), Failure> {
    if params.named() <= Params::MAX_TARGETS {
        return Ok(());
    }
    Err(Failure::new(
        Code::BadRequest,
        format!("More than {} things cannot be deleted at once.", Params::MAX_TARGETS),
    )
    .with_fix("Delete them in several steps."))
}

/// Reads what somebody wants to change, or did. Nothing is put into the catalog that belongs to
/// another cluster by now: it was forgotten since `content` was counted.
async fn reread(
    connection: &Connection,
    state: &State,
    content: u64,
    repositories: &[RepositoryName],
) -> Result<(), Failure> {
    reread_with(connection, state, content, repositories, &Documents::default()).await
}

/// The same, with the documents that are wanted.
async fn reread_with(
    connection: &Connection,
    state: &State,
    content: u64,
    repositories: &[RepositoryName],
    documents: &Documents,
) -> Result<(), Failure> {
    tokio::select! {
        // Before it goes on: the catalog may be another's.
        biased;
        () = state.content_forgotten(content) => Err(left()),
        read = connection.reread_with(state, repositories, documents) => read,
    }
}

fn left() -> Failure {
    Failure::new(Code::Conflict, "Another cluster or registry is looked at by now.")
        .with_fix("Go back to it, and look at what is left.")
}

/// Why no manifest of a repository can be deleted safely.
fn unread_tags(repository: &RepositoryName) -> Failure {
    Failure::new(Code::BadAnswer, format!(
            "The registry did not say what each tag of {repository} names, so a tag that nobody chose might go too."
        )).retryable().with_fix("Read it again, and look at the tags that could not be read.")
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn tag_ref(repository: &RepositoryName, tag: &images_proto::Tag) -> TagRef {
    TagRef { repository: repository.clone(), tag: tag.clone() }
}
