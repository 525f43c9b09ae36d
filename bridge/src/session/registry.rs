// SPDX-License-Identifier: LGPL-2.1-or-later

//! What somebody can do about the registry itself: choose it, log in there, have one added, and
//! learn how clients reach it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use images_proto::account::Account;
use images_proto::context::Done;
use images_proto::installation::{Plan, Receipt};
use images_proto::route::{Choice, LoginParams, Reached, RegistryChoice, View};
use images_proto::status::{Phase, Source};
use images_proto::{Code, Failure, Offer, Progress, Secret, access, account, installation};
use secrecy::ExposeSecret;

use super::Session;
use crate::action;
use crate::cluster::Cluster;
use crate::registry::direct::Address;
use crate::registry::login::Login;
use crate::source::Connection;

/// The longest name and password that are taken, in bytes.
const LONGEST: usize = 64 << 10;

impl Session {
    /// The ladder of routes, as it was climbed last.
    pub fn routes(&self) -> View {
        let mut view = self.state.routes();
        let connection = self.connection.borrow().clone();
        if let (Some(identity), Some(connection)) = (&mut view.identity, connection) {
            // The token may have been replaced since.
            identity.expires = connection.login_expires().or(identity.expires);
        }
        view
    }

    /// What the registry in use can do.
    ///
    /// # Errors
    /// When no route leads to one.
    pub async fn abilities(&self) -> Result<Reached, Failure> {
        self.connection().await?.abilities(&self.state).await
    }

    /// Chooses the registry, for this cluster from now on.
    ///
    /// # Errors
    /// When it is none that can be chosen.
    pub async fn choose_registry(&self, params: RegistryChoice) -> Result<Done, Failure> {
        if self.settings.registry()?.is_some() {
            return Err(Failure::new(
                Code::Unsupported,
                "An administrator has set the registry's address, so that it cannot be chosen here.",
            )
            .with_fix("Ask to have /etc/cockpit-images/registry changed."));
        }
        if let Some(Choice::Address(text)) = &params.choice {
            check_address(text)?;
        }
        let cluster = self.cluster().await?;
        let kept = self.settings.choices.set_registry(cluster.server(), params.choice);
        // It holds for this session all the same.
        if let Err(error) = kept {
            tracing::warn!(%error, "the choice of a registry could not be written down");
        }
        self.retry();
        Ok(Done {})
    }

    /// Logs in at the registry that wanted a login.
    ///
    /// # Errors
    /// When it refuses, or no registry wants one.
    pub async fn login(&self, params: LoginParams) -> Result<Done, Failure> {
        let LoginParams { user, password } = params;
        if user.is_empty() || user.contains(':') || user.len() + password.expose().len() > LONGEST {
            return Err(Failure::new(Code::BadRequest, "That cannot be the name of a user.")
                .with_fix("A name is not empty and has no colon."));
        }
        let login = Login::new(user, password.expose().to_owned().into());
        if !self.settings.logins.put(&login) {
            return Err(Failure::new(Code::BadRequest, "No registry wants a login now."));
        }
        let mut changes = self.state.changes();
        self.state.set_phase(Phase::Connecting);
        self.retry();
        loop {
            changes.borrow_and_update();
            let view = self.state.view();
            match view.phase {
                Phase::Failed(failure) => return Err(failure),
                Phase::Connecting => {}
                Phase::Filling(_) | Phase::Ready => match view.registry {
                    Some(registry) if registry.source == Source::Openshift => {
                        let connection = self.connection().await?;
                        return connection.registry(&self.state).await.map(|_| Done {});
                    }
                    _ => return Ok(Done {}),
                },
            }
            if changes.changed().await.is_err() {
                return Err(super::fault("The session ended."));
            }
        }
    }

