// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who is there and who may do what.

mod cache;
pub(crate) mod login;
mod membership;
pub(crate) mod people;
pub(crate) mod rights;
pub(crate) mod roles;
pub(crate) mod rule;
pub(crate) mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;

use crate::resource::{PODS, SECRETS, SERVICE_ACCOUNTS};
use crate::store::{Store, key};
use cache::Remembered;
use login::Logins;
use membership::Membership;
use people::Person;
use rights::{Able, Decision, Rights, RoleRef};
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
    pub(crate) logins: Logins,
    /// The tokens of service accounts that were good lately.
    pub(crate) remembered: Remembered,
    /// Whether passwords are accepted, as before Kubernetes 1.19.
    passwords: bool,
    store: Arc<Store>,
    /// Follows what is written.
    known: Mutex<Known>,
}

/// What was read from the stored roles, bindings and groups.
#[derive(Debug, Default)]
struct Known {
    /// Up to this version.
    seen: u64,
    rights: Rights,
    membership: Membership,
}

impl Access {
    /// The people of a cluster.
    pub(crate) fn new(people: Vec<Person>, store: Arc<Store>, passwords: bool) -> Self {
        Self {
            people,
            tokens: Tokens::default(),
            logins: Logins::default(),
            remembered: Remembered::default(),
            passwords,
            store,
            known: Mutex::default(),
        }
    }

    /// Whose token it is: a person's, or a service account's, that is still there.
    pub(crate) fn by_token(&self, token: &str) -> Option<User> {
        let shown = |person: &&Person| person.token.as_deref() == Some(token);
        if let Some(person) = self.people.iter().find(shown) {
            return self.is_there(&person.user).then(|| self.with_groups(person.user.clone()));
        }
        if let Some(login) = self.logins.of(token) {
            let user = login.user();
            return self.is_there(&user).then(|| self.with_groups(user));
        }
        let claims = self.tokens.read(token)?;
        let good = self.remembered.is_good(token, || self.is_valid(&claims));
        good.then(|| User::service_account(&claims))
    }

    /// Whose password it is; nobody's where passwords are not accepted.
    pub(crate) fn by_password(&self, login: &str, password: &str) -> Option<User> {
        let mut people = self.people.iter().filter(|_| self.passwords);
        let person = people
            .find(|person| person.login == login && person.password.as_deref() == Some(password))?;
        self.is_there(&person.user).then(|| self.with_groups(person.user.clone()))
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

    /// Whether somebody may do something. Takes the store's lock now and then.
    pub(crate) fn allows(&self, user: &User, what: &Attributes<'_>) -> bool {
        self.decide(user, what).allowed
    }

    /// The same, with the reason.
    pub(crate) fn decide(&self, user: &User, what: &Attributes<'_>) -> Decision {
        self.known().rights.decide(user, what)
    }

    /// All who may do something by a binding that names them.
    pub(crate) fn able(&self, what: &Attributes<'_>) -> Able {
        self.known().rights.able(what)
    }

    /// All rules that somebody has in a namespace, or everywhere.
    pub(crate) fn rules_of(&self, user: &User, namespace: Option<&str>) -> Vec<Rule> {
        self.known().rights.rules_for(user, namespace)
    }

    /// The roles that somebody should have there, but that do not exist, in a sentence.
    pub(crate) fn missing_for(&self, user: &User, namespace: Option<&str>) -> Option<String> {
        self.known().rights.missing_for(user, namespace)
    }

    /// The rules of a role; none if there is no such role.
    pub(crate) fn role(&self, role: &RoleRef) -> Option<Vec<Rule>> {
        self.known().rights.rules(role).map(<[Rule]>::to_vec)
    }

    /// Reads all that was written, so that the next question need not.
    pub(crate) fn catch_up(&self) {
        drop(self.known());
    }

    /// Roles, bindings and groups as they are now.
    fn known(&self) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.seen < self.store.rights_version() {
            let objects = self.store.read();
            let (now, seen) = (objects.version(), known.seen);
            match objects.since(seen) {
                Some(events) => events.for_each(|event| {
                    known.rights.follow(event);
                    known.membership.follow(event);
                }),
                None => {
                    known.rights = Rights::read(&objects);
                    known.membership = Membership::read(&objects);
                }
            }
            known.seen = now;
        }
        known
    }

    /// Whether the User object of somebody who came by OAuth is still there, and the same.
    fn is_there(&self, user: &User) -> bool {
        let by_oauth = user.groups.iter().any(|group| group == "system:authenticated:oauth");
        !by_oauth || login::uid_of(&self.store.read(), &user.name) == user.uid
    }

    /// Puts somebody who came some time ago into the groups that name them now.
    pub(crate) fn refresh(&self, user: &mut User) {
        user.groups.retain(|group| group.starts_with("system:"));
        *user = self.with_groups(user.clone());
    }

    fn with_groups(&self, mut user: User) -> User {
        let known = self.known();
        let mut groups: Vec<_> = known.membership.groups_of(&user.name).cloned().collect();
        groups.append(&mut user.groups);
        user.groups = groups;
        user
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
