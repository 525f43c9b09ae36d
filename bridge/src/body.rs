// SPDX-License-Identifier: LGPL-2.1-or-later

//! Bodies of HTTP answers, read with a bound on bytes and time. The other side is never trusted to
//! end.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use tokio::time::timeout;

/// Any error of an HTTP client.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body as it arrives.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// Who we say we are to servers.
pub const AGENT: &str = concat!("cockpit-images/", env!("CARGO_PKG_VERSION"));

/// How long the other side may send nothing in the middle of a body.
pub const IDLE: Duration = Duration::from_secs(10);

/// The seconds that the other side wants to be left alone, if it says so and means less than an
/// hour.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|wait| *wait < Duration::from_secs(3_600))
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection broke, or the body is shorter than announced.
    #[error("the answer broke off")]
    Broken(#[source] BoxError),
    /// Nothing came for [`IDLE`].
    #[error("the answer stopped in the middle")]
    Idle,
    /// There is more than anybody has a use for.
    #[error("the answer has more than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}

/// What is done with a body above its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// It is an error.
    Refuse,
    /// The rest is not read: the text of an error is worth no more.
    Cut,
}

/// Bytes for which there is room before they came: somebody may announce more than he sends.
const TRUSTED: usize = 1 << 20;

/// Reads at most `limit` bytes.
///
/// # Errors
/// As [`Error`] says.
pub async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    excess: Excess,
) -> Result<Bytes, Error> {
    let announced = announced_length(headers);
    if excess == Excess::Refuse && announced.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge { limit });
    }
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0).min(limit).min(TRUSTED));
    while let Some(chunk) = timeout(IDLE, body.next()).await.map_err(|_| Error::Idle)? {
        let chunk = chunk.map_err(Error::Broken)?;
        let room = limit - whole.len();
        if chunk.len() > room {
            if excess == Excess::Refuse {
                return Err(Error::TooLarge { limit });
            }
            whole.extend_from_slice(&chunk[..room]);
            break;
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the answer is a web page: of a login, a proxy or a wrong address.
pub fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let start = body.trim_ascii_start();
    media_type.to_ascii_lowercase().starts_with("text/html")
        || start.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"<!doctype"))
        || start.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<html"))
}

/// The start of untrusted text, fit to be shown: at most 1,000 bytes, no control characters.
pub fn excerpt(text: &[u8]) -> String {
    const MOST: usize = 1_000;
    let text = String::from_utf8_lossy(&text[..text.len().min(MOST)]);
    let shown: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    shown.trim().to_owned()
}

/// An error with all its causes in one line, for the details of a failure.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many libraries repeat their source in their own text.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    excerpt(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        Box::pin(stream::iter(chunks))
    }

    #[tokio::test]
    async fn reads_up_to_the_bound() {
        let headers = HeaderMap::new();
        let read = |chunks: &'static [&'static str], excess| {
            let headers = headers.clone();
            async move { read(&headers, body(chunks), 6, excess).await }
        };
        assert_eq!(read(&["abc", "def"], Excess::Refuse).await.unwrap(), "abcdef");
        assert!(matches!(
            read(&["abc", "defg"], Excess::Refuse).await,
            Err(Error::TooLarge { limit: 6 })
        ));
        assert_eq!(read(&["abc", "defg", "h"], Excess::Cut).await.unwrap(), "abcdef");
    }

    #[tokio::test]
    async fn an_announced_excess_is_not_waited_for() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, "100000000".parse().unwrap());
        let never = Box::pin(stream::pending());
        assert!(matches!(
            read(&headers, never, 1_000, Excess::Refuse).await,
            Err(Error::TooLarge { .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends() {
        let headers = HeaderMap::new();
        let started =
            Box::pin(stream::iter([Ok(Bytes::from_static(b"x"))]).chain(stream::pending()));
        assert!(matches!(read(&headers, started, 10, Excess::Refuse).await, Err(Error::Idle)));
    }

    #[test]
    fn knows_a_web_page() {
        let mut headers = HeaderMap::new();
        assert!(is_html(&headers, b"\n <!DOCTYPE html>"));
        assert!(is_html(&headers, b"<HTML>"));
        assert!(!is_html(&headers, b"{}"));
        headers.insert(CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap());
        assert!(is_html(&headers, b"{}"));
    }

    #[test]
    fn shows_no_control_characters() {
        assert_eq!(excerpt(b"a\x1b[31m\nb\xff "), "a [31m b\u{fffd}");
        assert_eq!(excerpt(&[b'x'; 5_000]).len(), 1_000);
    }
}
