// SPDX-License-Identifier: LGPL-2.1-or-later

//! Logging in at a server, and what is told when that does not work.

mod server;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use images_proto::{Code, Failure, Offer};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use self::server::{Authority, Server};
use super::Cluster;
use super::kubeconfig::{Kubeconfig, Places};

const UNAUTHORIZED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
const ANONYMOUS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: User \"system:anonymous\" cannot get path \"/version\"","reason":"Forbidden","details":{},"code":403}"#;
const VERSION: &str = r#"{"gitVersion":"v1.33.0"}"#;
const SECRET: &str = "hunter2hunter2";

/// A folder with a kubeconfig.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, server: &str, cluster: &str, user: &str) -> Kubeconfig {
        let file = self.path().join("config");
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: '{server}', {cluster}}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
        );
        fs::write(&file, text).unwrap();
        Places::files([file]).read().unwrap()
    }

    async fn cluster(&self, server: &str, cluster: &str, user: &str) -> Cluster {
        self.read(server, cluster, user).cluster(None).await.unwrap()
    }

    /// A plugin that answers the contents of the file `answer`, and counts its runs.
    fn plugin(&self) -> String {
        let script = self.path().join("plugin.sh");
        fs::write(&script, "cd \"${0%/*}\"; echo x >> runs; cat answer\n").unwrap();
        format!("exec: {{command: /bin/sh, args: ['{}']}}", script.display())
    }

    fn answer(&self, status: &str) {
        let text = format!(r#"{{"kind":"ExecCredential","status":{{{status}}}}}"#);
        fs::write(self.path().join("answer"), text).unwrap();
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.path().join("runs")).unwrap_or_default().lines().count()
    }
}

/// What is told when this cluster is connected to.
async fn told(cluster: &Cluster) -> Failure {
    let error = cluster.identity().await.expect_err("no connection");
    let failure = cluster.explain(&error, "connect to the cluster").await;
    assert!(failure.message.starts_with("The bridge could not connect to the cluster: "));
    assert!(!format!("{failure:?} {error:?}").contains(SECRET), "{failure:?} {error:?}");
    failure
}

fn jwt(expires: i64) -> String {
    format!("x.{}.{SECRET}", URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{expires}}}"#)))
}

