// SPDX-License-Identifier: LGPL-2.1-or-later

//! Kubeconfigs as people have them.

use std::fs;
use std::path::PathBuf;

use images_proto::Offer;
use tempfile::TempDir;

use super::*;

const TWO: &str = r#"
apiVersion: v1
kind: Config
current-context: ""
clusters:
- {name: planet, cluster: {server: "https://amy:hunter2@planet:6443/x", certificate-authority: pki/ca.crt}}
- {name: ship, cluster: {server: "https://ship:6443"}}
users:
- {name: amy, user: {token: first-token}}
contexts:
- {name: amy@planet, context: {cluster: planet, user: amy}}
- {name: amy@ship, context: {cluster: ship, user: amy}}
"#;

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// What is read of one file with this text.
    fn read(&self, text: &str) -> Result<Kubeconfig, Error> {
        Places::files([self.file("config", text)]).read()
    }
}

/// A kubeconfig with a single context, whose user and cluster have these entries.
fn one(cluster: &str, user: &str) -> String {
    format!(
        "clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
    )
}

async fn refused(text: &str) -> Error {
    match Home::new().read(text) {
        Err(error) => error,
        Ok(kubeconfig) => kubeconfig.cluster(None).await.err().expect("refused"),
    }
}

#[tokio::test]
async fn several_files_are_one_and_the_first_wins() {
    let home = Home::new();
    let first = home.file("a/config", TWO);
    let second = home.file(
        "b/config",
        "current-context: amy@ship\nusers: [{name: amy, user: {token: second-token}}]\n\
         clusters: [{name: ship, cluster: {server: 'https://other:6443'}}]\n",
    );
    let absent = home.0.path().join("c/config");
    let places = Places::files([first.clone(), absent.clone(), second.clone()]);
    let kubeconfig = places.read().unwrap();
    let shown = kubeconfig.shown(None);
    let found = [&first, &second].map(|file| file.display().to_string());
    assert_eq!(shown.origin, status::Origin::Files(found.into()));
    assert_eq!(shown.context.as_deref(), Some("amy@ship"), "an empty name is none");
    let servers: Vec<_> =
        shown.contexts.iter().map(|context| context.server.as_deref().unwrap()).collect();
    assert_eq!(servers, ["https://planet:6443/x", "https://ship:6443"]);
    let cluster = kubeconfig.cluster(None).await.unwrap();
    assert_eq!((cluster.server(), cluster.context()), ("https://ship:6443", Some("amy@ship")));
    use secrecy::ExposeSecret;
    let token = cluster.bearer().await.unwrap().unwrap();
    assert_eq!(token.expose_secret(), "first-token");

    let planet = TWO.replace("certificate-authority: pki/ca.crt", "tls-server-name: ''");
    let planet = home.read(&planet).unwrap().cluster(Some("amy@planet")).await.unwrap();
    assert_eq!(planet.server(), "https://planet:6443/x", "without its login");

    let seen = kubeconfig.seen(Some("amy@planet"));
    let authority = first.parent().unwrap().join("pki/ca.crt");
    let files: Vec<_> = seen.keys().collect();
    assert_eq!(files, [&first, &authority, &second, &absent], "paths start from their own file");
}

#[tokio::test]
async fn a_choice_that_is_gone_falls_back() {
    let home = Home::new();
    let kubeconfig = home.read(&format!("{TWO}\n").replace("\"\"", "amy@ship")).unwrap();
    let used = |chosen| kubeconfig.shown(chosen).context.unwrap();
    assert_eq!(used(Some("amy@planet")), "amy@planet");
    assert_eq!(used(Some("amy@moon")), "amy@ship");
    assert!(kubeconfig.has_context("amy@planet") && !kubeconfig.has_context("amy@moon"));
}

