// SPDX-License-Identifier: LGPL-2.1-or-later

//! Says to a registry who we are: HTTP Basic, or a token of the token server that it names
//! (distribution, docs/spec/auth/token.md).
//!
//! Tokens are for one repository and one kind of access. They are kept until shortly before they
//! expire, and each is fetched once however many requests wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::carrier::{Carrier, Standing};
use super::challenge::{Bearer, Challenge};
use super::login::Login;
use crate::body::{self, Body, BoxError, Excess};

/// The largest answer of a token server, in bytes.
const TOKEN_LIMIT: usize = 256 << 10;
/// The time that fetching a token may take.
const FETCH: Duration = Duration::from_secs(15);
/// The life of a token whose server does not tell it (docs/spec/auth/token.md: 60 seconds).
const LIFE: Duration = Duration::from_secs(60);
/// The tokens that are kept. A crawl through more repositories than that needs each token for a
/// moment only.
const KEPT: usize = 512;

/// A carrier that adds who we are.
pub struct Authorized {
    inner: Arc<dyn Carrier>,
    site: Site,
    login: Option<Login>,
    /// Fetches tokens from the registry's own host, on another port.
    neighbour: Client,
    /// Fetches tokens from other hosts.
    stranger: Client,
    /// The token server, once the registry named one.
    server: Mutex<Option<Bearer>>,
    tokens: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Token>>>>>,
}

/// Where the registry is, as far as it concerns who may see a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Host and port, as in its URL.
    pub host: String,
    /// Whether nobody on the way can read along.
    pub encrypted: bool,
}

#[derive(Clone)]
struct Token {
    token: SecretString,
    until: Instant,
}

/// What is sent, and whether it was fetched for this very request.
enum Proof {
    Nothing,
    Basic(HeaderValue),
    Token { header: HeaderValue, fresh: bool, scope: String },
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error("the registry's token server has an address that cannot be used")]
    Address,
    #[error("the registry's token server does not speak TLS, so that a login cannot be sent there")]
    Plain,
    #[error("the registry's token server {host} did not answer within {} seconds", FETCH.as_secs())]
    Silent { host: String },
    #[error("the connection to the registry's token server {host} failed")]
    Unreachable {
        host: String,
        #[source]
        cause: BoxError,
    },
    #[error("the registry's token server {host} answered {status}")]
    Refused { host: String, status: StatusCode },
    #[error("the registry's token server {host} answered something that is no token")]
    Nonsense { host: String },
}

impl TokenError {
    /// Whether the token server said that we may not.
    fn is_no(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if status.is_client_error())
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Authorized {
    /// Adds `login` to what `inner` carries to `site`; without one, only tokens that anybody gets.
    /// Token servers on the registry's own host are reached by `neighbour`, which believes whom the
    /// registry is believed by, those on other hosts by `stranger`.
    pub fn new(
        inner: Arc<dyn Carrier>,
        site: Site,
        login: Option<Login>,
        neighbour: Client,
        stranger: Client,
    ) -> Self {
        let (server, tokens) = (Mutex::default(), Mutex::default());
        Self { inner, site, login, neighbour, stranger, server, tokens }
    }

    async fn carry_it(&self, request: Request<Bytes>) -> Result<Response<Body>, BoxError> {
        let scope = scope(request.method(), request.uri().path());
        let known = self.server.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut refused = None;
        let proof = match known {
            Some(server) => match self.token(&server, scope.clone(), false).await {
                Ok(proof) => proof,
                // Its no is for this scope alone; the registry says it in its own words.
                Err(error) if error.is_no() => {
                    refused = Some(scope);
                    Proof::Nothing
                }
                Err(error) => return Err(error.into()),
            },
            None => self.basic().await?,
        };
        let response = self.inner.carry(with(&request, &proof)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(Challenge::Bearer(server)) = Challenge::of(response.headers()) else {
            return Ok(response);
        };
        // What the registry asks for is asked of the token server, whatever we had guessed.
        let wanted = server.scope.clone().unwrap_or_default();
        if refused.as_ref() == Some(&wanted)
            || matches!(&proof, Proof::Token { fresh: true, scope, .. } if *scope == wanted)
        {
            return Ok(response);
        }
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server.clone());
        match self.token(&server, wanted, true).await {
            Ok(proof) => self.inner.carry(with(&request, &proof)).await,
            // The token server knows better than the registry whether we may: its no is the
            // registry's.
            Err(error) if error.is_no() => Ok(response),
            Err(error) => Err(error.into()),
        }
    }

    async fn basic(&self) -> Result<Proof, BoxError> {
        let Some(login) = &self.login else { return Ok(Proof::Nothing) };
        if login.is_only_for_encrypted_ways() && !self.site.encrypted {
            return Ok(Proof::Nothing);
        }
        Ok(Proof::Basic(basic(login).await?))
    }

    /// A token for this scope: the one that is kept, unless it is old or somebody wants a new one.
    async fn token(&self, server: &Bearer, scope: String, anew: bool) -> Result<Proof, TokenError> {
        let place = self.place(&scope);
        let asked = Instant::now();
        let mut place = place.lock().await;
        let kept = place.as_ref().filter(|token| token.until > asked && !anew).cloned();
        let fresh = kept.is_none();
        let token = match kept {
            Some(token) => token,
            None => place.insert(self.fetch(server, &scope).await?).clone(),
        };
        let header = sensitive(&format!("Bearer {}", token.token.expose_secret()))
            .ok_or_else(|| TokenError::Nonsense { host: self.site.host.clone() })?;
        Ok(Proof::Token { header, fresh, scope })
    }

    fn place(&self, scope: &str) -> Arc<tokio::sync::Mutex<Option<Token>>> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= KEPT && !tokens.contains_key(scope) {
            // Those that somebody waits for stay.
            tokens.retain(|_, token| Arc::strong_count(token) > 1);
        }
        tokens.entry(scope.to_owned()).or_default().clone()
    }

