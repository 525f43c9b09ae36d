// SPDX-License-Identifier: LGPL-2.1-or-later
//! People who come while the cluster runs, and the groups that they are in.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster, golden};
use serde_json::{Value, json};

const USER: &str = "/apis/user.openshift.io/v1";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

fn enter(cluster: &Cluster, body: &Value) -> (u16, String) {
    let url = format!("{}/login", cluster.ready().control);
    let answer = cluster.curl(&url, &["-X", "POST", "-d", &body.to_string()]);
    (answer.status, answer.text)
}

fn token(cluster: &Cluster, who: &str) -> String {
    cluster.login(who)["token"].as_str().unwrap().to_owned()
}

fn at_registry(cluster: &Cluster, token: &str, path: &str) -> u16 {
    let url = format!("{}{path}", cluster.ready().registry_url);
    cluster.curl(&url, &["-u", &format!("anybody:{token}")]).status
}

fn fields(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().filter(|name| *name != "managedFields").collect()
}

#[test]
fn the_first_login_makes_a_user() {
    let cluster = Cluster::openshift();
    let josh = token(&cluster, "josh");
    let myself = cluster.send_with(&josh, "GET", &format!("{USER}/users/~"), None).json();
    let mut recorded = golden("user-self.json");
    // The provider knows no full names.
    recorded.as_object_mut().unwrap().remove("fullName");
    assert_eq!(fields(&myself), fields(&recorded));
    assert_eq!(myself["groups"], json!(["system:authenticated", "system:authenticated:oauth"]));
    let list = cluster.get("sarah", &format!("{USER}/identities")).json();
    let identities = list["items"].as_array().unwrap();
    let own = identities.iter().find(|one| one["metadata"]["name"] == "htpasswd:josh").unwrap();
    assert_eq!(own["user"]["uid"], myself["metadata"]["uid"]);
    // Once more is the same user.
    let again = token(&cluster, "josh");
    assert_ne!(again, josh);
    let same = cluster.send_with(&again, "GET", &format!("{USER}/users/~"), None).json();
    assert_eq!(same["metadata"]["uid"], myself["metadata"]["uid"]);
    // Without the User there is no login any more, and another user is not this one.
    assert_eq!(cluster.send("sarah", "DELETE", &format!("{USER}/users/josh"), None).status, 200);
    assert_eq!(cluster.send_with(&josh, "GET", &format!("{USER}/users/~"), None).status, 401);
    assert_eq!(at_registry(&cluster, &josh, "/v2/"), 401);
    let (status, why) = enter(&cluster, &json!({"user": "josh"}));
    assert_eq!(status, 400);
    assert!(why.contains("could not find user \"josh\""), "{why}");
    let identity = format!("{USER}/identities/htpasswd:josh");
    assert_eq!(cluster.send("sarah", "DELETE", &identity, None).status, 200);
    assert_eq!(at_registry(&cluster, &token(&cluster, "josh"), "/v2/"), 200);
    assert_eq!(at_registry(&cluster, &josh, "/v2/"), 401);
}

#[test]
fn a_user_made_by_hand_needs_the_identity() {
    let cluster = Cluster::openshift();
    let post = |kind: &str, body: &Value| {
        let answer = cluster.send("sarah", "POST", &format!("{USER}/{kind}"), Some(body));
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    post("users", &json!({"metadata": {"name": "eve"}}));
    let (status, why) = enter(&cluster, &json!({"user": "eve"}));
    assert_eq!(status, 400, "{why}");
    post(
        "identities",
        &json!({
            "metadata": {"name": "htpasswd:eve"}, "providerName": "htpasswd",
            "providerUserName": "eve",
        }),
    );
    let mapping = json!({"identity": {"name": "htpasswd:eve"}, "user": {"name": "eve"}});
    post("useridentitymappings", &mapping);
    assert_eq!(enter(&cluster, &json!({"user": "eve"})).0, 200);
    let one = format!("{USER}/useridentitymappings/htpasswd:eve");
    assert_eq!(cluster.get("sarah", &one).json()["user"]["name"], "eve");
    let taken =
        cluster.send("sarah", "POST", &format!("{USER}/useridentitymappings"), Some(&mapping));
    assert_eq!(taken.status, 409);
    let other = json!({"identity": {"name": "htpasswd:eve"}, "user": {"name": "greg"}});
    assert_eq!(cluster.send("sarah", "PUT", &one, Some(&other)).json()["user"]["name"], "greg");
    assert!(cluster.get("sarah", &format!("{USER}/users/eve")).json()["identities"].is_null());
    assert_eq!(cluster.send("sarah", "DELETE", &one, None).status, 200);
    assert_eq!(cluster.get("sarah", &one).status, 404);
    let greg = cluster.get("sarah", &format!("{USER}/users/greg")).json();
    assert_eq!(greg["identities"], json!(["htpasswd:greg"]));
    for (identity, user, field) in
        [("htpasswd:x", "eve", "identity.name"), ("htpasswd:eve", "nosuch", "user.name")]
    {
        let body = json!({"identity": {"name": identity}, "user": {"name": user}});
        let answer =
            cluster.send("sarah", "POST", &format!("{USER}/useridentitymappings"), Some(&body));
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["details"]["causes"][0]["field"], field);
    }
}