    /// The service account for those who have no token.
    ///
    /// # Errors
    /// When the cluster cannot be asked, or does not let it be created.
    pub async fn account(&self, params: account::Params) -> Result<Account, Failure> {
        let cluster = self.cluster().await?;
        let mut account = action::account(&cluster, params).await?;
        if !params.agreed {
            let identity = self.routes().identity;
            account.in_use =
                identity.is_some_and(|identity| identity.words.contains(&account.name));
        } else if account.in_use {
            // The routes were tried without it.
            self.retry();
        }
        Ok(account)
    }

    /// What adding a registry would add.
    ///
    /// # Errors
    /// When the cluster cannot be asked.
    pub async fn plan_registry(&self, params: installation::Params) -> Result<Plan, Failure> {
        let cluster = self.cluster().await?;
        action::plan_registry(&cluster, is_openshift(&cluster).await?, params).await
    }

    /// Adds a registry to the cluster.
    ///
    /// # Errors
    /// When something could not be added, or it does not begin to answer.
    pub async fn add_registry(
        &self,
        params: installation::Params,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Receipt, Failure> {
        let cluster = self.cluster().await?;
        let is_openshift = is_openshift(&cluster).await?;
        let (_afterwards, progress) = Afterwards::of(self, progress);
        action::add_registry(&cluster, is_openshift, params, progress).await
    }

    /// Removes the registry that was added.
    ///
    /// # Errors
    /// When something could not be removed.
    pub async fn remove_registry(
        &self,
        params: installation::RemoveParams,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<Receipt, Failure> {
        let cluster = self.cluster().await?;
        let is_openshift = is_openshift(&cluster).await?;
        let (_afterwards, progress) = Afterwards::of(self, progress);
        action::remove_registry(&cluster, is_openshift, params, progress).await
    }

    /// The addresses by which clients reach the registry.
    ///
    /// # Errors
    /// When no registry is known.
    pub async fn addresses(&self) -> Result<access::Answer, Failure> {
        let connection = self.connection().await?;
        let known = self.known(&connection).await;
        Ok(action::addresses(connection.cluster(), known).await)
    }

    /// What is known of the addresses of the registry in use.
    async fn known(&self, connection: &Connection) -> action::Known {
        let status = self.state.view();
        let chosen =
            status.cluster.and_then(|cluster| self.settings.choices.registry(&cluster.server));
        let set = self.settings.registry().ok().flatten().map(|address| address.to_string());
        let announced = match connection.cluster() {
            Some(cluster) => crate::source::announced(cluster).await.ok().flatten(),
            None => None,
        };
        let is_openshift = matches!(connection.source(), crate::source::Source::Openshift(_));
        let is_known = connection.is_registry_known();
        // On OpenShift too another registry can be set, which has no business with its tokens.
        let is_openshifts = match is_known {
            true => connection.uses_cluster_login(),
            false => is_openshift && set.is_none() && chosen.is_none(),
        };
        let needs_login = match self.state.routes() {
            _ if is_openshifts => access::Login::Token,
            _ if !is_known => access::Login::Unclear,
            View { identity: Some(_), .. } => access::Login::Password,
            View { identity: None, .. } => access::Login::None,
        };
        let mut services: Vec<_> = connection.service().into_iter().collect();
        if is_openshifts && services.is_empty() {
            services.extend(action::Known::of_openshift());
        }
        let public = status.registry.and_then(|registry| registry.host);
        let public = public.filter(|host| match is_openshift {
            true => is_openshifts,
            false => Some(host) != announced.as_ref(),
        });
        let chosen = chosen.and_then(|choice| match choice {
            Choice::Address(address) => Some(address),
            Choice::Service { .. } => None,
        });
        action::Known { configured: set.or(chosen), public, announced, services, needs_login }
    }

    /// The token that the user asked to see.
    ///
    /// # Errors
    /// When there is none.
    pub async fn token(&self) -> Result<access::Token, Failure> {
        let cluster = self.cluster().await?;
        let tried = "find the token";
        if let Some(token) = cluster.bearer().await.map_err(|error| error.failure(tried))? {
            let user = self.state.view().cluster.and_then(|cluster| cluster.user);
            let user =
                user.filter(|user| !user.contains(':')).unwrap_or_else(|| "unused".to_owned());
            return Ok(access::Token {
                user,
                token: Secret::new(token.expose_secret()),
                expires: None,
            });
        }
        let account = cluster.account_is_complete().await;
        if !account.map_err(|error| error.failure(tried))? {
            return Err(Failure::new(
                Code::Unauthenticated,
                "Your kubeconfig holds no token, only another kind of login.",
            )
            .with_fix("Log in with oc login, or let the bridge use a service account.")
            .offering(Offer::Account));
        }
        let token = cluster.account_token().await.map_err(|error| error.failure(tried))?;
        Ok(access::Token {
            user: "registry-admin".to_owned(),
            token: Secret::new(token.token.expose_secret()),
            expires: token.expires,
        })
    }

    /// The cluster, be its registry found or not.
    ///
    /// # Errors
    /// When there is none, or connecting failed.
    pub(crate) async fn cluster(&self) -> Result<Cluster, Failure> {
        self.found(|| self.state.connected()).await
    }
}

/// Has the registry looked for again when work on it ends, be it done, failed or stopped half way.
struct Afterwards<'a> {
    session: &'a Session,
    begun: Arc<AtomicBool>,
}

impl<'a> Afterwards<'a> {
    /// With a progress that also notes that the work has begun: its first words come before its
    /// first change.
    fn of<P: FnMut(Progress) + Send>(
        session: &'a Session,
        mut progress: P,
    ) -> (Self, impl FnMut(Progress) + Send + use<P>) {
        let begun = Arc::new(AtomicBool::new(false));
        let noted = begun.clone();
        let progress = move |told| {
            noted.store(true, Ordering::Relaxed);
            progress(told);
        };
        (Self { session, begun }, progress)
    }
}

impl Drop for Afterwards<'_> {
    fn drop(&mut self) {
        if self.begun.load(Ordering::Relaxed) {
            self.session.retry();
        }
    }
}