    async fn fetch(&self, server: &Bearer, scope: &str) -> Result<Token, TokenError> {
        let mut url = Url::parse(&server.realm).map_err(|_| TokenError::Address)?;
        let host = host_of(&url).ok_or(TokenError::Address)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TokenError::Address);
        }
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &server.service {
                query.append_pair("service", service);
            }
            if !scope.is_empty() {
                query.append_pair("scope", scope);
            }
        }
        let is_here = host == self.site.host;
        let header = match &self.login {
            Some(login) if is_here || !login.is_only_for_the_registry() => {
                // The registry's own host is reached as the registry is, whatever the scheme says.
                let encrypted = if is_here { self.site.encrypted } else { url.scheme() == "https" };
                // A registry that is reached with TLS must not have us send a login without.
                if !encrypted && (self.site.encrypted || login.is_only_for_encrypted_ways()) {
                    return Err(TokenError::Plain);
                }
                let header = basic(login)
                    .await
                    .map_err(|cause| TokenError::Unreachable { host: host.clone(), cause })?;
                Some(header)
            }
            _ => None,
        };
        let asking = self.ask_server(&url, is_here, header);
        let answer = timeout(FETCH, asking).await;
        let answer = answer.map_err(|_| TokenError::Silent { host: host.clone() })?;
        let (status, text) =
            answer.map_err(|cause| TokenError::Unreachable { host: host.clone(), cause })?;
        if !status.is_success() {
            return Err(TokenError::Refused { host, status });
        }
        let Ok(TokenAnswer { token, access_token, expires_in }) = serde_json::from_slice(&text)
        else {
            return Err(TokenError::Nonsense { host });
        };
        let token = token.or(access_token).ok_or(TokenError::Nonsense { host })?;
        let life = expires_in.map_or(LIFE, Duration::from_secs).min(Duration::from_secs(86_400));
        // A little before it expires: the request is still to travel.
        Ok(Token { token: token.into(), until: Instant::now() + life.mul_f64(0.8) })
    }

    async fn ask_server(
        &self,
        url: &Url,
        is_here: bool,
        header: Option<HeaderValue>,
    ) -> Result<(StatusCode, Bytes), BoxError> {
        let (status, headers, body) = if is_here {
            let mut request = Request::new(Bytes::new());
            let query = url.query().unwrap_or_default();
            *request.uri_mut() = format!("{}?{query}", url.path()).parse()?;
            request.headers_mut().extend(header.map(|header| (AUTHORIZATION, header)));
            let (head, body) = self.inner.carry(request).await?.into_parts();
            (head.status, head.headers, body)
        } else {
            let mut headers = HeaderMap::new();
            headers.extend(header.map(|header| (AUTHORIZATION, header)));
            let name = self.site.host.rsplit_once(':').map_or(&*self.site.host, |(name, _)| name);
            let client =
                if url.host_str() == Some(name) { &self.neighbour } else { &self.stranger };
            let sent = client.get(url.clone()).headers(headers).send().await;
            let response = sent.map_err(reqwest::Error::without_url)?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response.bytes_stream();
            let body = body.map(|chunk| chunk.map_err(|error| error.without_url().into()));
            (status, headers, Box::pin(body) as Body)
        };
        Ok((status, body::read(&headers, body, TOKEN_LIMIT, Excess::Refuse).await?))
    }
}

impl Carrier for Authorized {
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, BoxError>> {
        self.carry_it(request).boxed()
    }

    fn standing(&self) -> Standing {
        match &self.login {
            // It is kept back where somebody could read along.
            Some(login) if login.is_only_for_encrypted_ways() && !self.site.encrypted => {
                Standing::Nameless
            }
            Some(_) => Standing::Known,
            None => Standing::Unknown,
        }
    }
}

fn with(request: &Request<Bytes>, proof: &Proof) -> Request<Bytes> {
    let mut request = request.clone();
    if let Proof::Basic(header) | Proof::Token { header, .. } = proof {
        request.headers_mut().insert(AUTHORIZATION, header.clone());
    }
    request
}

async fn basic(login: &Login) -> Result<HeaderValue, BoxError> {
    let password = login.password().await?;
    let both = format!("{}:{}", login.user(), password.expose_secret());
    let header = sensitive(&format!("Basic {}", STANDARD.encode(both)));
    header.ok_or_else(|| "the login cannot be sent".into())
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn host_of(url: &Url) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// What a request will need to be allowed: the registry says it better, but only after a refusal.
fn scope(method: &Method, path: &str) -> String {
    const PARTS: [&str; 4] = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    if path.starts_with("/v2/_catalog") {
        return "registry:catalog:*".to_owned();
    }
    let rest = path.strip_prefix("/v2/").unwrap_or_default();
    let Some(end) = PARTS.iter().filter_map(|part| rest.rfind(part)).max() else {
        return String::new();
    };
    let access = match *method {
        Method::DELETE => "delete",
        Method::GET | Method::HEAD | Method::OPTIONS => "pull",
        _ => "pull,push",
    };
    format!("repository:{}:{access}", &rest[..end])
}

#[cfg(test)]
mod tests;
