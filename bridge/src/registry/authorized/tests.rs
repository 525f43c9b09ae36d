// SPDX-License-Identifier: LGPL-2.1-or-later

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::SecretString;

use super::*;
use crate::registry::direct::{Address, Direct, bystander};
use crate::registry::tests::{Server, reply, serve_heads as serve};
use crate::registry::{Kind, Registry};

fn registry(server: &Server, login: Option<Login>, encrypted: bool) -> Registry {
    let address = Address::parse(&server.address).unwrap();
    let site = Site { encrypted, ..address.site() };
    let direct = Arc::new(Direct::new(address, &[], None).unwrap());
    let client = bystander(&[]).unwrap();
    Registry::new(Arc::new(Authorized::new(direct, site, login, client.clone(), client)))
}

fn jane() -> Option<Login> {
    Some(Login::new("jane", SecretString::from("hunter2")))
}

fn of_cluster() -> Option<Login> {
    Some(Login::of_cluster(Arc::new(SecretString::from("sha256~token"))))
}

const UNAUTHORIZED: &str = r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#;

#[tokio::test]
async fn basic_is_sent_at_once() {
    let server = serve(|head| {
        // jane:hunter2
        match head.contains("authorization: Basic amFuZTpodW50ZXIy") {
            true => reply("200 OK", "", "{}"),
            false => reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", UNAUTHORIZED),
        }
    })
    .await;
    assert!(registry(&server, jane(), false).ping().await.is_ok());
    let error = registry(&server, None, false).ping().await.unwrap_err();
    let Kind::Refused(refusal) = error.kind else { panic!("{error:?}") };
    assert_eq!(refusal.standing, Standing::Unknown);
}

#[tokio::test]
async fn a_token_of_the_cluster_is_not_sent_in_the_clear() {
    let server = serve(|head| {
        assert!(!head.contains("authorization"), "{head}");
        reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", UNAUTHORIZED)
    })
    .await;
    let error = registry(&server, of_cluster(), false).ping().await.unwrap_err();
    let Kind::Refused(refusal) = error.kind else { panic!("{error:?}") };
    assert_eq!(refusal.standing, Standing::Nameless);
}

/// A registry and its token server on another address.
async fn with_tokens(
    grants: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> (Server, Server, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let tokens = serve(move |head| {
        count.fetch_add(1, Ordering::Relaxed);
        grants(head)
    })
    .await;
    let realm = format!("{}/token", tokens.address);
    let registry = serve(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let scope = match path.contains("/manifests/") {
            true => ",scope=\"repository:shop/api:pull\"",
            false if path.contains("_catalog") => ",scope=\"registry:catalog:*\"",
            false => "",
        };
        match head.contains("authorization: Bearer good") {
            true => reply("200 OK", "", r#"{"repositories":["shop/api"]}"#),
            false => {
                let demand =
                    format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\"{scope}\r\n");
                reply("401 Unauthorized", &demand, UNAUTHORIZED)
            }
        }
    })
    .await;
    (registry, tokens, asked)
}

