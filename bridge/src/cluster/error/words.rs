// SPDX-License-Identifier: LGPL-2.1-or-later

//! The words for a request that failed: what happened, what to do about it, and the steps that the
//! page can take.

use std::fmt;

use http::StatusCode;
use images_proto::{Code, Failure, Offer};

use super::{Error, Kind, Refusal};
use crate::body;
use crate::cluster::certificate::{Certificate, Invalid, date};
use crate::cluster::login::{self, ProgramError, Stale};
use crate::cluster::{Cluster, presented};
use crate::trouble::Trouble;

impl Error {
    /// What the user is told. `tried` ends the sentence "The bridge could not …", such as "list the
    /// image streams".
    pub fn failure(&self, tried: impl fmt::Display) -> Failure {
        self.kind.told(None).failure(tried, self)
    }
}

impl Cluster {
    /// What the user is told of a first request that failed: as [`Error::failure`], with the
    /// server's address, and with the certificate that it presents where that is what is wrong.
    pub async fn explain(&self, error: &Error, tried: impl fmt::Display) -> Failure {
        let mut failure = error.kind.told(Some(self.server())).failure(tried, error);
        let Kind::Unreachable(cause) = &error.kind else { return failure };
        if Trouble::of(cause.as_ref()).is_about_their_certificate()
            && let Some(certificate) = presented(self.shared.tls.as_ref()).await
        {
            failure.details = Some(certificate.to_string());
        }
        failure
    }
}

async fn presented(place: Option<&presented::Place>) -> Option<Certificate> {
    place?.look().await
}

/// What is told of an error.
struct Told {
    code: Code,
    /// Ends the sentence "The bridge could not …: ".
    what: String,
    fix: Option<String>,
    details: Option<String>,
    offers: &'static [Offer],
}

/// Steps where another cluster may be meant.
const OTHERS: &[Offer] = &[Offer::ChooseContext];
/// Steps where another login may do.
const LOGINS: &[Offer] = &[Offer::ChooseContext, Offer::HostKubeconfig];

impl Told {
    fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), fix: None, details: None, offers: &[] }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn offers(mut self, offers: &'static [Offer]) -> Self {
        self.offers = offers;
        self
    }

    fn failure(self, tried: impl fmt::Display, error: &Error) -> Failure {
        let Self { code, what, fix, details, offers } = self;
        let mut failure = Failure::new(code, format!("The bridge could not {tried}: {what}."));
        failure.retryable = matches!(
            code,
            Code::ClusterUnreachable | Code::Busy | Code::BadAnswer | Code::Conflict
        );
        failure.fix = fix;
        // A way to log in that failed tells its own details, of which none is secret.
        let is_login = matches!(error.kind, Kind::Login(_));
        failure.details = details.or_else(|| (!is_login).then(|| body::chain(error)));
        failure.offers = offers.to_vec();
        failure
    }
}

impl Kind {
    /// `server` is the API server's address, where it is worth telling.
    fn told(&self, server: Option<&str>) -> Told {
        let unreachable = |what: String| Told::new(Code::ClusterUnreachable, what).offers(OTHERS);
        match self {
            Self::Unreachable(error) => unreachable_words(Trouble::of(error.as_ref()), server),
            Self::Timeout { seconds } => unreachable(format!(
                "the cluster's API did not answer within {seconds} seconds"
            ))
            .fix("Check that the cluster is well: it may be starting or out of memory."),
            Self::Login(error) => {
                let (what, fix, details) = login_words(error);
                let told = Told::new(Code::Unauthenticated, what).fix(fix).offers(LOGINS);
                Told { details, ..told }
            }
            Self::Body(error @ body::Error::TooLarge { .. }) => {
                Told::new(Code::BadAnswer, error.to_string())
            }
            Self::Body(error) => unreachable(error.to_string()),
            Self::Refused(refusal) => refusal.told(server),
            Self::Html => Told::new(
                Code::BadAnswer,
                "a web page came back instead of an answer",
            )
            .fix("Check the server's address in the kubeconfig: a login page or a proxy seems to answer there.")
            .offers(OTHERS),
            Self::Stranger => Told::new(
                Code::BadAnswer,
                format!("what answers at {} is no Kubernetes API", at(server)),
            )
            .fix("Check the server's address and port in the kubeconfig.")
            .offers(OTHERS),
            Self::Json(_) => Told::new(Code::BadAnswer, "the answer makes no sense"),
            Self::Path => Told::new(Code::BadRequest, "there is no such name"),
        }
    }
}

