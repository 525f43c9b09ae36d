// SPDX-License-Identifier: LGPL-2.1-or-later
//! Kubeconfig files.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::people::Person;

/// How somebody shows who they are, as it stands in a kubeconfig.
#[derive(Debug)]
pub(crate) struct Credential(String);

impl Credential {
    /// A bearer token.
    pub(crate) fn token(token: &str) -> Self {
        Self(format!("    token: {token}\n"))
    }

    /// What a person has.
    pub(crate) fn of(person: &Person) -> Self {
        if let Some(identity) = &person.certificate {
            let certificate = STANDARD.encode(&identity.certificate_pem);
            let key = STANDARD.encode(identity.key.serialize_pem());
            return Self(format!(
                "    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
            ));
        }
        person.token.as_deref().map_or_else(|| Self(String::new()), Self::token)
    }
}

/// Writes the kubeconfig of somebody, readable for its owner only.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(
    path: &Path,
    login: &str,
    Credential(credential): &Credential,
    server: &str,
    ca_pem: &str,
) -> std::io::Result<()> {
    let ca = STANDARD.encode(ca_pem);
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: loopback\n  cluster:\n    \
         server: {server}\n    certificate-authority-data: {ca}\nusers:\n- name: {login}\n  \
         user:\n{credential}contexts:\n- name: {login}\n  context:\n    cluster: loopback\n    \
         user: {login}\n    namespace: skyfield\ncurrent-context: {login}\n"
    );
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
