// SPDX-License-Identifier: LGPL-2.1-or-later

//! Requests straight to a registry's address.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::{Method, Request, Response};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Certificate, Client, Url};

use super::authorized::Site;
use super::carrier::{Carrier, Standing};
use super::login::Login;
use crate::body::{Body, BoxError};

const CONNECT: Duration = Duration::from_secs(5);
/// The most redirects of one request.
const REDIRECTS: usize = 5;

/// A registry's address: `https://HOST[:PORT]`, or `http://` where somebody decided so.
#[derive(Clone, Debug)]
pub struct Address {
    url: Url,
    login: Option<Login>,
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
            (user, password) => {
                let user = unescaped(user).ok_or(AddressError)?;
                let password = unescaped(password.unwrap_or_default()).ok_or(AddressError)?;
                Some(Login::new(user, password.into()))
            }
        };
        url.set_username("").map_err(|()| AddressError)?;
        url.set_password(None).map_err(|()| AddressError)?;
        url.set_path("/");
        url.set_fragment(None);
        Ok(Self { url, login })
    }

    /// The address of a host that may be followed by a port.
    ///
    /// # Errors
    /// When that makes no address.
    pub fn of_host(host: &str, tls: bool) -> Result<Self, AddressError> {
        Self::parse(&format!("{}://{host}", if tls { "https" } else { "http" }))
            .ok()
            .filter(|address| address.login.is_none())
            .ok_or(AddressError)
    }

    /// Whether it is reached with TLS, so that a login may be sent.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The login that stands in the address.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Host and port, as in a pull command.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The host alone.
    pub fn name(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Where it is, for who may see a login.
    pub fn site(&self) -> Site {
        Site { host: self.host(), encrypted: self.is_encrypted() }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// Decodes `%41`.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let code = rest.get(..2).and_then(|code| std::str::from_utf8(code).ok())?;
            bytes.push(u8::from_str_radix(code, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A client that trusts the system's certificate authorities and these, as DER.
///
/// # Errors
/// When a certificate is none.
fn client(
    authorities: &[Vec<u8>],
    policy: fn() -> Policy,
    place: Option<(&str, SocketAddr)>,
) -> Result<Client, BoxError> {
    let certificates: Vec<_> =
        authorities.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>()?;
    let client = || {
        let client = Client::builder().connect_timeout(CONNECT);
        let client = client.user_agent(crate::body::AGENT).redirect(policy());
        match place {
            // What is inside of the cluster is not reached through a proxy of the host.
            Some((name, address)) => client.resolve(name, address).no_proxy(),
            None => client,
        }
    };
    match client().tls_certs_merge(certificates.clone()).build() {
        // A minimal host has no authorities of its own.
        Err(_) if !certificates.is_empty() => {
            Ok(client().tls_certs_only(certificates.clone()).build()?)
        }
        built => Ok(built?),
    }
}

/// A client for other hosts that the registry names. It follows no redirects.
///
/// # Errors
/// When a certificate is none.
pub fn bystander(authorities: &[Vec<u8>]) -> Result<Client, BoxError> {
    client(authorities, Policy::none, None)
}

impl Direct {
    /// A client for this address that trusts the system's certificate authorities and these, as DER.
    /// With a `place`, the address's name is looked up nowhere: that is where it is.
    ///
    /// # Errors
    /// When a certificate is none.
    pub fn new(
        address: Address,
        authorities: &[Vec<u8>],
        place: Option<SocketAddr>,
    ) -> Result<Self, BoxError> {
        let name = address.name().to_owned();
        let place = place.map(|place| (&*name, place));
        let reader = client(authorities, || Policy::custom(follow), place)?;
        Ok(Self { reader, client: client(authorities, Policy::none, place)?, address })
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
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            let client = if head.method == Method::GET { &self.reader } else { &self.client };
            let sent =
                client.request(head.method, self.address.url.join(path)?).headers(head.headers);
            // An empty one announces no length where none belongs.
            let sent = if body.is_empty() { sent } else { sent.body(body) };
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

    fn standing(&self) -> Standing {
        Standing::Unknown
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn an_address_shows_no_login() {
        let address = Address::parse("https://amy:secret@registry.example.com:5000/v2/").unwrap();
        assert_eq!(address.to_string(), "https://registry.example.com:5000");
        assert_eq!(address.host(), "registry.example.com:5000");
        assert_eq!(address.login().unwrap().user(), "amy");
        assert!(!format!("{address:?}").contains("secret"));
        assert!(address.is_encrypted());
    }

    #[tokio::test]
    async fn a_login_in_an_address_may_hold_any_character() {
        let address = Address::parse("https://a%40b:p%3Aq%2Fr@x:5000").unwrap();
        let login = address.login().unwrap();
        assert_eq!(login.user(), "a@b");
        assert_eq!(login.password().await.unwrap().expose_secret(), "p:q/r");
        assert!(Address::parse("https://a:%ff@x").is_err());
    }

    #[test]
    fn a_host_alone_holds_no_login() {
        assert_eq!(Address::of_host("x:5000", false).unwrap().to_string(), "http://x:5000");
        for host in ["a:b@x", "x/y", "x?y", ""] {
            assert!(Address::of_host(host, true).is_err(), "{host}");
        }
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
