// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who we are to the registry: a login that somebody typed, a token of the cluster's, or the
//! service account for those who have none.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_proto::route::Identity;
use images_proto::{Code, Failure, Offer};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::body::BoxError;
use crate::cluster::Cluster;
use crate::cluster::token_request::AccountToken;
use crate::registry::login::{Login, Password};

/// A token is replaced when less than this is left of it, in seconds.
const RENEW_BEFORE: i64 = 600;

/// The logins that somebody typed, by place. In memory only, for one login to Cockpit.
#[derive(Default)]
pub struct Logins(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: HashMap<Goal, Login>,
    /// The place that wanted a login when the routes were tried last.
    wanted: Option<Goal>,
    /// Counts what was typed.
    typed: u64,
}

/// A place that may want a login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Goal {
    /// Of the cluster and of the registry in it.
    pub(super) key: String,
    /// Whether nobody can read along on the way there.
    pub(super) encrypted: bool,
}

impl Logins {
    /// Keeps a login for the place that wanted one. `false`: none does.
    pub fn put(&self, login: &Login) -> bool {
        let mut inner = self.inner();
        let Some(wanted) = inner.wanted.take() else { return false };
        inner.typed += 1;
        // What was typed for a way that is encrypted goes on no other.
        let login = match wanted.encrypted {
            true => login.clone().only_encrypted(),
            false => login.clone(),
        };
        inner.known.insert(wanted, login);
        true
    }

    /// How much was typed so far.
    pub(crate) fn typed(&self) -> u64 {
        self.inner().typed
    }

    /// The login for a place: what was typed for a way without TLS may go on one with it, too.
    pub(super) fn get(&self, key: &str) -> Option<Login> {
        let inner = self.inner();
        let goal = |encrypted| Goal { key: key.to_owned(), encrypted };
        inner.known.get(&goal(true)).or_else(|| inner.known.get(&goal(false))).cloned()
    }

    /// Says which place wants a login now, and does not take the one that we had. Nothing changes
    /// when somebody typed one since the routes began to be tried: then they are tried again.
    pub(crate) fn settle(&self, typed: u64, wanted: Option<Goal>) {
        let mut inner = self.inner();
        if inner.typed != typed {
            return;
        }
        if let Some(goal) = &wanted {
            inner.known.retain(|known, _| known.key != goal.key);
        }
        inner.wanted = wanted;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who we are to a registry, and how that is told.
#[derive(Clone, Default)]
pub(super) struct Who {
    pub(super) login: Option<Login>,
    pub(super) identity: Option<Identity>,
    pub(super) expires: Option<Expires>,
}

/// When a token ends that is replaced while it is used: seconds since the Unix epoch, 0 for unknown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expires(Arc<AtomicI64>);

impl Expires {
    /// The end of the token of now, if it is known.
    pub(crate) fn now(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|end| *end != 0)
    }
}

impl Who {
    /// Somebody with a login of the registry's own.
    pub(super) fn with(login: Option<Login>) -> Self {
        let words = |login: &Login| match login.user() {
            "" => "a password".to_owned(),
            user => format!("the user {user}"),
        };
        let identity = login.as_ref().map(|login| Identity { words: words(login), expires: None });
        Self { login, identity, expires: None }
    }
}

/// Who we are to OpenShift's own registry.
///
/// # Errors
/// When the cluster gives us no token.
pub(super) async fn of_openshift(cluster: &Cluster) -> Result<Who, Failure> {
    let tried = "find a token for the registry";
    if cluster.bearer().await.map_err(|error| error.failure(tried))?.is_some() {
        let words = "the token of your kubeconfig".to_owned();
        return Ok(Who {
            login: Some(Login::of_cluster(Arc::new(ClusterToken(cluster.clone())))),
            identity: Some(Identity { words, expires: None }),
            expires: None,
        });
    }
    match cluster.account_is_complete().await {
        Ok(true) => {}
        Ok(false) => return Err(no_token()),
        // Who may not look may not create it either; a server without it knows no such accounts.
        Err(error) if error.is_forbidden() || error.is_no_path() => return Err(no_token()),
        Err(error) => return Err(error.failure(tried)),
    }
    let expires = Expires::default();
    let token = AccountLogin {
        cluster: cluster.clone(),
        kept: tokio::sync::Mutex::default(),
        expires: expires.clone(),
    };
    token.renewed().await.map_err(|error| error.failure(tried))?;
    let words = "the service account openshift-infra/registry-admin".to_owned();
    Ok(Who {
        login: Some(Login::of_cluster(Arc::new(token))),
        identity: Some(Identity { words, expires: expires.now() }),
        expires: Some(expires),
    })
}

fn no_token() -> Failure {
    Failure::new(
        Code::Unauthenticated,
        "The registry wants a token, and your kubeconfig holds none, only another kind of login.",
    )
    .with_fix(
        "Let the bridge use a service account, or log in with oc login, which leaves a token.",
    )
    .offering(Offer::Account)
}

/// The token of the kubeconfig, as it is now.
struct ClusterToken(Cluster);

impl Password for ClusterToken {
    fn now(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        async { self.0.bearer().await?.ok_or_else(|| "the kubeconfig holds no token".into()) }
            .boxed()
    }
}

/// A token of the service account, renewed while it is used.
struct AccountLogin {
    cluster: Cluster,
    kept: tokio::sync::Mutex<Option<AccountToken>>,
    expires: Expires,
}

impl AccountLogin {
    async fn renewed(&self) -> Result<AccountToken, crate::cluster::Error> {
        let mut kept = self.kept.lock().await;
        let now = Timestamp::now().as_second();
        let lasts = |token: &AccountToken| token.expires.is_none_or(|end| end - now > RENEW_BEFORE);
        if let Some(token) = kept.as_ref().filter(|token| lasts(token)) {
            return Ok(token.clone());
        }
        let token = kept.insert(self.cluster.account_token().await?);
        self.expires.0.store(token.expires.unwrap_or(0), Ordering::Relaxed);
        Ok(token.clone())
    }
}

impl Password for AccountLogin {
    fn now(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        async { Ok(self.renewed().await?.token) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(key: &str, encrypted: bool) -> Option<Goal> {
        Some(Goal { key: key.to_owned(), encrypted })
    }

    #[test]
    fn a_login_is_for_the_place_that_wanted_one() {
        let logins = Logins::default();
        let login = Login::new("jane", "x".to_owned().into());
        assert!(!logins.put(&login));
        logins.settle(0, goal("a", false));
        assert!(logins.put(&login));
        assert!(logins.get("a").is_some() && logins.get("b").is_none());
        // It did not take it.
        logins.settle(1, goal("a", false));
        assert!(logins.get("a").is_none());
        logins.settle(1, None);
        assert!(!logins.put(&login));
    }

    #[test]
    fn what_was_typed_for_an_encrypted_way_goes_on_no_other() {
        let logins = Logins::default();
        for encrypted in [false, true] {
            logins.settle(logins.typed(), goal("a", encrypted));
            logins.put(&Login::new("jane", "x".to_owned().into()));
            let login = logins.get("a").unwrap();
            assert_eq!(login.is_only_for_encrypted_ways(), encrypted);
        }
    }

    #[test]
    fn an_attempt_that_began_before_does_not_undo_what_was_typed() {
        let logins = Logins::default();
        logins.settle(0, goal("a", true));
        let before = logins.typed();
        logins.put(&Login::new("jane", "x".to_owned().into()));
        logins.settle(before, goal("a", true));
        assert!(logins.get("a").is_some());
    }
}
