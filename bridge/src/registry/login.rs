// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who we are to a registry.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::body::BoxError;

/// A user and a password or token.
#[derive(Clone)]
pub struct Login {
    user: String,
    password: Arc<dyn Password>,
    only_here: bool,
    only_encrypted: bool,
}

/// A password as it is now: a token may be replaced by a new one before it expires.
pub trait Password: Send + Sync {
    /// The password to use for the next request.
    fn now(&self) -> BoxFuture<'_, Result<SecretString, BoxError>>;
}

impl Password for SecretString {
    fn now(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
        let password = self.clone();
        async { Ok(password) }.boxed()
    }
}

impl Login {
    /// A login of the registry's own, which may be shown to the token server that the registry
    /// names, as all clients do.
    pub fn new(user: impl Into<String>, password: SecretString) -> Self {
        Self {
            user: user.into(),
            password: Arc::new(password),
            only_here: false,
            only_encrypted: false,
        }
    }

    /// A token of the cluster's. Nobody but the registry's own host gets to see it, and nobody on the
    /// way there.
    pub fn of_cluster(token: Arc<dyn Password>) -> Self {
        // OpenShift's registry takes any user name.
        Self { user: "cockpit".to_owned(), password: token, only_here: true, only_encrypted: true }
    }

    /// The user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The same, for ways alone on which nobody can read along.
    #[must_use]
    pub fn only_encrypted(self) -> Self {
        Self { only_encrypted: true, ..self }
    }

    /// Whether it must not be sent where somebody could read along.
    pub fn is_only_for_encrypted_ways(&self) -> bool {
        self.only_encrypted
    }

    /// Whether another host than the registry's must not see it.
    pub fn is_only_for_the_registry(&self) -> bool {
        self.only_here
    }

    /// The password to use for the next request.
    ///
    /// # Errors
    /// When it had to be renewed and that failed.
    pub async fn password(&self) -> Result<SecretString, BoxError> {
        self.password.now().await
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}
