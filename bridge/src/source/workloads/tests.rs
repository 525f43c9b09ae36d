// SPDX-License-Identifier: LGPL-2.1-or-later

use images_catalog::{RevisionFacts, TagFacts};
use images_proto::repository::Origin;
use images_proto::usage::{How, Params};
use images_proto::{Code, Digest, RepositoryName};
use serde_json::{Value, json};

use super::*;
use crate::action::usage;
use crate::cluster::fake::{Asked, Fake, refusal};
use crate::session::settings::Settings;

const IMAGE: Digest = Digest::from_bytes([7; 32]);

/// Who may list what.
#[derive(Clone, Copy, PartialEq)]
enum Rights {
    /// All of it.
    Everything,
    /// The projects `shop` and `bank`; in `bank` no pods.
    SomeProjects,
}

fn pod(project: &str, image: &str) -> Value {
    json!({
        "metadata": { "name": "p", "namespace": project, "uid": project },
        "spec": { "containers": [{ "name": "main", "image": image }] },
        "status": { "phase": "Running" },
    })
}

/// A cluster with a pod in each of three projects, of which the user may see two.
fn answer(asked: &Asked, rights: Rights) -> (u16, Value) {
    let path = asked.target.split('?').next().unwrap_or_default();
    let list = |items: Vec<Value>| (200, json!({ "items": items }));
    let image = format!("image-registry.openshift-image-registry.svc:5000/shop/api@{IMAGE}");
    match path {
        "/version" => (200, json!({ "gitVersion": "v1.33.0" })),
        "/apis/image.openshift.io/v1" => (200, json!({})),
        "/apis" => (200, json!({ "groups": [{ "name": "apps" }] })),
        "/apis/project.openshift.io/v1/projects" => {
            let project = |name: &str| json!({ "metadata": { "name": name } });
            list(vec![project("shop"), project("bank")])
        }
        "/api/v1/pods" | "/apis/apps/v1/deployments" if rights == Rights::SomeProjects => {
            refusal(403)
        }
        "/api/v1/pods" => {
            let pods = ["shop", "bank", "secret"].map(|project| pod(project, &image));
            list(pods.into())
        }
        "/api/v1/namespaces/bank/pods" => refusal(403),
        "/api/v1/namespaces/shop/pods" => list(vec![pod("shop", &image)]),
        path if path.starts_with("/api/v1/namespaces/openshift-image-registry/services/") => {
            let spec = json!({ "clusterIP": "10.0.0.9", "ports": [{ "port": 5000 }] });
            (200, json!({ "metadata": { "name": "image-registry" }, "spec": spec }))
        }
        path if path.starts_with("/api") && asked.method == "GET" && is_list(path) => list(vec![]),
        _ => refusal(404),
    }
}

fn is_list(path: &str) -> bool {
    Kind::ALL.iter().any(|kind| path.ends_with(&format!("/{}s", kind.name().to_lowercase())))
}

async fn connect(fake: &Fake, state: &State) -> Connection {
    let settings = Settings::default();
    Connection::to(Some(fake.cluster.clone()), settings, Arc::default(), state).await.unwrap()
}

fn of_image() -> Params {
    Params { digests: vec![IMAGE], ..Params::default() }
}

fn lists(fake: &Fake) -> Vec<String> {
    let asked = fake.log().into_iter().map(|asked| asked.target);
    asked.filter(|target| target.contains("limit=500") && target.contains("pods")).collect()
}

#[tokio::test]
async fn a_whole_cluster_is_asked_once_for_each_kind_and_kept_for_a_moment() {
    let fake = Fake::start(|asked| answer(asked, Rights::Everything)).await;
    let state = State::default();
    let connection = connect(&fake, &state).await;
    let used = usage(&connection, &state, &of_image()).await;
    assert_eq!((used.total, used.hidden, &used.unread[..]), (3, Some(0), &[][..]));
    assert!(used.users.iter().all(|user| user.how == How::Running && user.kind == "Pod"));
    let before = fake.log().len();
    assert_eq!(lists(&fake), ["/api/v1/pods?limit=500&pretty=false"]);
    // No list for each image, nor for each question.
    let many = (0..200).map(|byte| Digest::from_bytes([byte; 32])).collect();
    let used = usage(&connection, &state, &Params { digests: many, ..Params::default() }).await;
    assert_eq!((used.total, fake.log().len()), (3, before));
}