#[test]
fn a_group_counts_from_the_moment_it_names_somebody() {
    let cluster = Cluster::openshift();
    let josh = token(&cluster, "josh");
    let tags = "/v2/skyfield/frontend/tags/list";
    let streams = format!("{A}/namespaces/skyfield/imagestreams");
    let may = || {
        let api = cluster.send_with(&josh, "GET", &streams, None).status;
        (api == 200, at_registry(&cluster, &josh, tags) == 200)
    };
    let group = json!({"metadata": {"name": "QA"}, "users": ["frank"]});
    let made = cluster.send("sarah", "POST", &format!("{USER}/groups"), Some(&group)).json();
    let binding = json!({
        "metadata": {"name": "qa"},
        "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "QA"}],
        "roleRef": {"kind": "ClusterRole", "name": "registry-viewer"},
    });
    let bindings = format!("{RBAC}/namespaces/skyfield/rolebindings");
    assert_eq!(cluster.send("sarah", "POST", &bindings, Some(&binding)).status, 201);
    assert_eq!(may(), (false, false));
    let mut changed = made;
    changed["users"] = json!(["frank", "josh"]);
    let qa = format!("{USER}/groups/QA");
    assert_eq!(cluster.send("sarah", "PUT", &qa, Some(&changed)).status, 200);
    assert_eq!(may(), (true, true));
    let review = json!({"spec": {"resourceAttributes": {
        "namespace": "skyfield", "verb": "get", "group": "image.openshift.io",
        "resource": "imagestreams", "subresource": "layers",
    }}});
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let asked = cluster.send_with(&josh, "POST", reviews, Some(&review.to_string())).json();
    let reason = "RBAC: allowed by RoleBinding \"qa/skyfield\" of ClusterRole \"registry-viewer\" \
                  to Group \"QA\"";
    assert_eq!(asked["status"], json!({"allowed": true, "reason": reason}));
    let myself = cluster.send_with(&josh, "GET", &format!("{USER}/users/~"), None).json();
    assert_eq!(myself["groups"][0], "QA");
    assert_eq!(cluster.send("sarah", "DELETE", &qa, None).status, 200);
    assert_eq!(may(), (false, false));
}

#[test]
fn lists_look_as_recorded() {
    let cluster = Cluster::openshift();
    let group = json!({"metadata": {"name": "QA"}, "users": ["greg"]});
    assert_eq!(cluster.send("sarah", "POST", &format!("{USER}/groups"), Some(&group)).status, 201);
    for (kind, recording) in
        [("users", "users.json"), ("groups", "groups.json"), ("identities", "identities.json")]
    {
        let list = cluster.get("sarah", &format!("{USER}/{kind}?limit=1")).json();
        let recorded = golden(recording);
        assert_eq!(
            (&list["kind"], &list["apiVersion"]),
            (&recorded["kind"], &recorded["apiVersion"])
        );
        assert_eq!(fields(&list["items"][0]), fields(&recorded["items"][0]), "{kind}");
    }
    let first = cluster.get("sarah", &format!("{USER}/users?limit=2")).json();
    let next = first["metadata"]["continue"].as_str().unwrap();
    let second = cluster.get("sarah", &format!("{USER}/users?limit=2&continue={next}")).json();
    assert_ne!(first["items"][0], second["items"][0]);
    assert_eq!(cluster.get("greg", &format!("{USER}/users")).status, 403);
}

#[test]
fn names_are_refused_as_openshift_does() {
    let cluster = Cluster::openshift();
    for (kind, body, field) in [
        ("users", json!({"metadata": {"name": "system:josh"}}), "metadata.name"),
        ("users", json!({"metadata": {"name": "50%"}}), "metadata.name"),
        ("groups", json!({"metadata": {"name": "a/b"}}), "metadata.name"),
        ("groups", json!({"metadata": {"name": "g"}, "users": ["system:x"]}), "users[0]"),
        ("identities", json!({"metadata": {"name": "josh"}}), "metadata.name"),
        (
            "identities",
            json!({"metadata": {"name": "a:b"}, "providerName": "a"}),
            "providerUserName",
        ),
    ] {
        let answer = cluster.send("sarah", "POST", &format!("{USER}/{kind}"), Some(&body));
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        assert_eq!(answer.json()["details"]["causes"][0]["field"], field, "{body}");
    }
    for name in ["josh@example.com", "Jo Sh", "josé"] {
        let body = json!({"metadata": {"name": name}});
        let answer = cluster.send("sarah", "POST", &format!("{USER}/users"), Some(&body));
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[test]
fn elsewhere_a_login_is_a_name_with_groups() {
    let cluster = Cluster::plain();
    let (status, text) = enter(&cluster, &json!({"user": "josh", "groups": ["QA"]}));
    assert_eq!(status, 200, "{text}");
    let login: Value = serde_json::from_str(&text).unwrap();
    let josh = login["token"].as_str().unwrap();
    let reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let asked = cluster.send_with(josh, "POST", reviews, Some("{}")).json();
    assert_eq!(asked["status"]["userInfo"]["groups"], json!(["QA", "system:authenticated"]));
    let written = std::fs::read_to_string(login["kubeconfig"].as_str().unwrap()).unwrap();
    assert!(written.contains(josh));
}
