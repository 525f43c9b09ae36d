// SPDX-License-Identifier: LGPL-2.1-or-later

//! The administrator's kubeconfig that installers leave on a host of a cluster: where to look, and
//! what came of it.

use images_proto::Secret;

/// The longest kubeconfig that is read, in bytes.
pub const LONGEST: u32 = 1 << 20;

/// A place where an installer leaves one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose place it is.
    pub product: &'static str,
    /// The file.
    pub path: &'static str,
}

/// The places, in the order in which they are offered.
pub const PLACES: [Place; 9] = [
    place("Kubernetes (kubeadm)", "/etc/kubernetes/admin.conf"),
    place("k3s", "/etc/rancher/k3s/k3s.yaml"),
    place("RKE2", "/etc/rancher/rke2/rke2.yaml"),
    place("MicroShift", "/var/lib/microshift/resources/kubeadmin/kubeconfig"),
    place("OpenShift 3", "/etc/origin/master/admin.kubeconfig"),
    place(
        "OpenShift 4",
        "/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig",
    ),
    place("OpenShift installer", "/opt/openshift/auth/kubeconfig"),
    place("k0s", "/var/lib/k0s/pki/admin.conf"),
    place("MicroK8s", "/var/snap/microk8s/current/credentials/client.config"),
];

const fn place(product: &'static str, path: &'static str) -> Place {
    Place { product, path }
}

/// What came of reading one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// There is no such file.
    Absent,
    /// Its text.
    Text(Secret),
    /// The session has no administrative access.
    Denied,
    /// It is there and cannot be read; why, in Cockpit's words.
    Failed(String),
}

/// What came of all places.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// It is not over.
    Looking,
    /// The session has no administrative access.
    Denied,
    /// What was found, which may be nothing, and what could not be read.
    Over {
        /// The kubeconfigs.
        found: Vec<Found>,
        /// Places and why they could not be read.
        failed: Vec<(Place, String)>,
    },
}

/// A kubeconfig that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// Its text.
    pub text: Secret,
}

/// Sums up what came of the places, in their order.
pub fn search(readings: impl IntoIterator<Item = (Place, Reading)>) -> Search {
    let (mut found, mut failed, mut denied) = (Vec::new(), Vec::new(), false);
    for (place, reading) in readings {
        match reading {
            Reading::Text(text) if !text.expose().trim().is_empty() => {
                found.push(Found { place, text });
            }
            // An empty file is none.
            Reading::Absent | Reading::Text(_) => {}
            Reading::Denied => denied = true,
            Reading::Failed(why) => failed.push((place, why)),
        }
    }
    match denied && found.is_empty() {
        true => Search::Denied,
        false => Search::Over { found, failed },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reading {
        Reading::Text(Secret::new(text))
    }

    fn searched(readings: &[(usize, Reading)]) -> Search {
        search(PLACES.into_iter().enumerate().map(|(idx, place)| {
            let reading = readings.iter().find(|(at, _)| *at == idx);
            (place, reading.map_or(Reading::Absent, |(_, reading)| reading.clone()))
        }))
    }

    #[test]
    fn what_is_there_is_offered_in_order() {
        let search =
            searched(&[(7, text("k0s")), (1, text("k3s")), (0, Reading::Failed("x".to_owned()))]);
        let Search::Over { found, failed } = search else { panic!("{search:?}") };
        let paths: Vec<_> = found.iter().map(|found| found.place.path).collect();
        assert_eq!(paths, ["/etc/rancher/k3s/k3s.yaml", "/var/lib/k0s/pki/admin.conf"]);
        assert_eq!(found[0].text.expose(), "k3s");
        assert_eq!(failed, [(PLACES[0], "x".to_owned())]);
    }

    #[test]
    fn nothing_is_said_to_be_there_only_when_somebody_could_look() {
        let nothing = Search::Over { found: vec![], failed: vec![] };
        assert_eq!(searched(&[]), nothing);
        assert_eq!(searched(&[(0, text(" \n"))]), nothing);
        let denied = PLACES.map(|place| (place, Reading::Denied));
        assert_eq!(search(denied), Search::Denied);
    }

    #[test]
    fn no_text_is_shown_by_accident() {
        let search = searched(&[(1, text("client-key-data: hunter2"))]);
        assert!(!format!("{search:?}").contains("hunter2"));
    }

    #[test]
    fn each_place_is_looked_at_once() {
        for (idx, place) in PLACES.iter().enumerate() {
            assert!(place.path.starts_with('/'));
            assert!(PLACES[..idx].iter().all(|other| other.path != place.path));
        }
    }
}