#[tokio::test]
async fn what_may_not_be_seen_is_unread_and_not_unused() {
    let fake = Fake::start(|asked| answer(asked, Rights::SomeProjects)).await;
    let state = State::default();
    let connection = connect(&fake, &state).await;
    let used = usage(&connection, &state, &of_image()).await;
    let users: Vec<_> = used.users.iter().map(|user| &*user.project).collect();
    assert_eq!((users, used.hidden), (vec!["shop"], None));
    let [failure] = &used.unread[..] else { panic!("{:?}", used.unread) };
    assert_eq!(failure.code, Code::Forbidden);
    assert_eq!(
        failure.message,
        "Pods could not be looked at in the project bank: you may not list them."
    );
}

#[tokio::test]
async fn the_account_counts_what_is_hidden() {
    // The account may list everything, the user only his projects: it is asked after him.
    let fake = Fake::start(|asked| answer(asked, Rights::SomeProjects)).await;
    let mut reading = Reading::of_the_whole(&fake.cluster).await;
    let state = State::default();
    let connection = connect(&fake, &state).await;
    reading.by_project(&connection, &fake.cluster).await;
    let all = Fake::start(|asked| answer(asked, Rights::Everything)).await;
    reading.as_account(&all.cluster).await;
    assert!(reading.refused.is_empty() && reading.unread.is_empty());
    let mut seen: Vec<_> =
        reading.all.iter().map(|workload| (&*workload.project, workload.hidden)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("bank", true), ("secret", true), ("shop", false)]);
}

#[tokio::test]
async fn an_api_that_fails_is_told_once() {
    let fake = Fake::start(|asked| match &*asked.target {
        target if target.contains("limit=500") => refusal(500),
        _ => answer(asked, Rights::Everything),
    })
    .await;
    let state = State::default();
    let connection = connect(&fake, &state).await;
    let used = usage(&connection, &state, &of_image()).await;
    assert_eq!((used.total, used.hidden), (0, None));
    let [failure] = &used.unread[..] else { panic!("{:?}", used.unread) };
    assert!(failure.message.contains("list the pods, replica sets, deployments"), "{failure:?}");
}

#[tokio::test]
async fn tags_are_ours_by_every_name_of_the_registry() {
    let hosts = [
        ("image-registry.openshift-image-registry.svc:5000", true),
        ("image-registry.openshift-image-registry.svc", true),
        ("image-registry.openshift-image-registry.svc.cluster.local:5000", true),
        ("docker-registry.default.svc:5000", true),
        ("10.0.0.9:5000", true),
        ("registry.apps.example.com", true),
        ("registry.example.org", false),
        ("10.0.0.9:5001", false),
    ];
    for (host, ours) in hosts {
        let image = format!("{host}/shop/api:v1");
        let fake = Fake::start(move |asked| match asked.target.split('?').next() {
            Some("/api/v1/pods") => (200, json!({ "items": [pod("shop", &image)] })),
            _ => answer(asked, Rights::Everything),
        })
        .await;
        let state = State::default();
        let connection = connect(&fake, &state).await;
        let name: RepositoryName = "shop/api".parse().unwrap();
        state.update(|catalog| {
            catalog.set_host(Some("registry.apps.example.com".to_owned()));
            let revisions = vec![RevisionFacts { digest: IMAGE, created: None }];
            let tag = "v1".parse().unwrap();
            let facts = TagFacts { tag, revisions, origin: Origin::Pushed, problem: None };
            catalog.put_repository(&name, Some(vec![facts]));
        });
        let used = usage(&connection, &state, &of_image()).await;
        assert_eq!(used.total, u32::from(ours), "{host}");
    }
}