fn at(server: Option<&str>) -> &str {
    server.unwrap_or("the API server's address")
}

fn unreachable_words(trouble: Trouble, server: Option<&str>) -> Told {
    let place = at(server);
    let (what, fix) = match trouble {
        Trouble::Refused => (
            format!("the API server does not run at {place}: nothing listens there"),
            "Start the cluster, or correct the server's address in the kubeconfig.",
        ),
        Trouble::NoSuchHost => (
            format!("no host has the name in {place}"),
            "Correct the server's address in the kubeconfig, or repair this host's name resolution.",
        ),
        Trouble::NoWay => (
            format!("no network route leads to {place}"),
            "Connect this host to the cluster's network, or correct the server's address in the kubeconfig.",
        ),
        Trouble::TimedOut => (
            format!("the host at {place} is silent"),
            "Check that the host runs and that no firewall is in between.",
        ),
        Trouble::HungUp => (
            format!("what listens at {place} hung up"),
            "Check that the API server is well, and that the address in the kubeconfig is its own.",
        ),
        Trouble::UnknownAuthority => (
            "the API server's certificate is signed by an authority that the kubeconfig does not trust"
                .to_owned(),
            "Compare the certificate with the cluster's. If it is the right one, put its authority into the kubeconfig as certificate-authority, or log in again.",
        ),
        Trouble::WrongName => (
            format!("the API server's certificate is for another name than the one in {place}"),
            "Use one of the certificate's names as server in the kubeconfig, or set tls-server-name.",
        ),
        Trouble::Expired => (
            "the API server's certificate has expired".to_owned(),
            "Have an administrator renew it (kubeadm certs renew, k3s certificate rotate), and check this host's clock.",
        ),
        Trouble::NotYetValid => (
            "the API server's certificate is not valid yet".to_owned(),
            "Check the clocks of this host and of the API server's.",
        ),
        Trouble::Certificate => (
            "the API server's certificate is not trusted".to_owned(),
            "Check certificate-authority in the kubeconfig, or log in again.",
        ),
        Trouble::NotTls => (
            format!("what listens at {place} does not speak TLS"),
            "Correct the server's address or port in the kubeconfig.",
        ),
        Trouble::OurCertificate => {
            return Told::new(
                Code::Unauthenticated,
                "the API server does not accept the client certificate in the kubeconfig",
            )
            .fix("Renew the kubeconfig, or log in again.")
            .offers(LOGINS);
        }
        Trouble::Other => (
            format!("the connection to {place} failed"),
            "Check that the cluster runs and that the kubeconfig has its right address.",
        ),
    };
    Told::new(Code::ClusterUnreachable, what).fix(fix).offers(OTHERS)
}

/// What failed when we logged in, what to do about it, and the details.
pub(in crate::cluster) fn login_words(error: &login::Error) -> (String, String, Option<String>) {
    const AGAIN: &str = "Log in again, or renew the kubeconfig.";
    let error = match error {
        login::Error::File { file, source } => {
            let file = body::excerpt(file.as_os_str().as_encoded_bytes());
            return (
                format!("the token file {file} cannot be read"),
                "Make the file readable for this user, or log in again.".to_owned(),
                Some(source.to_string()),
            );
        }
        login::Error::Unusable(_) => {
            let what = "the token, certificate or key in the kubeconfig cannot be used";
            return (what.to_owned(), AGAIN.to_owned(), None);
        }
        login::Error::Program(error) => error.as_ref(),
    };
    let details = error.messages().map(str::to_owned);
    let (what, fix) = match error {
        ProgramError::Nameless => (
            "the kubeconfig's exec names no command".to_owned(),
            "Correct the kubeconfig's user.".to_owned(),
        ),
        ProgramError::Interactive { program } => (
            format!("{program}, with which the kubeconfig logs in, has to ask questions"),
            "Log in in a terminal, and use a kubeconfig with a token or with a program that does not ask."
                .to_owned(),
        ),
        ProgramError::Start { program, hint, source } => {
            let is_absent = source.kind() == std::io::ErrorKind::NotFound;
            let why = if is_absent { "is not installed" } else { "cannot be started" };
            let fix = hint.clone().unwrap_or_else(|| {
                "Install it on this host, or use a kubeconfig with a token.".to_owned()
            });
            return (
                format!("{program}, with which the kubeconfig logs in, {why}"),
                fix,
                Some(source.to_string()),
            );
        }
        ProgramError::Failed { program, status, .. } => (
            format!("{program}, with which the kubeconfig logs in, failed ({status})"),
            "Run a kubectl command in a terminal: the program may want you to log in anew.".to_owned(),
        ),
        ProgramError::TimedOut { program, seconds, .. } => (
            format!("{program}, with which the kubeconfig logs in, did not end within {seconds} seconds"),
            "Run a kubectl command in a terminal: the program may want you to log in anew.".to_owned(),
        ),
        ProgramError::Answer { program, why, .. } => (
            format!("the answer of {program}, with which the kubeconfig logs in, {why}"),
            "Check the program and its apiVersion in the kubeconfig.".to_owned(),
        ),
    };
    (what, fix, details)
}