#[tokio::test]
async fn a_token_is_fetched_once_for_all_requests_of_its_scope() {
    let (server, _tokens, asked) = with_tokens(|head| {
        assert!(head.contains("authorization: Basic amFuZTpodW50ZXIy"), "{head}");
        assert!(head.contains("service=s"), "{head}");
        reply("200 OK", "", r#"{"token":"good","expires_in":300}"#)
    })
    .await;
    let registry = registry(&server, jane(), false);
    registry.repositories(None).await.unwrap();
    let all = (0..20).map(|_| registry.repositories(None));
    for page in futures_util::future::join_all(all).await {
        assert_eq!(page.unwrap().names, ["shop/api"]);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // Another scope needs another token, and the first request for it asks at once.
    let digest = images_proto::Digest::from_bytes([1; 32]);
    let _ = registry.manifest(&"shop/api".parse().unwrap(), &digest).await;
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_token_that_expired_is_replaced() {
    let (server, _tokens, asked) =
        with_tokens(|_| reply("200 OK", "", r#"{"access_token":"good","expires_in":0}"#)).await;
    let registry = registry(&server, None, false);
    registry.repositories(None).await.unwrap();
    registry.repositories(None).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn another_host_does_not_get_the_clusters_token() {
    let (server, _tokens, asked) = with_tokens(|head| {
        assert!(!head.contains("authorization"), "{head}");
        reply("200 OK", "", r#"{"token":"bad"}"#)
    })
    .await;
    assert!(registry(&server, of_cluster(), true).repositories(None).await.is_err());
    assert!(asked.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_login_does_not_leave_tls() {
    let (server, _tokens, asked) = with_tokens(|_| reply("200 OK", "", "{}")).await;
    let error = registry(&server, jane(), true).repositories(None).await.unwrap_err();
    assert!(crate::body::chain(&error).contains("does not speak TLS"), "{error:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_the_token_server_refuses_is_refused() {
    let (server, _tokens, _) = with_tokens(|_| reply("401 Unauthorized", "", "no")).await;
    let error = registry(&server, jane(), false).repositories(None).await.unwrap_err();
    let Kind::Refused(refusal) = error.kind else { panic!("{error:?}") };
    assert_eq!((refusal.status.as_u16(), refusal.standing), (401, Standing::Known));
}

#[tokio::test]
async fn a_token_server_that_is_out_of_order_is_told_as_that() {
    for answer in ["not json", "{}", r#"{"token":7}"#, "{\"token\":\"a\\nb\"}"] {
        let (server, _tokens, _) = with_tokens(move |_| reply("200 OK", "", answer)).await;
        let error = registry(&server, jane(), false).repositories(None).await.unwrap_err();
        assert!(crate::body::chain(&error).contains("that is no token"), "{answer}: {error:?}");
    }
    let (server, _tokens, _) = with_tokens(|_| reply("503 No", "", "hunter2")).await;
    let error = registry(&server, jane(), false).repositories(None).await.unwrap_err();
    let told = crate::body::chain(&error);
    assert!(told.contains("503") && !told.contains("hunter2"), "{told}");
}

#[test]
fn scopes_are_guessed_from_paths() {
    let scope = |method: Method, path: &str| scope(&method, path);
    assert_eq!(scope(Method::GET, "/v2/"), "");
    assert_eq!(scope(Method::GET, "/v2/_catalog"), "registry:catalog:*");
    assert_eq!(scope(Method::HEAD, "/v2/a/b/manifests/v1"), "repository:a/b:pull");
    assert_eq!(scope(Method::DELETE, "/v2/a/manifests/v1"), "repository:a:delete");
    assert_eq!(scope(Method::GET, "/v2/tags/tags/tags/list"), "repository:tags/tags:pull");
}

/// A realm on the registry's own host is no leave to send a token of the cluster's in the clear.
#[tokio::test]
async fn a_realm_on_the_same_host_does_not_get_the_clusters_token_in_the_clear() {
    let own = Arc::new(Mutex::new(String::new()));
    let realm = own.clone();
    let server = serve(move |head| {
        assert!(!head.contains("authorization"), "{head}");
        let realm = realm.lock().unwrap().clone();
        let demand = format!("WWW-Authenticate: Bearer realm=\"{realm}/token\"\r\n");
        reply("401 Unauthorized", &demand, UNAUTHORIZED)
    })
    .await;
    own.lock().unwrap().clone_from(&server.address);
    assert!(registry(&server, of_cluster(), false).ping().await.is_err());
}

/// One scope that is refused says nothing about the route.
#[tokio::test]
async fn a_scope_that_is_refused_is_the_registrys_no() {
    let (server, _tokens, _) = with_tokens(|head| match head.contains("catalog") {
        true => reply("403 Forbidden", "", "no"),
        false => reply("200 OK", "", r#"{"token":"good","expires_in":300}"#),
    })
    .await;
    let registry = registry(&server, jane(), false);
    let digest = images_proto::Digest::from_bytes([1; 32]);
    let _ = registry.manifest(&"shop/api".parse().unwrap(), &digest).await;
    for _ in 0..2 {
        let error = registry.repositories(None).await.unwrap_err();
        assert!(!error.is_about_the_route(), "{error:?}");
        assert_eq!(error.refusal().map(|refusal| refusal.status.as_u16()), Some(401));
    }
}
