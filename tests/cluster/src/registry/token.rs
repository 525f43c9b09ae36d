// SPDX-License-Identifier: LGPL-2.1-or-later
//! The token server beside a docker-registry that wants tokens.
//!
//! `GET /token?service=S&scope=repository:NAME:ACTION,…` with a Basic login answers with a JWT
//! that grants what was asked for, as far as that person may. A scope that is not granted is
//! left out, and docker-registry says what is missing.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::access::basic;
use super::account::{Accounts, actions};
use super::error::error;
use crate::http::body::{self, Body};
use crate::http::listen::{Handler, Peer};
use crate::http::query::Query;
use crate::identifier;
use crate::pki::Identity;

/// Who we are, in tokens and in docker-registry's configuration.
pub(crate) const ISSUER: &str = "loopback-cluster tokens";

/// For whom tokens are.
pub(crate) const SERVICE: &str = "loopback-cluster registry";

/// Seconds for which a token is good. docker-registry allows another 60.
const LIFETIME: i64 = 60;

/// Hands out tokens.
#[derive(Debug)]
pub(crate) struct TokenServer {
    accounts: Accounts,
    key: EcdsaKeyPair,
    /// The certificate of the key, base64 of DER.
    certificate: String,
}

impl TokenServer {
    /// A server for these people that signs as somebody.
    ///
    /// # Errors
    /// When the key is not of the curve P-256.
    pub(crate) fn new(accounts: Accounts, signer: &Identity) -> anyhow::Result<Self> {
        let (curve, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::from_pkcs8(curve, &signer.key.serialize_der(), &random)
            .map_err(|rejected| anyhow::anyhow!("the key of the token server: {rejected}"))?;
        Ok(Self { accounts, key, certificate: STANDARD.encode(&signer.certificate) })
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        if request.uri().path() != "/token" {
            return error(StatusCode::NOT_FOUND, "NOT_FOUND", "page not found", None);
        }
        if request.method() != Method::GET {
            let message = "The operation is unsupported.";
            return error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message, None);
        }
        let login = basic(request.headers());
        let known = login.filter(|(name, password)| self.accounts.knows(name, password));
        let Some((name, _)) = known else { return refused() };
        let query = Query::parse(request.uri().query());
        if query.get("service") != Some(SERVICE) {
            let message = "this server has no tokens for that service";
            return error(StatusCode::BAD_REQUEST, "DENIED", message, None);
        }
        let scopes = query.all("scope").flat_map(|value| value.split(' '));
        let granted: Vec<_> = scopes.filter_map(|scope| granted(&name, scope)).collect();
        let now = Timestamp::now();
        let Some(token) = self.sign(&name, &granted, now.as_second()) else {
            return error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "no signature", None);
        };
        // Both names are in use among clients.
        let answer = json!({
            "token": token, "access_token": token, "expires_in": LIFETIME,
            "issued_at": now.to_string(),
        });
        body::answer(StatusCode::OK, "application/json", answer.to_string())
    }

    fn sign(&self, name: &str, granted: &[Value], now: i64) -> Option<String> {
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": ISSUER, "sub": name, "aud": SERVICE, "jti": identifier::uid(),
            "iat": now, "nbf": now, "exp": now + LIFETIME, "access": granted,
        });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{header}.{claims}");
        let signature = self.key.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

impl Handler for TokenServer {
    async fn handle(self: Arc<Self>, request: Request<Body>, _peer: Arc<Peer>) -> Response<Body> {
        self.answer(&request)
    }
}

fn refused() -> Response<Body> {
    let message = "incorrect username or password";
    let mut response = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message, None);
    let challenge = HeaderValue::from_static("Basic realm=\"loopback-cluster tokens\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The part of a scope that somebody gets; none if that is nothing.
fn granted(name: &str, scope: &str) -> Option<Value> {
    // A repository may have a port in its name, never its actions.
    let (kind, rest) = scope.split_once(':')?;
    let (what, asked) = rest.rsplit_once(':')?;
    let own = actions(name);
    let wanted = asked.split(',');
    let granted: Vec<_> = match (kind, what) {
        ("repository", _) => wanted.filter(|action| own.contains(action)).collect(),
        ("registry", "catalog") => wanted.filter(|_| own.contains(&"pull")).collect(),
        _ => Vec::new(),
    };
    (!granted.is_empty()).then(|| json!({"type": kind, "name": what, "actions": granted}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_cut_to_the_person() {
        let actions = |name, scope| granted(name, scope).map(|granted| granted["actions"].clone());
        assert_eq!(actions("eric", "repository:a/b:pull,push"), Some(json!(["pull"])));
        assert_eq!(actions("jane", "repository:a/b:pull,push"), Some(json!(["pull", "push"])));
        assert_eq!(actions("jane", "repository:a/b:delete"), None);
        assert_eq!(actions("greg", "registry:catalog:*"), Some(json!(["*"])));
        assert_eq!(actions("nobody", "registry:catalog:*"), None);
        assert_eq!(actions("sarah", "repository"), None);
    }
}
