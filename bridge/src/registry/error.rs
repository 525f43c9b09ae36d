// SPDX-License-Identifier: LGPL-2.1-or-later

//! How a request to the registry fails, and how that is told.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use images_proto::{Code, Digest, Failure};
use serde::Deserialize;

use super::carrier::Standing;
use crate::body::{self, BoxError};
use crate::trouble::Trouble;

/// A request that failed.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path}")]
pub struct Error {
    /// The method.
    pub method: Method,
    /// The path and query; never the host or a login.
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
    /// The answer was not complete in time.
    #[error("no complete answer within {seconds} seconds")]
    Timeout {
        /// The time that was waited.
        seconds: u64,
    },
    /// The answer could not be read.
    #[error("the answer cannot be read")]
    Body(#[source] body::Error),
    /// The registry, or the API server in front of it, said no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// It sends us elsewhere, where this route does not lead.
    #[error("redirected to an address that this route does not lead to")]
    Redirected,
    /// A web page came back. Its start.
    #[error("a web page came back")]
    Html(String),
    /// Something answered, but no registry.
    #[error("what answers is no registry")]
    NoRegistry,
    /// The answer is not the JSON that it should be.
    #[error("the answer is not what it should be")]
    Json(#[source] serde_json::Error),
    /// The document is none that we know.
    #[error("{0}")]
    Document(&'static str),
    /// The document is not the one asked for.
    #[error("asked for {expected}, got {actual}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The registry's first error code, or the API server's reason.
    pub code: Option<String>,
    /// The words of the other side, bounded.
    pub message: String,
    /// The API server in front of the registry said it, not the registry.
    pub by_api_server: bool,
    /// Whether we had said who we are.
    pub standing: Standing,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// Both sides' error bodies: the registry's `errors`, the API server's `Status`.
#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    errors: Vec<Item>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
}

impl Refusal {
    /// Reads an error's body, which may be anything.
    pub fn parse(status: StatusCode, text: &[u8], html: bool) -> Self {
        let refusal = |code, message, by_api_server| Self {
            status,
            code,
            message,
            by_api_server,
            standing: Standing::Unknown,
            retry_after: None,
        };
        if html {
            return refusal(None, "(a web page)".to_owned(), false);
        }
        let Ok(body) = serde_json::from_slice::<ErrorBody>(text) else {
            // The API server's own words where it could not reach the service, as plain text.
            let by_api_server = text.starts_with(b"error trying to reach service");
            return refusal(None, body::excerpt(text), by_api_server);
        };
        if body.kind.as_deref() == Some("Status") {
            let message = body.message.unwrap_or_default();
            return refusal(body.reason, body::excerpt(message.as_bytes()), true);
        }
        match body.errors.into_iter().next() {
            Some(Item { code, message }) => refusal(
                Some(body::excerpt(code.as_bytes())),
                body::excerpt(message.unwrap_or_default().as_bytes()),
                false,
            ),
            None => refusal(None, body::excerpt(text), false),
        }
    }
}

impl Error {
    pub(super) fn new(request: &Request<Bytes>, kind: Kind) -> Self {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Self { method: request.method().clone(), path, kind }
    }

    /// The status of a refusal by the registry itself.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.kind {
            Kind::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Why no connection came about, if that is what happened.
    pub fn trouble(&self) -> Option<Trouble> {
        match &self.kind {
            Kind::Unreachable(error) => Some(Trouble::of(error.as_ref())),
            _ => None,
        }
    }

    /// Whether a registry said it, in a registry's words: it is one, even if it refuses.
    pub fn is_a_registry(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            !refusal.by_api_server && refusal.code.as_deref().is_some_and(|code| !code.is_empty())
        })
    }

    /// Whether any other request would fail in the same way now.
    pub fn is_about_the_route(&self) -> bool {
        match &self.kind {
            Kind::Unreachable(_) | Kind::Timeout { .. } | Kind::Body(body::Error::Idle) => true,
            Kind::Refused(refusal) => {
                let in_between = matches!(
                    refusal.status,
                    StatusCode::BAD_GATEWAY
                        | StatusCode::SERVICE_UNAVAILABLE
                        | StatusCode::GATEWAY_TIMEOUT
                );
                refusal.by_api_server
                    || refusal.status == StatusCode::TOO_MANY_REQUESTS
                    // What stands before the registry says that it is not there.
                    || (in_between && refusal.code.is_none())
            }
            _ => false,
        }
    }

    /// What the user is told. `tried` ends the sentence "The bridge could not …", such as "read the
    /// tags of shop/api".
    pub fn failure(&self, tried: impl std::fmt::Display) -> Failure {
        let (code, what, fix) = self.kind.words();
        let mut failure = Failure::new(code, format!("The bridge could not {tried}: {what}."))
            .with_details(body::chain(self));
        failure.retryable =
            matches!(code, Code::RegistryUnreachable | Code::Busy | Code::BadAnswer);
        failure.fix = fix.map(str::to_owned);
        failure
    }
}

impl Kind {
    fn words(&self) -> (Code, String, Option<&'static str>) {
        match self {
            Self::Unreachable(error) => {
                let (what, fix) = unreachable(Trouble::of(error.as_ref()));
                (Code::RegistryUnreachable, what.to_owned(), Some(fix))
            }
            Self::Timeout { seconds } => (
                Code::RegistryUnreachable,
                format!("the registry did not answer within {seconds} seconds"),
                Some("Check that the registry is not overloaded, and try again."),
            ),
            Self::Body(error) => match error {
                body::Error::TooLarge { .. } => {
                    (Code::BadAnswer, format!("{error}, which is too large"), None)
                }
                body::Error::Broken(_) | body::Error::Idle => {
                    (Code::RegistryUnreachable, error.to_string(), None)
                }
            },
            Self::Refused(refusal) => refusal.words(),
            Self::Redirected => (
                Code::Unsupported,
                "the registry keeps its data at an address that this route does not lead to"
                    .to_owned(),
                Some("Set an address of the registry that this host can reach directly."),
            ),
            Self::Html(_) => (
                Code::BadAnswer,
                "a web page came back instead of an answer".to_owned(),
                Some(
                    "Check the registry's address: a login page or a proxy seems to answer there.",
                ),
            ),
            Self::NoRegistry => (
                Code::BadAnswer,
                "what answers there is no registry".to_owned(),
                Some("Check the registry's address."),
            ),
            Self::Json(_) => (Code::BadAnswer, "the answer makes no sense".to_owned(), None),
            Self::Document(what) => (Code::BadAnswer, (*what).to_owned(), None),
            Self::Digest { .. } => (
                Code::BadAnswer,
                "the registry sent something else than was asked for".to_owned(),
                Some("The registry's storage may be damaged, or a proxy alters what it sends."),
            ),
        }
    }
}

/// Why a connection failed, and what to do.
fn unreachable(trouble: Trouble) -> (&'static str, &'static str) {
    const RUNS: &str = "Check that the registry runs and that its address is right.";
    const TRUST: &str = "Have this host trust the registry: put the certificate of its authority \
                         into /etc/containers/certs.d/HOST:PORT/ca.crt.";
    match trouble {
        Trouble::Refused => ("nothing listens there", RUNS),
        Trouble::NoSuchHost => ("there is no host of that name", RUNS),
        Trouble::NoWay => ("no way leads there from this host", RUNS),
        Trouble::TimedOut => ("nobody answers there", RUNS),
        Trouble::HungUp => ("the registry hung up", RUNS),
        Trouble::UnknownAuthority => {
            ("nobody whom this host trusts has signed the registry's certificate", TRUST)
        }
        Trouble::WrongName => (
            "the registry's certificate is for another name",
            "Use a name that stands in the certificate, or have the registry's certificate renewed.",
        ),
        Trouble::Expired => {
            ("the registry's certificate has expired", "Have the registry's certificate renewed.")
        }
        Trouble::NotYetValid => (
            "the registry's certificate is not valid yet",
            "Check the clocks of this host and of the registry.",
        ),
        Trouble::Certificate => ("the registry's certificate cannot be used", TRUST),
        Trouble::OurCertificate => (
            "the registry wants a certificate of ours",
            "Use an address of the registry that does not.",
        ),
        Trouble::NotTls => (
            "what answers does not speak TLS",
            "Set the address with http:// if the registry is meant to be reached without TLS.",
        ),
        Trouble::Other => ("the connection to the registry failed", RUNS),
    }
}

impl Refusal {
    fn words(&self) -> (Code, String, Option<&'static str>) {
        let status = self.status;
        match (status, self.by_api_server) {
            (StatusCode::UNAUTHORIZED, true) => (
                Code::Unauthenticated,
                "the cluster does not accept the login (any more)".to_owned(),
                Some("Log in again with oc login, or renew the kubeconfig."),
            ),
            (StatusCode::UNAUTHORIZED, false) if self.standing == Standing::Known => (
                Code::Forbidden,
                "the registry does not let this user do that".to_owned(),
                Some("Ask an administrator of the project for the right."),
            ),
            (StatusCode::UNAUTHORIZED, false) if self.standing == Standing::Nameless => (
                Code::Unauthenticated,
                "the registry wants a login, and none can be sent on this route".to_owned(),
                None,
            ),
            (StatusCode::UNAUTHORIZED, false) => (
                Code::Unauthenticated,
                "the registry wants a login".to_owned(),
                Some("Log in with a user and a password of the registry's."),
            ),
            (StatusCode::FORBIDDEN, true) => (
                Code::Forbidden,
                "the cluster does not let this user reach the registry".to_owned(),
                Some(
                    "Ask an administrator for the right \"get services/proxy\" in the registry's namespace.",
                ),
            ),
            (StatusCode::FORBIDDEN, false) => {
                (Code::Forbidden, "the registry does not allow it".to_owned(), None)
            }
            (StatusCode::NOT_FOUND, true) => {
                (Code::NoRegistry, "the cluster has no such service".to_owned(), None)
            }
            (_, true) => (
                Code::RegistryUnreachable,
                "the cluster cannot reach the registry".to_owned(),
                Some("Check that the registry's service has a running pod."),
            ),
            (StatusCode::NOT_FOUND, _) => {
                (Code::NotFound, "the registry does not have it (any more)".to_owned(), None)
            }
            (StatusCode::METHOD_NOT_ALLOWED, _) => (
                Code::Unsupported,
                "the registry does not do that".to_owned(),
                Some("It may be read-only, or have deletion switched off: see its configuration."),
            ),
            (StatusCode::TOO_MANY_REQUESTS, _) => (
                Code::Busy,
                "the registry asks for fewer requests".to_owned(),
                Some("Wait a little and try again."),
            ),
            _ if status.is_server_error() => {
                (Code::Busy, format!("the registry has a fault ({status})"), None)
            }
            _ => (Code::BadAnswer, format!("the registry answered {status}"), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, text: &str) -> Refusal {
        Refusal::parse(StatusCode::from_u16(status).unwrap(), text.as_bytes(), false)
    }

    #[test]
    fn tells_the_registry_from_the_api_server() {
        let registry = refusal(
            401,
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#,
        );
        assert!(!registry.by_api_server);
        assert_eq!(registry.code.as_deref(), Some("UNAUTHORIZED"));
        assert_eq!(registry.words().0, Code::Unauthenticated);
        let server = refusal(
            401,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#,
        );
        assert!(server.by_api_server);
        assert_eq!(server.words().0, Code::Unauthenticated);
        let none = refusal(
            404,
            r#"{"kind":"Status","message":"services \"x\" not found","reason":"NotFound","code":404}"#,
        );
        assert_eq!(none.words().0, Code::NoRegistry);
        let down = refusal(
            503,
            r#"{"kind":"Status","status":"Failure","message":"no endpoints available for service \"registry\"","reason":"ServiceUnavailable","code":503}"#,
        );
        assert_eq!(down.words().0, Code::RegistryUnreachable);
    }

    #[test]
    fn a_known_user_who_is_refused_lacks_the_right() {
        let mut refusal = refusal(401, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#);
        refusal.standing = Standing::Known;
        assert_eq!(refusal.words().0, Code::Forbidden);
    }

    #[test]
    fn any_text_can_be_an_error() {
        for text in ["", "{", "[]", "null", "{\"errors\":7}", "{\"errors\":[]}", "\u{1b}[31m"] {
            let refusal = refusal(500, text);
            assert_eq!(refusal.words().0, Code::Busy);
            assert!(!refusal.message.contains('\u{1b}'));
        }
        assert_eq!(refusal(418, "x").words().0, Code::BadAnswer);
    }

    #[test]
    fn says_what_was_tried_and_what_came_back() {
        let request =
            Request::builder().uri("/v2/shop/api/tags/list?n=1000").body(Bytes::new()).unwrap();
        let error = Error::new(&request, Kind::Refused(refusal(500, "out of inodes")));
        let failure = error.failure("read the tags of shop/api");
        assert_eq!(
            failure.message,
            "The bridge could not read the tags of shop/api: the registry has a fault (500 Internal \
             Server Error)."
        );
        let details = failure.details.unwrap();
        assert!(details.contains("GET /v2/shop/api/tags/list"), "{details}");
        assert!(details.contains("out of inodes"), "{details}");
    }
}
