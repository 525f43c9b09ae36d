// SPDX-License-Identifier: LGPL-2.1-or-later

use std::sync::Mutex;

use images_proto::route::Outcome;

use super::*;
use crate::cluster::fake::{Fake, refusal};
use crate::registry::tests::{reply, serve};

#[test]
fn the_nearest_miss_is_told() {
    let miss = |nearness| Miss {
        nearness,
        ..Miss::nothing(Failure::new(Code::NoRegistry, format!("{nearness:?}")))
    };
    let order = [Nearness::Login, Nearness::Silent, Nearness::Closed, Nearness::Outside];
    for (idx, near) in order.iter().enumerate() {
        for far in &order[idx..] {
            for (one, other) in [(near, far), (far, near)] {
                let told = nearer(Some(miss(*one)), miss(*other)).unwrap();
                assert_eq!(told.nearness, *near);
            }
        }
    }
}

#[test]
fn only_openshifts_own_registry_is_shown_a_token() {
    let public = Some("registry.apps.example.com");
    assert!(is_openshifts("registry.apps.example.com", public));
    assert!(is_openshifts("image-registry.openshift-image-registry.svc:5000", None));
    assert!(is_openshifts("docker-registry.default.svc.cluster.local:5000", None));
    for host in [
        "registry.example.com",
        "evil.svc.example.com",
        "x.svc.cluster.local.evil.com",
        "harbor.other-team.svc",
        "image-registry.other-team.svc",
    ] {
        assert!(!is_openshifts(host, public), "{host}");
    }
}

/// Finds with what an administrator set.
async fn configured(address: &str) -> (Result<Reached, Failure>, View) {
    let settings =
        Settings { registry: Some((address.to_owned(), "a test")), ..Settings::default() };
    let last = Mutex::new(View::default());
    let search = Search {
        settings: &settings,
        cluster: None,
        openshift: None,
        tell: &|view| *last.lock().unwrap() = view,
    };
    let reached = find(search).await;
    let view = last.lock().unwrap().clone();
    (reached, view)
}

#[tokio::test]
async fn a_configured_address_is_the_only_rung() {
    let server = serve(|_| reply("200 OK", "", "{}")).await;
    let (reached, view) = configured(&server.address).await;
    assert_eq!(reached.map(|reached| reached.words).ok(), Some(server.address.clone()));
    assert!(view.configured);
    let rungs: Vec<_> = view.rungs.iter().map(|rung| (rung.kind, &rung.outcome)).collect();
    assert_eq!(rungs, [(Kind::Configured, &Outcome::InUse)]);
}

#[tokio::test]
async fn a_registry_that_wants_a_login_offers_one() {
    let server = serve(|_| {
        let body = r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#;
        reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", body)
    })
    .await;
    let (reached, view) = configured(&server.address).await;
    let failure = reached.err().unwrap();
    assert_eq!((failure.code, &failure.offers[..]), (Code::Unauthenticated, &[Offer::Login][..]));
    assert!(matches!(&view.rungs[0].outcome, Outcome::Failed(told) if *told == failure));
    let refused = configured(&server.address.replace("http://", "http://amy:secret@")).await;
    let failure = refused.0.err().unwrap();
    assert!(failure.message.contains("does not accept the login"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("secret"), "{failure:?}");
}

#[tokio::test]
async fn an_address_where_nothing_listens() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (reached, _) = configured("http://127.0.0.1:1").await;
    let failure = reached.err().unwrap();
    assert_eq!(failure.code, Code::RegistryUnreachable);
    assert!(failure.message.contains("nothing listens there"), "{failure:?}");
    assert!(failure.retryable && failure.offers == [Offer::SetRegistry]);
}

#[tokio::test]
async fn an_address_of_something_else() {
    let server = serve(|_| reply("200 OK", "Content-Type: text/html\r\n", "<html>")).await;
    let failure = configured(&server.address).await.0.err().unwrap();
    assert_eq!(failure.code, Code::BadAnswer);
}

/// Finds in a cluster without image streams.
async fn plain(fake: &Fake, settings: &Settings) -> (Result<Reached, Failure>, View) {
    let last = Mutex::new(View::default());
    let search = Search {
        settings,
        cluster: Some(&fake.cluster),
        openshift: None,
        tell: &|view| *last.lock().unwrap() = view,
    };
    let reached = find(search).await;
    let view = last.lock().unwrap().clone();
    (reached, view)
}

