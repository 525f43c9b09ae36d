// SPDX-License-Identifier: LGPL-2.1-or-later

//! Waiting for a state, never for a time.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// The time after which a state is not expected any more. Far above what is usual: the tests'
/// machine may be busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Looks again and again until there is something, for at most [`PATIENCE`].
///
/// # Errors
/// When it did not come, with the last reason that `look` gave.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    until_within(PATIENCE, what, look).await
}

/// Like [`until`] with another patience.
///
/// # Errors
/// When it did not come, with the last reason that `look` gave.
pub async fn until_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begin = Instant::now();
    loop {
        let reason = match look().await {
            Ok(Some(value)) => return Ok(value),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if begin.elapsed() > patience {
            let waited = format!("waited {} s for {what}", patience.as_secs());
            return Err(match reason {
                Some(reason) => reason.context(waited),
                None => anyhow!(waited),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
