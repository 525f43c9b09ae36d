// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is asking.

use http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::access::{Access, User};
use crate::http::listen::Peer;

/// The user of a request. A certificate wins; what is no bearer token is overlooked.
///
/// # Errors
/// When the token is not known.
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
            access.by_token(token.trim()).cloned().ok_or_else(Refusal::unauthorized)
        }
        _ => Ok(User::anonymous()),
    }
}
