// SPDX-License-Identifier: LGPL-2.1-or-later

//! Client certificates: the one that a cluster gave out, and bad ones that no cluster gives out.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// A client certificate with its key, as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Identity {
    /// That of system:admin.
    ///
    /// # Errors
    /// When the cluster's kubeconfig of system:admin holds none.
    pub fn of_admin(cluster: &Cluster) -> Result<Self> {
        let text = std::fs::read_to_string(cluster.kubeconfig("system-admin")?)?;
        let data = |key: &str| -> Result<String> {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(key));
            let line = line.with_context(|| format!("the kubeconfig has no {key}"))?;
            Ok(String::from_utf8(STANDARD.decode(line.trim())?)?)
        };
        Ok(Self { certificate: data("client-certificate-data:")?, key: data("client-key-data:")? })
    }

    /// One of nobody in particular, valid in these years.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn of_years(from: i32, until: i32) -> Result<Self> {
        let mut params = CertificateParams::new([])?;
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "josh");
        params.distinguished_name = name;
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { certificate, key: key.serialize_pem() })
    }

    /// The entry of a kubeconfig's user that holds it.
    pub fn as_data(&self) -> Value {
        json!({
            "client-certificate-data": STANDARD.encode(&self.certificate),
            "client-key-data": STANDARD.encode(&self.key),
        })
    }
}

/// A token that says until when it is valid, and that no cluster knows.
pub fn token_until(expires: i64) -> String {
    let part = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let head = part(json!({ "alg": "RS256", "typ": "JWT" }));
    let claims = json!({ "iss": "kubernetes", "sub": "system:serviceaccount:a:b", "exp": expires });
    let signature = URL_SAFE_NO_PAD.encode("signed by nobody");
    format!("{head}.{}.{signature}", part(claims))
}
