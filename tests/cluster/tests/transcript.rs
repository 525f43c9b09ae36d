// SPDX-License-Identifier: LGPL-2.1-or-later
//! The recorded conversation about people, projects and rights, held with the loopback cluster.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::Cluster;
use serde_json::{Value, json};

/// A request of the recording, and its answer.
struct Exchange {
    method: String,
    path: String,
    who: String,
    body: Option<String>,
    status: u16,
    answer: Value,
}

/// The requests to the API; the recording also has what skopeo said.
fn recorded() -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/transcripts/access.txt");
    let text = std::fs::read_to_string(path).unwrap();
    // The projects of the recording are others here.
    let text = text.replace("skyfield", "stargazer");
    let exchanges = text.split("\n\n").filter_map(|part| {
        let mut lines = part.trim().lines();
        let (request, who) = lines.next()?.strip_prefix("$ ")?.split_once("   as ")?;
        let (method, path) = request.split_once(' ')?;
        let mut line = lines.next()?;
        let body = line.strip_prefix("> ").map(str::to_owned);
        if body.is_some() {
            line = lines.next()?;
        }
        let (status, answer) = line.split_once(' ')?;
        Some(Exchange {
            method: method.to_owned(),
            path: path.to_owned(),
            who: who.to_owned(),
            body,
            status: status.parse().ok()?,
            answer: serde_json::from_str(answer).ok()?,
        })
    });
    exchanges.collect()
}

/// Removes what is another each time, and remembers what of the recording it was here.
fn alike(recorded: &mut Value, ours: &mut Value, known: &mut BTreeMap<String, String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            for field in ["managedFields", "creationTimestamp"] {
                recorded.remove(field);
                ours.remove(field);
            }
            for field in ["uid", "resourceVersion"] {
                let (theirs, own) = (recorded.remove(field), ours.remove(field));
                if let (Some(Value::String(theirs)), Some(Value::String(own))) = (theirs, own) {
                    known.insert(theirs, own);
                }
            }
            for (name, value) in recorded {
                if let Some(own) = ours.get_mut(name) {
                    alike(value, own, known);
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            recorded.iter_mut().zip(ours).for_each(|(theirs, own)| alike(theirs, own, known));
        }
        _ => {}
    }
}

fn patch(cluster: &Cluster, token: &str, path: &str, body: &str) -> common::Answer {
    let bearer = format!("Authorization: Bearer {token}");
    let kind = "Content-Type: application/json-patch+json";
    let url = format!("{}{path}", cluster.ready().api);
    cluster.curl(&url, &["-X", "PATCH", "-H", &bearer, "-H", kind, "-d", body])
}

#[test]
fn the_recorded_requests_get_the_recorded_answers() {
    let cluster = Cluster::openshift();
    let login = |who: &str| cluster.login(who)["token"].as_str().unwrap().to_owned();
    let (alice, carol) = (login("alice"), login("carol"));
    let demo = json!({"metadata": {"name": "demo"}});
    let requests = "/apis/project.openshift.io/v1/projectrequests";
    assert_eq!(cluster.send("sarah", "POST", requests, Some(&demo)).status, 201);
    let exchanges = recorded();
    assert_eq!(exchanges.len(), 27, "all of the recording is read");
    let mut known = BTreeMap::new();
    for Exchange { method, path, who, body, status, answer: mut recorded } in exchanges {
        let token = match who.as_str() {
            "alice" => &alice,
            "carol" => &carol,
            _ => cluster.token("sarah"),
        };
        let mut body = body.unwrap_or_default();
        for (theirs, own) in &known {
            body = body.replace(&format!("\"{theirs}\""), &format!("\"{own}\""));
        }
        let what = format!("{method} {path} as {who}: {body}");
        let answer = if method == "PATCH" {
            patch(&cluster, token, &path, &body)
        } else {
            cluster.send_with(
                token,
                &method,
                &path,
                Some(body.as_str()).filter(|body| !body.is_empty()),
            )
        };
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        let mut ours = answer.json();
        // The recorded cluster had no controllers that give a project ranges of ids and bindings.
        if let Some(Value::Object(annotations)) = ours.pointer_mut("/metadata/annotations") {
            annotations.retain(|name, _| !name.starts_with("openshift.io/sa.scc."));
        }
        if let Some(Value::Array(items)) = ours.get_mut("items") {
            items.retain(|item| !item["metadata"]["name"].to_string().contains("system:"));
        }
        if recorded["kind"] == "ResourceAccessReviewResponse" {
            // What else there is differs; of those whom the recording made, all are there.
            for (part, names) in [("users", vec!["alice", "system:admin"]), ("groups", vec!["QA"])]
            {
                for name in names {
                    let has = |answer: &Value| {
                        answer[part].as_array().unwrap().iter().any(|one| one == name)
                    };
                    assert_eq!(has(&ours), has(&recorded), "{name}: {what}");
                }
                ours[part] = recorded[part].clone();
            }
        }
        alike(&mut recorded, &mut ours, &mut known);
        assert_eq!(ours, recorded, "{what}");
    }
}
