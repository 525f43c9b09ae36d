// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who we are to the registry: a login that somebody typed, a token of the cluster's, or the
//! service account for those who have none.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use images_proto::route::Identity;
use images_proto::{Code, Failure, Offer};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::body::BoxError;
use crate::cluster::Cluster;
use crate::cluster::account::AccountToken;
use crate::registry::login::{Login, Password};

/// A token is replaced when less than this is left of it, in seconds.
const RENEW_BEFORE: i64 = 600;

/// The logins that somebody typed, by place. In memory only, for one login to Cockpit.
#[derive(Default)]
pub struct Logins(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: HashMap<String, Login>,
    /// The places that wanted a login when the routes were tried last.
    wanted: BTreeSet<String>,
}

impl Logins {
    /// Keeps a login for the places that wanted one. `false`: none does.
    pub fn put(&self, login: &Login) -> bool {
        let mut inner = self.inner();
        let wanted = std::mem::take(&mut inner.wanted);
        let some = !wanted.is_empty();
        inner.known.extend(wanted.into_iter().map(|place| (place, login.clone())));
        some
    }

    pub(super) fn get(&self, place: &str) -> Option<Login> {
        self.inner().known.get(place).cloned()
    }

    /// Forgets that any place wanted a login: the routes are tried again.
    pub(super) fn begin(&self) {
        self.inner().wanted.clear();
    }

    /// A place wants a login, and does not take the one that we had.
    pub(super) fn want(&self, place: &str) {
        let mut inner = self.inner();
        inner.known.remove(place);
        inner.wanted.insert(place.to_owned());
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
}

impl Who {
    /// Somebody with a login of the registry's own.
    pub(super) fn with(login: Option<Login>) -> Self {
        let words = |login: &Login| match login.user() {
            "" => "a password".to_owned(),
            user => format!("the user {user}"),
        };
        let identity = login.as_ref().map(|login| Identity { words: words(login), expires: None });
        Self { login, identity }
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
        });
    }
    match cluster.account_is_complete().await {
        Ok(true) => {}
        Ok(false) => return Err(no_token()),
        // Who may not look may not create it either; a server without it knows no such accounts.
        Err(error) if error.is_forbidden() || error.is_no_path() => return Err(no_token()),
        Err(error) => return Err(error.failure(tried)),
    }
    let token = AccountLogin { cluster: cluster.clone(), kept: tokio::sync::Mutex::default() };
    let expires = token.renewed().await.map_err(|error| error.failure(tried))?.expires;
    let words = "the service account openshift-infra/registry-admin".to_owned();
    Ok(Who {
        login: Some(Login::of_cluster(Arc::new(token))),
        identity: Some(Identity { words, expires }),
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
}

impl AccountLogin {
    async fn renewed(&self) -> Result<AccountToken, crate::cluster::Error> {
        let mut kept = self.kept.lock().await;
        let now = Timestamp::now().as_second();
        let lasts = |token: &AccountToken| token.expires.is_none_or(|end| end - now > RENEW_BEFORE);
        if let Some(token) = kept.as_ref().filter(|token| lasts(token)) {
            return Ok(token.clone());
        }
        Ok(kept.insert(self.cluster.account_token().await?).clone())
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

    #[test]
    fn a_login_is_for_the_places_that_wanted_one() {
        let logins = Logins::default();
        let login = Login::new("jane", "x".to_owned().into());
        assert!(!logins.put(&login));
        logins.want("a");
        assert!(logins.put(&login));
        assert!(logins.get("a").is_some() && logins.get("b").is_none());
        // It did not take it.
        logins.want("a");
        assert!(logins.get("a").is_none());
        logins.begin();
        assert!(!logins.put(&login));
    }
}
