// SPDX-License-Identifier: LGPL-2.1-or-later

//! Projects, people, roles and rights as the bridge shows them, against what curl hears from the
//! API.

mod lens;
mod mending;
mod world;

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use images_tests::call::{self, call};
use images_tests::cluster::{Cluster, Face};
use images_tests::kubeconfig::{Kubeconfig, by_token, replace, server};
use images_tests::peer::Peer;
use serde_json::{Value, json};

const PROJECTS: &str = "/apis/project.openshift.io/v1/projects";
const PEOPLE: &str = "/apis/user.openshift.io/v1";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
/// The roles of ours.
const OURS: [&str; 3] = ["registry-viewer", "registry-editor", "registry-admin"];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn names(values: &[Value], pointer: &str) -> BTreeSet<String> {
    values.iter().filter_map(|value| value.pointer(pointer)?.as_str()).map(str::to_owned).collect()
}

async fn answer(cluster: &Cluster, user: &str, method: &str, params: Value) -> Result<Value> {
    let called = call(cluster, user, method, params).await?;
    ensure!(called.status == Some(0), "{called:?}");
    Ok(called.answer()?.clone())
}

async fn make(cluster: &Cluster, path: &str, object: Value) -> Result<Value> {
    let url = format!("{}{path}", cluster.ready.api);
    let answer = cluster.curl("sarah").post(&url, &object).await?;
    ensure!(answer.status == 201, "{path}: {}: {}", answer.status, answer.text());
    answer.json()
}

async fn bind(
    cluster: &Cluster,
    project: &str,
    name: &str,
    role: (&str, &str),
    subjects: &[(&str, &str)],
) -> Result<()> {
    let subjects: Vec<_> = subjects
        .iter()
        .map(|(kind, name)| {
            json!({ "kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io" })
        })
        .collect();
    let (kind, role) = role;
    let role = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role });
    let path = format!("{RBAC}/namespaces/{project}/rolebindings");
    let binding = json!({ "metadata": { "name": name }, "roleRef": role, "subjects": subjects });
    make(cluster, &path, binding).await.map(drop)
}

#[tokio::test]
async fn lists_are_what_the_api_says() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    for name in ["jürgen", "jane@example.com", "b-user"] {
        let user = json!({ "metadata": { "name": name }, "fullName": "Some Body" });
        make(&cluster, &format!("{PEOPLE}/users"), user).await?;
    }
    let group = json!({ "metadata": { "name": "QA" }, "users": ["jane", "nobody-yet"] });
    make(&cluster, &format!("{PEOPLE}/groups"), group).await?;
    let subjects = [("Group", "QA"), ("User", "b-user"), ("Group", "system:authenticated")];
    bind(&cluster, "skyfield", "more", ("ClusterRole", "registry-viewer"), &subjects).await?;

    let whole = json!({ "limit": 500 });
    let projects = answer(&cluster, "sarah", "projects", whole.clone()).await?;
    let said = cluster.api("sarah", PROJECTS).await?;
    assert_eq!(
        names(list(&projects, "rows"), "/name"),
        names(list(&said, "items"), "/metadata/name")
    );
    assert_eq!(projects["about"]["unread"], json!([]));
    for row in list(&projects, "rows") {
        let path = format!("{RBAC}/namespaces/{}/rolebindings", text(&row["name"]));
        let bindings = cluster.api("sarah", &path).await?;
        let ours = list(&bindings, "items")
            .iter()
            .filter(|binding| OURS.contains(&text(&binding["roleRef"]["name"])));
        let members: BTreeSet<_> = ours
            .flat_map(|binding| list(binding, "subjects"))
            .map(|subject| (text(&subject["kind"]), text(&subject["name"])))
            .filter(|(_, name)| !name.ends_with("authenticated"))
            .collect();
        assert_eq!(row["member_count"], members.len(), "{row} {members:?}");
    }
    let skyfield = list(&projects, "rows").iter().find(|row| row["name"] == "skyfield");
    assert_eq!(skyfield.context("no skyfield")?["sharing"], "shared");

    for (kind, path) in [("user", "users"), ("group", "groups")] {
        let params = json!({ "kind": kind, "window": whole });
        let people = answer(&cluster, "sarah", "people", params).await?;
        let said = cluster.api("sarah", &format!("{PEOPLE}/{path}")).await?;
        let known: Vec<_> = list(&people, "rows")
            .iter()
            .filter(|row| row["known"] == true)
            .map(|row| row["subject"].clone())
            .collect();
        assert_eq!(names(&known, "/name"), names(list(&said, "items"), "/metadata/name"));
        let unknown = list(&people, "rows").iter().any(|row| row["known"] == false);
        assert_eq!(unknown, kind == "user", "nobody-yet is shown: {people}");
    }
    let which = json!({ "subject": { "kind": "user", "name": "jane" } });
    let jane = answer(&cluster, "sarah", "person", which).await?;
    assert_eq!(jane["row"]["groups"], json!(["QA"]));
    assert_eq!(jane["may_change"], true);
    Ok(())
}