/// Asked anew: what adds a registry must not guess.
pub(super) async fn is_openshift(cluster: &Cluster) -> Result<bool, Failure> {
    let has = cluster.has_image_streams().await;
    has.map_err(|error| error.failure("find out whether this is OpenShift"))
}

/// An address that may be remembered: a login in it would be written down.
fn check_address(text: &str) -> Result<(), Failure> {
    let parsed = match text.contains("://") {
        true => Address::parse(text),
        false => Address::of_host(text, true),
    };
    let bad = |why: String| {
        Failure::new(Code::BadRequest, format!("That address cannot be used: {why}."))
            .with_fix("Write it as HOST, HOST:PORT, https://HOST:PORT or http://HOST:PORT.")
    };
    match parsed {
        Ok(address) if address.login().is_some() => {
            Err(bad("a user and a password are given apart from it".to_owned()))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_began_has_the_registry_looked_for_again() {
        let session = Session::with_settings(crate::session::settings::Settings::default());
        let retries = session.state.retries();
        drop(Afterwards::of(&session, |_| ()));
        assert!(!retries.has_changed().unwrap(), "nothing was done");
        let (afterwards, mut progress) = Afterwards::of(&session, |_| ());
        progress(Progress::default());
        assert!(!retries.has_changed().unwrap(), "it is not over");
        drop(afterwards);
        assert!(retries.has_changed().unwrap());
    }

    #[test]
    fn a_remembered_address_holds_no_login() {
        for good in ["registry.example.com", "localhost:5000", "http://x:5000", "https://x"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in ["https://amy:secret@x", "amy:secret@x", "x/y", "", "ftp://x"] {
            let failure = check_address(bad).unwrap_err();
            assert!(!failure.message.contains("secret"), "{failure:?}");
        }
    }
}
