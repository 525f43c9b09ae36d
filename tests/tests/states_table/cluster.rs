// SPDX-License-Identifier: LGPL-2.1-or-later

//! The states in which the cluster is not reached. Each row: what is wrong, what must be said, and
//! how it is repaired.

use anyhow::Result;
use images_proto::Code::{
    BadAnswer, Busy, ClusterUnreachable, Forbidden, NoCluster, NoRegistry, Unauthenticated,
};
use images_proto::Offer::{ChooseContext, HostKubeconfig, SetRegistry};
use images_tests::cluster::{Cluster, Face};
use images_tests::identity::{Identity, token_until};
use images_tests::kubeconfig::{Kubeconfig, by_token, replace, server};
use images_tests::said::Said;
use images_tests::session::Session;
use images_tests::stranger::{Stranger, nobody};
use images_tests::wire::Wire;
use serde_json::{Value, json};

use crate::rows;

/// A cluster and somebody's login.
struct World {
    cluster: Cluster,
    session: Session,
    wire: Option<Wire>,
    stranger: Option<Stranger>,
}

impl World {
    /// With a good kubeconfig.
    fn good(&self) -> Result<Kubeconfig> {
        Ok(Kubeconfig::of("lab", server(&self.cluster), by_token(&self.cluster, "sarah")?))
    }

    /// Writes a kubeconfig whose cluster differs from the good one in this.
    fn other_server(&self, difference: Value) -> Result<()> {
        let server = merged(server(&self.cluster), difference);
        let user = by_token(&self.cluster, "sarah")?;
        self.session.write(&Kubeconfig::of("lab", server, user))
    }

    /// Writes a kubeconfig with this user.
    fn other_user(&self, user: Value) -> Result<()> {
        self.session.write(&Kubeconfig::of("lab", server(&self.cluster), user))
    }

    /// Writes the good kubeconfig.
    fn repaired(&self) -> Result<()> {
        self.session.write(&self.good()?)
    }
}

/// The entries of both; `null` takes one away.
fn merged(mut entries: Value, more: Value) -> Value {
    let Some(entries_map) = entries.as_object_mut() else { return more };
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        match value {
            Value::Null => entries_map.remove(&key),
            value => entries_map.insert(key, value),
        };
    }
    entries
}

async fn state(
    wrong: impl AsyncFnOnce(&mut World) -> Result<()>,
    says: Said,
    repaired: impl AsyncFnOnce(&mut World) -> Result<()>,
) -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    let mut world = World { cluster, session: Session::new()?, wire: None, stranger: None };
    wrong(&mut world).await?;
    world.session.start().await?;
    says.check(&world.session.failure().await?)?;
    repaired(&mut world).await?;
    world.session.ready().await?;
    Ok(())
}

