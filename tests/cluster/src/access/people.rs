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
    /// a client certificate.
    pub(crate) certificate: Option<Identity>,
}

/// Who gets a role.
#[derive(Debug)]
pub(crate) enum Subject {
    User(String),
    Group(String),
}

/// A role for somebody.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) subject: Subject,
    /// None: everywhere.
    pub(crate) namespace: Option<String>,
}

impl Binding {
    /// Whether it gives its role to that user there.
    pub(crate) fn concerns(&self, user: &User, namespace: Option<&str>) -> bool {
        let there = self.namespace.is_none() || self.namespace.as_deref() == namespace;
        there
            && match &self.subject {
                Subject::User(name) => *name == user.name,
                Subject::Group(name) => user.groups.contains(name),
            }
    }

    fn user(role: &str, name: &str, namespace: Option<&str>) -> Self {
        Self {
            name: role.to_owned(),
            role: role.to_owned(),
            subject: Subject::User(name.to_owned()),
            namespace: namespace.map(str::to_owned),
        }
    }

    fn group(role: &str, name: &str) -> Self {
        Self {
            name: role.to_owned(),
            role: role.to_owned(),
            subject: Subject::Group(name.to_owned()),
            namespace: None,
        }
    }
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
    Person { login, full_name, user, token: Some(identifier::token()), certificate: None }
}

/// Who has which role. `registry` is the namespace of the registry's service.
pub(crate) fn bindings(face: Face, projects: &[&str], registry: &str) -> Vec<Binding> {
    let mut bindings = vec![
        Binding::user("cluster-admin", "sarah", None),
        Binding::group("cluster-admin", "system:masters"),
        Binding::group("basic-user", "system:authenticated"),
        Binding::group("system:discovery", "system:authenticated"),
        Binding::group("system:public-info-viewer", "system:unauthenticated"),
    ];
    match face {
        Face::Openshift => {
            let admin = |project: &&str| Binding::user("registry-admin", "scruffy", Some(project));
            bindings.extend(projects.iter().map(admin));
            bindings.push(Binding::user("registry-editor", "jane", Some("skyfield")));
            bindings.push(Binding::user("registry-viewer", "eric", Some("skyfield")));
            // May pull what he cannot list.
            bindings.push(Binding::user("system:image-puller", "eric", Some("tools")));
            bindings.push(Binding::user("registry-viewer", "greg", Some("skyfield")));
        }
        Face::Plain => {
            let role = |role, name| Binding::user(role, name, Some(registry));
            bindings.extend(["scruffy", "jane"].map(|name| role("registry-proxy-writer", name)));
            bindings.extend(["eric", "greg"].map(|name| role("registry-proxy-reader", name)));
        }
    }
    bindings
}
