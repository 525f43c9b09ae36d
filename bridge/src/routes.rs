// SPDX-License-Identifier: LGPL-2.1-or-later

//! The live view of the routes to the registry: the ladder as it is climbed, and what the registry
//! can do as soon as it has said so.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_proto::Failure;
use images_proto::route::{Params, Reached, View};

use crate::live::Live;
use crate::session::{Session, Way};

/// The view.
pub struct RoutesView {
    session: Arc<Session>,
    asking: Asking,
    /// The way to the registry that was asked.
    way: Way,
}

enum Asking {
    Running(BoxFuture<'static, Result<Reached, Failure>>),
    Done(Option<Reached>),
}

impl RoutesView {
    /// A view. There are no parameters.
    pub fn new(session: Arc<Session>, Params {}: Params) -> Self {
        // Whatever is known of the routes, they are tried if nobody did so far.
        let (way, asking) = (session.way(), Self::ask(&session));
        Self { session, asking, way }
    }

    fn ask(session: &Arc<Session>) -> Asking {
        let session = session.clone();
        Asking::Running(async move { session.abilities().await }.boxed())
    }
}

impl Live for RoutesView {
    type Params = Params;
    type Answer = View;

    fn set_params(&mut self, Params {}: Params) {
        self.asking = Self::ask(&self.session);
    }

    fn render(&mut self) -> View {
        // What the registry at the end of another way can do is another question.
        let way = self.session.way();
        if way != self.way {
            self.way = way;
            self.asking = Self::ask(&self.session);
        }
        let reached = match &self.asking {
            Asking::Done(reached) => reached.clone(),
            Asking::Running(_) => None,
        };
        View { reached, ..self.session.routes() }
    }

    fn is_working(&self) -> bool {
        matches!(self.asking, Asking::Running(_))
    }

    async fn work(&mut self) {
        match &mut self.asking {
            // A failure is in the ladder already.
            Asking::Running(asking) => self.asking = Asking::Done(asking.await.ok()),
            Asking::Done(_) => pending().await,
        }
    }
}
