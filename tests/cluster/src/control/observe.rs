// SPDX-License-Identifier: LGPL-2.1-or-later
//! A server whose requests are recorded and whose answers go wrong to order.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

use super::Control;
use super::fault::{self, Kind};
use super::record::{Running, Target};
use crate::http::body::{Body, BodyError};
use crate::http::listen::{Handler, Peer};

/// Stands before another server.
#[derive(Debug)]
pub(crate) struct Observed<H> {
    inner: Arc<H>,
    target: Target,
    control: Arc<Control>,
}

impl<H> Observed<H> {
    pub(crate) fn new(target: Target, control: Arc<Control>, inner: Arc<H>) -> Arc<Self> {
        Arc::new(Self { inner, target, control })
    }
}

impl<H: Handler> Handler for Observed<H> {
    async fn handle(self: Arc<Self>, request: Request<Body>, peer: Arc<Peer>) -> Response<Body> {
        let inner = Arc::clone(&self.inner);
        observe(&self.control, self.target, request, |request| inner.handle(request, peer)).await
    }
}

/// Records a request and its answer, and lets the answer go wrong if that was ordered.
pub(crate) async fn observe<F>(
    control: &Control,
    target: Target,
    request: Request<Body>,
    answer: impl FnOnce(Request<Body>) -> F,
) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let running = control.recorder.note(target, &request);
    let fault = control.faults.strike(target, request.method().as_str(), request.uri());
    let response = match fault {
        None => answer(request).await,
        Some(fault) => match fault.kind {
            Kind::Hang => {
                control.faults.hang().await;
                answer(request).await
            }
            Kind::Html | Kind::Status => fault::instead(&fault),
            Kind::Pretend => fault::pretend(target, request.method(), request.uri().path()),
            Kind::Hold => {
                control.holds.hold(&fault, &request).let_go().await;
                answer(request).await
            }
            Kind::HoldAnswer => {
                let held = control.holds.note(&fault, &request);
                let response = answer(request).await;
                held.let_go().await;
                response
            }
            Kind::LieLength | Kind::Truncate => fault::spoil(&fault, answer(request).await).await,
        },
    };
    running.answered(response.status().as_u16());
    response.map(|body| Counted { body, running }.boxed_unsync())
}

/// A body that counts what it sends.
struct Counted {
    body: Body,
    running: Arc<Running>,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            self.running.sent(bytes.len());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