#[tokio::test]
async fn namespaces_are_what_the_api_says() -> Result<()> {
    let cluster = Cluster::start(Face::Plain)?;
    let projects = answer(&cluster, "sarah", "projects", json!({ "limit": 500 })).await?;
    let said = cluster.api("sarah", "/api/v1/namespaces").await?;
    assert_eq!(
        names(list(&projects, "rows"), "/name"),
        names(list(&said, "items"), "/metadata/name")
    );
    assert_eq!(
        (&projects["about"]["openshift"], &projects["about"]["decides"]),
        (&json!(false), &json!(false))
    );
    Ok(())
}

/// Whoever may not list namespaces is shown those that the kubeconfig names, as far as they are
/// there and he may look into them.
#[tokio::test]
async fn namespaces_that_the_kubeconfig_names() -> Result<()> {
    let cluster = Cluster::start_empty(Face::Plain)?;
    let namespaces = ["moon", "mars", "venus"];
    for name in namespaces {
        let namespace = json!({ "metadata": { "name": name } });
        make(&cluster, "/api/v1/namespaces", namespace).await?;
    }
    let rules = [
        ("looker", json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["namespaces"] })),
        (
            "lister",
            json!({ "verbs": ["list"], "apiGroups": [""], "resources": ["serviceaccounts"] }),
        ),
    ];
    for ((name, rule), project) in rules.into_iter().zip(namespaces) {
        let role = json!({ "metadata": { "name": name }, "rules": [rule] });
        make(&cluster, &format!("{RBAC}/namespaces/{project}/roles"), role).await?;
        bind(&cluster, project, name, ("Role", name), &[("User", "greg")]).await?;
    }
    let lab = Kubeconfig::of("lab", server(&cluster), by_token(&cluster, "greg")?);
    let mut kubeconfig: Value = serde_json::from_str(&lab.text())?;
    let named = ["moon", "mars", "venus", "nosuch", "a/../b"];
    kubeconfig["contexts"] = named
        .map(|name| {
            let context = json!({ "cluster": "lab", "user": "lab", "namespace": name });
            json!({ "name": format!("lab-{name}"), "context": context })
        })
        .into();
    kubeconfig["current-context"] = "lab-moon".into();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    replace(&file, &kubeconfig.to_string())?;
    let called = call::run(&[("KUBECONFIG", file.into())], &["call", "projects", "{}"]).await?;
    let projects = called.answer()?;
    let shown: Vec<_> = list(projects, "rows").iter().map(|row| text(&row["name"])).collect();
    assert_eq!(shown, ["mars", "moon"], "{projects:#}");
    let unread = &projects["about"]["unread"][0];
    assert!(text(&unread["message"]).contains("that your kubeconfig names"), "{projects:#}");
    Ok(())
}