rows! { state;

no_kubeconfig {
    async |_| Ok(()),
    Said::new(NoCluster, "This user has no kubeconfig")
        .fix("Log in with oc login, or put a kubeconfig at ~/.kube/config")
        .details(".kube/config")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_kubeconfig_without_a_context {
    async |world| world.session.write(&Kubeconfig::default()),
    Said::new(NoCluster, "has no context")
        .and(".kube/config")
        .fix("Log in with oc login")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_kubeconfig_that_is_none {
    async |world| replace(&world.session.kubeconfig(), "apiVersion: v1\nkind: [\n"),
    Said::new(NoCluster, "is no kubeconfig")
        .and(".kube/config")
        .fix("kubectl config view")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

several_contexts_and_none_chosen {
    async |world| {
        let good = world.good()?;
        let more = good.and("other", server(&world.cluster), json!({}));
        world.session.write(&more.current(None))
    },
    Said::new(NoCluster, "has 2 contexts and does not say which one")
        .fix("kubectl config use-context")
        .offers(&[ChooseContext]),
    async |world| world.repaired(),
}

a_current_context_that_is_not_there {
    async |world| {
        let gone = world.good()?.current(Some("gone"));
        world.session.write(&gone)
    },
    Said::new(NoCluster, "The kubeconfig's current context")
        .and("gone")
        .fix("Choose another one")
        .offers(&[ChooseContext, HostKubeconfig]),
    async |world| world.repaired(),
}

an_auth_provider {
    async |world| {
        world.other_user(json!({ "auth-provider": { "name": "oidc", "config": {} } }))
    },
    Said::new(Unauthenticated, "auth-provider")
        .and("oidc")
        .and("given up")
        .fix("exec")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

nothing_listens {
    async |world| {
        let address = format!("https://{}", nobody().await?);
        world.other_server(json!({ "server": address }))
    },
    Said::new(ClusterUnreachable, "the API server does not run at https://127.0.0.1:")
        .and("nothing listens there")
        .fix("Start the cluster")
        .retried(),
    async |world| world.repaired(),
}

/// Another context of the kubeconfig may be the right one.
nothing_listens_and_there_is_another_context {
    async |world| {
        let address = format!("https://{}", nobody().await?);
        let two = world.good()?.and("away", json!({ "server": address }), json!({}));
        world.session.write(&two.current(Some("away")))
    },
    Said::new(ClusterUnreachable, "nothing listens there")
        .fix("Start the cluster")
        .offers(&[ChooseContext])
        .retried(),
    async |world| {
        let choice = images_proto::context::ContextChoice { context: Some("lab".to_owned()) };
        world.session.done::<images_proto::context::ChooseContext>(choice).await?;
        Ok(())
    },
}

no_such_host {
    async |world| world.other_server(json!({ "server": "https://no-such-host.invalid:6443" })),
    Said::new(ClusterUnreachable, "no host has the name in https://no-such-host.invalid:6443")
        .fix("Correct the server's address")
        .retried(),
    async |world| world.repaired(),
}

a_web_server_that_is_no_cluster {
    async |world| {
        let stranger = Stranger::web_server().await?;
        let address = format!("http://{}", stranger.address());
        world.stranger = Some(stranger);
        world.other_server(json!({ "server": address, "certificate-authority": null }))
    },
    Said::new(BadAnswer, "is no Kubernetes API")
        .fix("Check the server's address and port")
        .retried(),
    async |world| world.repaired(),
}

a_server_without_tls {
    async |world| {
        let stranger = Stranger::web_server().await?;
        let address = format!("https://{}", stranger.address());
        world.stranger = Some(stranger);
        world.other_server(json!({ "server": address }))
    },
    Said::new(ClusterUnreachable, "does not speak TLS")
        .fix("Correct the server's address or port")
        .retried(),
    async |world| world.repaired(),
}

http_instead_of_https {
    async |world| {
        let address = world.cluster.ready.api.replace("https:", "http:");
        world.other_server(json!({ "server": address, "certificate-authority": null }))
    },
    Said::new(BadAnswer, "speaks TLS").fix("Write https:// instead of http://").retried(),
    async |world| world.repaired(),
}

/// The certificate is shown, so that somebody can compare it.
an_unknown_authority {
    async |world| world.other_server(json!({ "certificate-authority": null })),
    Said::new(ClusterUnreachable, "signed by an authority that the kubeconfig does not trust")
        .fix("certificate-authority")
        .details("Subject: ")
        .details("kubernetes")
        .details("Issuer: ")
        .details("loopback-cluster")
        .details("Valid from: ")
        .details("Valid until: ")
        .details("SHA-256 fingerprint: ")
        .retried(),
    async |world| world.repaired(),
}

a_certificate_for_another_name {
    async |world| world.other_server(json!({ "tls-server-name": "elsewhere.example" })),
    Said::new(ClusterUnreachable, "certificate is for another name")
        .fix("tls-server-name")
        .details("Subject: ")
        .retried(),
    async |world| world.repaired(),
}

a_certificate_authority_that_is_not_there {
    async |world| world.other_server(json!({ "certificate-authority": "/nonexistent/ca.crt" })),
    Said::new(NoCluster, "certificate-authority")
        .and("/nonexistent/ca.crt")
        .fix("Make the file readable")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_network_that_is_cut {
    async |world| {
        let wire = Wire::to(&world.cluster, "sarah").await?;
        wire.cut();
        world.session.set("KUBECONFIG", wire.kubeconfig());
        world.wire = Some(wire);
        Ok(())
    },
    Said::new(ClusterUnreachable, "hung up").fix("Check that the API server is well").retried(),
    async |world| {
        if let Some(wire) = &world.wire {
            wire.mend();
        }
        Ok(())
    },
}

an_api_server_with_a_fault {
    async |world| {
        world.session.write(&world.good()?)?;
        let fault = json!({
            "on": "api", "path": "/version", "kind": "status", "status": 503, "body": "no",
        });
        world.cluster.fault(fault).await
    },
    Said::new(Busy, "the cluster's API has a fault (503").fix("API server's log").retried(),
    async |world| world.cluster.heal().await,
}

a_token_that_expired {
    async |world| world.other_user(json!({ "token": token_until(1_577_836_800) })),
    Said::new(Unauthenticated, "the token in the kubeconfig expired on 2020-01-01")
        .fix("Log in again with oc login")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_token_that_nobody_knows {
    async |world| world.other_user(json!({ "token": "sha256~nobody-gave-this-out" })),
    Said::new(Unauthenticated, "the cluster does not accept the login")
        .fix("Log in again")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_client_certificate_that_expired {
    async |world| world.other_user(Identity::of_years(2019, 2021)?.as_data()),
    Said::new(Unauthenticated, "the client certificate in the kubeconfig expired on 2021-12-31")
        .fix("Renew the kubeconfig")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_client_certificate_that_is_not_valid_yet {
    async |world| world.other_user(Identity::of_years(2090, 2091)?.as_data()),
    Said::new(Unauthenticated, "the client certificate in the kubeconfig is valid from 2090-01-01")
        .fix("Check the clocks")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_client_certificate_that_nobody_knows {
    async |world| world.other_user(Identity::of_years(2020, 2090)?.as_data()),
    Said::new(Unauthenticated, "does not accept")
        .fix("Log in again")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_password_where_they_are_given_up {
    async |world| world.other_user(json!({ "username": "sarah", "password": "a password" })),
    Said::new(Unauthenticated, "does not accept user and password")
        .fix("Log in with a token or a client certificate")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

a_kubeconfig_without_a_login {
    async |world| world.other_user(json!({})),
    Said::new(Unauthenticated, "the kubeconfig holds no login")
        .fix("Log in with oc login")
        .offers(&[HostKubeconfig]),
    async |world| world.repaired(),
}

/// Another context may have more rights.
no_right_to_see_a_registry {
    async |world| {
        let two = world.good()?.and("weak", server(&world.cluster), by_token(&world.cluster, "nobody")?);
        world.session.write(&two.current(Some("weak")))
    },
    Said::new(NoRegistry, "you may not see all services of this cluster")
        .fix("ask an administrator")
        .command("kubectl create clusterrolebinding cockpit-images-view --clusterrole=view --user=nobody")
        .offers(&[SetRegistry])
        .retried(),
    async |world| world.repaired(),
}
}

/// On OpenShift: somebody who may list nothing, not even project by project.
#[tokio::test]
async fn no_right_to_list() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Openshift)?;
    let user = by_token(&cluster, "nobody")?;
    let two = Kubeconfig::of("weak", server(&cluster), user);
    let two = two.and("strong", server(&cluster), by_token(&cluster, "sarah")?);
    let mut session = Session::with(&two).await?;
    Said::new(Forbidden, "There is no project that you may see")
        .fix("Ask an administrator for the role registry-viewer")
        .command("oc adm policy add-cluster-role-to-user registry-viewer nobody")
        .offers(&[ChooseContext])
        .check(&session.failure().await?)?;
    session.write(&two.current(Some("strong")))?;
    session.ready().await?;
    Ok(())
}
