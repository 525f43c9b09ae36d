// SPDX-License-Identifier: LGPL-2.1-or-later
//! Projects: asked for, changed, watched, deleted with all that is in them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use common::{A, Answer, Cluster, until};
use serde_json::{Value, json};

const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
const REQUESTS: &str = "/apis/project.openshift.io/v1/projectrequests";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const DISPLAY_NAME: &str = "openshift.io/display-name";

fn request(cluster: &Cluster, who: &str, name: &str) -> Answer {
    cluster.send(who, "POST", REQUESTS, Some(&json!({"metadata": {"name": name}})))
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

fn message(answer: &Answer) -> String {
    answer.json()["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn who_asks_for_a_project_administers_it() {
    let cluster = Cluster::openshift();
    let made = request(&cluster, "greg", "atlas");
    assert_eq!((made.status, &made.json()["kind"]), (201, &json!("Project")));
    let visible = names(&cluster.get("greg", PROJECTS).json());
    assert_eq!(visible, ["atlas", "skyfield"]);
    // What controllers add to each project.
    let bindings = format!("{RBAC}/namespaces/atlas/rolebindings");
    let expected = ["admin", "system:deployers", "system:image-builders", "system:image-pullers"];
    until("the bindings are there", || names(&cluster.get("greg", &bindings).json()) == expected);
    let accounts = cluster.get("greg", "/api/v1/namespaces/atlas/serviceaccounts").json();
    assert_eq!(names(&accounts), ["builder", "default", "deployer"]);
    // `admin` is enough to give the registry's roles to others, and no more than one has.
    let binding = |role: &str| {
        json!({
            "metadata": {"name": role}, "subjects": [{"kind": "User", "name": "eric"}],
            "roleRef": {"kind": "ClusterRole", "name": role},
        })
    };
    for role in ["registry-viewer", "registry-editor", "registry-admin", "view", "edit", "admin"] {
        let given = cluster.send("greg", "POST", &bindings, Some(&binding(role)));
        let expected = if role == "admin" { 409 } else { 201 };
        assert_eq!(given.status, expected, "{role}: {given:?}");
    }
    let more = cluster.send("greg", "POST", &bindings, Some(&binding("cluster-admin")));
    assert_eq!(more.status, 403, "{more:?}");
}

#[test]
fn names_are_refused_as_openshift_does() {
    let cluster = Cluster::openshift();
    for (name, why) in [
        ("a", "must be at least 2 characters long"),
        ("-a", "a lowercase RFC 1123 label"),
        ("a_b", "a lowercase RFC 1123 label"),
        ("a.b", "a lowercase RFC 1123 label"),
        (&"x".repeat(64), "must be no more than 63 bytes"),
    ] {
        let answer = request(&cluster, "greg", name);
        assert_eq!(answer.status, 422, "{name}: {answer:?}");
        assert!(message(&answer).contains(why), "{name}: {answer:?}");
    }
    for name in ["openshift-x", "kube"] {
        assert_eq!(request(&cluster, "greg", name).status, 403, "{name}");
    }
    // One that greg does not see is taken all the same.
    assert_eq!(request(&cluster, "greg", "shop").status, 409);
    let own = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/self-provisioners";
    assert_eq!(cluster.get("greg", REQUESTS).json()["status"], "Success");
    assert_eq!(cluster.send("sarah", "DELETE", own, None).status, 200);
    let refused = cluster.get("greg", REQUESTS);
    assert_eq!(refused.status, 403);
    assert!(message(&refused).ends_with("You may not request a new project via this API."));
    assert_eq!(request(&cluster, "greg", "atlas").status, 403);
}

#[test]
fn only_what_it_is_called_changes() {
    let cluster = Cluster::openshift();
    assert_eq!(request(&cluster, "greg", "atlas").status, 201);
    let path = format!("{PROJECTS}/atlas");
    let annotated = || cluster.get("greg", &path).json();
    until("the ranges are there", || {
        annotated()["metadata"]["annotations"]["openshift.io/sa.scc.mcs"].is_string()
    });
    let mut project = annotated();
    project["metadata"]["annotations"][DISPLAY_NAME] = json!("Atlas");
    let put = cluster.send("greg", "PUT", &path, Some(&project));
    assert_eq!((put.status, &put.json()["kind"]), (200, &json!("Project")), "{put:?}");
    assert_eq!(put.json()["status"]["phase"], "Active");
    let stale = cluster.send("greg", "PUT", &path, Some(&project));
    assert_eq!(stale.status, 409, "{stale:?}");
    let mut blind = annotated();
    blind["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let blind = cluster.send("greg", "PUT", &path, Some(&blind));
    assert!(message(&blind).contains("must be specified for an update"), "{blind:?}");
    let mut other = annotated();
    other["metadata"]["annotations"]["openshift.io/node-selector"] = json!("a=b");
    let other = cluster.send("greg", "PUT", &path, Some(&other));
    assert!(message(&other).contains("field is immutable, try updating the namespace"));
    let namespace = cluster.get("sarah", "/api/v1/namespaces/atlas").json();
    assert_eq!(namespace["metadata"]["annotations"][DISPLAY_NAME], "Atlas");
    // registry-admin may delete a project, but not call it otherwise.
    let mut shop = cluster.get("scruffy", &format!("{PROJECTS}/shop")).json();
    shop["metadata"]["annotations"][DISPLAY_NAME] = json!("Shop");
    assert_eq!(
        cluster.send("scruffy", "PUT", &format!("{PROJECTS}/shop"), Some(&shop)).status,
        403
    );
}

#[test]
fn all_goes_with_a_project_but_the_images() {
    let cluster = Cluster::openshift();
    let images = names(&cluster.get("sarah", &format!("{A}/images")).json());
    let path = format!("{PROJECTS}/skyfield");
    let gone = cluster.send("scruffy", "DELETE", &path, None);
    assert_eq!((gone.status, &gone.json()["status"]), (200, &json!("Success")));
    let ending = cluster.get("sarah", &path);
    if ending.status == 200 {
        assert_eq!(ending.json()["status"]["phase"], "Terminating");
        let map = json!({"metadata": {"name": "m"}});
        let late =
            cluster.send("sarah", "POST", "/api/v1/namespaces/skyfield/configmaps", Some(&map));
        assert!(matches!(late.status, 403 | 404), "{late:?}");
    }
    until("the project is gone", || cluster.get("sarah", &path).status == 404);
    for kind in [
        format!("{A}/namespaces/skyfield/imagestreams"),
        format!("{RBAC}/namespaces/skyfield/rolebindings"),
        "/api/v1/namespaces/skyfield/serviceaccounts".to_owned(),
    ] {
        assert_eq!(names(&cluster.get("sarah", &kind).json()), Vec::<String>::new(), "{kind}");
    }
    assert_eq!(names(&cluster.get("sarah", &format!("{A}/images")).json()), images);
    // Another one of that name is another one.
    assert_eq!(request(&cluster, "greg", "skyfield").status, 201);
    let streams = cluster.get("greg", &format!("{A}/namespaces/skyfield/imagestreams"));
    assert_eq!(names(&streams.json()), Vec::<String>::new());
}

#[test]
fn a_watch_tells_what_comes_into_sight_and_goes() {
    let cluster = Cluster::openshift();
    let url = format!("{}{PROJECTS}?watch=true&resourceVersion=0", cluster.ready().api);
    let mut curl = Command::new("curl")
        .args(["-sS", "-N", "--max-time", "15", "-A", "cluster-tests/1", "--cacert"])
        .arg(&cluster.ready().ca)
        .args(["-H", &format!("Authorization: Bearer {}", cluster.token("greg"))])
        .arg(url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(curl.stdout.take().unwrap()).lines();
    let mut next = || {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let name = event["object"]["metadata"]["name"].as_str().unwrap().to_owned();
        assert_eq!(event["object"]["kind"], "Project");
        (event["type"].as_str().unwrap().to_owned(), name)
    };
    let event = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
    assert_eq!(next(), event("ADDED", "skyfield"));
    // By a group that did not exist when the watch began.
    let groups = "/apis/user.openshift.io/v1/groups";
    let group = json!({"metadata": {"name": "QA"}, "users": ["greg"]});
    let bindings = format!("{RBAC}/namespaces/shop/rolebindings");
    let binding = json!({
        "metadata": {"name": "qa"}, "subjects": [{"kind": "Group", "name": "QA"}],
        "roleRef": {"kind": "ClusterRole", "name": "registry-viewer"},
    });
    assert_eq!(cluster.send("sarah", "POST", &bindings, Some(&binding)).status, 201);
    assert_eq!(cluster.send("sarah", "POST", groups, Some(&group)).status, 201);
    assert_eq!(next(), event("ADDED", "shop"));
    assert_eq!(cluster.send("sarah", "DELETE", &format!("{bindings}/qa"), None).status, 200);
    assert_eq!(next(), event("DELETED", "shop"));
    let mut project = cluster.get("sarah", &format!("{PROJECTS}/skyfield")).json();
    project["metadata"]["annotations"][DISPLAY_NAME] = json!("Sky");
    let put = cluster.send("sarah", "PUT", &format!("{PROJECTS}/skyfield"), Some(&project));
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(next(), event("MODIFIED", "skyfield"));
    curl.kill().unwrap();
    curl.wait().unwrap();
}

#[test]
fn a_namespace_of_kubernetes_is_one_too() {
    let cluster = Cluster::plain();
    let namespaces = "/api/v1/namespaces";
    let body = json!({"metadata": {"name": "x", "annotations": {"a": "b"}}});
    let made = cluster.send("sarah", "POST", namespaces, Some(&body));
    assert_eq!((made.status, &made.json()["status"]["phase"]), (201, &json!("Active")));
    let accounts = "/api/v1/namespaces/x/serviceaccounts";
    until("the account is there", || names(&cluster.get("sarah", accounts).json()) == ["default"]);
    let bindings = format!("{RBAC}/namespaces/x/rolebindings");
    assert_eq!(names(&cluster.get("sarah", &bindings).json()), Vec::<String>::new());
    let gone = cluster.send("sarah", "DELETE", &format!("{namespaces}/x"), None);
    assert_eq!(gone.json()["status"]["phase"], "Terminating");
    until("it is gone", || cluster.get("sarah", &format!("{namespaces}/x")).status == 404);
    for absent in [PROJECTS, REQUESTS, "/apis/user.openshift.io/v1/users"] {
        assert_eq!(cluster.get("sarah", absent).status, 404, "{absent}");
    }
}
