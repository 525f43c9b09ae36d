// SPDX-License-Identifier: LGPL-2.1-or-later

use std::sync::Mutex;

use images_proto::Code;
use images_proto::account::Object;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Asked, Fake, refusal};

const LOOK: Params = Params { agreed: false };
const AGREED: Params = Params { agreed: true };

/// A cluster with users, roles and service accounts.
#[derive(Default)]
struct World {
    account: bool,
    /// The roles, and to whom they are bound.
    bindings: Vec<Value>,
    /// A server that gives out no tokens on request.
    is_old: bool,
    /// Looks at the secret until a token is in it.
    until_token: usize,
    secret: bool,
    /// What access reviews deny, and the server too: `create clusterrolebindings`.
    denied: Vec<&'static str>,
    /// What only the server denies.
    escalates: bool,
}

async fn serve(world: World) -> Fake {
    let world = Mutex::new(world);
    Fake::start(move |asked| world.lock().unwrap().answer(asked)).await
}

impl World {
    fn answer(&mut self, Asked { method, target, body, .. }: &Asked) -> (u16, Value) {
        let infra = "/api/v1/namespaces/openshift-infra";
        let rest = target.strip_prefix(infra);
        let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        match (&**method, &**target, rest) {
            (_, "/version", _) => (200, json!({ "gitVersion": "v1.33.0" })),
            (_, "/apis/authentication.k8s.io/v1/selfsubjectreviews", _) => {
                (201, json!({ "status": { "userInfo": { "username": "system:admin" } } }))
            }
            (_, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", _) => {
                let of = &body["spec"]["resourceAttributes"];
                let text = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
                let asked = [text("verb"), text("resource"), text("subresource")];
                let allowed = !self.denied.contains(&asked.join(" ").trim());
                (201, json!({ "status": { "allowed": allowed } }))
            }
            ("GET", "/api/v1", _) => {
                let token = json!({ "name": "serviceaccounts/token" });
                let resources = if self.is_old { json!([]) } else { json!([token]) };
                (200, json!({ "resources": resources }))
            }
            ("GET", _, Some("/serviceaccounts/registry-admin")) if self.account => {
                (200, json!({ "secrets": [{ "name": "registry-admin-dockercfg" }] }))
            }
            ("POST", _, Some("/serviceaccounts")) => {
                self.account = true;
                (201, body.clone())
            }
            ("POST", _, Some("/serviceaccounts/registry-admin/token"))
                if self.account && !self.is_old =>
            {
                if self.denied.contains(&"create serviceaccounts token") {
                    return refusal(403);
                }
                assert_eq!(body["spec"]["expirationSeconds"], 3600);
                (
                    201,
                    json!({ "status": {
                    "token": "hunter2", "expirationTimestamp": "2026-11-24T09:55:06Z" } }),
                )
            }
            ("POST", _, Some("/secrets")) => {
                self.secret = true;
                (201, body.clone())
            }
            ("GET", _, Some("/secrets/registry-admin-token")) if self.secret => {
                let of = json!({ "kubernetes.io/service-account.name": "registry-admin" });
                let mut secret = json!({
                    "type": "kubernetes.io/service-account-token",
                    "metadata": { "annotations": of },
                });
                match self.until_token {
                    0 => secret["data"] = json!({ "token": "aHVudGVyMg==" }),
                    _ => self.until_token -= 1,
                }
                (200, secret)
            }
            ("GET", _, Some("/secrets/registry-admin-dockercfg")) => (
                200,
                json!({ "type": "kubernetes.io/dockercfg", "metadata": {},
                    "data": { "token": "bm8=" } }),
            ),
            ("GET", target, _) if target.starts_with(bindings) => {
                if self.denied.contains(&"list clusterrolebindings") {
                    return refusal(403);
                }
                (200, json!({ "items": self.bindings }))
            }
            ("POST", target, _) if target == bindings && self.escalates => refusal(403),
            ("POST", target, _) if target == bindings => {
                self.bindings.push(body.clone());
                (201, body.clone())
            }
            _ => refusal(404),
        }
    }
}

#[tokio::test]
async fn nothing_is_created_before_somebody_agreed() {
    let fake = serve(World::default()).await;
    let shown = account(&fake.cluster, LOOK).await.unwrap();
    assert!(fake.changes().is_empty());
    assert!(shown.missing.is_empty() && !shown.in_use);
    let kinds: Vec<_> = shown.creates.iter().map(|object| (&*object.kind, &*object.name)).collect();
    assert_eq!(
        kinds,
        [
            ("ServiceAccount", "registry-admin"),
            ("ClusterRoleBinding", "registry-admin-image-pruner"),
            ("ClusterRoleBinding", "registry-admin-registry-viewer"),
        ]
    );
    let done = account(&fake.cluster, AGREED).await.unwrap();
    assert!(done.in_use && done.creates.is_empty());
    // What was shown is what was sent.
    let sent = fake.log().into_iter().filter(|asked| asked.body["metadata"]["name"].is_string());
    let sent: Vec<_> = sent.map(|asked| asked.body).collect();
    let read = |object: &Object| serde_saphyr::from_str::<Value>(&object.yaml).unwrap();
    assert_eq!(shown.creates.iter().map(read).collect::<Vec<_>>(), sent);
    assert!(fake.cluster.account_is_complete().await.unwrap());
    let again = account(&fake.cluster, AGREED).await.unwrap();
    assert!(again.in_use);
    let changes = fake.changes();
    assert_eq!(changes.len(), 5, "{changes:?}");
    assert_eq!(changes.last(), changes.get(3));
}

