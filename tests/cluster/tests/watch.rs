// SPDX-License-Identifier: LGPL-2.1-or-later
//! Watches tell what is written, from where they were asked to begin.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{A, Cluster};
use serde_json::{Value, json};

/// A watch by curl; it ends after ten seconds, whatever happens.
struct Watch {
    curl: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(cluster: &Cluster, path: &str, accept: &str) -> Self {
        let mut curl = Command::new("curl")
            .args(["-sS", "-N", "--max-time", "10", "-A", "cluster-tests/1", "--cacert"])
            .arg(&cluster.ready().ca)
            .args(["-H", &format!("Authorization: Bearer {}", cluster.token("sarah"))])
            .args(["-H", &format!("Accept: {accept}")])
            .arg(format!("{}{path}", cluster.ready().api))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(curl.stdout.take().unwrap()).lines();
        Self { curl, lines }
    }

    /// The next event; none when the watch is over.
    fn next(&mut self) -> Option<(String, Value)> {
        let event: Value = serde_json::from_str(&self.lines.next()?.unwrap()).unwrap();
        Some((event["type"].as_str().unwrap().to_owned(), event["object"].clone()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

const JSON: &str = "application/json";

fn version(cluster: &Cluster) -> String {
    let list = cluster.get("sarah", &format!("{A}/imagestreams?limit=1")).json();
    list["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[test]
fn a_change_is_told_and_so_is_the_end() {
    let cluster = Cluster::openshift();
    let path = format!(
        "{A}/namespaces/skyfield/imagestreams?watch=true&resourceVersion={}",
        version(&cluster)
    );
    let mut watch = Watch::start(&cluster, &path, JSON);
    let streams = format!("{A}/namespaces/skyfield/imagestreams");
    // Of another namespace: not told.
    let elsewhere = json!({"metadata": {"name": "elsewhere"}});
    cluster.send("sarah", "POST", &format!("{A}/namespaces/shop/imagestreams"), Some(&elsewhere));
    cluster.send("jane", "POST", &streams, Some(&json!({"metadata": {"name": "watched"}})));
    cluster.send(
        "jane",
        "DELETE",
        &format!("{A}/namespaces/skyfield/imagestreamtags/frontend:v1"),
        None,
    );
    cluster.send("jane", "DELETE", &format!("{streams}/watched"), None);
    let (kind, object) = watch.next().unwrap();
    assert_eq!((kind.as_str(), &object["metadata"]["name"]), ("ADDED", &json!("watched")));
    assert_eq!(object["kind"], "ImageStream");
    let (kind, object) = watch.next().unwrap();
    assert_eq!((kind.as_str(), &object["metadata"]["name"]), ("MODIFIED", &json!("frontend")));
    assert!(object["status"]["tags"].as_array().unwrap().iter().all(|tag| tag["tag"] != "v1"));
    let (kind, gone) = watch.next().unwrap();
    assert_eq!((kind.as_str(), &gone["metadata"]["name"]), ("DELETED", &json!("watched")));
    let number =
        |object: &Value| object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>();
    assert!(number(&gone).unwrap() > number(&object).unwrap(), "a delete has a version of its own");
}

#[test]
fn a_watch_from_nowhere_begins_with_everything_and_ends_in_time() {
    let cluster = Cluster::openshift();
    let path = format!(
        "{A}/namespaces/tools/imagestreams?watch=1&allowWatchBookmarks=true&timeoutSeconds=3"
    );
    let mut watch = Watch::start(
        &cluster,
        &path,
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    );
    let all = cluster.get("sarah", &format!("{A}/namespaces/tools/imagestreams")).json();
    for stream in all["items"].as_array().unwrap() {
        let (kind, object) = watch.next().unwrap();
        assert_eq!((kind.as_str(), &object["metadata"]), ("ADDED", &stream["metadata"]));
        assert_eq!(
            (&object["kind"], &object["status"]),
            (&json!("PartialObjectMetadata"), &Value::Null)
        );
    }
    let (kind, object) = watch.next().unwrap();
    assert_eq!(
        (kind.as_str(), &object["metadata"]["resourceVersion"]),
        ("BOOKMARK", &all["metadata"]["resourceVersion"])
    );
    assert!(watch.next().is_none());
}

#[test]
fn the_first_events_end_with_a_bookmark_if_asked_for() {
    let cluster = Cluster::openshift();
    let path = format!(
        "{A}/images?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
         &allowWatchBookmarks=true"
    );
    let mut watch = Watch::start(&cluster, &path, JSON);
    let images = cluster.get("sarah", &format!("{A}/images")).json();
    for _ in images["items"].as_array().unwrap() {
        assert_eq!(watch.next().unwrap().0, "ADDED");
    }
    let (kind, object) = watch.next().unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(object["dockerImageMetadata"]["Id"], "", "an Image's bookmark has a fake body");
}

#[test]
fn a_version_that_is_forgotten_is_an_event() {
    let cluster = Cluster::openshift();
    let old = version(&cluster);
    cluster.send("sarah", "DELETE", &format!("{A}/namespaces/tools/imagestreams/missing"), None);
    cluster.control("POST", "/history/compact", "");
    let answer =
        cluster.get("sarah", &format!("{A}/imagestreams?watch=true&resourceVersion={old}"));
    assert_eq!(answer.status, 200);
    let event = answer.json();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    let message = event["object"]["message"].as_str().unwrap();
    assert_eq!(message, format!("too old resource version: {old} ({})", version(&cluster)));
}

#[test]
fn a_watch_that_runs_survives_a_compaction() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/imagestreams?watch=true&resourceVersion={}", version(&cluster));
    let mut watch = Watch::start(&cluster, &path, JSON);
    let tag = |name: &str| format!("{A}/namespaces/skyfield/imagestreamtags/frontend:{name}");
    cluster.send("jane", "DELETE", &tag("v1"), None);
    assert_eq!(watch.next().unwrap().0, "MODIFIED");
    cluster.control("POST", "/history/compact", "");
    cluster.send("jane", "DELETE", &tag("v2"), None);
    assert_eq!(watch.next().unwrap().0, "MODIFIED");
}
