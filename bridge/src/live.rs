// SPDX-License-Identifier: LGPL-2.1-or-later

//! Live views: one loop for every method that stays open and pushes after changes.

use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use images_catalog::query::LiveView;
use images_proto::{Code, Failure, Message, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::channel::Close;
use crate::session::Session;
use crate::session::state::News;
use crate::transport::Open;

/// The shortest time between two looks that changes of the catalog cause. The first one, new
/// parameters and turns are answered at once.
pub(crate) const PACE: Duration = Duration::from_millis(250);

/// Something that can be looked at again and again.
pub trait Live: Send {
    /// What the page chooses.
    type Params: DeserializeOwned + Send;
    /// What it is shown.
    type Answer: Serialize + PartialEq + Send + Sync;

    /// Takes new parameters from the page.
    fn set_params(&mut self, params: Self::Params);

    /// Looks. Must be quick and do no I/O.
    fn render(&mut self) -> Self::Answer;

    /// Whether the answer is still incomplete and [`Live::work`] will complete it.
    fn is_working(&self) -> bool {
        false
    }

    /// Goes on with what the view fetches itself, and returns when another look is due. May be
    /// dropped and called again at any time.
    fn work(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }
}

/// Pushes what `live` shows until the channel is closed.
pub async fn run<L: Live>(session: &Session, mut live: L, open: Open) -> Close {
    let Open { mut outbox, mut inbox, once, .. } = open;
    let mut changes = session.changes();
    let mut sent = None;
    let mut rested = Instant::now();
    loop {
        let seen = *changes.borrow_and_update();
        let answer = live.render();
        let wanted = sent.as_ref() != Some(&answer) && !(once && live.is_working());
        if wanted && let Err(error) = outbox.send(&Message::View(&answer)).await {
            return error.into();
        }
        if wanted && once {
            return Close::default();
        }
        // What was held back is not known to the page, even if it stays as it is.
        if wanted {
            sent = Some(answer);
        }
        tokio::select! {
            message = inbox.newest() => match serde_json::from_slice::<Chosen<L::Params>>(&message) {
                Ok(Chosen { params }) => {
                    live.set_params(params);
                    // The page waits for an answer, be it the same.
                    sent = None;
                }
                Err(error) => {
                    let failed = Message::<()>::Failed(bad_request(&error));
                    if let Err(error) = outbox.send(&failed).await {
                        return error.into();
                    }
                }
            },
            () = live.work() => {}
            () = changed(&mut changes, seen, rested) => rested = Instant::now() + PACE,
        }
    }
}

/// Returns when another look is due: at once after a turn, else when the last look is long enough ago.
async fn changed(changes: &mut watch::Receiver<News>, seen: News, rested: Instant) {
    let turn = changes.wait_for(|news| news.turns != seen.turns);
    let turned = timeout_at(rested, turn).await.map(|turned| turned.is_ok());
    let changed = match turned {
        Ok(turned) => turned,
        Err(_) => changes.wait_for(|news| *news != seen).await.is_ok(),
    };
    if !changed {
        pending::<()>().await;
    }
}

/// A message of the page on an open view.
#[derive(serde::Deserialize)]
struct Chosen<P> {
    params: P,
}

fn bad_request(error: &serde_json::Error) -> Failure {
    Failure::new(
        Code::BadRequest,
        "The page asked for something that the bridge does not understand.",
    )
    .with_fix("Reload the page: it may be older than the bridge.")
    .with_details(error.to_string())
}

/// A view that shows nothing but the catalog.
pub struct CatalogView<V> {
    session: Arc<Session>,
    view: V,
}

impl<V: LiveView> CatalogView<V> {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: <V::Method as Method>::Params) -> Self {
        Self { session, view: V::new(params) }
    }
}

impl<V> Live for CatalogView<V>
where
    V: LiveView + Send,
    <V::Method as Method>::Params: Send,
    <V::Method as Method>::Answer: PartialEq + Send + Sync,
{
    type Params = <V::Method as Method>::Params;
    type Answer = <V::Method as Method>::Answer;

    fn set_params(&mut self, params: Self::Params) {
        self.view.set_params(params);
    }

    fn render(&mut self) -> Self::Answer {
        self.view.render(&self.session.catalog())
    }
}

/// The view of the session itself.
pub struct StatusView {
    session: Arc<Session>,
    retry: u32,
}

impl StatusView {
    /// A view with these parameters.
    pub fn new(session: Arc<Session>, params: images_proto::status::Params) -> Self {
        Self { session, retry: params.retry }
    }
}

impl Live for StatusView {
    type Params = images_proto::status::Params;
    type Answer = images_proto::status::View;

    fn set_params(&mut self, params: Self::Params) {
        if params.retry != self.retry {
            self.retry = params.retry;
            self.session.retry();
        }
    }

    fn render(&mut self) -> Self::Answer {
        self.session.status()
    }
}
