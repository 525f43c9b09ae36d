// SPDX-License-Identifier: LGPL-2.1-or-later

//! Tokens of service accounts, given out on request (`authentication.k8s.io/v1`, `TokenRequest`).

use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::{Cluster, Error};
use crate::timestamp;
use crate::uri::escaped;

/// A token of a service account.
#[derive(Debug, Clone)]
pub struct AccountToken {
    /// The token.
    pub token: SecretString,
    /// Until when it works, in seconds since the Unix epoch; absent where it does not end.
    pub expires: Option<i64>,
}

/// The secret that a token lives as long as.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// Its name.
    pub name: &'a str,
    /// Which one it is, among all that ever had its name.
    pub uid: &'a str,
}

#[derive(Deserialize)]
struct TokenRequest {
    status: TokenStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenStatus {
    token: String,
    expiration_timestamp: Option<String>,
}

impl Cluster {
    /// A token of a service account that is good for this many seconds, at least 600, or for as long
    /// as the server allows; and only as long as the secret that it is bound to is there.
    ///
    /// # Errors
    /// When the cluster gives out none.
    pub async fn request_token(
        &self,
        namespace: &str,
        account: &str,
        seconds: u32,
        bound: Option<Bound<'_>>,
    ) -> Result<AccountToken, Error> {
        let mut request = json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "spec": { "expirationSeconds": seconds },
        });
        if let Some(Bound { name, uid }) = bound {
            request["spec"]["boundObjectRef"] =
                json!({ "kind": "Secret", "apiVersion": "v1", "name": name, "uid": uid });
        }
        let path = token_path(namespace, account);
        let answer = self.post::<TokenRequest>(&path, Bytes::from(request.to_string())).await?;
        let TokenStatus { token, expiration_timestamp } = answer.status;
        let expires = expiration_timestamp.as_deref().and_then(timestamp::seconds);
        Ok(AccountToken { token: token.into(), expires })
    }
}

fn token_path(namespace: &str, account: &str) -> String {
    let (namespace, account) = (escaped(namespace), escaped(account));
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token")
}
