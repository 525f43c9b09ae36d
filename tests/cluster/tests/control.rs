// SPDX-License-Identifier: LGPL-2.1-or-later
//! Faults happen as ordered, and requests are counted.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{A, Cluster};
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
