// SPDX-License-Identifier: LGPL-2.1-or-later

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use images_proto::project::{Deletion, Goes, NewRepository};
use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Asked, Fake, refusal};
use crate::session::state::State;

const PROJECT: &str = "/apis/project.openshift.io/v1/projects/sky";
const REQUESTS: &str = "/apis/project.openshift.io/v1/projectrequests";
const NAMESPACE: &str = "/api/v1/namespaces/sky";

/// Answers of one request, in order; the last one again and again.
type Script = (&'static str, Vec<(u16, Value)>);

/// A cluster that answers by a script; whatever is not in it is not there.
async fn scripted(scripts: Vec<Script>) -> Fake {
    let scripts: Vec<_> =
        scripts.into_iter().map(|(on, answers)| (on, VecDeque::from(answers))).collect();
    let scripts = Arc::new(Mutex::new(scripts));
    Fake::start(move |Asked { method, target, .. }| {
        if target.ends_with("/selfsubjectreviews") {
            return (201, json!({ "status": { "userInfo": { "username": "amy" } } }));
        }
        let path = target.split('?').next().unwrap();
        let mut scripts = scripts.lock().unwrap();
        let asked = format!("{method} {path}");
        match scripts.iter_mut().find(|(on, _)| *on == asked) {
            Some((_, answers)) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some((_, answers)) => answers[0].clone(),
            None if path.ends_with("reviews") => (201, json!({ "status": { "allowed": true } })),
            None => refusal(404),
        }
    })
    .await
}

fn there() -> (u16, Value) {
    (200, json!({ "metadata": { "name": "sky", "uid": "u-1" } }))
}

fn going() -> (u16, Value) {
    (200, json!({ "metadata": { "uid": "u-1", "deletionTimestamp": "2026-11-24T10:04:34Z" } }))
}

fn taken() -> (u16, Value) {
    (409, json!({ "kind": "Status", "code": 409, "reason": "AlreadyExists" }))
}

fn wording(display_name: Option<&str>, description: Option<&str>) -> Wording {
    Wording {
        name: "sky".to_owned(),
        display_name: display_name.map(str::to_owned),
        description: description.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_project_is_made_once_it_is_seen() {
    let fake = scripted(vec![
        ("POST /apis/project.openshift.io/v1/projectrequests", vec![(201, json!({}))]),
        // The rights of whoever asked for it come a moment later.
        ("GET /apis/project.openshift.io/v1/projects/sky", vec![refusal(403), there()]),
    ])
    .await;
    create_project(&fake.cluster, true, wording(Some("Sky"), Some(""))).await.unwrap();
    let request = fake.log().into_iter().find(|asked| asked.target == REQUESTS).unwrap().body;
    assert_eq!(
        request,
        json!({ "kind": "ProjectRequest", "apiVersion": "project.openshift.io/v1",
            "metadata": { "name": "sky" }, "displayName": "Sky" })
    );
    let looks = fake.log().iter().filter(|asked| asked.target == PROJECT).count();
    assert_eq!(looks, 2);
}

#[tokio::test]
async fn a_namespace_says_who_wanted_it() {
    let fake = scripted(vec![
        ("POST /api/v1/namespaces", vec![(201, json!({}))]),
        ("GET /api/v1/namespaces/sky", vec![there()]),
    ])
    .await;
    create_project(&fake.cluster, false, wording(Some("Sky"), None)).await.unwrap();
    let made = fake
        .log()
        .into_iter()
        .find(|asked| asked.method == "POST" && asked.target == "/api/v1/namespaces");
    assert_eq!(
        made.unwrap().body["metadata"]["annotations"],
        json!({ "openshift.io/display-name": "Sky", "openshift.io/requester": "amy" })
    );
}

#[tokio::test]
async fn why_no_project_is_made_is_told() {
    let refused = |answer: (u16, Value)| async move {
        let request = "POST /apis/project.openshift.io/v1/projectrequests";
        let fake = scripted(vec![(request, vec![answer])]).await;
        let wanted = wording(Some("The Sky"), None);
        create_project(&fake.cluster, true, wanted).await.unwrap_err()
    };
    let failure = refused(taken()).await;
    assert_eq!(failure.message, "There is a project sky already, even if you cannot see it.");
    let failure = refused(refusal(403)).await;
    assert_eq!(failure.code, Code::Forbidden);
    assert_eq!(
        failure.command.as_deref(),
        Some("oc adm new-project sky --admin=amy --display-name='The Sky'")
    );
    let failure = refused(refusal(422)).await;
    assert_eq!(failure.code, Code::BadRequest);
    let fake = scripted(vec![("POST /api/v1/namespaces", vec![refusal(403)])]).await;
    let failure = create_project(&fake.cluster, false, wording(None, None)).await.unwrap_err();
    let command = failure.command.unwrap();
    assert!(command.starts_with("kubectl create namespace sky && "), "{command}");
}

#[tokio::test]
async fn bad_names_are_not_even_asked_for() {
    let fake = scripted(vec![]).await;
    for name in ["", "a", "Sky", "a/b", "kube-x", "..", "a_b"] {
        let wanted = Wording { name: name.to_owned(), ..wording(None, None) };
        let failure = create_project(&fake.cluster, true, wanted).await.unwrap_err();
        assert_eq!(failure.code, Code::BadRequest, "{name}");
    }
    let failure = create_project(&fake.cluster, true, wording(Some("a\nb"), None)).await;
    assert_eq!(failure.unwrap_err().fix.as_deref(), Some("A line break is not allowed."));
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn a_text_is_changed_removed_or_left() {
    let said = json!({ "openshift.io/display-name": "Sky", "other": "x" });
    let changed = (200, json!({ "metadata": { "uid": "u", "annotations": said } }));
    let fake = scripted(vec![
        ("PATCH /apis/project.openshift.io/v1/projects/sky", vec![(200, json!({}))]),
        ("GET /apis/project.openshift.io/v1/projects/sky", vec![there(), changed]),
    ])
    .await;
    change_project(&fake.cluster, true, wording(Some("Sky"), Some(""))).await.unwrap();
    assert_eq!(
        fake.log()[0].body["metadata"]["annotations"],
        json!({ "openshift.io/display-name": "Sky", "openshift.io/description": null })
    );
    change_project(&fake.cluster, true, wording(Some("Sky"), None)).await.unwrap();
    let patches: Vec<_> = fake.log().into_iter().filter(|asked| asked.method == "PATCH").collect();
    assert!(patches[1].body["metadata"]["annotations"].get("openshift.io/description").is_none());
}

#[tokio::test]
async fn why_nothing_is_changed_is_told() {
    let fake = scripted(vec![]).await;
    let failure = change_project(&fake.cluster, true, wording(Some("x"), None)).await.unwrap_err();
    assert_eq!(failure.message, "There is no project sky (any more).");
    let denied = (201, json!({ "status": { "allowed": false } }));
    let fake = scripted(vec![
        ("PATCH /api/v1/namespaces/sky", vec![refusal(403)]),
        ("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", vec![denied]),
    ])
    .await;
    let failure = change_project(&fake.cluster, false, wording(Some("x"), None)).await.unwrap_err();
    assert_eq!(failure.code, Code::Forbidden);
    assert!(failure.command.unwrap().contains("--verb=patch --resource=namespaces"));
}

#[tokio::test]
async fn a_repository_is_an_image_stream() {
    let streams = "POST /apis/image.openshift.io/v1/namespaces/sky/imagestreams";
    let stream = "GET /apis/image.openshift.io/v1/namespaces/sky/imagestreams/a_b";
    let wanted = || NewRepository { name: "sky/a_b".parse().unwrap() };
    let made = vec![(streams, vec![(201, json!({}))]), (stream, vec![(200, json!({}))])];
    let fake = scripted(made).await;
    create_repository(Some(&fake.cluster), None, wanted()).await.unwrap();
    assert_eq!(fake.log()[0].body["metadata"], json!({ "name": "a_b", "namespace": "sky" }));
    for (answer, code) in [
        (taken(), Code::Conflict),
        (refusal(404), Code::NotFound),
        (refusal(403), Code::Forbidden),
        (refusal(422), Code::BadRequest),
    ] {
        let fake = scripted(vec![(streams, vec![answer])]).await;
        let failure = create_repository(Some(&fake.cluster), None, wanted()).await.unwrap_err();
        assert_eq!(failure.code, code);
    }
    for name in ["alone", "sky/a__b", "sky/a/b"] {
        let wanted = NewRepository { name: name.parse().unwrap() };
        let failure = create_repository(Some(&fake.cluster), None, wanted).await.unwrap_err();
        assert_eq!(failure.code, Code::BadRequest, "{name}");
    }
    let failure = create_repository(None, Some("r.example.com"), wanted()).await.unwrap_err();
    assert_eq!(failure.code, Code::Unsupported);
    assert_eq!(failure.command.as_deref(), Some("podman push IMAGE r.example.com/sky/a_b:TAG"));
}

/// What is in a namespace.
fn content() -> Vec<Script> {
    let resource = |name: &str, kind: &str| json!({ "name": name, "kind": kind, "namespaced": true, "verbs": ["list"] });
    let two = json!({ "metadata": { "remainingItemCount": 1, "continue": "x" }, "items": [{}] });
    let resources = json!([
        resource("configmaps", "ConfigMap"),
        resource("pods", "Pod"),
        resource("secrets", "Secret"),
    ]);
    vec![
        ("GET /apis", vec![(200, json!({ "groups": [] }))]),
        ("GET /api/v1", vec![(200, json!({ "resources": resources }))]),
        ("GET /api/v1/namespaces/sky/configmaps", vec![(200, two.clone())]),
        ("GET /api/v1/namespaces/sky/pods", vec![(200, two), (200, json!({ "items": [{}] }))]),
        ("GET /api/v1/namespaces/sky/secrets", vec![refusal(403)]),
    ]
}

async fn delete(fake: &Fake, agreed: Option<&str>) -> Result<Goes, Failure> {
    let (state, none) = (State::default(), Failure::new(Code::NoRegistry, "There is none."));
    let place =
        Place { cluster: &fake.cluster, openshift: false, state: &state, connection: Err(&none) };
    let agreed = agreed.map(str::to_owned);
    delete_project(place, Deletion { name: "sky".to_owned(), agreed }).await
}

fn deletions(fake: &Fake) -> usize {
    fake.log().iter().filter(|asked| asked.method == "DELETE" && asked.target == NAMESPACE).count()
}

#[tokio::test]
async fn a_project_goes_with_all_that_was_told() {
    let mut scripts = content();
    scripts.push((
        "GET /api/v1/namespaces/sky",
        vec![there(), there(), there(), going(), refusal(404)],
    ));
    scripts.push(("DELETE /api/v1/namespaces/sky", vec![(200, json!({}))]));
    let fake = scripted(scripts).await;
    let goes = delete(&fake, None).await.unwrap();
    let objects: Vec<_> = goes.objects.iter().map(|one| (&*one.kind, one.count)).collect();
    assert_eq!(objects, [("ConfigMap", 2), ("Pod", 2)]);
    assert!(goes.unread.iter().any(|one| one.message.contains("Secret")), "{goes:?}");
    assert_eq!((goes.unread.len(), goes.size), (1, Some(0)), "images are in no namespace");
    let other = delete(&fake, Some("something else")).await.unwrap();
    assert!(!other.done && deletions(&fake) == 0);
    assert_eq!(other.fingerprint, goes.fingerprint, "a pod more or less is no other project");
    let gone = delete(&fake, Some(&goes.fingerprint)).await.unwrap();
    assert!(gone.done && !gone.terminating);
    assert_eq!(deletions(&fake), 1);
}

#[tokio::test]
async fn what_is_still_being_emptied_is_not_gone() {
    for (last, is_seen) in [(going(), true), (refusal(403), false)] {
        let mut scripts = content();
        scripts.push(("GET /api/v1/namespaces/sky", vec![there(), there(), last]));
        scripts.push(("DELETE /api/v1/namespaces/sky", vec![(200, json!({}))]));
        let fake = scripted(scripts).await;
        let goes = delete(&fake, None).await.unwrap();
        let gone = delete(&fake, Some(&goes.fingerprint)).await.unwrap();
        assert!(!gone.done && gone.is_over());
        assert_eq!((gone.terminating, gone.unseen), (is_seen, !is_seen));
    }
}

#[tokio::test]
async fn a_cluster_that_does_nothing_is_found_out() {
    let mut scripts = content();
    scripts.push(("GET /api/v1/namespaces/sky", vec![there()]));
    scripts.push(("DELETE /api/v1/namespaces/sky", vec![(200, json!({}))]));
    let fake = scripted(scripts).await;
    let goes = delete(&fake, None).await.unwrap();
    let failure = delete(&fake, Some(&goes.fingerprint)).await.unwrap_err();
    assert_eq!(failure.code, Code::BadAnswer);
}

#[tokio::test]
async fn nothing_goes_without_the_right_to_it() {
    let mut scripts = content();
    let denied = (201, json!({ "status": { "allowed": false } }));
    scripts.push(("GET /api/v1/namespaces/sky", vec![there()]));
    scripts.push(("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", vec![denied]));
    let fake = scripted(scripts).await;
    let goes = delete(&fake, None).await.unwrap();
    assert_eq!(goes.missing.len(), 1);
    let goes = delete(&fake, Some(&goes.fingerprint)).await.unwrap();
    assert!(!goes.done && !goes.missing.is_empty() && deletions(&fake) == 0);
}

#[tokio::test]
async fn the_clusters_own_projects_stay() {
    let fake = scripted(vec![]).await;
    let state = State::default();
    let none = Failure::new(Code::NoRegistry, "There is none.");
    let own = ["default", "kube-system", "openshift", "openshift-image-registry", "../x", ""];
    for name in own {
        let place = Place {
            cluster: &fake.cluster,
            openshift: true,
            state: &state,
            connection: Err(&none),
        };
        let params = Deletion { name: name.to_owned(), agreed: None };
        delete_project(place, params).await.unwrap_err();
    }
    assert!(fake.log().is_empty());
    assert_eq!(delete(&fake, None).await.unwrap_err().code, Code::NotFound);
}