#[tokio::test]
async fn a_binding_by_any_name_counts() {
    let bound = |role: &str, kind: &str, name: &str| {
        json!({ "metadata": { "name": "x" }, "roleRef": { "name": role }, "subjects": [
            { "kind": kind, "name": name, "namespace": "openshift-infra" }] })
    };
    let bindings = vec![
        json!({ "roleRef": { "name": "system:image-pruner" }, "subjects": null }),
        bound(
            "system:image-pruner",
            "User",
            "system:serviceaccount:openshift-infra:registry-admin",
        ),
        bound("registry-viewer", "ServiceAccount", "other"),
        bound("registry-viewer", "ServiceAccount", "registry-admin"),
    ];
    let mut fewer = bindings.clone();
    fewer.pop();
    let fake = serve(World { account: true, bindings, ..World::default() }).await;
    assert!(fake.cluster.account_is_complete().await.unwrap());
    let fake = serve(World { account: true, bindings: fewer, ..World::default() }).await;
    assert!(!fake.cluster.account_is_complete().await.unwrap());
    let shown = account(&fake.cluster, LOOK).await.unwrap();
    assert_eq!(shown.creates.len(), 1);
    assert_eq!(shown.creates[0].name, "registry-admin-registry-viewer");
}

#[tokio::test]
async fn a_missing_right_is_named_with_its_command_and_nothing_is_created() {
    let denied = vec!["create clusterrolebindings", "create serviceaccounts token"];
    let fake = serve(World { denied, ..World::default() }).await;
    let told = account(&fake.cluster, AGREED).await.unwrap();
    assert!(fake.changes().iter().all(|change| change.contains("selfsubject")));
    let [bindings, token] = &told.missing[..] else { panic!("{:?}", told.missing) };
    assert_eq!(bindings.resource, "clusterrolebindings.rbac.authorization.k8s.io");
    assert_eq!((&*bindings.verb, &bindings.namespace), ("create", &None));
    assert_eq!(token.resource, "serviceaccounts/token");
    assert_eq!(token.namespace.as_deref(), Some("openshift-infra"));
    let command = bindings.command.as_deref().unwrap();
    assert!(
        command.ends_with("cockpit-images-create-clusterrolebindings system:admin"),
        "{command}"
    );
    assert_eq!(told.creates.len(), 3);
}

#[tokio::test]
async fn nobody_gives_away_what_he_does_not_have() {
    let fake = serve(World { escalates: true, ..World::default() }).await;
    let told = account(&fake.cluster, AGREED).await.unwrap();
    let [bind] = &told.missing[..] else { panic!("{:?}", told.missing) };
    assert_eq!(bind.verb, "bind");
    assert!(bind.command.as_deref().unwrap().contains("--resource-name=system:image-pruner"));
    // The account itself stands by now.
    assert_eq!(told.creates.len(), 2);
    assert!(!told.in_use);
}

#[tokio::test]
async fn who_may_not_look_is_told_so() {
    let denied = vec!["list clusterrolebindings", "create serviceaccounts token", "get secrets"];
    let told = async |is_old| {
        let world = World { denied: denied.clone(), is_old, ..World::default() };
        let told = account(&serve(world).await.cluster, LOOK).await.unwrap();
        let missing = told.missing.into_iter();
        missing.map(|right| format!("{} {}", right.verb, right.resource)).collect::<Vec<_>>()
    };
    let list = "list clusterrolebindings.rbac.authorization.k8s.io";
    assert_eq!(told(false).await, [list, "create serviceaccounts/token"]);
    assert_eq!(told(true).await, [list, "get secrets"]);
    let fake = serve(World { denied: denied.clone(), ..World::default() }).await;
    assert!(fake.cluster.account_is_complete().await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn a_token_is_short_lived() {
    let fake = serve(World { account: true, ..World::default() }).await;
    let token = fake.cluster.account_token().await.unwrap();
    assert_eq!(token.token.expose_secret(), "hunter2");
    assert_eq!(token.expires, Some(1_795_514_106));
    assert!(!format!("{token:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_old_server_has_the_token_in_a_secret() {
    let fake = serve(World { is_old: true, until_token: 2, ..World::default() }).await;
    let shown = account(&fake.cluster, LOOK).await.unwrap();
    assert_eq!(shown.creates.last().unwrap().kind, "Secret");
    assert!(account(&fake.cluster, AGREED).await.unwrap().in_use);
    let token = fake.cluster.account_token().await.unwrap();
    assert_eq!((token.token.expose_secret(), token.expires), ("hunter2", None));
    assert!(fake.cluster.account_is_complete().await.unwrap());
}

#[tokio::test]
async fn without_an_account_there_is_no_token() {
    let fake = serve(World::default()).await;
    let error = fake.cluster.account_token().await.unwrap_err();
    assert_eq!(error.failure("get a token").code, Code::NotFound);
}
