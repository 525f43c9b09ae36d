// SPDX-License-Identifier: LGPL-2.1-or-later

//! Whose signatures on a registry's certificate are believed, besides those that the system trusts:
//! the cluster's authorities, that of its services, and what an administrator put on this host.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::cluster::Cluster;

/// The administrator's own file.
const FILE: &str = "/etc/cockpit-images/registry-ca.crt";
/// Where podman, skopeo and CRI-O, and docker, look for the authority of one registry
/// (containers-certs.d(5)).
const FOLDERS: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
/// The certificates read of one file, and the files of one folder.
const MOST: usize = 200;
/// The bytes read of one file.
const LONGEST: u64 = 1 << 20;

/// Those for token servers, on whatever host a registry names: what the administrator put down for
/// all registries, besides those that the system trusts.
pub(super) fn of_everybody() -> Vec<Vec<u8>> {
    read(Path::new(FILE))
}

/// The certificates of the authorities, as DER. `namespace` is that of the registry's service,
/// `host` its host and port.
pub(super) async fn authorities(
    cluster: Option<&Cluster>,
    namespace: Option<&str>,
    host: &str,
) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    if let Some(cluster) = cluster {
        found.extend(cluster.authorities().iter().cloned());
        if let Some(namespace) = namespace {
            found.extend(of_services(cluster, namespace).await);
        }
    }
    let mut files = vec![PathBuf::from(FILE)];
    // The host is that of an address: it has no slash, and no dots alone.
    files.extend(FOLDERS.iter().flat_map(|folder| certificates_in(&Path::new(folder).join(host))));
    found.extend(files.iter().flat_map(|file| read(file)));
    found.sort();
    found.dedup();
    found
}

/// The authority that signs the certificates of services: OpenShift has it in every namespace. Not
/// all users see the registry's own.
async fn of_services(cluster: &Cluster, namespace: &str) -> Vec<Vec<u8>> {
    for namespace in [namespace, "default", "openshift-config-managed", "kube-public"] {
        if let Ok(data) = cluster.config_map(namespace, "openshift-service-ca.crt").await
            && let Some(text) = data.get("service-ca.crt")
        {
            return parse(text.as_bytes());
        }
    }
    Vec::new()
}

fn certificates_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = entries.take(MOST).flatten().map(|entry| entry.path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "crt")).collect()
}

fn read(file: &Path) -> Vec<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    let file = std::fs::File::open(file).map(|file| file.take(LONGEST));
    match file.and_then(|mut file| file.read_to_end(&mut text)) {
        Ok(_) => parse(&text),
        Err(_) => Vec::new(),
    }
}

/// The certificates that can be used; one broken file must not hide the others.
fn parse(text: &[u8]) -> Vec<Vec<u8>> {
    let certificates = CertificateDer::pem_slice_iter(text).take(MOST).flatten();
    let mut roots = rustls::RootCertStore::empty();
    certificates
        .filter(|certificate| roots.add(certificate.clone()).is_ok())
        .map(|certificate| certificate.to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_passed_over() {
        assert!(parse(b"nonsense").is_empty());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(parse(broken.as_bytes()).is_empty());
        assert!(read(Path::new("/nonexistent")).is_empty());
    }
}
