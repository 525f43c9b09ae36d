// SPDX-License-Identifier: LGPL-2.1-or-later
//! The people of the loopback cluster.

use super::User;
use crate::identifier;
use crate::pki::{Authority, Identity};
use crate::ready::Face;

/// Somebody with a kubeconfig.
#[derive(Debug)]
pub(crate) struct Person {
    /// The name of the kubeconfig.
    pub(crate) login: &'static str,
    pub(crate) full_name: &'static str,
    pub(crate) user: User,
    /// A person has a token or
    pub(crate) token: Option<String>,
    /// and a password, which only old API servers accept, or
    pub(crate) password: Option<String>,
    /// a client certificate.
    pub(crate) certificate: Option<Identity>,
}

/// Everybody: sarah, scruffy, jane, eric, greg and nobody by token, system:admin by certificate.
///
/// # Errors
/// When the certificate cannot be made.
pub(crate) fn everybody(face: Face, authority: &Authority) -> anyhow::Result<Vec<Person>> {
    let names = [
        ("sarah", "Sarah"),
        ("scruffy", "Scruffy"),
        ("jane", "Jane"),
        ("eric", "Eric"),
        ("greg", "Greg"),
        ("nobody", "Nobody"),
    ];
    let mut people: Vec<_> =
        names.map(|(login, full_name)| by_token(face, login, full_name)).into();
    people.push(Person {
        login: "system-admin",
        full_name: "",
        user: User {
            name: "system:admin".to_owned(),
            uid: None,
            groups: ["system:masters", "system:authenticated"].map(str::to_owned).into(),
        },
        token: None,
        password: None,
        certificate: Some(authority.client("system:admin", "system:masters")?),
    });
    Ok(people)
}

fn by_token(face: Face, login: &'static str, full_name: &'static str) -> Person {
    let mut groups = vec!["system:authenticated".to_owned()];
    if face == Face::Openshift {
        groups.insert(0, "system:authenticated:oauth".to_owned());
    }
    let user = User { name: login.to_owned(), uid: Some(identifier::uid()), groups };
    Person {
        login,
        full_name,
        user,
        token: Some(identifier::token()),
        password: Some(identifier::password()),
        certificate: None,
    }
}
