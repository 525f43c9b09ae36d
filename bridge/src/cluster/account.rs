// SPDX-License-Identifier: LGPL-2.1-or-later

//! The service account by which somebody without a token of his own speaks to OpenShift's registry,
//! as `oc adm prune images` is documented to be run.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use kube::config::AuthInfo;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::apply::Draft;
use super::path::is_name;
use super::token_request::AccountToken;
use super::{Cluster, ConfigError, Error};

/// The account's namespace. Every OpenShift has it.
pub const NAMESPACE: &str = "openshift-infra";
/// Its name.
pub const NAME: &str = "registry-admin";
/// The secret that holds its token where the cluster gives out none on request.
pub const SECRET: &str = "registry-admin-token";
/// The cluster roles that it has: the first lets it delete images and list all of them, the other
/// pull what it shows.
pub const ROLES: [&str; 2] = ["system:image-pruner", "registry-viewer"];

/// The time a token is good for, in seconds. It is renewed as long as somebody looks.
const LIFE: u32 = 3_600;
/// How long an old server may take to put a token into a secret.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(250);
/// Secrets of the account that are looked at. An old server makes two.
const MOST_SECRETS: usize = 10;

/// What of the account is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The account itself.
    pub account: bool,
    /// For each of [`ROLES`], whether it has it.
    pub roles: [bool; ROLES.len()],
    /// Where its token comes from.
    pub token: TokenSource,
}

/// Where the account's token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// The server gives it out on request.
    Request,
    /// An old server keeps it in a secret.
    Secret,
    /// The server is old, and there is no secret yet.
    Nowhere,
}

#[derive(Deserialize)]
struct Resources {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

#[derive(Deserialize)]
struct ServiceAccount {
    #[serde(default)]
    secrets: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    role_ref: Resource,
    #[serde(default)]
    subjects: Option<Vec<Subject>>,
}

#[derive(Deserialize)]
struct Subject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

#[derive(Deserialize)]
struct Secret {
    r#type: Option<String>,
    metadata: SecretMetadata,
    data: Option<SecretData>,
}

#[derive(Deserialize)]
struct SecretMetadata {
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct SecretData {
    token: Option<String>,
}

impl Parts {
    /// Whether nothing is missing.
    pub fn are_complete(&self) -> bool {
        let has_token = self.token != TokenSource::Nowhere;
        self.account && has_token && self.roles.iter().all(|has| *has)
    }
}

impl Subject {
    fn is_account(&self) -> bool {
        let namespace = self.namespace.as_deref();
        match &*self.kind {
            "ServiceAccount" => namespace == Some(NAMESPACE) && self.name == NAME,
            "User" => self.name == format!("system:serviceaccount:{NAMESPACE}:{NAME}"),
            _ => false,
        }
    }
}

impl Cluster {
    /// Whether the account is there with all that it needs.
    ///
    /// # Errors
    /// When that may not or cannot be asked.
    pub async fn account_is_complete(&self) -> Result<bool, Error> {
        Ok(self.account_parts().await?.are_complete())
    }

    /// What of the account is there.
    ///
    /// # Errors
    /// When that may not or cannot be asked.
    pub async fn account_parts(&self) -> Result<Parts, Error> {
        let (account, roles, token) =
            tokio::join!(self.service_account(), self.account_roles(), self.has_token_requests());
        let account = account?;
        let token = match &account {
            _ if token? => TokenSource::Request,
            Some(account) if self.token_in_secrets(account).await?.is_some() => TokenSource::Secret,
            _ => TokenSource::Nowhere,
        };
        Ok(Parts { account: account.is_some(), roles: roles?, token })
    }

