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
use crate::session::Session;

/// The view.
pub struct RoutesView {
    session: Arc<Session>,
    asking: Asking,
    /// The route whose end was asked.
    route: Option<String>,
}

enum Asking {
    /// No route is known that leads to a registry.
    Waiting,
    Running(BoxFuture<'static, Result<Reached, Failure>>),
    Done(Option<Reached>),
}

impl RoutesView {
    /// A view. There are no parameters.
    pub fn new(session: Arc<Session>, Params {}: Params) -> Self {
        // Whatever is known of the routes, they are tried if nobody did so far.
        let asking = Self::ask(&session);
        Self { session, asking, route: None }
    }

    fn ask(session: &Arc<Session>) -> Asking {
        let session = session.clone();
        Asking::Running(async move { session.abilities().await }.boxed())
    }

    fn route(&self) -> Option<String> {
        self.session.status().registry?.route
    }
}

impl Live for RoutesView {
    type Params = Params;
    type Answer = View;

    fn set_params(&mut self, Params {}: Params) {
        self.asking = Self::ask(&self.session);
    }

    fn render(&mut self) -> View {
        let route = self.route();
        if route != self.route && !matches!(self.asking, Asking::Running(_)) {
            self.asking = match route {
                Some(_) => Self::ask(&self.session),
                None => Asking::Waiting,
            };
        }
        self.route = route;
        let reached = match &self.asking {
            Asking::Done(reached) => reached.clone(),
            Asking::Waiting | Asking::Running(_) => None,
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
            Asking::Waiting | Asking::Done(_) => pending().await,
        }
    }
}
