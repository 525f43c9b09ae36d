// SPDX-License-Identifier: LGPL-2.1-or-later

//! Watching a list: what changed since a version, as it changes.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::error::{Kind, Refusal, Status};
use super::metadata::Metadata;
use super::{Cluster, Error};
use crate::body::{self, Body};
use crate::uri::escaped;

/// The time after which the server ends a watch by itself, in seconds. It is then taken up again.
const SERVER_ENDS: u64 = 240;
/// The time after which a watch is given up that the server should have ended: a dead connection.
const GIVE_UP: Duration = Duration::from_secs(SERVER_ENDS + 15);
/// The largest event, in bytes: one object.
const EVENT_LIMIT: usize = 32 << 20;

/// A change.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<T> {
    /// The object is new or changed.
    Applied(T),
    /// The object is gone; this is what it was.
    Deleted(T),
    /// Nothing changed up to the version that [`Watch::version`] now names.
    Bookmark,
}

/// A watch that runs.
pub struct Watch<T> {
    path: String,
    body: Body,
    buffer: BytesMut,
    /// Where in the buffer no newline was found.
    searched: usize,
    deadline: Instant,
    version: String,
    object: std::marker::PhantomData<fn() -> T>,
}

#[derive(Deserialize)]
struct Line<'a> {
    r#type: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    metadata: Metadata,
}

impl Cluster {
    /// Starts to watch the list at `path` for what changes after `version`.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub async fn watch<T>(&self, path: &str, version: &str) -> Result<Watch<T>, Error> {
        self.watch_as(path, "", super::Form::JSON, version).await
    }

    /// As [`Cluster::watch`], of what `more` of the query selects and in this form.
    pub(super) async fn watch_as<T>(
        &self,
        path: &str,
        more: &str,
        form: super::Form,
        version: &str,
    ) -> Result<Watch<T>, Error> {
        let query = format!(
            "{path}?watch=true&allowWatchBookmarks=true&pretty=false&timeoutSeconds={SERVER_ENDS}\
             {more}&resourceVersion={}",
            escaped(version)
        );
        let deadline = Instant::now() + GIVE_UP;
        let started = timeout_at(
            Instant::now() + super::WHOLE,
            self.begin(&Method::GET, &query, form, Bytes::new()),
        );
        let response = started
            .await
            .unwrap_or(Err(Kind::Timeout { seconds: super::WHOLE.as_secs() }))
            .map_err(|kind| Error::new(Method::GET, &query, kind))?;
        Ok(Watch::new(query, response.into_body(), deadline, version.to_owned()))
    }
}

impl<T> Watch<T> {
    fn new(path: String, body: Body, deadline: Instant, version: String) -> Self {
        Self {
            path,
            body,
            buffer: BytesMut::new(),
            searched: 0,
            deadline,
            version,
            object: std::marker::PhantomData,
        }
    }

    /// The version up to which everything was told: where the next watch starts.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl<T: DeserializeOwned> Watch<T> {
    /// The next change; `None` when the watch ended in good order.
    ///
    /// # Errors
    /// When it broke; [`Error::is_expired`] when the version is too old and the list must be read
    /// again.
    pub async fn next(&mut self) -> Result<Option<Event<T>>, Error> {
        self.read().await.map_err(|kind| Error::new(Method::GET, &self.path, kind))
    }

    async fn read(&mut self) -> Result<Option<Event<T>>, Kind> {
        loop {
            if let Some(line) = self.take_line() {
                if line.trim_ascii().is_empty() {
                    continue;
                }
                return self.event(&line).map(Some);
            }
            if self.buffer.len() > EVENT_LIMIT {
                return Err(Kind::Body(body::Error::TooLarge { limit: EVENT_LIMIT }));
            }
            match timeout_at(self.deadline, self.body.next()).await {
                Ok(Some(Ok(chunk))) => self.buffer.extend_from_slice(&chunk),
                Ok(Some(Err(error))) => return Err(Kind::Body(body::Error::Broken(error))),
                // Half an event is lost with the connection; the next watch brings it.
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }

    fn take_line(&mut self) -> Option<Bytes> {
        let found = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = found.map(|offset| self.searched + offset) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(end).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        Some(line)
    }

    fn event(&mut self, line: &[u8]) -> Result<Event<T>, Kind> {
        let Line { r#type, object } = serde_json::from_slice(line).map_err(Kind::Json)?;
        let object = object.get();
        if r#type == "ERROR" {
            let status: Status = serde_json::from_str(object).map_err(Kind::Json)?;
            let code = status.code.and_then(|code| StatusCode::from_u16(code).ok());
            let code = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Kind::Refused(Refusal::from_status(code, status)));
        }
        let versioned: Versioned = serde_json::from_str(object).map_err(Kind::Json)?;
        let event = match r#type {
            "ADDED" | "MODIFIED" => {
                Event::Applied(serde_json::from_str(object).map_err(Kind::Json)?)
            }
            "DELETED" => Event::Deleted(serde_json::from_str(object).map_err(Kind::Json)?),
            // The rest of a bookmark's object is made up.
            _ => Event::Bookmark,
        };
        if let Some(version) = versioned.metadata.resource_version {
            self.version = version;
        }
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Object {
        metadata: Metadata,
    }

    fn watch(chunks: &[&str]) -> Watch<Object> {
        let chunks: Vec<_> = chunks.iter().map(|text| Ok(Bytes::from(text.to_string()))).collect();
        let body = Box::pin(stream::iter(chunks));
        Watch::new("/x".to_owned(), body, Instant::now() + GIVE_UP, "1".to_owned())
    }

    #[tokio::test]
    async fn reads_events_split_anywhere() {
        let text = concat!(
            r#"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"5"}}}"#,
            "\n",
            r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"#,
            "\n",
            r#"{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"11"}}}"#,
            "\n"
        );
        for split in 1..text.len() {
            let mut watch = watch(&[&text[..split], &text[split..]]);
            let Some(Event::Applied(object)) = watch.next().await.unwrap() else {
                panic!("{split}")
            };
            assert_eq!((&*object.metadata.name, watch.version()), ("a", "5"));
            assert_eq!(watch.next().await.unwrap(), Some(Event::Bookmark));
            assert_eq!(watch.version(), "9");
            assert!(matches!(watch.next().await.unwrap(), Some(Event::Deleted(_))));
            assert_eq!(watch.next().await.unwrap(), None);
            assert_eq!(watch.version(), "11");
        }
    }

    #[tokio::test]
    async fn a_version_that_is_too_old_is_told() {
        let line = r#"{"type":"ERROR","object":{"kind":"Status","message":"too old resource version: 1 (111489)","reason":"Expired","code":410}}"#;
        let error = watch(&[line, "\n"]).next().await.unwrap_err();
        assert!(error.is_expired());
    }

    #[tokio::test]
    async fn half_an_event_is_no_event() {
        assert_eq!(watch(&[r#"{"type":"ADDED","obj"#]).next().await.unwrap(), None);
        assert!(watch(&["nonsense\n"]).next().await.is_err());
        assert!(watch(&[r#"{"type":"ADDED"}"#, "\n"]).next().await.is_err());
    }
}
