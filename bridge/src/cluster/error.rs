// SPDX-License-Identifier: LGPL-2.1-or-later

//! How a request to the cluster's API fails, and how that is told.

use std::fmt;

use http::{Method, StatusCode};
use images_proto::{Code, Failure};
use serde::Deserialize;

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
    Login(#[source] BoxError),
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
}

/// The API's `Status` object (meta/v1).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
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
            },
        }
    }

    pub(super) fn from_status(status: StatusCode, body: Status) -> Self {
        Self {
            status,
            reason: body.reason,
            message: body::excerpt(body.message.unwrap_or_default().as_bytes()),
            continue_token: body.metadata.and_then(|metadata| metadata.r#continue),
        }
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
            kube::Error::Auth(error) => Self::Login(error.into()),
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

    /// Whether a resource version or continue token is too old.
    pub fn is_expired(&self) -> bool {
        self.status() == Some(StatusCode::GONE)
    }

    /// What the user is told. `tried` ends the sentence "The bridge could not …", such as "list the
    /// image streams".
    pub fn failure(&self, tried: impl fmt::Display) -> Failure {
        let (code, what, fix) = self.kind.words();
        Failure {
            code,
            message: format!("The bridge could not {tried}: {what}."),
            retryable: matches!(
                code,
                Code::ClusterUnreachable | Code::Busy | Code::BadAnswer | Code::Conflict
            ),
            fix: fix.map(str::to_owned),
            // A login program's failure quotes its arguments and output, which may be secret.
            details: (!matches!(self.kind, Kind::Login(_))).then(|| body::chain(self)),
        }
    }
}

impl Kind {
    fn words(&self) -> (Code, String, Option<&'static str>) {
        const REACH: &str =
            "Check that the cluster runs and that the kubeconfig has its right address.";
        match self {
            Self::Unreachable(error) if is_about_certificates(error.as_ref()) => (
                Code::ClusterUnreachable,
                "the API server's certificate is not trusted".to_owned(),
                Some("Check certificate-authority in the kubeconfig, or log in again."),
            ),
            Self::Unreachable(_) => (
                Code::ClusterUnreachable,
                "the connection to the cluster's API failed".to_owned(),
                Some(REACH),
            ),
            Self::Timeout { seconds } => (
                Code::ClusterUnreachable,
                format!("the cluster's API did not answer within {seconds} seconds"),
                Some(REACH),
            ),
            Self::Login(_) => (
                Code::Unauthenticated,
                "the kubeconfig's way to log in failed".to_owned(),
                Some("Log in again with oc login, or renew the kubeconfig."),
            ),
            Self::Body(error @ body::Error::TooLarge { .. }) => {
                (Code::BadAnswer, error.to_string(), None)
            }
            Self::Body(error) => (Code::ClusterUnreachable, error.to_string(), None),
            Self::Refused(refusal) => refusal.words(),
            Self::Html => (
                Code::BadAnswer,
                "a web page came back instead of an answer".to_owned(),
                Some(
                    "Check the server's address in the kubeconfig: a login page or a proxy seems to answer there.",
                ),
            ),
            Self::Json(_) => (Code::BadAnswer, "the answer makes no sense".to_owned(), None),
            Self::Path => (Code::BadRequest, "there is no such name".to_owned(), None),
        }
    }
}

fn is_about_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
    body::chain(error).contains("certificate")
}

impl Refusal {
    fn words(&self) -> (Code, String, Option<&'static str>) {
        match self.status {
            StatusCode::UNAUTHORIZED => (
                Code::Unauthenticated,
                "the cluster does not accept the login (any more)".to_owned(),
                Some("Log in again with oc login, or renew the kubeconfig."),
            ),
            StatusCode::FORBIDDEN if self.message.contains("system:anonymous") => (
                Code::Unauthenticated,
                "the kubeconfig holds no login".to_owned(),
                Some("Log in with oc login, or add a user to the kubeconfig."),
            ),
            StatusCode::FORBIDDEN => (
                Code::Forbidden,
                "the cluster does not let this user do that".to_owned(),
                Some("Ask an administrator of the project or the cluster for the right."),
            ),
            StatusCode::NOT_FOUND => {
                (Code::NotFound, "the cluster does not have it (any more)".to_owned(), None)
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                (Code::Unsupported, "the cluster does not do that".to_owned(), None)
            }
            StatusCode::CONFLICT => {
                (Code::Conflict, "somebody else changed it meanwhile".to_owned(), None)
            }
            StatusCode::GONE => (Code::Busy, "the cluster has a newer list".to_owned(), None),
            StatusCode::TOO_MANY_REQUESTS => (
                Code::Busy,
                "the cluster asks for fewer requests".to_owned(),
                Some("Wait a little and try again."),
            ),
            status if status.is_server_error() => {
                (Code::Busy, format!("the cluster's API has a fault ({status})"), None)
            }
            status => (Code::BadAnswer, format!("the cluster answered {status}"), None),
        }
    }
}

#[cfg(test)]
mod tests {
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
