// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tokens, and the file that one stands in.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::Deserialize;

/// The largest token, in bytes. Header fields are not much longer anywhere.
const LIMIT: u64 = 64 << 10;

/// Until when a token says that it is valid, in seconds since the Unix epoch. Only a JWT says so;
/// whether it is true is the server's to decide.
pub(super) fn expiry(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    // RFC 7519 has numbers with a fraction, too; what no calendar knows is no time.
    (exp.is_finite() && exp.abs() < 1e11).then_some(exp as i64)
}

/// The token in a file, now.
pub(super) fn read(file: &Path) -> io::Result<SecretString> {
    let mut text = String::new();
    File::open(file)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let token = text.trim();
    if token.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(token.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_jwt_tells_until_when_it_is_valid() {
        assert_eq!(expiry(&jwt(r#"{"exp":1700000000,"sub":"amy"}"#)), Some(1_700_000_000));
        assert_eq!(expiry(&jwt(r#"{"exp":1700000000.5}"#)), Some(1_700_000_000));
        for token in [
            "",
            "sha256~abc",
            "a.b.c",
            &jwt("{}"),
            &jwt(r#"{"exp":"x"}"#),
            &jwt(r#"{"exp":1e300}"#),
        ] {
            assert_eq!(expiry(token), None, "{token}");
        }
    }
}
