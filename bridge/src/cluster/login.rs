// SPDX-License-Identifier: LGPL-2.1-or-later

//! How we log in at a cluster, and the client that is logged in now.
//!
//! What a kubeconfig says once and for all, the kube crate sends. What changes, a token in a file
//! or the answer of a program, is read here, and a client is made with it: a client of the kube
//! crate is one login.

mod program;
mod token;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use kube::config::AuthInfo;
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

pub use self::program::Error as ProgramError;
use self::program::{Credential, Program};
use super::certificate::{Certificate, Invalid};

/// How long before its end a login is renewed, at most.
const MARGIN: Duration = Duration::from_secs(30);

/// How we log in, and the client that is logged in now.
pub(super) struct Login {
    /// What does not change, without the login that does.
    config: Config,
    source: Source,
    current: RwLock<Current>,
    /// Held while a login is renewed, so that those who come meanwhile wait for it.
    renewing: Mutex<Option<Failure>>,
}

/// A program that did not log in, which is the answer to all who waited for it.
struct Failure {
    when: Instant,
    error: Arc<ProgramError>,
}

/// Where the login comes from.
enum Source {
    /// It stands in the kubeconfig.
    Fixed,
    /// A token in a file, which somebody renews.
    File(PathBuf),
    /// A program.
    Program(Box<Program>),
}

/// A login, as long as it lasts.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) client: Client,
    pub(super) token: Option<SecretString>,
    certificate: Option<Certificate>,
    has_password: bool,
    /// When it is to be renewed; `None`: when it is refused.
    renew_at: Option<Timestamp>,
    /// Counts the logins.
    number: u64,
}

/// Why we could not log in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file with the token cannot be read.
    #[error("cannot read the token file {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The program that logs in failed.
    #[error(transparent)]
    Program(Arc<ProgramError>),
    /// What came of it is no login.
    #[error("the login cannot be used")]
    Unusable(#[source] Box<kube::Error>),
}

/// What we know about a login that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// The token says that it was valid up to this second since the Unix epoch.
    Token(i64),
    /// The client certificate is not valid.
    Certificate(Invalid),
    /// User and password, which the server may not look at at all.
    Password,
    /// There is no login.
    Nothing,
}

impl Login {
    /// Takes the login out of a configuration. A program is first run when it is needed.
    pub(super) fn new(mut config: Config) -> Result<Self, Error> {
        let login = &mut config.auth_info;
        let is_said = login.token.as_ref().is_some_and(|token| !token.expose_secret().is_empty());
        let (exec, file) = (login.exec.take(), login.token_file.take());
        let source = if is_said {
            Source::Fixed
        } else if let Some(file) = file.filter(|file| !file.is_empty()) {
            Source::File(file.into())
        } else if let Some(exec) = exec {
            Source::Program(Box::new(Program::new(exec)))
        } else {
            Source::Fixed
        };
        let credential = Credential::default();
        let mut current = Current::new(&config, credential, 0)?;
        if !matches!(source, Source::Fixed) {
            current.renew_at = Some(Timestamp::MIN);
        }
        let current = RwLock::new(current);
        Ok(Self { config, source, current, renewing: Mutex::default() })
    }