/// An API server with these services, each of which is a registry behind the service proxy.
async fn with_services(names: &'static [&'static str]) -> Fake {
    Fake::start(move |asked| {
        let target = &*asked.target;
        if target.starts_with("/api/v1/services?") {
            let items: Vec<_> = names
                .iter()
                .map(|name| {
                    let (namespace, name) = name.split_once('/').unwrap();
                    serde_json::json!({
                        "metadata": {"namespace": namespace, "name": name},
                        "spec": {"clusterIP": "None", "ports": [{"port": 5000}]},
                    })
                })
                .collect();
            return (200, serde_json::json!({"metadata": {}, "items": items}));
        }
        match target.ends_with("/proxy/v2/") {
            true => (200, serde_json::json!({})),
            false => refusal(404),
        }
    })
    .await
}

#[tokio::test]
async fn a_registry_is_found_and_what_is_above_and_below_is_told() {
    let fake = with_services(&["kube-system/registry"]).await;
    let (reached, view) = plain(&fake, &Settings::default()).await;
    assert!(reached.unwrap().words.contains("kube-system/registry, port 5000"));
    let kinds: Vec<_> =
        view.rungs.iter().map(|rung| (rung.kind, matches!(rung.outcome, Outcome::InUse))).collect();
    assert_eq!(
        kinds,
        [
            (Kind::Public, false),
            (Kind::Service, false),
            (Kind::Proxy, true),
            (Kind::PortForward, false)
        ]
    );
    assert_eq!(view.found.len(), 1);
}

#[tokio::test]
async fn of_several_registries_somebody_must_choose() {
    let fake = with_services(&["apps/one-registry", "apps/two-registry"]).await;
    let settings = Settings::default();
    let (reached, view) = plain(&fake, &settings).await;
    let failure = reached.err().unwrap();
    assert_eq!(
        (failure.code, &failure.offers[..]),
        (Code::NoRegistry, &[Offer::ChooseRegistry][..])
    );
    assert!(failure.message.contains("2 registries"), "{failure:?}");
    assert_eq!(view.found.len(), 2);
    let choice = view.found[1].choice.clone();
    settings.choices.set_registry(fake.cluster.server(), Some(choice.clone())).unwrap();
    let (reached, view) = plain(&fake, &settings).await;
    assert!(reached.unwrap().words.contains("apps/two-registry"));
    assert_eq!(view.choice, Some(choice));
}

#[tokio::test]
async fn where_a_registry_is_expected_no_question_is_asked() {
    let fake = with_services(&["apps/team-registry", "default/registry"]).await;
    let (reached, view) = plain(&fake, &Settings::default()).await;
    assert!(reached.unwrap().words.contains("default/registry"));
    assert_eq!(view.found.len(), 2);
}

#[tokio::test]
async fn a_cluster_without_a_registry_offers_to_add_one() {
    let fake = with_services(&[]).await;
    let failure = plain(&fake, &Settings::default()).await.0.err().unwrap();
    assert_eq!(failure.code, Code::NoRegistry);
    assert_eq!(failure.offers, [Offer::AddRegistry, Offer::SetRegistry]);
}

#[tokio::test]
async fn a_login_goes_to_the_place_that_was_told_alone() {
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let server = serve(move |line| {
        log.lock().unwrap().push(line.to_owned());
        let body = r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#;
        reply("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", body)
    })
    .await;
    let settings =
        Settings { registry: Some((server.address.clone(), "a test")), ..Settings::default() };
    let last = Mutex::new(View::default());
    let find = async || {
        let tell = |view| *last.lock().unwrap() = view;
        let (cluster, openshift) = (None, None);
        find(Search { settings: &settings, cluster, openshift, tell: &tell }).await.err().unwrap()
    };
    find().await;
    assert_eq!(last.lock().unwrap().wants_login, Some(server.address.clone()));
    let login = Login::new("jane", "wrong".to_owned().into());
    assert!(settings.logins.put(&login));
    // It is refused once, and not sent again.
    assert!(find().await.message.contains("does not accept the login"));
    assert!(find().await.message.contains("wants a login"));
    assert!(!asked.lock().unwrap().is_empty());
}