#[tokio::test]
async fn each_login_is_sent() {
    let home = Home::new();
    let seen = std::sync::Arc::new(Mutex::new(String::new()));
    let told = seen.clone();
    let server = Server::plain(move |head| {
        if head.starts_with("GET /version") {
            *told.lock().unwrap() = head.to_owned();
        }
        (200, VERSION.to_owned())
    })
    .await;
    fs::write(home.path().join("token"), "  from-a-file\n").unwrap();
    home.answer(r#""token":"from-a-program""#);
    let basic = format!("authorization: Basic {}", STANDARD.encode("amy:secret"));
    let plugin = home.plugin();
    for (user, header) in [
        (
            "token: from-the-kubeconfig, tokenFile: token",
            "authorization: Bearer from-the-kubeconfig",
        ),
        ("tokenFile: token", "authorization: Bearer from-a-file"),
        ("username: amy, password: secret", basic.as_str()),
        (plugin.as_str(), "authorization: Bearer from-a-program"),
        ("token: t, as: amy, as-groups: [crew]", "impersonate-user: amy"),
        ("token: t, as: amy, as-groups: [crew]", "impersonate-group: crew"),
    ] {
        let cluster = home.cluster(&server.address, "", user).await;
        let identity = cluster.identity().await.unwrap();
        assert_eq!(identity.version.as_deref(), Some("v1.33.0"));
        let head = seen.lock().unwrap().clone();
        assert!(head.contains(header), "{user}: {head}");
    }
}

#[tokio::test]
async fn a_token_file_is_read_anew() {
    let home = Home::new();
    let server = Server::plain(|head| {
        if head.contains("Bearer second") {
            (200, VERSION.to_owned())
        } else {
            (401, UNAUTHORIZED.to_owned())
        }
    })
    .await;
    let file = home.path().join("token");
    fs::write(&file, "first").unwrap();
    let cluster = home.cluster(&server.address, "", "tokenFile: token").await;
    assert_eq!(told(&cluster).await.code, Code::Unauthenticated);
    fs::write(&file, "second").unwrap();
    cluster.identity().await.unwrap();
    // A file that is just being replaced takes nobody's login away.
    fs::remove_file(&file).unwrap();
    cluster.identity().await.unwrap();
    assert_eq!(cluster.bearer().await.unwrap().unwrap().expose_secret(), "second");
    let gone = home.cluster(&server.address, "", "tokenFile: token").await;
    let failure = told(&gone).await;
    assert!(failure.message.contains("the token file "), "{failure:?}");
}

#[tokio::test]
async fn a_program_is_asked_again_when_its_login_ends_or_is_refused() {
    let home = Home::new();
    let refusing = std::sync::Arc::new(AtomicUsize::new(0));
    let left = refusing.clone();
    let server = Server::plain(move |_| {
        let refuse =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refuse.is_ok() { (401, UNAUTHORIZED.to_owned()) } else { (200, VERSION.to_owned()) }
    })
    .await;
    home.answer(r#""token":"a","expirationTimestamp":"2100-01-01T00:00:00Z""#);
    let cluster = home.cluster(&server.address, "", &home.plugin()).await;
    let get = || cluster.get_bytes("/version");
    assert_eq!(home.runs(), 0, "nothing is run before it is needed");
    get().await.unwrap();
    get().await.unwrap();
    assert_eq!(home.runs(), 1);
    refusing.store(1, Ordering::SeqCst);
    get().await.unwrap();
    assert_eq!(home.runs(), 2, "once more after a 401");
    refusing.store(2, Ordering::SeqCst);
    assert_eq!(get().await.unwrap_err().status().unwrap(), 401);
    assert_eq!(home.runs(), 3, "but not for ever");
    home.answer(r#""token":"b","expirationTimestamp":"2000-01-01T00:00:00Z""#);
    refusing.store(1, Ordering::SeqCst);
    get().await.unwrap();
    assert_eq!(home.runs(), 4);
    get().await.unwrap();
    assert_eq!(home.runs(), 5, "it has ended");
    assert_eq!(cluster.bearer().await.unwrap().unwrap().expose_secret(), "b");
}

#[tokio::test]
async fn many_at_once_run_the_program_once() {
    let home = Home::new();
    let server = Server::plain(|_| (200, VERSION.to_owned())).await;
    home.answer(r#""token":"a""#);
    let cluster = home.cluster(&server.address, "", &home.plugin()).await;
    let all = (0..8).map(|_| cluster.get_bytes("/version"));
    for answer in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    assert_eq!(home.runs(), 1);
}

#[tokio::test]
async fn a_program_may_answer_with_a_certificate() {
    let home = Home::new();
    let authority = Authority::new();
    let server = Server::tls(authority.server(&["127.0.0.1"]), |_| (200, VERSION.to_owned())).await;
    let (certificate, key) = authority.client();
    let json = |text: &str| serde_json::to_string(text).unwrap();
    home.answer(&format!(
        r#""clientCertificateData":{},"clientKeyData":{}"#,
        json(&certificate),
        json(&key)
    ));
    let trust = authority.trust();
    let cluster = home.cluster(&server.address, &trust, &home.plugin()).await;
    cluster.identity().await.unwrap();
    assert_eq!(server.clients(), 1, "it was presented");
}

#[tokio::test]
async fn certificates_are_shown_when_they_are_not_trusted() {
    let home = Home::new();
    let (right, wrong) = (Authority::new(), Authority::new());
    let server = Server::tls(right.server(&["127.0.0.1"]), |_| (200, VERSION.to_owned())).await;
    let stranger = home.cluster(&server.address, &wrong.trust(), "token: t").await;
    let failure = told(&stranger).await;
    assert_eq!((failure.code, failure.retryable), (Code::ClusterUnreachable, true));
    assert!(failure.message.contains("signed by an authority that the kubeconfig does not trust"));
    let details = failure.details.unwrap();
    assert!(details.contains("Subject: CN=planet-api\nIssuer: CN=planet"), "{details}");
    assert!(details.contains(&server.fingerprint), "{details}");

    for trust in [right.trust(), "insecure-skip-tls-verify: true".to_owned()] {
        let cluster = home.cluster(&server.address, &trust, "token: t").await;
        cluster.identity().await.unwrap();
        assert_eq!(cluster.is_insecure(), trust.starts_with("insecure"));
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_told() {
    let home = Home::new();
    let authority = Authority::new();
    let named =
        Server::tls(authority.server(&["planet.example.com"]), |_| (200, VERSION.to_owned())).await;
    let cluster = home.cluster(&named.address, &authority.trust(), "token: t").await;
    let failure = told(&cluster).await;
    assert!(
        failure.message.contains("for another name than the one in https://127.0.0.1:"),
        "{failure:?}"
    );
    assert!(failure.details.unwrap().contains("SHA-256"));
    let trust = format!("{}, tls-server-name: planet.example.com", authority.trust());
    home.cluster(&named.address, &trust, "token: t").await.identity().await.unwrap();

    for (years, words) in [((2000, 2001), "has expired"), ((2100, 2101), "is not valid yet")] {
        let config = authority.server_in(&["127.0.0.1"], Some(years));
        let server = Server::tls(config, |_| (200, VERSION.to_owned())).await;
        let cluster = home.cluster(&server.address, &authority.trust(), "token: t").await;
        let failure = told(&cluster).await;
        assert!(failure.message.contains(words), "{failure:?}");
        assert!(failure.details.unwrap().contains("Valid until: "), "{words}");
    }
}

#[tokio::test]
async fn why_a_login_is_refused_is_told_from_the_login_itself() {
    let home = Home::new();
    let refuses = Server::plain(|_| (401, UNAUTHORIZED.to_owned())).await;
    let anonymous = Server::plain(|_| (403, ANONYMOUS.to_owned())).await;
    let authority = Authority::new();
    let pem = |years| {
        let (certificate, key) = authority.client_in(years);
        format!(
            "client-certificate-data: {}, client-key-data: {}",
            STANDARD.encode(certificate),
            STANDARD.encode(key)
        )
    };
    for (server, user, words) in [
        (
            &refuses,
            format!("token: {}", jwt(1_000_000_000)),
            "the token in the kubeconfig expired on 2001-09-09 01:46:40 UTC",
        ),
        (
            &refuses,
            format!("token: {}", jwt(9_000_000_000)),
            "does not accept the login (any more)",
        ),
        (&refuses, format!("token: {SECRET}"), "does not accept the login (any more)"),
        (
            &refuses,
            pem(Some((2000, 2001))),
            "client certificate in the kubeconfig expired on 2001-01-01",
        ),
        (
            &refuses,
            pem(Some((2100, 2101))),
            "client certificate in the kubeconfig is valid from 2100-01-01",
        ),
        (&refuses, pem(None), "does not accept the login (any more)"),
        (
            &anonymous,
            format!("username: amy, password: {SECRET}"),
            "does not accept user and password",
        ),
        (&anonymous, String::new(), "the kubeconfig holds no login"),
        (&anonymous, pem(None), "did not recognise the login"),
    ] {
        let cluster = home.cluster(&server.address, "", &user).await;
        let failure = told(&cluster).await;
        assert_eq!(failure.code, Code::Unauthenticated);
        assert!(failure.message.contains(words), "{failure:?}");
        assert_eq!(failure.offers, [Offer::ChooseContext, Offer::HostKubeconfig]);
        assert!(!failure.retryable && failure.fix.is_some(), "{failure:?}");
    }
}

#[tokio::test]
async fn programs_that_fail_are_told_with_their_messages() {
    let home = Home::new();
    let script = home.path().join("fails.sh");
    fs::write(&script, format!("echo {SECRET}; echo 'please log in again' >&2; exit 2")).unwrap();
    let exec =
        |rest: &str| format!("exec: {{apiVersion: client.authentication.k8s.io/v1beta1, {rest}}}");
    let fails = format!("command: /bin/sh, args: ['{}', --password={SECRET}]", script.display());
    for (user, words, fix) in [
        (
            exec(&fails),
            "/bin/sh, with which the kubeconfig logs in, failed (exit status: 2)",
            "terminal",
        ),
        (
            exec("command: no-such-plugin, installHint: 'dnf install it'"),
            "no-such-plugin, with which the kubeconfig logs in, is not installed",
            "dnf install it",
        ),
        (exec("command: a, interactiveMode: Always"), "has to ask questions", "terminal"),
        (
            exec("command: echo"),
            "the answer of echo, with which the kubeconfig logs in, is no ExecCredential",
            "apiVersion",
        ),
    ] {
        let cluster = home.cluster("http://127.0.0.1:1", "", &user).await;
        let failure = told(&cluster).await;
        assert_eq!(failure.code, Code::Unauthenticated);
        assert!(failure.message.contains(words), "{failure:?}");
        assert!(failure.fix.unwrap().contains(fix));
        if words.contains("failed") {
            assert_eq!(failure.details.as_deref(), Some("please log in again"));
        }
    }
}

#[tokio::test]
async fn what_does_not_answer_as_a_cluster_is_told() {
    let home = Home::new();
    let page = Server::plain(|_| (200, "<!doctype html><p>Log in".to_owned())).await;
    let nothing = Server::plain(|_| (404, "404 page not found".to_owned())).await;
    let other = Server::plain(|_| (200, r#"{"hello":"world"}"#.to_owned())).await;
    let fault = Server::plain(|_| (503, "apiserver not ready".to_owned())).await;
    let go =
        Server::plain(|_| (400, "Client sent an HTTP request to an HTTPS server.\n".to_owned()))
            .await;
    let to_tls = |server: &Server| server.address.replace("http:", "https:");
    let closed = {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        format!("https://{}", listener.local_addr().unwrap())
    };
    for (address, code, words) in [
        (
            closed.clone(),
            Code::ClusterUnreachable,
            format!("the API server does not run at {closed}: nothing listens there"),
        ),
        (
            "https://no-such-host.invalid:6443".to_owned(),
            Code::ClusterUnreachable,
            "no host has the name in https://no-such-host.invalid:6443".to_owned(),
        ),
        (
            page.address.clone(),
            Code::BadAnswer,
            format!("what answers at {} is no Kubernetes API", page.address),
        ),
        (
            nothing.address.clone(),
            Code::BadAnswer,
            format!("what answers at {} is no Kubernetes API", nothing.address),
        ),
        (
            other.address.clone(),
            Code::BadAnswer,
            format!("what answers at {} is no Kubernetes API", other.address),
        ),
        (fault.address.clone(), Code::Busy, "has a fault (503".to_owned()),
        (go.address.clone(), Code::BadAnswer, format!("{} speaks TLS", go.address)),
        (to_tls(&nothing), Code::ClusterUnreachable, "does not speak TLS".to_owned()),
    ] {
        let cluster = home.cluster(&address, "", "token: t").await;
        let failure = told(&cluster).await;
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(&words), "{failure:?}, not {words}");
        assert!(failure.retryable && failure.fix.is_some(), "{failure:?}");
        assert_eq!(failure.offers, [Offer::ChooseContext], "{failure:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_used() {
    let home = Home::new();
    let proxied = std::sync::Arc::new(AtomicUsize::new(0));
    let count = proxied.clone();
    let proxy = Server::plain(move |head| {
        if head.starts_with("CONNECT planet.invalid:6443") {
            count.fetch_add(1, Ordering::SeqCst);
        }
        (403, String::new())
    })
    .await;
    let cluster = format!("proxy-url: '{}'", proxy.address);
    let cluster = home.cluster("https://planet.invalid:6443", &cluster, "token: t").await;
    let failure = told(&cluster).await;
    assert_eq!(failure.code, Code::ClusterUnreachable);
    assert!(proxied.load(Ordering::SeqCst) > 0);
}
