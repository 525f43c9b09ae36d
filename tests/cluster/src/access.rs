// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is there and who may do what.

pub(crate) mod people;
pub(crate) mod rights;
pub(crate) mod roles;
pub(crate) mod rule;
pub(crate) mod token;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use crate::resource::{PODS, SECRETS, SERVICE_ACCOUNTS};
use crate::store::{Store, key};
use people::Person;
use rights::Rights;
use rule::{Attributes, Rule};
use token::{BoundTo, Claims, Tokens};

/// Somebody whom the API server knows, or the anonymous user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    /// Only users who came by OAuth have one, and service accounts.
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

    fn service_account(claims: &Claims) -> Self {
        let Claims { namespace, name, uid, .. } = claims;
        Self {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            uid: Some(uid.clone()),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ],
        }
    }

    /// Whether nobody knows who it is.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.name == "system:anonymous"
    }
}

/// People, and what the stored roles and bindings let them do.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) people: Vec<Person>,
    pub(crate) tokens: Tokens,
    /// Whether passwords are accepted, as before Kubernetes 1.19.
    passwords: bool,
    store: Arc<Store>,
    /// Parsed once for each change.
    rights: Mutex<(u64, Arc<Rights>)>,
}

impl Access {
    /// The people of a cluster.
    pub(crate) fn new(people: Vec<Person>, store: Arc<Store>, passwords: bool) -> Self {
        Self { people, tokens: Tokens::default(), passwords, store, rights: Mutex::default() }
    }

    /// Whose token it is: a person's, or a service account's that is still there.
    pub(crate) fn by_token(&self, token: &str) -> Option<User> {
        let shown = |person: &&Person| person.token.as_deref() == Some(token);
        if let Some(person) = self.people.iter().find(shown) {
            return Some(person.user.clone());
        }
        let claims = self.tokens.read(token)?;
        self.is_valid(&claims).then(|| User::service_account(&claims))
    }

    /// Whose password it is; nobody's where passwords are not accepted.
    pub(crate) fn by_password(&self, login: &str, password: &str) -> Option<User> {
        let mut people = self.people.iter().filter(|_| self.passwords);
        let person = people
            .find(|person| person.login == login && person.password.as_deref() == Some(password))?;
        Some(person.user.clone())
    }

    /// Whether passwords are a way to log in at all.
    pub(crate) fn takes_passwords(&self) -> bool {
        self.passwords
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

    /// Why somebody may do something; none if not. Takes the store's lock now and then.
    pub(crate) fn allows(&self, user: &User, what: &Attributes<'_>) -> Option<String> {
        self.rights().allows(user, what)
    }

    /// All rules that somebody has in a namespace, or everywhere.
    pub(crate) fn rules_of(&self, user: &User, namespace: Option<&str>) -> Vec<Rule> {
        self.rights().rules_for(user, namespace)
    }

    /// Roles and bindings as they are now.
    pub(crate) fn rights(&self) -> Arc<Rights> {
        let mut known = self.rights.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != self.store.rights_version() {
            let objects = self.store.read();
            *known = (self.store.rights_version(), Arc::new(Rights::read(&objects)));
        }
        Arc::clone(&known.1)
    }

    /// Whether the account of a token, and what it is bound to, are still there.
    fn is_valid(&self, claims: &Claims) -> bool {
        let objects = self.store.read();
        let uid_of = |resource, name: &str| {
            let found = objects.get(resource, &key(Some(&claims.namespace), name));
            found.map(|object| {
                object.value()["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
            })
        };
        if uid_of(&SERVICE_ACCOUNTS, &claims.name).as_ref() != Some(&claims.uid) {
            return false;
        }
        let Some(BoundTo { kind, name, uid }) = &claims.bound else { return true };
        let now = uid_of(if kind == "Pod" { &PODS } else { &SECRETS }, name);
        // The tokens in Secrets name theirs, but not its uid.
        now.is_some_and(|now| uid.is_empty() || now == *uid)
    }
}
