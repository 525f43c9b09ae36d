// SPDX-License-Identifier: LGPL-2.1-or-later
//! Pages, versions and forms of lists.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster, golden};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_add_up_to_the_whole() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/imagestreams");
    let whole = cluster.get("sarah", &path).json();
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let page = cluster.get("sarah", &format!("{path}?limit=5&continue={token}")).json();
        assert_eq!(page["metadata"]["resourceVersion"], whole["metadata"]["resourceVersion"]);
        found.extend(names(&page));
        let left = names(&whole).len() - found.len();
        assert_eq!(page["metadata"]["remainingItemCount"].as_u64().unwrap_or(0), left as u64);
        match page["metadata"]["continue"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(found, names(&whole));
}

#[test]
fn a_stale_token_is_gone_but_a_rest_is_offered() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/imagestreams?limit=5");
    let whole = names(&cluster.get("sarah", &format!("{A}/imagestreams")).json());
    let page = cluster.get("sarah", &path).json();
    let token = page["metadata"]["continue"].as_str().unwrap();
    cluster.send("sarah", "DELETE", &format!("{A}/namespaces/tools/imagestreams/missing"), None);
    cluster.control("POST", "/history/compact", "");
    let refused = cluster.get("sarah", &format!("{path}&continue={token}"));
    assert_eq!(refused.status, 410);
    let mut body = refused.json();
    let rest = body["metadata"]["continue"].as_str().unwrap().to_owned();
    let mut recorded = golden("errors/expired-continue.json")["body"].clone();
    body["metadata"]["continue"] = Value::Null;
    recorded["metadata"]["continue"] = Value::Null;
    assert_eq!(body, recorded);
    let rest = cluster.get("sarah", &format!("{A}/imagestreams?continue={rest}")).json();
    let expected: Vec<_> = whole.into_iter().skip(5).filter(|name| name != "missing").collect();
    assert_eq!(names(&rest), expected);
    assert_eq!(cluster.get("sarah", &format!("{A}/imagestreams?continue=x")).status, 400);
}

#[test]
fn versions_are_honoured() {
    let cluster = Cluster::openshift();
    let cached =
        cluster.get("sarah", &format!("{A}/imagestreams?limit=2&resourceVersion=0")).json();
    assert!(names(&cached).len() > 2, "the watch cache ignores the limit");
    let future = cluster.get("sarah", &format!("{A}/imagestreams?resourceVersion=99999999"));
    assert_eq!(future.status, 504);
    assert_eq!(future.json()["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    let old = format!("{A}/imagestreams?resourceVersion=1&resourceVersionMatch=Exact");
    assert_eq!(cluster.get("sarah", &old).status, 410);
    let selected =
        cluster.get("sarah", &format!("{A}/imagestreams?fieldSelector=metadata.name=frontend"));
    assert_eq!(names(&selected.json()), ["frontend", "frontend"]);
    assert_eq!(
        cluster.get("sarah", &format!("{A}/imagestreams?fieldSelector=status.x=1")).status,
        400
    );
    let nowhere = cluster.get("sarah", &format!("{A}/namespaces/nosuch/imagestreams"));
    assert_eq!((nowhere.status, names(&nowhere.json()).len()), (200, 0));
}

#[test]
fn the_limit_of_tags_cuts_silently_and_counts_streams() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/namespaces/skyfield/imagestreamtags");
    let cut = cluster.get("greg", &format!("{path}?limit=1")).json();
    assert_eq!(names(&cut).len(), 4, "all tags of the first stream");
    assert!(cut["metadata"]["continue"].is_null());
    assert!(names(&cluster.get("greg", &path).json()).len() > 60);
}

#[test]
fn people_get_indentation_and_large_lists_are_compressed() {
    let cluster = Cluster::openshift();
    let bearer = format!("Authorization: Bearer {}", cluster.token("sarah"));
    let url = |path: &str| format!("{}{A}/{path}", cluster.ready().api);
    let by_curl = cluster.curl(&url("imagestreams"), &["-H", &bearer, "-A", "curl/7.88.1"]);
    assert!(by_curl.text.starts_with("{\n  \""), "{}", &by_curl.text[..40]);
    let plain =
        cluster.curl(&url("imagestreams?pretty=false"), &["-H", &bearer, "-A", "curl/7.88.1"]);
    assert!(!plain.text.contains('\n'));
    assert!(plain.text.len() < by_curl.text.len());
    let gzip = |path: &str| {
        let args = ["-H", &bearer, "--compressed"];
        let answer = cluster.curl(&url(path), &args);
        (answer.text.len() > 128 << 10, answer.header("content-encoding").is_some())
    };
    assert_eq!(gzip("imagestreams"), (false, false));
    // Enough images for a body beyond 128 KiB: copies of one under other names.
    for number in 0..100 {
        let digest = format!("sha256:{number:064x}");
        let long = "x".repeat(1400);
        let image = json!({"metadata": {"name": digest}, "dockerImageReference": long});
        let tag = format!("t{number}");
        let mapping = json!({"metadata": {"name": "cache"}, "tag": tag, "image": image});
        let path = format!("{A}/namespaces/tools/imagestreammappings");
        assert_eq!(cluster.send("scruffy", "POST", &path, Some(&mapping)).status, 201);
    }
    assert_eq!(gzip("images"), (true, true));
}
