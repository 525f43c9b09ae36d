// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of the stages. The setting is a choice that is remembered and the past of tags is
//! in the records, so both are read beside the view; it looks again when one of them changed.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_catalog::query::LiveView;
use images_catalog::query::stages::{self, Around};
use images_proto::stage::{Params, View};
use tokio::sync::watch;

use crate::live::Live;
use crate::record::Watch;
use crate::session::{Session, Way};

/// The view.
pub struct StagesView {
    session: Arc<Session>,
    stages: stages::Stages,
    /// Reading again what is beside the catalog.
    reading: Option<BoxFuture<'static, Around>>,
    is_read: bool,
    /// Ticks when this process begins or ends a change.
    records: watch::Receiver<u64>,
    /// Ticks when this process sets stages.
    settings: watch::Receiver<u64>,
    /// Notices what other processes do; absent where that cannot be.
    watch: Option<Watch>,
    way: Way,
}

impl StagesView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: Params) -> Self {
        let (records, watch) = (session.records().changes(), session.records().watch());
        let (settings, way) = (session.stages_changes(), session.way());
        let reading = Some(session.clone().around_stages().boxed());
        let stages = stages::Stages::new(params);
        Self { session, stages, reading, is_read: false, records, settings, watch, way }
    }

    fn read_again(&mut self) {
        self.reading = Some(self.session.clone().around_stages().boxed());
    }
}

impl Live for StagesView {
    type Params = Params;
    type Answer = View;

    fn set_params(&mut self, params: Params) {
        self.stages.set_params(params);
    }

    fn render(&mut self) -> View {
        // Another registry has other stages.
        let way = self.session.way();
        if way != self.way {
            self.way = way;
            self.read_again();
        }
        let mut view = self.stages.render(&self.session.catalog());
        view.reading |= !self.is_read;
        view
    }

    fn is_working(&self) -> bool {
        !self.is_read
    }

    async fn work(&mut self) {
        if let Some(reading) = &mut self.reading {
            let around = reading.await;
            self.stages.set_around(around);
            self.is_read = true;
            self.reading = None;
            return;
        }
        let Self { watch, records, settings, .. } = self;
        let elsewhere = async {
            match watch {
                Some(watch) => watch.changed().await,
                None => pending().await,
            }
        };
        tokio::select! {
            Ok(()) = records.changed() => {}
            Ok(()) = settings.changed() => {}
            () = elsewhere => {}
        }
        self.read_again();
    }
}