    /// The login of this moment, which may have run out.
    pub(super) fn now(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration, without the login that changes.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// A login that is valid as far as we know.
    pub(super) async fn valid(&self) -> Result<Current, Error> {
        let current = self.now();
        let is_due = match &self.source {
            Source::Fixed => false,
            // Whoever writes the file tells nobody; reading it is cheap.
            Source::File(_) => true,
            Source::Program(_) => current.renew_at.is_some_and(|at| at <= Timestamp::now()),
        };
        if is_due { self.renew(current).await } else { Ok(current) }
    }

    /// Another login after this one was refused, if there may be another.
    pub(super) async fn another(&self, refused: Current) -> Result<Option<Current>, Error> {
        if matches!(self.source, Source::Fixed) {
            return Ok(None);
        }
        let number = refused.number;
        let renewed = self.renew(refused).await?;
        Ok(Some(renewed).filter(|renewed| renewed.number != number))
    }

    async fn renew(&self, old: Current) -> Result<Current, Error> {
        let asked = Instant::now();
        let mut failed = self.renewing.lock().await;
        let now = self.now();
        if now.number != old.number {
            // Somebody did it meanwhile.
            return Ok(now);
        }
        let credential = match &self.source {
            Source::Fixed => return Ok(now),
            Source::File(file) => {
                let token = match token::read(file) {
                    Ok(token) => token,
                    // Half a renewal; the old one may still do.
                    Err(_) if now.token.is_some() => return Ok(now),
                    Err(source) => return Err(Error::File { file: file.clone(), source }),
                };
                let is_same = |old: &SecretString| old.expose_secret() == token.expose_secret();
                if now.token.as_ref().is_some_and(is_same) {
                    return Ok(now);
                }
                Credential { token: Some(token), ..Credential::default() }
            }
            Source::Program(program) => {
                // Each of them running it anew, one after the other, would last for minutes.
                if let Some(failure) = failed.as_ref().filter(|failure| failure.when >= asked) {
                    return Err(Error::Program(Arc::clone(&failure.error)));
                }
                // Nearly every request waits here, and hardly one has a program run.
                match Box::pin(program.run()).await {
                    Ok(credential) => credential,
                    Err(error) => {
                        let error = Arc::new(error);
                        let when = Instant::now();
                        *failed = Some(Failure { when, error: Arc::clone(&error) });
                        return Err(Error::Program(error));
                    }
                }
            }
        };
        let renewed = Current::new(&self.config, credential, old.number + 1)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = renewed.clone();
        Ok(renewed)
    }
}

impl Current {
    fn new(config: &Config, credential: Credential, number: u64) -> Result<Self, Error> {
        let mut config = config.clone();
        let login = &mut config.auth_info;
        if let Some((certificate, key)) = credential.certificate {
            login.client_certificate_data = Some(BASE64.encode(certificate));
            login.client_key_data = Some(BASE64.encode(key.expose_secret()).into());
        }
        if credential.token.is_some() {
            login.token = credential.token;
        }
        let token = login.token.clone().filter(|token| !token.expose_secret().is_empty());
        let certificate = certificate(login);
        let has_password = login.username.as_ref().is_some_and(|user| !user.is_empty());
        let now = Timestamp::now();
        let renew_at = credential.expires.map(|end| {
            // Of a login that lasts for seconds only, the larger part is used.
            let margin = end.duration_since(now).max(SignedDuration::ZERO) / 10;
            let most = SignedDuration::try_from(MARGIN).unwrap_or(SignedDuration::ZERO);
            end - margin.min(most)
        });
        let client = Client::try_from(config).map_err(|error| Error::Unusable(Box::new(error)))?;
        Ok(Self { client, token, certificate, has_password, renew_at, number })
    }

    /// What may be the reason that it was refused.
    pub(super) fn stale(&self) -> Option<Stale> {
        let now = Timestamp::now();
        if let Some(token) = &self.token {
            let end = token::expiry(token.expose_secret())?;
            return (end <= now.as_second()).then_some(Stale::Token(end));
        }
        if let Some(certificate) = &self.certificate {
            return certificate.invalid_at(now).map(Stale::Certificate);
        }
        Some(if self.has_password { Stale::Password } else { Stale::Nothing })
    }
}

/// The client certificate, if there is one that can be read.
fn certificate(login: &AuthInfo) -> Option<Certificate> {
    let pem = match (&login.client_certificate_data, &login.client_certificate) {
        (Some(data), _) => BASE64.decode(data.trim()).ok()?,
        (None, Some(file)) => std::fs::read(file).ok()?,
        (None, None) => return None,
    };
    Certificate::parse(&CertificateDer::from_pem_slice(&pem).ok()?)
}
