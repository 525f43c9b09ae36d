// SPDX-License-Identifier: LGPL-2.1-or-later

//! Asking again what was refused for a moment only. All that is asked here may be asked twice.

use std::time::Duration;

use http::StatusCode;
use tokio::time::sleep;

use crate::source::Backoff;
use crate::{cluster, registry};

/// How often the same is asked.
const ATTEMPTS: u32 = 6;
/// How often, when nobody answers: it may be that it was done all the same.
const ATTEMPTS_IN_SILENCE: u32 = 3;
/// The longest time that the other side can have us wait once.
const LONGEST: Duration = Duration::from_secs(20);

/// An error of the other side.
pub(in crate::action) trait Setback {
    /// Whether the same may work in a moment.
    fn may_pass(&self) -> Passing;
    /// How long the other side wants to be left alone.
    fn retry_after(&self) -> Option<Duration>;
    /// Whether it says that there is no such thing.
    fn is_absence(&self) -> bool;
}

/// Whether a setback may be over in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::action) enum Passing {
    /// It is the last word.
    No,
    /// The other side is busy, or somebody else was faster.
    Yes,
    /// Nobody answered.
    Silence,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::action) enum Done {
    /// It was done.
    Yes,
    /// There was nothing to do.
    Absent,
}

/// Deletes with patience. Where nobody answered first and the thing is gone then, we did it.
pub(in crate::action) async fn delete<E, F>(ask: impl Fn() -> F) -> Result<Done, E>
where
    E: Setback,
    F: Future<Output = Result<(), E>>,
{
    let mut patience = Patience::default();
    loop {
        match ask().await {
            Ok(()) => return Ok(Done::Yes),
            Err(error) if error.is_absence() => {
                return Ok(if patience.silences > 0 { Done::Yes } else { Done::Absent });
            }
            Err(error) if patience.wait(&error).await => {}
            Err(error) => return Err(error),
        }
    }
}

/// Asks with patience.
pub(in crate::action) async fn ask<T, E, F>(ask: impl Fn() -> F) -> Result<T, E>
where
    E: Setback,
    F: Future<Output = Result<T, E>>,
{
    let mut patience = Patience::default();
    loop {
        match ask().await {
            Err(error) if patience.wait(&error).await => {}
            answer => return answer,
        }
    }
}

#[derive(Default)]
struct Patience {
    backoff: Backoff,
    attempts: u32,
    silences: u32,
}

impl Patience {
    /// Waits until the same may be asked once more, if it is worth it.
    async fn wait(&mut self, error: &impl Setback) -> bool {
        self.attempts += 1;
        match error.may_pass() {
            Passing::Yes if self.attempts < ATTEMPTS => {}
            Passing::Silence if self.silences + 1 < ATTEMPTS_IN_SILENCE => self.silences += 1,
            _ => return false,
        }
        let due = self.backoff.next_delay();
        sleep(error.retry_after().map_or(due, |wanted| wanted.min(LONGEST).max(due))).await;
        true
    }
}

/// Whether a status may be another one in a moment.
fn passes(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

impl Setback for cluster::Error {
    fn may_pass(&self) -> Passing {
        match &self.kind {
            cluster::Kind::Refused(refusal) => {
                let conflict = refusal.status == StatusCode::CONFLICT;
                if conflict || passes(refusal.status) { Passing::Yes } else { Passing::No }
            }
            cluster::Kind::Unreachable(_)
            | cluster::Kind::Timeout { .. }
            | cluster::Kind::Body(_) => Passing::Silence,
            _ => Passing::No,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            cluster::Kind::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    fn is_absence(&self) -> bool {
        self.is_not_found()
    }
}

impl Setback for registry::Error {
    fn may_pass(&self) -> Passing {
        match &self.kind {
            registry::Kind::Refused(refusal) if passes(refusal.status) => Passing::Yes,
            registry::Kind::Unreachable(_)
            | registry::Kind::Timeout { .. }
            | registry::Kind::Body(_) => Passing::Silence,
            _ => Passing::No,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    fn is_absence(&self) -> bool {
        self.is_not_found()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Trouble {
        Busy(Option<Duration>),
        Silent,
        Gone,
        Forbidden,
    }

    impl Setback for Trouble {
        fn may_pass(&self) -> Passing {
            match self {
                Self::Busy(_) => Passing::Yes,
                Self::Silent => Passing::Silence,
                Self::Gone | Self::Forbidden => Passing::No,
            }
        }
        fn retry_after(&self) -> Option<Duration> {
            if let Self::Busy(wait) = self { *wait } else { None }
        }
        fn is_absence(&self) -> bool {
            *self == Self::Gone
        }
    }

    /// What comes of these answers, one after the other; the last one stays. And how long it took.
    async fn after(answers: &[Result<(), Trouble>]) -> (Result<Done, Trouble>, Duration, usize) {
        let (asked, started) = (Cell::new(0), tokio::time::Instant::now());
        let done = delete(|| async {
            let at = asked.get();
            asked.set(at + 1);
            answers[at.min(answers.len() - 1)]
        })
        .await;
        (done, started.elapsed(), asked.get())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_for_and_what_does_not_is_told() {
        let busy = Err(Trouble::Busy(None));
        assert_eq!(after(&[busy, busy, Ok(())]).await.0, Ok(Done::Yes));
        let (done, _, asked) = after(&[busy]).await;
        assert_eq!((done, asked), (Err(Trouble::Busy(None)), 6));
        let (done, _, asked) = after(&[Err(Trouble::Forbidden)]).await;
        assert_eq!((done, asked), (Err(Trouble::Forbidden), 1));
        assert_eq!(after(&[Err(Trouble::Gone)]).await.0, Ok(Done::Absent));
        assert_eq!(after(&[busy, Err(Trouble::Gone)]).await.0, Ok(Done::Absent));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_done_in_silence_was_done_by_us() {
        assert_eq!(after(&[Err(Trouble::Silent), Err(Trouble::Gone)]).await.0, Ok(Done::Yes));
        assert_eq!(after(&[Err(Trouble::Silent)]).await.2, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_side_says_how_long_within_reason() {
        let wait = |seconds| Err(Trouble::Busy(Some(Duration::from_secs(seconds))));
        assert_eq!(after(&[wait(7), Ok(())]).await.1, Duration::from_secs(7));
        assert_eq!(after(&[wait(3_000), Ok(())]).await.1, LONGEST);
    }
}
