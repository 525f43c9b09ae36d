// SPDX-License-Identifier: LGPL-2.1-or-later

//! Deletions against a registry, and a cluster, that do what they are told (`world`), except for what
//! a test has them do wrong.

mod openshift;
mod plain;
mod requests;
pub(in crate::action) mod world;

use std::time::Duration;

use images_proto::delete::{Extent, Outcome, Params, Receipt, Target};
use images_proto::{Code, Digest, Failure, RepositoryName};
use tempfile::TempDir;
use tokio::time::timeout;

use self::world::{Server, World, digest, image, index, tag_ref, tags};
use super::*;
use crate::session::settings::Settings;

/// A registry, and a session's parts that know it.
struct Scene {
    server: Server,
    state: State,
    connection: Connection,
    records: Records,
    plans: Plans,
    _folder: TempDir,
}

impl Scene {
    /// A plain registry with what `fill` puts there.
    async fn plain(fill: impl FnOnce(&mut World)) -> Self {
        let server = Server::start(false).await;
        fill(&mut server.world());
        Self::of(server, false, |_| true).await
    }

    /// OpenShift.
    async fn openshift(fill: impl FnOnce(&mut World)) -> Self {
        Self::openshift_seen(fill, |_| true).await
    }

    /// OpenShift, of which the user sees only some repositories.
    async fn openshift_seen(
        fill: impl FnOnce(&mut World),
        sees: impl Fn(&RepositoryName) -> bool,
    ) -> Self {
        let server = Server::start(true).await;
        fill(&mut server.world());
        Self::of(server, true, sees).await
    }

    async fn of(
        server: Server,
        is_openshift: bool,
        sees: impl Fn(&RepositoryName) -> bool,
    ) -> Self {
        let registry = Some((server.address.clone(), "a test"));
        let settings = Settings { registry, ..Settings::default() };
        let state = State::default();
        let cluster = is_openshift.then(|| server.cluster());
        let connection =
            Connection::to(cluster, settings, std::sync::Arc::default(), &state).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let records = Records::in_folder(folder.path());
        let scene =
            Self { server, state, connection, records, plans: Plans::default(), _folder: folder };
        scene.read(sees).await;
        scene
    }

    /// Reads the repositories, as a source does.
    async fn read(&self, sees: impl Fn(&RepositoryName) -> bool) {
        let names: Vec<RepositoryName> =
            self.world().repositories.keys().map(|name| name.parse().unwrap()).collect();
        let names: Vec<_> = names.into_iter().filter(|name| sees(name)).collect();
        self.connection.reread(&self.state, &names).await.unwrap();
        self.state.update(|catalog| catalog.set_listed(true));
        self.world().log.clear();
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.server.world()
    }

    fn workplace(&self) -> Workplace<'_> {
        let Self { connection, state, records, plans, .. } = self;
        Workplace { connection, state, records, plans }
    }

    async fn plan(&self, params: &Params) -> images_proto::delete::Plan {
        let plan = super::super::plan(&self.connection, &self.state, params.clone()).await.unwrap();
        self.plans.put(self.state.content(), params.clone(), plan.clone());
        plan
    }

    async fn try_delete(&self, params: Params) -> Result<Receipt, Failure> {
        timeout(Duration::from_secs(30), delete(self.workplace(), params, |_| ())).await.unwrap()
    }

    async fn delete(&self, params: Params) -> Receipt {
        self.try_delete(params).await.unwrap()
    }

    /// What is in a repository now, for what is asserted.
    fn tags(&self, repository: &str) -> Vec<String> {
        tags(&self.world(), repository)
    }
}

fn of_tags(tags: &[&str]) -> Params {
    Params::of(tags.iter().map(|tag| Target::Tag(tag_ref(tag))).collect())
}

fn purge(targets: Vec<Target>) -> Params {
    Params { extent: Extent::Purge, ..Params::of(targets) }
}

fn outcomes(receipt: &Receipt) -> Vec<Outcome> {
    receipt.items.iter().map(|item| item.outcome.clone()).collect()
}

#[track_caller]
fn kept(outcome: &Outcome, code: Code, words: &str) {
    match outcome {
        Outcome::Kept(failure) => {
            assert_eq!(failure.code, code, "{failure:?}");
            assert!(failure.message.contains(words), "{failure:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// The verdict on a digest.
#[track_caller]
fn verdict(receipt: &Receipt, digest: &Digest) -> images_proto::delete::Verdict {
    let probed = receipt.digests.iter().find(|probed| probed.digest == *digest);
    probed.unwrap_or_else(|| panic!("{receipt:?}")).verdict.clone()
}
