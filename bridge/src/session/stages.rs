// SPDX-License-Identifier: LGPL-2.1-or-later

//! The stages of a registry, and promoting from one to the next.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_catalog::query::stages::{Around, Past};
use images_proto::context::Done;
use images_proto::stage::{Agreed, Known, Plan, Receipt, Setting, Wanted, WhichTag};
use images_proto::{Code, Digest, Failure, Progress, RepositoryName};
use tokio::sync::watch;

use super::Session;
use crate::action::{self, Ground, Reader};
use crate::record::{Place, Promotion};
use crate::source::details::Details;
use crate::source::{Connection, Source};

impl Session {
    /// What the board of the stages shows besides the catalog; nothing without a connection.
    pub(crate) async fn around_stages(self: Arc<Self>) -> Around {
        let Some((connection, place)) = self.place() else { return Around::default() };
        let setting = self.settings.choices.stages(&place.key);
        let projects = async {
            match connection.source() {
                Source::Openshift(source) => source.cluster().projects().await.unwrap_or_default(),
                Source::Distribution(_) => Vec::new(),
            }
        };
        let (projects, promotions) = tokio::join!(projects, self.promotions(place.key));
        let mut past = Past::default();
        for (planned, item) in promotions.into_iter().flat_map(|promotion| promotion.moves) {
            if let Some(from) = &planned.from {
                past.add(from, planned.wanted.digest);
            }
            if let Some(was) = planned.was {
                past.add(&planned.wanted.to, was);
            }
            if item.is_some_and(|item| item.done) {
                past.add(&planned.wanted.to, planned.wanted.digest);
            }
        }
        Around { setting, past, projects }
    }

    /// Ticks when the stages of a registry were set.
    pub(crate) fn stages_changes(&self) -> watch::Receiver<u64> {
        self.settings.choices.stages_changes()
    }

    /// Sets the stages of this registry.
    ///
    /// # Errors
    /// When these can be none, or there is no connection.
    pub async fn set_stages(&self, setting: Setting) -> Result<Done, Failure> {
        setting.check().map_err(|error| {
            Failure::new(Code::BadRequest, format!("These cannot be the stages: {error}."))
        })?;
        let connection = self.connection().await?;
        let place = Place::of(&connection, &self.state);
        // It holds for this session all the same.
        if let Err(error) = self.settings.choices.set_stages(&place.key, setting) {
            tracing::warn!(%error, "the stages could not be written down");
        }
        Ok(Done {})
    }

    /// What a tag named before.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn versions(&self, which: WhichTag) -> Result<Known, Failure> {
        let connection = self.connection().await?;
        let place = Place::of(&connection, &self.state);
        let promotions = self.promotions(place.key).await;
        let versions = action::versions(&connection, &promotions, &which.tag).await;
        connection.check_the_registry();
        versions
    }

    /// What a promotion would change.
    ///
    /// # Errors
    /// When it makes no sense, or the registry cannot be reached.
    pub async fn plan_promotion(&self, wanted: Wanted) -> Result<Plan, Failure> {
        let connection = self.connection().await?;
        let read = Reading { session: self, connection: &connection };
        action::plan_promotion(self.ground(&connection, &read), wanted).await
    }

    /// Promotes, and looks afterwards.
    ///
    /// # Errors
    /// When nothing was tried; what became of each move is in the receipt.
    pub async fn promote(
        &self,
        agreed: Agreed,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Receipt, Failure> {
        let connection = self.connection().await?;
        let read = Reading { session: self, connection: &connection };
        action::promote(self.ground(&connection, &read), agreed, progress).await
    }

    fn ground<'a>(&'a self, connection: &'a Connection, read: &'a Reading<'a>) -> Ground<'a> {
        let (state, records) = (&self.state, &*self.settings.records);
        Ground { connection, state, records, promotions: &self.promotions, read }
    }

    /// The promotions at the registry with this key. They are files, so they are read aside.
    async fn promotions(&self, key: String) -> Vec<Promotion> {
        let records = self.records().clone();
        tokio::task::spawn_blocking(move || records.promotions(&key)).await.unwrap_or_default()
    }
}

/// Reads what images are made of, each once for all who look.
struct Reading<'a> {
    session: &'a Session,
    connection: &'a Arc<Connection>,
}

impl Reader for Reading<'_> {
    fn details<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<Arc<Details>, Failure>> {
        let Self { session, connection } = self;
        session.details.get(&session.state, Arc::clone(connection), repository, digest).boxed()
    }
}
