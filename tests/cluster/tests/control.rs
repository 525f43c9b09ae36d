// SPDX-License-Identifier: LGPL-2.1-or-later
//! Faults happen as ordered, and requests are counted.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster, until};
use images_cluster::Target;
use serde_json::json;

#[test]
fn answers_go_wrong_to_order() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/namespaces/skyfield/imagestreams");
    let url = format!("{}{path}", cluster.ready().api);
    let bearer = format!("Authorization: Bearer {}", cluster.token("greg"));
    let order = |kind: &str| {
        let fault = format!(r#"[{{"on":"api","path":"{path}","times":1,{kind}}}]"#);
        cluster.control("POST", "/faults", &fault);
    };
    order(r#""kind":"html""#);
    let html = cluster.get("greg", &path);
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    order(r#""kind":"status","status":503,"body":"{}""#);
    assert_eq!(cluster.get("greg", &path).status, 503);
    // 18: the transfer ended early; with HTTP/2 that is 92, a stream that broke.
    for kind in ["truncate", "lie-length"] {
        order(&format!(r#""kind":"{kind}""#));
        let output = cluster.curl_output(&url, &["--http1.1", "-H", &bearer]);
        assert_eq!(output.status.code(), Some(18), "{kind}: {output:?}");
        order(&format!(r#""kind":"{kind}""#));
        let output = cluster.curl_output(&url, &["-H", &bearer]);
        assert_eq!(output.status.code(), Some(92), "{kind}: {output:?}");
    }
    order(r#""kind":"status","bytes":100000000"#);
    let output =
        cluster.curl_output(&url, &["-o", "/dev/null", "-w", "%{size_download}", "-H", &bearer]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "100000000");
    order(r#""kind":"hang""#);
    let output = cluster.curl_output(&url, &["--max-time", "1", "-H", &bearer]);
    assert_eq!(output.status.code(), Some(28), "{output:?}");
    assert_eq!(cluster.get("greg", &path).status, 200, "faults end");
}

#[test]
fn a_fault_may_concern_the_watches_only() {
    let cluster = Cluster::openshift();
    let event = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}}"#;
    let fault = json!([{
        "on": "api", "path": format!("{A}/imagestreams?*watch=*"), "kind": "status",
        "status": 200, "body": format!("{event}\n"), "times": 1,
    }]);
    cluster.control("POST", "/faults", &fault.to_string());
    let list = cluster.get("sarah", &format!("{A}/imagestreams?limit=1")).json();
    assert_eq!(list["kind"], "ImageStreamList", "a list goes well");
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let watch = format!(
        "{A}/imagestreams?resourceVersion={version}&watch=true&allowWatchBookmarks=true\
         &timeoutSeconds=1"
    );
    let broken = cluster.get("sarah", &watch);
    assert_eq!((broken.status, broken.text.trim_end()), (200, event));
    let whole = cluster.get("sarah", &watch);
    assert!(!whole.text.contains("ERROR"), "once: {whole:?}");
}

#[test]
fn faults_reach_the_registry_on_both_ways() {
    let cluster = Cluster::plain();
    let path = "/v2/skyfield/api/tags/list";
    let proxied =
        format!("{}{}", cluster.ready().registry_proxy_path, path.trim_start_matches('/'));
    let fault = r#"[{"on":"registry","path":"/v2/*/tags/list","kind":"status","status":500}]"#;
    cluster.control("POST", "/faults", fault);
    assert_eq!(cluster.get("sarah", &proxied).status, 500);
    assert_eq!(cluster.registry("sarah", "GET", path).status, 500);
    cluster.control("DELETE", "/faults", "");
    assert_eq!(cluster.get("sarah", &proxied).status, 200);
}

#[test]
fn requests_are_counted_until_reset() {
    let cluster = Cluster::plain();
    cluster.control("DELETE", "/requests", "");
    let path = format!("{}v2/_catalog", cluster.ready().registry_proxy_path);
    let answer = cluster.get("sarah", &path);
    let requests = cluster.requests();
    let of = |target| requests.iter().filter(|entry| entry.target == target).collect::<Vec<_>>();
    assert_eq!(of(Target::Api).len(), 1);
    let [registry] = of(Target::Registry)[..] else { panic!("{requests:?}") };
    assert_eq!((registry.path.as_str(), registry.status), ("/v2/_catalog", 200));
    assert_eq!(registry.bytes, answer.text.len() as u64);
    assert_eq!(registry.user_agent, "cluster-tests/1");
    assert!(!registry.authorization, "the service proxy keeps the credential for itself");
    assert!(of(Target::Api)[0].authorization);
    cluster.control("DELETE", "/requests", "");
    assert!(cluster.requests().is_empty());
}

#[test]
fn a_request_waits_before_it_is_done_or_after() {
    let cluster = Cluster::openshift();
    let tag = |name: &str| format!("{A}/namespaces/skyfield/imagestreamtags/frontend:{name}");
    let exists = |name: &str| !cluster.history("skyfield", "frontend", name).is_empty();
    for (kind, name, done_meanwhile) in [("hold", "v1", false), ("hold-answer", "v2", true)] {
        let fault = json!([{
            "on": "api", "path": tag(name), "method": "DELETE", "kind": kind, "name": kind,
        }]);
        cluster.control("POST", "/faults", &fault.to_string());
        std::thread::scope(|scope| {
            let deleting = scope.spawn(|| cluster.send("jane", "DELETE", &tag(name), None).status);
            let held = cluster.control("GET", &format!("/holds?{kind}"), "").json();
            assert_eq!((&held[0]["method"], &held[0]["target"]), (&json!("DELETE"), &json!("api")));
            assert_eq!(exists(name), !done_meanwhile, "{kind}");
            let release = json!({"name": kind}).to_string();
            cluster.control("POST", "/holds/release", &release);
            assert_eq!(deleting.join().unwrap(), 200);
        });
        assert!(!exists(name), "{kind}");
        assert_eq!(cluster.control("GET", "/holds", "").json(), json!([]));
    }
}

#[test]
fn a_client_that_dies_meanwhile_changes_nothing() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/namespaces/skyfield/imagestreamtags/frontend:v1");
    let fault = json!([{"on": "api", "path": path, "method": "DELETE", "kind": "hold"}]);
    cluster.control("POST", "/faults", &fault.to_string());
    let url = format!("{}{path}", cluster.ready().api);
    let bearer = format!("Authorization: Bearer {}", cluster.token("jane"));
    for protocol in ["--http1.1", "--http2"] {
        let args = ["-X", "DELETE", protocol, "--max-time", "1", "-H", &bearer];
        assert_eq!(cluster.curl_output(&url, &args).status.code(), Some(28), "{protocol}");
        until("nobody waits", || cluster.control("GET", "/holds", "").json() == json!([]));
    }
    cluster.control("DELETE", "/faults", "");
    assert_eq!(cluster.history("skyfield", "frontend", "v1").len(), 1);
}

#[test]
fn who_pretends_does_nothing() {
    let cluster = Cluster::openshift();
    let tag = format!("{A}/namespaces/skyfield/imagestreamtags/frontend:v1");
    let digest = cluster.history("skyfield", "frontend", "v1").remove(0);
    let faults = json!([
        {"on": "api", "path": "/apis/", "method": "DELETE", "kind": "pretend"},
        {"on": "registry", "path": "/", "method": "DELETE", "kind": "pretend"},
    ]);
    cluster.control("POST", "/faults", &faults.to_string());
    let done = cluster.send("jane", "DELETE", &tag, None);
    assert_eq!((done.status, &done.json()["status"]), (200, &json!("Success")));
    let blob = |path: &str| cluster.registry("sarah", "DELETE", &format!("{path}{digest}")).status;
    assert_eq!((blob("/v2/skyfield/frontend/manifests/"), blob("/admin/blobs/")), (202, 204));
    cluster.control("DELETE", "/faults", "");
    assert_eq!(cluster.get("sarah", &tag).status, 200);
    let manifest = format!("/v2/skyfield/frontend/manifests/{digest}");
    assert_eq!(cluster.registry("sarah", "GET", &manifest).status, 200);
}

#[test]
fn a_server_that_fails_says_so_in_its_own_words() {
    let cluster = Cluster::openshift();
    let path = format!("{A}/namespaces/skyfield/imagestreams");
    let faults = json!([
        {"on": "api", "path": path, "kind": "status", "status": 429, "times": 1, "after": 1,
         "headers": {"Retry-After": "1"}},
        {"on": "registry", "path": "/v2/", "kind": "status", "status": 500, "times": 1},
    ]);
    cluster.control("POST", "/faults", &faults.to_string());
    assert_eq!(cluster.get("greg", &path).status, 200, "the first goes well");
    let busy = cluster.get("greg", &path);
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("1")));
    assert_eq!(busy.json()["reason"], "TooManyRequests");
    assert_eq!(cluster.registry("sarah", "GET", "/v2/").code(), "UNKNOWN");
    assert_eq!(cluster.get("greg", &path).status, 200);
}