#[tokio::test]
async fn who_may_not_list_bindings_sees_unknown_and_not_zero() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let projects = answer(&cluster, "greg", "projects", json!({})).await?;
    let row = &projects["rows"][0];
    assert_eq!(row["name"], "skyfield");
    assert_eq!((&row["member_count"], &row["sharing"]), (&Value::Null, &Value::Null));
    assert!(!list(&projects["about"], "unread").is_empty());

    let params = json!({ "name": "skyfield" });
    let project = answer(&cluster, "greg", "project", params).await?;
    let mine = json!({ "see": true, "pull": true, "push": false, "delete": false });
    assert_eq!(project["mine"], mine);
    assert_eq!((&project["may_grant"], &project["may_change"]), (&json!(false), &json!(false)));

    let subject = json!({ "kind": "user", "name": "greg" });
    let reached = answer(&cluster, "greg", "reach", json!({ "subject": subject })).await?;
    assert_eq!((&reached["asked"], &reached["rows"][0]["rights"]), (&json!(true), &mine));

    // The lens knows nobody but him, and says what it could not read.
    let lens = answer(&cluster, "greg", "lens", json!({ "project": "skyfield" })).await?;
    assert!(!list(&lens["about"], "unread").is_empty(), "{lens}");
    assert_eq!((&lens["total"], &lens["asked"]), (&json!(1), &json!(true)));
    let row = &lens["rows"][0];
    assert_eq!((&row["subject"]["name"], &row["rights"]), (&json!("greg"), &mine));

    let why = json!({ "project": "skyfield", "verb": "push" });
    let why = answer(&cluster, "greg", "why", why).await?;
    assert_eq!((&why["allowed"], &why["role"]), (&json!(false), &json!("push")));
    let command = "oc policy add-role-to-user registry-editor greg -n skyfield";
    assert_eq!(why["command"], command);
    let why = json!({ "subject": { "kind": "user", "name": "jane" }, "project": "skyfield", "verb": "push" });
    let why = answer(&cluster, "greg", "why", why).await?;
    assert_eq!(why["allowed"], Value::Null, "nobody tells greg about jane");
    Ok(())
}

#[tokio::test]
async fn an_open_view_follows_what_others_do() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    let mut peer = Peer::greeted(&call::environment(&cluster, "sarah")?).await?;
    peer.open("1", "project", json!({ "name": "skyfield" })).await?;
    peer.open("2", "projects", json!({ "limit": 500 })).await?;
    let total = |message: &Value| message["view"]["total"].as_u64();
    let read =
        |message: &Value| total(message).filter(|_| message["view"]["about"]["reading"] == false);
    let members = peer.until("1", read).await?;
    let projects = peer.until("2", read).await?;

    let role = ("ClusterRole", "registry-viewer");
    bind(&cluster, "skyfield", "by-curl", role, &[("User", "frank")]).await?;
    peer.until("1", |message| total(message).filter(|now| *now == members + 1)).await?;
    let request = json!({ "metadata": { "name": "by-curl" } });
    make(&cluster, "/apis/project.openshift.io/v1/projectrequests", request).await?;
    peer.until("2", |message| total(message).filter(|now| *now == projects + 1)).await?;

    let url = format!("{}{RBAC}/namespaces/skyfield/rolebindings/by-curl", cluster.ready.api);
    ensure!(cluster.curl("sarah").delete(&url).await?.is_good(), "the binding stays");
    peer.until("1", |message| total(message).filter(|now| *now == members)).await?;
    peer.end().await?;
    Ok(())
}

/// 2,000 projects, 5,000 users, 300 groups and 20,000 bindings.
#[tokio::test]
async fn a_big_cluster_shows_its_projects_before_all_is_read() -> Result<()> {
    let cluster = Cluster::start(Face::Openshift)?;
    cluster.order("organization", &json!({})).await?;
    let mut peer = Peer::greeted(&call::environment(&cluster, "sarah")?).await?;
    peer.open("1", "projects", json!({ "limit": 50 })).await?;
    let first = |message: &Value| {
        let view = &message["view"];
        (view["total"].as_u64()? > 0).then(|| view.clone())
    };
    let view = peer.until("1", first).await?;
    ensure!(view["total"].as_u64() > Some(2_000), "{view}");
    assert_eq!(view["about"]["reading"], true, "the bindings are still being read");
    let unread = list(&view, "rows").iter().filter(|row| row["member_count"].is_null()).count();
    assert_eq!(unread, 50, "what is not read is unknown");
    let whole = |message: &Value| {
        let view = &message["view"];
        let counted = list(view, "rows").iter().all(|row| row["member_count"].is_u64());
        (counted && view["about"]["reading"] == false).then_some(())
    };
    peer.until("1", whole).await?;
    cluster.forget_requests().await?;
    // Another view of what was read asks for nothing but what the user may do.
    peer.open("2", "people", json!({ "kind": "user" })).await?;
    let people = peer.until("2", first).await?;
    ensure!(people["total"].as_u64() >= Some(5_000), "{people}");
    peer.until("2", |message| message["view"]["may_create"].as_bool()).await?;
    let requests = cluster.requests().await?;
    let lists = requests.iter().filter(|request| request["method"] == "GET").count();
    assert_eq!(lists, 0, "{requests:?}");
    peer.end().await?;
    Ok(())
}