impl Refusal {
    fn told(&self, server: Option<&str>) -> Told {
        if self.is_about_login() {
            return self.login_told();
        }
        match self.status {
            StatusCode::FORBIDDEN => {
                Told::new(Code::Forbidden, "the cluster does not let this user do that")
                    .fix("Ask an administrator of the project or the cluster for the right.")
            }
            // Go's words to those who speak HTTP with a TLS server.
            StatusCode::BAD_REQUEST if self.message.contains("HTTP request to an HTTPS server") => {
                Told::new(Code::BadAnswer, format!("{} speaks TLS", at(server)))
                    .fix("Write https:// instead of http:// as server in the kubeconfig.")
                    .offers(OTHERS)
            }
            StatusCode::NOT_FOUND => {
                Told::new(Code::NotFound, "the cluster does not have it (any more)")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                Told::new(Code::Unsupported, "the cluster does not do that")
            }
            StatusCode::CONFLICT => Told::new(Code::Conflict, "somebody else changed it meanwhile"),
            StatusCode::GONE => Told::new(Code::Busy, "the cluster has a newer list"),
            StatusCode::TOO_MANY_REQUESTS => {
                Told::new(Code::Busy, "the cluster asks for fewer requests")
                    .fix("Wait a little and try again.")
            }
            status if status.is_server_error() => {
                Told::new(Code::Busy, format!("the cluster's API has a fault ({status})"))
                    .fix("Wait for it to recover, or look at the API server's log.")
                    .offers(OTHERS)
            }
            status => Told::new(Code::BadAnswer, format!("the cluster answered {status}")),
        }
    }

    fn login_told(&self) -> Told {
        const AGAIN: &str = "Log in again with oc login, or renew the kubeconfig.";
        let (what, fix) = match self.stale {
            Some(Stale::Token(end)) => (
                format!("the token in the kubeconfig expired on {}", date(end)),
                "Log in again with oc login, or put a new token into the kubeconfig.",
            ),
            Some(Stale::Certificate(Invalid::Expired(end))) => (
                format!("the client certificate in the kubeconfig expired on {}", date(end)),
                "Renew the kubeconfig (kubeadm certs renew, k3s certificate rotate), or log in again.",
            ),
            Some(Stale::Certificate(Invalid::NotYet(start))) => (
                format!(
                    "the client certificate in the kubeconfig is valid from {} on",
                    date(start)
                ),
                "Check the clocks of this host and of the API server's.",
            ),
            Some(Stale::Password) => (
                "the API server does not accept user and password; Kubernetes has given them up"
                    .to_owned(),
                "Log in with a token or a client certificate.",
            ),
            Some(Stale::Nothing) => (
                "the kubeconfig holds no login".to_owned(),
                "Log in with oc login, or add a user to the kubeconfig.",
            ),
            None if self.is_anonymous() => {
                ("the API server did not recognise the login in the kubeconfig".to_owned(), AGAIN)
            }
            None => ("the cluster does not accept the login (any more)".to_owned(), AGAIN),
        };
        Told::new(Code::Unauthenticated, what).fix(fix).offers(LOGINS)
    }
}
