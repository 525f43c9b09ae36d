// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a registry demands of somebody it does not know: the `WWW-Authenticate` header (RFC 9110,
//! section 11.6.1; distribution, docs/spec/auth/token.md). Pure.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// The longest header that is read, in bytes.
const LONGEST: usize = 8 << 10;

/// What a registry demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user and a password.
    Basic,
    /// A token, to be fetched elsewhere.
    Bearer(Bearer),
}

/// Where a token is fetched, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The address of the token server.
    pub(super) realm: String,
    /// The name by which it knows the registry.
    pub(super) service: Option<String>,
    /// What is to be allowed, such as `repository:shop/api:pull`.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// The demand in an answer's headers; Bearer wins over Basic, as for all clients.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut found = None;
        for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|v| v.to_str().ok()) {
            if value.len() > LONGEST {
                continue;
            }
            match Self::parse(value) {
                Some(bearer @ Self::Bearer(_)) => return Some(bearer),
                basic => found = found.or(basic),
            }
        }
        found
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut bearer = Bearer { realm: String::new(), service: None, scope: None };
        for (name, value) in parameters(rest) {
            match &*name {
                "realm" => bearer.realm = value,
                "service" => bearer.service = Some(value),
                "scope" => bearer.scope = Some(value),
                _ => {}
            }
        }
        (!bearer.realm.is_empty()).then_some(Self::Bearer(bearer))
    }
}

/// `name=value` and `name="value"`, separated by commas. Names in lower case.
fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_ascii_lowercase();
        let (value, next) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (value, next) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), next)
            }
        };
        found.push((name, value));
        rest = next;
    }
    found
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((place, char)) = chars.next() {
        match char {
            '"' => return (value, &text[place + 1..]),
            '\\' => value.extend(chars.next().map(|(_, char)| char)),
            char => value.push(char),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn reads_what_registries_say() {
        let said = r#"Bearer realm="https://auth.example.com/token",service="registry, \"inc\"",scope="repository:a/b:pull,push""#;
        assert_eq!(
            challenge(&[said]),
            Some(Challenge::Bearer(Bearer {
                realm: "https://auth.example.com/token".to_owned(),
                service: Some("registry, \"inc\"".to_owned()),
                scope: Some("repository:a/b:pull,push".to_owned()),
            }))
        );
        assert_eq!(challenge(&[r#"Basic realm="Registry Realm""#]), Some(Challenge::Basic));
        assert_eq!(challenge(&["basic"]), Some(Challenge::Basic));
        let both = challenge(&["Basic realm=openshift", "bearer realm=https://x/token"]);
        assert!(
            matches!(both, Some(Challenge::Bearer(bearer)) if bearer.realm == "https://x/token")
        );
    }

    #[test]
    fn nonsense_demands_nothing() {
        for value in ["", "Bearer", "Bearer realm=", "Negotiate", "Bearer service=\"x", "=,=\"\\"] {
            assert_eq!(challenge(&[value]), None, "{value}");
        }
        assert_eq!(challenge(&[&format!("Bearer realm=\"{}\"", "x".repeat(10_000))]), None);
    }
}