    /// A token of the account: a short-lived one or, on an old server, the one of its secret.
    ///
    /// # Errors
    /// When the cluster gives out none.
    pub async fn account_token(&self) -> Result<AccountToken, Error> {
        match self.request_token(NAMESPACE, NAME, LIFE, None).await {
            Ok(token) => Ok(token),
            // An old server, or there is no such account.
            Err(error) if is_unknown(&error) => match self.service_account().await? {
                Some(account) => self.old_token(account, error).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// The same cluster, asked as the account and not as the user.
    ///
    /// # Errors
    /// When no client can be made of that.
    pub fn as_account(
        &self,
        AccountToken { token, .. }: AccountToken,
    ) -> Result<Self, ConfigError> {
        let mut config = self.shared.login.config().clone();
        // Neither the user's certificate nor his impersonations go with it.
        config.auth_info = AuthInfo { token: Some(token), ..AuthInfo::default() };
        config.headers.clear();
        Self::with_config(config, None)
    }

    async fn old_token(
        &self,
        account: ServiceAccount,
        no_request: Error,
    ) -> Result<AccountToken, Error> {
        let give_up = Instant::now() + PATIENCE;
        let mut account = Some(account);
        while let Some(found) = account {
            if let Some(token) = self.token_in_secrets(&found).await? {
                return Ok(AccountToken { token, expires: None });
            }
            if Instant::now() >= give_up {
                break;
            }
            sleep(PAUSE).await;
            account = self.service_account().await?;
        }
        Err(no_request)
    }

    async fn service_account(&self) -> Result<Option<ServiceAccount>, Error> {
        self.object(&account_path()).await
    }

    /// Whether the server gives out tokens on request (Kubernetes 1.12, on OpenShift 4).
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn has_token_requests(&self) -> Result<bool, Error> {
        let Resources { resources } = self.get("/api/v1").await?;
        Ok(resources.iter().any(|resource| resource.name == "serviceaccounts/token"))
    }

    async fn account_roles(&self) -> Result<[bool; ROLES.len()], Error> {
        let mut has = [false; ROLES.len()];
        let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        let bindings: Vec<Binding> = self.list_all(path).await?;
        for Binding { role_ref, subjects } in bindings {
            if !subjects.unwrap_or_default().iter().any(Subject::is_account) {
                continue;
            }
            for (has, role) in has.iter_mut().zip(ROLES) {
                *has |= [role, "cluster-admin"].contains(&&*role_ref.name);
            }
        }
        Ok(has)
    }

    /// The token in the account's secrets, if one holds it.
    async fn token_in_secrets(
        &self,
        account: &ServiceAccount,
    ) -> Result<Option<SecretString>, Error> {
        let own = account.secrets.iter().flatten().map(|secret| secret.name.as_str());
        let names = [SECRET].into_iter().chain(own.filter(|name| is_name(name)));
        for name in names.take(MOST_SECRETS) {
            let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}");
            let secret: Secret = match self.get(&path).await {
                Err(error) if error.is_not_found() => continue,
                secret => secret?,
            };
            if let Some(token) = secret.token() {
                return Ok(Some(token));
            }
        }
        Ok(None)
    }
}

fn account_path() -> String {
    format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}")
}

/// Whether the server does not know the request, or not the account.
fn is_unknown(error: &Error) -> bool {
    matches!(error.status(), Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED))
}

impl Secret {
    fn token(self) -> Option<SecretString> {
        let of = self.metadata.annotations?;
        let is_ours = self.r#type.as_deref() == Some("kubernetes.io/service-account-token")
            && of.get("kubernetes.io/service-account.name").is_some_and(|name| name == NAME);
        let text = self.data?.token.filter(|_| is_ours)?;
        let token = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
        Some(token).filter(|token| !token.is_empty()).map(Into::into)
    }
}

/// The account, before it is created.
pub fn account() -> Draft {
    Draft::new(
        format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts"),
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": { "name": NAME, "namespace": NAMESPACE },
        }),
    )
}

/// What gives the account one of [`ROLES`].
pub fn binding(role: &str) -> Draft {
    let name = format!("{NAME}-{}", role.rsplit(':').next().unwrap_or(role));
    Draft::new(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": { "name": name },
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role,
            },
            "subjects": [{ "kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE }],
        }),
    )
}

/// The secret into which an old server puts the account's token.
pub fn secret() -> Draft {
    Draft::new(
        format!("/api/v1/namespaces/{NAMESPACE}/secrets"),
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": SECRET,
                "namespace": NAMESPACE,
                "annotations": { "kubernetes.io/service-account.name": NAME },
            },
            "type": "kubernetes.io/service-account-token",
        }),
    )
}