#[tokio::test]
async fn a_single_context_needs_not_be_named() {
    let home = Home::new();
    let text = one("server: 'http://127.0.0.1:1'", "").replace("current-context: x", "");
    let cluster = home.read(&text).unwrap().cluster(None).await.unwrap();
    assert_eq!(cluster.context(), Some("x"));
    assert!(cluster.bearer().await.unwrap().is_none());
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_never_quoted() {
    const SECRET: &str = "hunter2hunter2";
    let with = |cluster: &str, user: &str| one(cluster, user);
    let server = "server: 'https://a:6443'";
    let cases: Vec<(String, &str)> = vec![
        (
            format!("users:\n- name: a\n  user: {{token: {SECRET}\nclusters: []\n"),
            "no kubeconfig: line ",
        ),
        (format!("users: {SECRET}\n"), "no kubeconfig: line 1"),
        (format!("clusters: []\ncontexts: {{{SECRET}: 1}}"), "no kubeconfig: line 2"),
        ("".to_owned(), "has no context"),
        ("current-context: x".to_owned(), "has no context"),
        (TWO.to_owned(), "has 2 contexts and does not say which"),
        (TWO.replace("\"\"", "gone"), "“gone” is not in it"),
        (
            TWO.replace("\"\"", "amy@ship").replace("name: ship", "name: boat"),
            "cluster “ship”, which is not in",
        ),
        (with("", ""), "“c” in the kubeconfig has no server"),
        (with(&format!("server: '{SECRET}'"), ""), "“c” in the kubeconfig is no address"),
        (with("server: 'https:///x'", ""), "is no address"),
        (with(server, "auth-provider: {name: gcp}"), "auth-provider “gcp”"),
        (
            with(server, "auth-provider: {name: oidc, config: {id-token: hunter2hunter2}}"),
            "auth-provider “oidc”",
        ),
        (
            with(&format!("{server}, certificate-authority: gone.crt"), ""),
            "certificate-authority of the context “x”",
        ),
        (
            with(&format!("{server}, certificate-authority-data: '{SECRET}!'"), ""),
            "certificate-authority of the context “x” in the kubeconfig cannot be used",
        ),
        (
            with(&format!("{server}, proxy-url: 'http://{SECRET} x'"), ""),
            "proxy-url of the context",
        ),
        (
            with(
                server,
                &format!("client-certificate-data: '{SECRET}', client-key-data: '{SECRET}'"),
            ),
            "token, certificate or key in the kubeconfig cannot be used",
        ),
        (with(server, "tokenFile: gone"), ""),
    ];
    for (text, words) in cases {
        if words.is_empty() {
            continue;
        }
        let error = refused(&text).await;
        let failure = error.failure();
        assert!(failure.message.contains(words), "{failure:?} of {text}");
        assert!(failure.message.ends_with('.') && failure.fix.is_some(), "{failure:?}");
        assert!(!failure.offers.is_empty(), "{failure:?}");
        let all = format!("{failure:?}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[tokio::test]
async fn without_a_kubeconfig_the_hosts_is_offered() {
    let home = Home::new();
    let file = home.0.path().join(".kube/config");
    let error = Places::files([file.clone()]).read().err().unwrap();
    assert!(error.is_none());
    let failure = error.failure();
    assert!(failure.details.unwrap().contains(&*file.to_string_lossy()));
    assert_eq!(failure.offers, [Offer::HostKubeconfig]);
    let is_folder = Places::files([home.0.path().to_owned()]).read().err().unwrap();
    assert!(is_folder.failure().message.contains("it is a folder"), "{is_folder:?}");
    assert!(!is_folder.is_none());
}

#[tokio::test]
async fn only_what_the_connection_is_made_of_changes_its_essence() {
    let home = Home::new();
    let ca = |text: &str| home.file("pki/ca.crt", text);
    ca("one");
    let essence = |text: &str| home.read(text).unwrap().essence(Some("amy@planet"));
    let before = essence(TWO);
    assert_eq!(before, essence(&TWO.replace("name: amy@ship", "name: other")));
    assert_eq!(before, essence(&TWO.replace("\"\"", "amy@ship")));
    assert_ne!(before, essence(&TWO.replace("first-token", "next-token")));
    assert_ne!(before, essence(&TWO.replace("planet:6443", "planet:7443")));
    ca("two");
    assert_ne!(before, essence(TWO));
}

#[test]
fn a_kubeconfig_that_is_handed_over_is_checked() {
    let path = "/etc/kubernetes/admin.conf";
    let kubeconfig = Kubeconfig::handed_over(path, TWO).unwrap();
    let shown = kubeconfig.shown(Some("amy@ship"));
    assert_eq!(shown.origin, status::Origin::Host(path.to_owned()));
    assert!(shown.contexts.len() == 2 && kubeconfig.seen(None).is_empty());
    let refused = |text: &str| Kubeconfig::handed_over(path, text).err().unwrap();
    assert!(matches!(refused(""), Error::Empty { .. }));
    assert!(matches!(refused("hunter2: {"), Error::Unparsable { .. }));
    assert!(matches!(refused(&"#".repeat(HANDED_OVER_LIMIT + 1)), Error::TooLarge { .. }));
}

#[test]
fn an_address_is_shown_without_its_login() {
    assert_eq!(without_login("https://a:b@c:6443/d@e"), "https://c:6443/d@e");
    assert_eq!(without_login("https://c:6443"), "https://c:6443");
    assert_eq!(without_login("c"), "c");
}

#[test]
fn the_environment_may_leave_hosts_out_of_its_proxy() {
    let environment =
        Matcher::builder().https("http://proxy:3128").no("10.0.0.0/8,.planet.example").build();
    let is_proxied = |address: &str| super::is_proxied(&environment, &address.parse().unwrap());
    assert!(is_proxied("https://192.0.2.1:6443"));
    assert!(!is_proxied("https://10.1.2.3:6443") && !is_proxied("https://api.planet.example:6443"));
}
