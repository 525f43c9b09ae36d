// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests straight to a registry's address, with HTTP Basic if there is a login.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::{Method, Request, Response};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Certificate, Client, Url};
use secrecy::{ExposeSecret, SecretString};

use super::Carrier;
use crate::body::{Body, BoxError};

const CONNECT: Duration = Duration::from_secs(5);
/// The most redirects of one request.
const REDIRECTS: usize = 5;

/// A registry's address: `https://HOST[:PORT]`, or `http://` where somebody decided so.
#[derive(Clone)]
pub struct Address {
    url: Url,
    login: Option<Login>,
}

/// Who we are to the registry.
#[derive(Clone)]
pub struct Login {
    user: String,
    password: SecretString,
}

/// Why a text is no registry's address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a registry's address is http:// or https://, a host and maybe a port")]
pub struct AddressError;

/// Carries requests to an address.
pub struct Direct {
    /// Follows redirects, for what is only read and verified.
    reader: Client,
    /// Follows none: only the registry itself is asked to delete, and believed that a thing is gone.
    client: Client,
    address: Address,
}

impl Login {
    /// A user and a password or token.
    pub fn new(user: impl Into<String>, password: SecretString) -> Self {
        Self { user: user.into(), password }
    }
}

impl Address {
    /// Parses an address. A user and password in it become the login and are never shown.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut url = Url::parse(text).map_err(|_| AddressError)?;
        if !matches!(url.scheme(), "http" | "https")
            || url.host_str().is_none()
            || !matches!(url.path(), "" | "/" | "/v2" | "/v2/")
            || url.query().is_some()
        {
            return Err(AddressError);
        }
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(Login::new(user, password.unwrap_or_default().into())),
        };
        url.set_username("").map_err(|()| AddressError)?;
        url.set_password(None).map_err(|()| AddressError)?;
        url.set_path("/");
        Ok(Self { url, login })
    }

    /// Whether it is reached with TLS, so that a login may be sent.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Sets who we are, unless the address itself says so.
    #[must_use]
    pub fn with_login(mut self, login: Option<Login>) -> Self {
        self.login = self.login.or(login);
        self
    }

    /// Host and port, as in a pull command.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl Direct {
    /// A client for this address that trusts the system's certificate authorities and these, as DER.
    ///
    /// # Errors
    /// When a certificate is none.
    pub fn new(address: Address, authorities: &[Vec<u8>]) -> Result<Self, BoxError> {
        let certificates: Vec<_> =
            authorities.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>()?;
        let client = |policy: fn() -> Policy| {
            let client = || {
                let client = Client::builder().connect_timeout(CONNECT);
                client.user_agent(crate::body::AGENT).redirect(policy())
            };
            match client().tls_certs_merge(certificates.clone()).build() {
                // A minimal host has no authorities of its own.
                Err(_) if !certificates.is_empty() => {
                    client().tls_certs_only(certificates.clone()).build()
                }
                built => built,
            }
        };
        let reader = client(|| Policy::custom(follow))?;
        Ok(Self { reader, client: client(Policy::none)?, address })
    }
}

/// Registries send readers of blobs to their storage. Nobody is followed out of TLS, nor for ever.
fn follow(attempt: Attempt<'_>) -> Action {
    let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS || (from_tls && attempt.url().scheme() != "https") {
        attempt.stop()
    } else {
        attempt.follow()
    }
}

impl Carrier for Direct {
    fn carry(&self, request: Request<()>) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        async move {
            let (head, ()) = request.into_parts();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            let client = if head.method == Method::GET { &self.reader } else { &self.client };
            let mut sent =
                client.request(head.method, self.address.url.join(path)?).headers(head.headers);
            if let Some(Login { user, password }) = &self.address.login {
                sent = sent.basic_auth(user, Some(password.expose_secret()));
            }
            let response = sent.send().await.map_err(reqwest::Error::without_url)?;
            let mut answer = Response::new(());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            let body = response
                .bytes_stream()
                .map(|chunk| chunk.map_err(|error| error.without_url().into()));
            Ok(answer.map(|()| Box::pin(body) as Body))
        }
        .boxed()
    }

    fn has_login(&self) -> bool {
        self.address.login.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_login() {
        let address = Address::parse("https://amy:secret@registry.example.com:5000/v2/").unwrap();
        assert_eq!(address.to_string(), "https://registry.example.com:5000");
        assert_eq!(address.host(), "registry.example.com:5000");
        assert_eq!(address.login.as_ref().unwrap().user, "amy");
        assert!(address.is_encrypted());
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in
            ["", "registry.example.com", "ftp://x", "https://", "https://x/y", "http://x/?a"]
        {
            assert_eq!(Address::parse(text).err(), Some(AddressError), "{text}");
        }
    }
}
