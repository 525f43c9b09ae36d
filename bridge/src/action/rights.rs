// SPDX-License-Identifier: LGPL-2.1-or-later

//! The rights that somebody lacks for what he is about to do, each with the command by which an
//! administrator grants it.

use futures_util::{StreamExt, stream};
use images_proto::account::MissingRight;

use crate::cluster::Cluster;
use crate::cluster::access::Permission;
use crate::shell::word;

/// Rights that are asked for at once.
const CONCURRENCY: usize = 8;

/// The program that people use with their cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// OpenShift's.
    Oc,
    /// Kubernetes' own.
    Kubectl,
}

/// Those of the permissions that the user does not have. A cluster that does not say is taken at
/// its word later, when it refuses.
pub(super) async fn missing(
    cluster: &Cluster,
    tool: Tool,
    permissions: &[Permission<'_>],
) -> Vec<MissingRight> {
    let asking: Vec<_> =
        permissions
            .iter()
            .map(|permission| async move {
                (permission, cluster.may(*permission).await.unwrap_or(true))
            })
            .collect();
    let asked: Vec<_> = stream::iter(asking).buffered(CONCURRENCY).collect().await;
    let lacking: Vec<_> =
        asked.into_iter().filter(|(_, may)| !may).map(|(permission, _)| *permission).collect();
    told(cluster, tool, &lacking).await
}

/// These permissions as they are told.
pub(super) async fn told(
    cluster: &Cluster,
    tool: Tool,
    lacking: &[Permission<'_>],
) -> Vec<MissingRight> {
    if lacking.is_empty() {
        return Vec::new();
    }
    let user = user(cluster).await;
    let told = lacking.iter().map(|permission| MissingRight {
        verb: permission.verb.to_owned(),
        resource: resource(permission),
        namespace: permission.namespace.map(str::to_owned),
        command: Some(command(tool, permission, &user)),
    });
    told.collect()
}

/// The command that makes the user an administrator of a namespace, which has to be created before
/// unless it `is_there`.
pub(super) async fn to_administer(cluster: &Cluster, namespace: &str, is_there: bool) -> String {
    let user = user(cluster).await;
    let create =
        if is_there { String::new() } else { format!("kubectl create namespace {namespace} && ") };
    format!(
        "{create}kubectl create rolebinding cockpit-images --clusterrole=admin --user={user} -n {namespace}"
    )
}

/// The user's name, as a command line takes it.
async fn user(cluster: &Cluster) -> String {
    let user = cluster.user().await;
    word(user.as_deref().unwrap_or("USER")).into_owned()
}

/// The resource as command lines take it: `deployments.apps/scale`.
fn resource(Permission { group, resource, subresource, .. }: &Permission<'_>) -> String {
    let dot = if group.is_empty() { "" } else { "." };
    let subresource = subresource.map_or_else(String::new, |part| format!("/{part}"));
    format!("{resource}{dot}{group}{subresource}")
}

fn command(tool: Tool, permission: &Permission<'_>, user: &str) -> String {
    let Permission { verb, resource: kind, subresource, namespace, name, .. } = permission;
    let tool_name = match tool {
        Tool::Oc => "oc",
        Tool::Kubectl => "kubectl",
    };
    let words = [Some("cockpit-images"), Some(*verb), Some(*kind), *subresource];
    let role = words.into_iter().flatten().collect::<Vec<_>>().join("-");
    let only = name.map_or_else(String::new, |name| format!(" --resource-name={name}"));
    let rule = format!("--verb={verb} --resource={}{only}", resource(permission));
    let (make, bind) = match namespace {
        Some(namespace) => (
            format!("create role {role} {rule} -n {namespace}"),
            match tool {
                Tool::Oc => format!(
                    "adm policy add-role-to-user {role} {user} --role-namespace={namespace} -n {namespace}"
                ),
                Tool::Kubectl => {
                    format!("create rolebinding {role} --role={role} --user={user} -n {namespace}")
                }
            },
        ),
        None => (
            format!("create clusterrole {role} {rule}"),
            match tool {
                Tool::Oc => format!("adm policy add-cluster-role-to-user {role} {user}"),
                Tool::Kubectl => {
                    format!("create clusterrolebinding {role} --clusterrole={role} --user={user}")
                }
            },
        ),
    };
    format!("{tool_name} {make} && {tool_name} {bind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission() -> Permission<'static> {
        Permission {
            verb: "create",
            group: "",
            resource: "serviceaccounts",
            subresource: Some("token"),
            namespace: Some("openshift-infra"),
            name: None,
        }
    }

    #[test]
    fn commands_can_be_copied() {
        assert_eq!(
            command(Tool::Oc, &permission(), "amy"),
            "oc create role cockpit-images-create-serviceaccounts-token --verb=create \
             --resource=serviceaccounts/token -n openshift-infra && oc adm policy \
             add-role-to-user cockpit-images-create-serviceaccounts-token amy \
             --role-namespace=openshift-infra -n openshift-infra"
        );
        let bind = Permission {
            verb: "bind",
            group: "rbac.authorization.k8s.io",
            resource: "clusterroles",
            subresource: None,
            namespace: None,
            name: Some("system:image-pruner"),
        };
        assert_eq!(
            command(Tool::Kubectl, &bind, &word("a b")),
            "kubectl create clusterrole cockpit-images-bind-clusterroles --verb=bind \
             --resource=clusterroles.rbac.authorization.k8s.io \
             --resource-name=system:image-pruner && kubectl create clusterrolebinding \
             cockpit-images-bind-clusterroles --clusterrole=cockpit-images-bind-clusterroles \
             --user='a b'"
        );
    }
}
