// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is asking.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::access::{Access, User};
use crate::http::listen::Peer;

/// The user of a request. A certificate of ours wins; what is no bearer token is overlooked, but
/// for passwords in clusters of old.
///
/// # Errors
/// When the token or the password is not known, or there is only a certificate that is not.
pub(crate) fn authenticate(
    access: &Access,
    headers: &HeaderMap,
    peer: &Peer,
) -> Result<User, Refusal> {
    if let Some(user) = peer.certificate.as_ref().and_then(|shown| access.by_certificate(shown)) {
        return Ok(user.clone());
    }
    // Of several headers only the first is looked at.
    let credential = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match credential.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            access.by_token(token.trim()).ok_or_else(Refusal::unauthorized)
        }
        Some((scheme, encoded))
            if scheme.eq_ignore_ascii_case("basic") && access.takes_passwords() =>
        {
            by_password(access, encoded).ok_or_else(Refusal::unauthorized)
        }
        // Somebody who shows a certificate wants to be somebody.
        _ if peer.certificate.is_some() => Err(Refusal::unauthorized()),
        _ => Ok(User::anonymous()),
    }
}

fn by_password(access: &Access, encoded: &str) -> Option<User> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (login, password) = text.split_once(':')?;
    access.by_password(login, password)
}
