// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of one image: what the catalog knows at once, and what manifest and config say as
//! soon as they are read.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_catalog::query::{self, LiveView};
use images_proto::image::{self, Details as Shown};
use images_proto::{Failure, RepositoryName};

use crate::live::Live;
use crate::session::{Details, Session};

/// The view.
pub struct ImageView {
    session: Arc<Session>,
    view: query::image::Image,
    params: image::Params,
    reading: Reading,
}

enum Reading {
    /// No repository is known to read it from.
    Waiting,
    Running(BoxFuture<'static, Result<Arc<Details>, Failure>>),
    Done(Result<Arc<Details>, Failure>),
    /// What failed and may heal by itself is tried again, and its words stand meanwhile.
    Again(Failure, BoxFuture<'static, Result<Arc<Details>, Failure>>),
}

/// How long a failure stands before it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

impl ImageView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: image::Params) -> Self {
        let view = query::image::Image::new(params.clone());
        Self { session, view, params, reading: Reading::Waiting }
    }

    fn read(
        &self,
        repository: RepositoryName,
        delay: Duration,
    ) -> BoxFuture<'static, Result<Arc<Details>, Failure>> {
        let (session, digest) = (self.session.clone(), self.params.digest);
        async move {
            tokio::time::sleep(delay).await;
            session.details(&repository, &digest).await
        }
        .boxed()
    }
}

impl Live for ImageView {
    type Params = image::Params;
    type Answer = image::View;

    fn set_params(&mut self, params: image::Params) {
        self.view.set_params(params.clone());
        self.params = params;
        self.reading = Reading::Waiting;
    }

    fn render(&mut self) -> image::View {
        let mut shown = self.view.render(&self.session.catalog());
        if matches!(self.reading, Reading::Waiting)
            && let Some(repository) = shown.repository.clone()
        {
            self.reading = Reading::Running(self.read(repository, Duration::ZERO));
        }
        match &self.reading {
            Reading::Waiting | Reading::Running(_) => {}
            Reading::Done(Ok(details)) => details.show_in(&mut shown),
            Reading::Done(Err(failure)) | Reading::Again(failure, _) => {
                shown.details = Shown::Failed(failure.clone())
            }
        }
        shown
    }

    fn is_working(&self) -> bool {
        matches!(self.reading, Reading::Running(_))
    }

    async fn work(&mut self) {
        match &mut self.reading {
            Reading::Running(reading) | Reading::Again(_, reading) => {
                let read = reading.await;
                let repository = self.view.render(&self.session.catalog()).repository;
                self.reading = match (read, repository) {
                    (Err(failure), Some(repository)) if failure.retryable => {
                        Reading::Again(failure, self.read(repository, AGAIN))
                    }
                    (read, _) => Reading::Done(read),
                };
            }
            Reading::Waiting | Reading::Done(_) => pending().await,
        }
    }
}
