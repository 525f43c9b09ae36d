// SPDX-License-Identifier: LGPL-2.1-or-later
//! Clients' certificates at the API server.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{Answer, Cluster};
use rcgen::{CertificateParams, DnType, KeyPair};

/// Asks with the certificate of a stranger, who says that he is system:admin.
fn as_stranger(cluster: &Cluster, path: &str, more: &[&str]) -> Answer {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::OrganizationName, "system:masters");
    params.distinguished_name.push(DnType::CommonName, "system:admin");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let (cert_file, key_file) =
        (cluster.dir.path().join("c.pem"), cluster.dir.path().join("k.pem"));
    std::fs::write(&cert_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let args = ["--cert", cert_file.to_str().unwrap(), "--key", key_file.to_str().unwrap()];
    cluster.curl(&format!("{}{path}", cluster.ready().api), &[&args[..], more].concat())
}

#[test]
fn an_unknown_certificate_is_answered_and_not_hung_up_on() {
    let cluster = Cluster::openshift();
    let answer = as_stranger(&cluster, "/version", &[]);
    assert_eq!((answer.status, &answer.json()["message"]), (401, &"Unauthorized".into()));
    // A token may still help.
    let bearer = format!("Authorization: Bearer {}", cluster.token("greg"));
    let answer = as_stranger(&cluster, "/apis/user.openshift.io/v1/users/~", &["-H", &bearer]);
    assert_eq!((answer.status, &answer.json()["metadata"]["name"]), (200, &"greg".into()));
}
