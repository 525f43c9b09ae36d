// SPDX-License-Identifier: LGPL-2.1-or-later

//! Sees to the service account by which somebody with only a client certificate speaks to
//! OpenShift's registry. Nothing is created before the user saw it and agreed.

use images_proto::Failure;
use images_proto::account::{Account, MissingRight, Params};

use super::rights::{self, Tool};
use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::cluster::account::{self, NAME, NAMESPACE, Parts, ROLES, SECRET, TokenSource};
use crate::cluster::apply::Draft;

const RBAC: &str = "rbac.authorization.k8s.io";

/// Says what of the account is missing and, once agreed, creates it. [`Account::in_use`] then says
/// that the cluster gave out a token of it.
///
/// # Errors
/// When the cluster cannot be asked, or refuses for another reason than a missing right.
pub async fn account(cluster: &Cluster, params: Params) -> Result<Account, Failure> {
    let tried = "look for the registry's service account";
    let parts = match cluster.account_parts().await {
        Ok(parts) => parts,
        Err(error) if error.is_forbidden() => {
            let mut needed = to_look().to_vec();
            needed.push(match cluster.has_token_requests().await {
                Ok(false) => to_read_secret(),
                Ok(true) | Err(_) => to_get_token(),
            });
            let missing = rights::missing(cluster, Tool::Oc, &needed).await;
            if missing.is_empty() {
                return Err(error.failure(tried));
            }
            return Ok(answer(Vec::new(), missing));
        }
        Err(error) => return Err(error.failure(tried)),
    };
    let drafts = drafts(&parts);
    let missing = rights::missing(cluster, Tool::Oc, &needed(&parts)).await;
    if !params.agreed || !missing.is_empty() {
        return Ok(answer(drafts, missing));
    }
    for (idx, draft) in drafts.iter().enumerate() {
        match cluster.create(draft).await {
            Ok(()) => {}
            Err(error) if error.is_forbidden() => {
                let missing = rights::told(cluster, Tool::Oc, &[to_create(draft, true)]).await;
                return Ok(answer(drafts[idx..].to_vec(), missing));
            }
            Err(error) => return Err(error.failure(format_args!("create {draft}"))),
        }
    }
    match cluster.account_token().await {
        Ok(_) => Ok(Account { in_use: true, ..answer(Vec::new(), Vec::new()) }),
        Err(error) if error.is_forbidden() => {
            let missing = rights::told(cluster, Tool::Oc, &[to_get_token()]).await;
            Ok(answer(Vec::new(), missing))
        }
        Err(error) => Err(error.failure("get a token of the registry's service account")),
    }
}

fn answer(drafts: Vec<Draft>, missing: Vec<MissingRight>) -> Account {
    Account {
        namespace: NAMESPACE.to_owned(),
        name: NAME.to_owned(),
        role: ROLES[0].to_owned(),
        creates: drafts.iter().map(Draft::shown).collect(),
        missing,
        in_use: false,
    }
}

/// What is missing.
fn drafts(parts: &Parts) -> Vec<Draft> {
    let account = (!parts.account).then(account::account);
    let roles = ROLES.iter().zip(parts.roles).filter(|(_, has)| !has);
    let secret = (parts.token == TokenSource::Nowhere).then(account::secret);
    account.into_iter().chain(roles.map(|(role, _)| account::binding(role))).chain(secret).collect()
}

fn needed(parts: &Parts) -> Vec<Permission<'static>> {
    let drafts = drafts(parts);
    let mut needed: Vec<_> = Vec::new();
    for draft in &drafts {
        let permission = to_create(draft, false);
        if !needed.contains(&permission) {
            needed.push(permission);
        }
    }
    needed.push(match parts.token {
        TokenSource::Request => to_get_token(),
        TokenSource::Secret | TokenSource::Nowhere => to_read_secret(),
    });
    needed
}

fn to_look() -> [Permission<'static>; 2] {
    let account = Permission {
        verb: "get",
        group: "",
        resource: "serviceaccounts",
        subresource: None,
        namespace: Some(NAMESPACE),
        name: Some(NAME),
    };
    let bindings = Permission {
        verb: "list",
        group: RBAC,
        resource: "clusterrolebindings",
        namespace: None,
        name: None,
        ..account
    };
    [account, bindings]
}

/// The right to read the token of an old server.
fn to_read_secret() -> Permission<'static> {
    let [account, _] = to_look();
    Permission { resource: "secrets", name: Some(SECRET), ..account }
}

fn to_get_token() -> Permission<'static> {
    Permission {
        verb: "create",
        group: "",
        resource: "serviceaccounts",
        subresource: Some("token"),
        namespace: Some(NAMESPACE),
        name: None,
    }
}

/// The right to create this. `refused`: it was refused to somebody who may create such objects, as
/// he may not give away what he does not have himself.
fn to_create(draft: &Draft, refused: bool) -> Permission<'static> {
    let create = Permission { subresource: None, ..to_get_token() };
    match draft.kind() {
        "ServiceAccount" => create,
        "Secret" => Permission { resource: "secrets", ..create },
        _ if refused => {
            let role = draft.body().pointer("/roleRef/name").and_then(|name| name.as_str());
            let name = ROLES.into_iter().find(|known| Some(*known) == role);
            let resource = "clusterroles";
            Permission { verb: "bind", group: RBAC, resource, namespace: None, name, ..create }
        }
        _ => {
            let resource = "clusterrolebindings";
            Permission { group: RBAC, resource, namespace: None, ..create }
        }
    }
}

#[cfg(test)]
mod tests;
