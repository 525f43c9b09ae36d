// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is there and who may do what.

pub(crate) mod people;
pub(crate) mod rule;

use std::collections::BTreeMap;

use rustls::pki_types::CertificateDer;

use people::{Binding, Person, Subject};
use rule::{Attributes, Rule};

/// Somebody whom the API server knows, or the anonymous user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    /// Only users who came by OAuth have one.
    pub(crate) uid: Option<String>,
    pub(crate) groups: Vec<String>,
}

impl User {
    /// Whoever shows no credential.
    pub(crate) fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            uid: None,
            groups: vec!["system:unauthenticated".to_owned()],
        }
    }

    /// Whether nobody knows who it is.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.name == "system:anonymous"
    }
}

/// People, roles and bindings.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) people: Vec<Person>,
    roles: BTreeMap<String, Vec<Rule>>,
    bindings: Vec<Binding>,
}

impl Access {
    /// The people of a cluster with these bindings.
    ///
    /// # Errors
    /// When the recorded roles cannot be read.
    pub(crate) fn new(people: Vec<Person>, bindings: Vec<Binding>) -> anyhow::Result<Self> {
        Ok(Self { people, roles: rule::roles()?, bindings })
    }

    /// Whose token it is.
    pub(crate) fn by_token(&self, token: &str) -> Option<&User> {
        self.people
            .iter()
            .find(|person| person.token.as_deref() == Some(token))
            .map(|person| &person.user)
    }

    /// Whose certificate it is.
    pub(crate) fn by_certificate(&self, certificate: &CertificateDer<'_>) -> Option<&User> {
        let shown = |person: &&Person| {
            person
                .certificate
                .as_ref()
                .is_some_and(|own| own.certificate.as_ref() == certificate.as_ref())
        };
        self.people.iter().find(shown).map(|person| &person.user)
    }

    /// Why somebody may do something; none if not.
    pub(crate) fn allows(&self, user: &User, what: &Attributes<'_>) -> Option<String> {
        let mut bindings =
            self.bindings.iter().filter(|binding| binding.concerns(user, what.namespace));
        let binding =
            bindings.find(|binding| self.rules(binding).iter().any(|rule| rule.covers(what)))?;
        let (kind, name) = match &binding.namespace {
            Some(namespace) => ("RoleBinding", format!("{}/{namespace}", binding.name)),
            None => ("ClusterRoleBinding", binding.name.clone()),
        };
        let subject = match &binding.subject {
            Subject::User(name) => format!("User \"{name}\""),
            Subject::Group(name) => format!("Group \"{name}\""),
        };
        Some(format!(
            "RBAC: allowed by {kind} \"{name}\" of ClusterRole \"{}\" to {subject}",
            binding.role
        ))
    }

    /// All rules that somebody has in a namespace.
    pub(crate) fn rules_of(&self, user: &User, namespace: &str) -> Vec<&Rule> {
        let bindings =
            self.bindings.iter().filter(|binding| binding.concerns(user, Some(namespace)));
        bindings.flat_map(|binding| self.rules(binding)).collect()
    }

    fn rules(&self, binding: &Binding) -> &[Rule] {
        self.roles.get(&binding.role).map_or(&[], Vec::as_slice)
    }
}
