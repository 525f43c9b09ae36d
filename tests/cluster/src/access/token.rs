// SPDX-License-Identifier: LGPL-2.1-or-later
//! Tokens of service accounts: signed claims, as the API server issues them.
//!
//! Nothing is kept: a token says whose it is and until when, and the store says whether
//! the account, and the Secret that it may be bound to, are still there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use crate::identifier;

/// Whom tokens are for.
pub(crate) const AUDIENCE: &str = "https://kubernetes.default.svc";

/// The object whose end is the token's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoundTo {
    /// `Secret` or `Pod`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    /// Namespace, name and uid of the service account.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// Seconds since the Unix epoch; the tokens in Secrets never expire.
    pub(crate) expires: Option<i64>,
    /// Whom it is for; empty for the tokens in Secrets.
    pub(crate) audiences: Vec<String>,
    pub(crate) bound: Option<BoundTo>,
}

/// The issuer.
#[derive(Debug)]
pub(crate) struct Tokens {
    key: Mutex<hmac::Key>,
    /// No token gets more than that many seconds, whatever it asks for.
    longest: Mutex<i64>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { key: Mutex::new(new_key()), longest: Mutex::new(i64::MAX) }
    }
}

fn new_key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &identifier::random::<32>())
}

impl Tokens {
    /// Signs claims.
    pub(crate) fn issue(&self, claims: &Claims) -> String {
        let head = json!({"alg": "HS256", "kid": "loopback"}).to_string();
        let body = write(claims).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(body));
        let signature = hmac::sign(&self.key(), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token says; none if it was not issued here, is for others, or its
    /// time is over.
    pub(crate) fn read(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key(), signed.as_bytes(), &signature).ok()?;
        let (_, body) = signed.split_once('.')?;
        let claims = parse(&serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?)?;
        let over = claims.expires.is_some_and(|end| end <= Timestamp::now().as_second());
        let ours = claims.expires.is_none() || claims.audiences.iter().any(|one| one == AUDIENCE);
        (ours && !over).then_some(claims)
    }

    /// Ends all tokens that were issued so far.
    pub(crate) fn expire_all(&self) {
        *self.key() = new_key();
    }

    /// No later token gets more than that many seconds.
    pub(crate) fn set_longest(&self, seconds: i64) {
        *self.longest.lock().unwrap_or_else(PoisonError::into_inner) = seconds;
    }

    /// How many seconds a token gets that asks for so many.
    pub(crate) fn granted(&self, seconds: i64) -> i64 {
        seconds.min(*self.longest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn key(&self) -> MutexGuard<'_, hmac::Key> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(claims: &Claims) -> Value {
    let Claims { namespace, name, uid, expires, audiences, bound } = claims;
    let subject = format!("system:serviceaccount:{namespace}:{name}");
    let Some(expires) = expires else {
        let secret = bound.as_ref().map(|bound| bound.name.as_str());
        return json!({
            "iss": "kubernetes/serviceaccount",
            "kubernetes.io/serviceaccount/namespace": namespace,
            "kubernetes.io/serviceaccount/secret.name": secret,
            "kubernetes.io/serviceaccount/service-account.name": name,
            "kubernetes.io/serviceaccount/service-account.uid": uid,
            "sub": subject,
        });
    };
    let now = Timestamp::now().as_second();
    let mut about = json!({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}});
    if let Some(BoundTo { kind, name, uid }) = bound {
        about[kind.to_lowercase()] = json!({"name": name, "uid": uid});
    }
    json!({
        "aud": audiences, "exp": expires, "iat": now, "iss": AUDIENCE,
        "jti": identifier::uid(), "kubernetes.io": about, "nbf": now, "sub": subject,
    })
}

fn parse(body: &Value) -> Option<Claims> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let about = &body["kubernetes.io"];
    if about.is_null() {
        let old = |field: &str| text(&body[format!("kubernetes.io/serviceaccount/{field}")]);
        let secret = old("secret.name")?;
        return Some(Claims {
            namespace: old("namespace")?,
            name: old("service-account.name")?,
            uid: old("service-account.uid")?,
            expires: None,
            audiences: Vec::new(),
            bound: Some(BoundTo { kind: "Secret".to_owned(), name: secret, uid: String::new() }),
        });
    }
    let bound = ["Secret", "Pod"].into_iter().find_map(|kind| {
        let one = &about[kind.to_lowercase()];
        Some(BoundTo { kind: kind.to_owned(), name: text(&one["name"])?, uid: text(&one["uid"])? })
    });
    Some(Claims {
        namespace: text(&about["namespace"])?,
        name: text(&about["serviceaccount"]["name"])?,
        uid: text(&about["serviceaccount"]["uid"])?,
        expires: Some(body["exp"].as_i64()?),
        audiences: serde_json::from_value(body["aud"].clone()).ok()?,
        bound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(expires: Option<i64>) -> Claims {
        let bound = expires.is_none().then(|| BoundTo {
            kind: "Secret".into(),
            name: "s".into(),
            uid: String::new(),
        });
        Claims {
            namespace: "n".into(),
            name: "robot".into(),
            uid: "u".into(),
            expires,
            audiences: expires.iter().map(|_| AUDIENCE.to_owned()).collect(),
            bound,
        }
    }

    #[test]
    fn a_token_ends_with_its_time_and_with_the_key() {
        let tokens = Tokens::default();
        let now = Timestamp::now().as_second();
        let good = claims(Some(now + 60));
        let token = tokens.issue(&good);
        assert_eq!(tokens.read(&token), Some(good));
        assert_eq!(tokens.read(&tokens.issue(&claims(Some(now - 1)))), None);
        assert_eq!(tokens.read(&format!("{token}x")), None);
        let others = Claims { audiences: vec!["vault".into()], ..claims(Some(now + 60)) };
        assert_eq!(tokens.read(&tokens.issue(&others)), None);
        let old = tokens.issue(&claims(None));
        assert_eq!(tokens.read(&old), Some(claims(None)));
        tokens.expire_all();
        assert_eq!(tokens.read(&token), None);
    }

    #[test]
    fn a_signature_of_somebody_else_is_worth_nothing() {
        let claims = claims(Some(Timestamp::now().as_second() + 60));
        assert_eq!(Tokens::default().read(&Tokens::default().issue(&claims)), None);
    }
}
