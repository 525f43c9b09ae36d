// SPDX-License-Identifier: LGPL-2.1-or-later

//! How a request to the cluster's API fails, and how that is told.

mod words;

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;

pub(super) use self::words::login_words;
use super::login::{self, Stale};
use crate::body::{self, BoxError};

/// A request that failed.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path}")]
pub struct Error {
    /// The method.
    pub method: Method,
    /// The path and query; never the server or a login.
    pub path: String,
    /// What happened.
    #[source]
    pub kind: Kind,
}

/// What happened to a request.
#[derive(Debug, thiserror::Error)]
pub enum Kind {
    /// It was not sent, or nothing came back.
    #[error("the connection failed")]
    Unreachable(#[source] BoxError),
    /// The kubeconfig's way to log in failed.
    #[error("logging in failed")]
    Login(#[source] login::Error),
    /// The answer was not complete in time.
    #[error("no complete answer within {seconds} seconds")]
    Timeout {
        /// The time that was waited.
        seconds: u64,
    },
    /// The answer could not be read.
    #[error("the answer cannot be read")]
    Body(#[source] body::Error),
    /// The API server said no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// A web page came back.
    #[error("a web page came back")]
    Html,
    /// What answers is no Kubernetes API.
    #[error("that is no Kubernetes API")]
    Stranger,
    /// The answer is not the JSON that it should be.
    #[error("the answer is not what it should be")]
    Json(#[source] serde_json::Error),
    /// A name cannot stand in a path.
    #[error("no such path")]
    Path,
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The API's reason, such as `Forbidden`.
    pub reason: Option<String>,
    /// Its words, bounded.
    pub message: String,
    /// The continue token of an expired list, for an inconsistent rest.
    pub continue_token: Option<String>,
    /// When it is our login that is refused: what we know about it.
    pub stale: Option<Stale>,
    /// Whether these are a Kubernetes API's own words.
    pub is_status: bool,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// The API's `Status` object (meta/v1).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    kind: Option<String>,
    pub(super) code: Option<u16>,
    reason: Option<String>,
    message: Option<String>,
    metadata: Option<StatusMetadata>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusMetadata {
    r#continue: Option<String>,
}

impl Refusal {
    pub(super) fn parse(status: StatusCode, text: &[u8], html: bool) -> Self {
        match serde_json::from_slice::<Status>(text) {
            Ok(body) => Self::from_status(status, body),
            Err(_) => Self {
                status,
                reason: None,
                // The aggregator's own words come as plain text.
                message: if html { "(a web page)".to_owned() } else { body::excerpt(text) },
                continue_token: None,
                stale: None,
                is_status: false,
                retry_after: None,
            },
        }
    }

    pub(super) fn from_status(status: StatusCode, body: Status) -> Self {
        Self {
            status,
            reason: body.reason,
            message: body::excerpt(body.message.unwrap_or_default().as_bytes()),
            continue_token: body.metadata.and_then(|metadata| metadata.r#continue),
            stale: None,
            is_status: body.kind.as_deref() == Some("Status"),
            retry_after: None,
        }
    }

    /// Whether our login is refused, or not seen at all.
    pub(super) fn is_about_login(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED || self.is_anonymous()
    }

    /// Whether the API server takes us for nobody.
    fn is_anonymous(&self) -> bool {
        self.status == StatusCode::FORBIDDEN && self.message.contains("system:anonymous")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl Kind {
    pub(super) fn from_send(error: kube::Error) -> Self {
        match error {
            error @ kube::Error::Auth(_) => Self::Login(login::Error::Unusable(Box::new(error))),
            error => Self::Unreachable(error.into()),
        }
    }
}

impl Error {
    pub(super) fn new(method: Method, path: &str, kind: Kind) -> Self {
        Self { method, path: path.to_owned(), kind }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        match &self.kind {
            Kind::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether the API says that there is no such object. What else may answer 404, such as a
    /// server that is just starting, says nothing about objects.
    pub fn is_not_found(&self) -> bool {
        matches!(&self.kind, Kind::Refused(refusal)
            if refusal.status == StatusCode::NOT_FOUND
                && refusal.reason.as_deref() == Some("NotFound"))
    }

    /// Whether the server has no such path: an API group that it does not know.
    pub fn is_no_path(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the server says that the user may not.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// Whether the server does not do this with what is at that path (405).
    pub fn is_unsupported(&self) -> bool {
        self.status() == Some(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// Whether somebody else was faster: the object is not what it was, or there is one by now.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(StatusCode::CONFLICT)
    }

    /// Whether a resource version or continue token is too old.
    pub fn is_expired(&self) -> bool {
        self.status() == Some(StatusCode::GONE)
    }
}

#[cfg(test)]
mod tests {
    use images_proto::{Code, Failure};

    use super::*;

    fn failure(status: u16, text: &str) -> Failure {
        let refusal = Refusal::parse(StatusCode::from_u16(status).unwrap(), text.as_bytes(), false);
        Error::new(Method::GET, "/apis/x", Kind::Refused(refusal)).failure("list the image streams")
    }

    #[test]
    fn a_refusal_keeps_the_clusters_words_for_details() {
        let text = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"images.image.openshift.io is forbidden: User \"carol\" cannot list","reason":"Forbidden","details":{"group":"image.openshift.io","kind":"images"},"code":403}"#;
        let failure = failure(403, text);
        assert_eq!(failure.code, Code::Forbidden);
        assert!(!failure.retryable);
        assert!(failure.message.starts_with("The bridge could not list the image streams: "));
        assert!(failure.details.unwrap().contains("User \"carol\" cannot list"));
    }

    #[test]
    fn plain_text_and_nonsense_are_read_too() {
        assert_eq!(failure(503, "error trying to reach service: dial tcp").code, Code::Busy);
        for text in ["", "[]", "7", "{\"code\":\"x\"}", "{\"message\":null}"] {
            assert_eq!(failure(500, text).code, Code::Busy, "{text}");
        }
    }

    #[test]
    fn an_expired_list_offers_a_token() {
        let text = r#"{"metadata":{"continue":"abc"},"reason":"Expired","code":410}"#;
        let refusal = Refusal::parse(StatusCode::GONE, text.as_bytes(), false);
        assert_eq!(refusal.continue_token.as_deref(), Some("abc"));
    }
}
