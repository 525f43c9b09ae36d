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
use crate::session::{Details, Session, Way};

/// The view.
pub struct ImageView {
    session: Arc<Session>,
    view: query::image::Image,
    params: image::Params,
    reading: Reading,
    /// The way by which it was read last.
    way: Way,
}

type Read = Result<Arc<Details>, Failure>;

enum Reading {
    /// No repository is known to read it from.
    Waiting,
    Running(BoxFuture<'static, Read>),
    Done(Read),
    /// What failed and may heal by itself, or may be told better by now, is read again, and what
    /// was read stands meanwhile.
    Again(Read, BoxFuture<'static, Read>),
}

/// How long a failure stands before it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

impl ImageView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: image::Params) -> Self {
        let view = query::image::Image::new(params.clone());
        Self { session, view, params, reading: Reading::Waiting, way: Way::default() }
    }

    fn read(&mut self, repository: RepositoryName, delay: Duration) -> BoxFuture<'static, Read> {
        self.way = self.session.way();
        let (session, digest) = (self.session.clone(), self.params.digest);
        async move {
            tokio::time::sleep(delay).await;
            session.details(&repository, &digest).await
        }
        .boxed()
    }

    /// Begins to read, if there is something to read that was not read by this way.
    fn begin(&mut self, repository: &RepositoryName) {
        let before = match &self.reading {
            Reading::Waiting => None,
            Reading::Done(read) if !is_whole(read) && self.session.way() != self.way => {
                Some(read.clone())
            }
            Reading::Running(_) | Reading::Done(_) | Reading::Again(..) => return,
        };
        let reading = self.read(repository.clone(), Duration::ZERO);
        self.reading = match before {
            None => Reading::Running(reading),
            Some(before) => Reading::Again(before, reading),
        };
    }
}

/// Whether another way to the registry has nothing to add.
fn is_whole(read: &Read) -> bool {
    read.as_ref().is_ok_and(|details| details.is_whole)
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
        if let Some(repository) = &shown.repository {
            self.begin(repository);
        }
        match &self.reading {
            Reading::Waiting | Reading::Running(_) => {}
            Reading::Done(Ok(details)) | Reading::Again(Ok(details), _) => {
                details.show_in(&mut shown);
            }
            Reading::Done(Err(failure)) | Reading::Again(Err(failure), _) => {
                shown.details = Shown::Failed(failure.clone());
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
                        let reading = self.read(repository, AGAIN);
                        Reading::Again(Err(failure), reading)
                    }
                    (read, _) => Reading::Done(read),
                };
            }
            Reading::Waiting | Reading::Done(_) => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use images_catalog::overlay::{Read as ReadDetails, ReadIndex};
    use images_catalog::{Content, ImageFacts};
    use images_proto::status::{Registry, Source};
    use images_proto::{Code, Digest};

    use super::*;
    use crate::session::settings::Settings;

    fn view() -> ImageView {
        let session = Session::with_settings(Settings::default());
        let (name, digest) = ("shop/api".parse().unwrap(), Digest::from_bytes([1; 32]));
        session.state().update(|catalog| {
            catalog.put_repository(&name, Some(Vec::new()));
            catalog.put_images(&name, vec![ImageFacts { digest, content: Content::Missing }]);
        });
        ImageView::new(session, image::Params { repository: Some(name), digest })
    }

    fn reach(view: &ImageView, route: &str) {
        view.session.state().set_registry(Some(Registry {
            source: Source::Openshift,
            host: None,
            route: Some(route.to_owned()),
            unreachable: None,
        }));
    }

    fn details(is_whole: bool) -> Read {
        let read = ReadDetails::Index(ReadIndex::default());
        Ok(Arc::new(Details { read, is_whole, weight: 0 }))
    }

    #[tokio::test]
    async fn what_another_way_may_tell_better_is_read_again() {
        let failure = || Err(Failure::new(Code::Unauthenticated, "no login"));
        for (read, is_read_again) in
            [(failure(), true), (details(false), true), (details(true), false)]
        {
            let mut view = view();
            view.render();
            assert!(matches!(view.reading, Reading::Running(_)));
            view.reading = Reading::Done(read);
            view.render();
            assert!(matches!(view.reading, Reading::Done(_)), "the same way");
            reach(&view, "https://registry.example.com");
            view.render();
            assert_eq!(matches!(view.reading, Reading::Again(..)), is_read_again);
        }
    }
}
