// SPDX-License-Identifier: LGPL-2.1-or-later
//! docker-registry with TLS, htpasswd and tokens, asked by skopeo.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::process::{Command, Output};

use common::Cluster;
use images_cluster::Face;

/// What skopeo is told about the registry.
struct Way<'a> {
    cluster: &'a Cluster,
    /// Name and password, if any.
    creds: Option<String>,
}

impl<'a> Way<'a> {
    fn new(cluster: &'a Cluster, who: Option<&str>) -> Self {
        let password = |who: &str| &cluster.ready().registry_passwords[who];
        Self { cluster, creds: who.map(|who| format!("{who}:{}", password(who))) }
    }

    fn skopeo(&self, args: &[&str], side: &str) -> Output {
        let mut command = Command::new("skopeo");
        command.arg("--insecure-policy").args(args);
        let option = |name: &str| format!("--{side}{name}");
        if self.cluster.ready().registry_url.starts_with("http:") {
            command.arg(option("tls-verify=false"));
        } else {
            let folder = self.cluster.dir.path().join("certs");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::copy(&self.cluster.ready().ca, folder.join("ca.crt")).unwrap();
            command.arg(option("cert-dir")).arg(folder);
        }
        match &self.creds {
            Some(creds) => command.arg(option(&format!("creds={creds}"))),
            None => command.arg(option("no-creds")),
        };
        command.output().unwrap()
    }

    fn image(&self, name: &str) -> String {
        format!("docker://{}/{name}", self.cluster.ready().registry)
    }

    fn pull(&self) -> Output {
        let to = format!("dir:{}", self.cluster.dir.path().join("pulled").display());
        self.skopeo(&["copy", "--quiet", &self.image("skyfield/frontend:v1"), &to], "src-")
    }

    fn push(&self, name: &str) -> Output {
        let from = format!("dir:{}", self.cluster.dir.path().join("pulled").display());
        self.skopeo(&["copy", "--quiet", &from, &self.image(name)], "dest-")
    }

    fn delete(&self, name: &str) -> Output {
        self.skopeo(&["delete", &self.image(name)], "")
    }
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn fails(output: &Output, why: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(why), "{told}");
}

#[test]
fn a_registry_may_speak_tls() {
    let cluster = Cluster::start(Face::Plain, &["--registry-tls"]);
    assert!(cluster.ready().registry_url.starts_with("https://127.0.0.1:"));
    let way = Way::new(&cluster, None);
    succeeds(&way.pull());
    succeeds(&way.push("skyfield/tls:v1"));
    succeeds(&way.delete("skyfield/tls:v1"));
    let url = format!("{}/v2/skyfield/tls/blobs/uploads/", cluster.ready().registry_url);
    let begun = cluster.curl(&url, &["-X", "POST"]);
    assert!(begun.header("location").unwrap().starts_with(&url), "{begun:?}");
}

#[test]
fn a_registry_may_know_people_by_a_file() {
    for tls in
        [&["--registry-auth", "htpasswd"][..], &["--registry-auth", "htpasswd", "--registry-tls"]]
    {
        let cluster = Cluster::start(Face::Plain, tls);
        let url = format!("{}/v2/", cluster.ready().registry_url);
        let refused = cluster.curl(&url, &[]);
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"registry\""));
        let login = format!("greg:{}", cluster.ready().registry_passwords["greg"]);
        assert_eq!(cluster.curl(&url, &["-u", &login]).status, 200);
        assert_eq!(cluster.curl(&url, &["-u", "greg:wrong"]).status, 401);
        fails(&Way::new(&cluster, None).pull(), "authentication required");
        let greg = Way::new(&cluster, Some("greg"));
        succeeds(&greg.pull());
        succeeds(&greg.push("skyfield/pushed:v1"));
        succeeds(&greg.delete("skyfield/pushed:v1"));
        // The password of the file, not the API server's token.
        let wrong = format!("greg:{}", cluster.token("greg"));
        assert_eq!(cluster.curl(&url, &["-u", &wrong]).status, 401);
        // The proxy takes the login away.
        let path = format!("{}v2/", cluster.ready().registry_proxy_path);
        assert_eq!(cluster.get("sarah", &path).status, 401);
    }
}

#[test]
fn a_registry_may_want_tokens() {
    for tls in [&["--registry-auth", "token"][..], &["--registry-auth", "token", "--registry-tls"]]
    {
        let cluster = Cluster::start(Face::Plain, tls);
        let url = format!("{}/v2/", cluster.ready().registry_url);
        let refused = cluster.curl(&url, &[]);
        let challenge = format!(
            "Bearer realm=\"{}\",service=\"loopback-cluster registry\"",
            cluster.ready().token_server.as_ref().unwrap()
        );
        assert_eq!(
            (refused.status, refused.header("www-authenticate")),
            (401, Some(challenge.as_str()))
        );
        fails(&Way::new(&cluster, None).pull(), "");
        let eric = Way::new(&cluster, Some("eric"));
        succeeds(&eric.pull());
        fails(&eric.push("skyfield/pushed:v1"), "denied");
        succeeds(&Way::new(&cluster, Some("jane")).push("skyfield/pushed:v1"));
        fails(&Way::new(&cluster, Some("nobody")).pull(), "denied");
        succeeds(&Way::new(&cluster, Some("sarah")).delete("skyfield/pushed:v1"));
    }
}

#[test]
fn a_token_says_what_it_grants() {
    let cluster = Cluster::start(Face::Plain, &["--registry-auth", "token"]);
    let server = cluster.ready().token_server.clone().unwrap();
    let ask = |who: &str, query: &str| {
        let login = format!("{who}:{}", cluster.ready().registry_passwords[who]);
        cluster
            .curl(&format!("{server}?service=loopback-cluster+registry&{query}"), &["-u", &login])
    };
    let answer = ask("greg", "scope=registry:catalog:*").json();
    assert_eq!((&answer["token"], &answer["expires_in"]), (&answer["access_token"], &60.into()));
    let catalog = |token: &str| {
        let bearer = format!("Authorization: Bearer {token}");
        cluster.curl(&format!("{}/v2/_catalog", cluster.ready().registry_url), &["-H", &bearer])
    };
    assert_eq!(catalog(answer["token"].as_str().unwrap()).status, 200);
    let narrow = ask("greg", "scope=repository:skyfield/frontend:pull").json();
    let refused = catalog(narrow["token"].as_str().unwrap());
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("scope=\"registry:catalog:*\",error=\"insufficient_scope\""),
        "{challenge}"
    );
    let wrong = cluster.curl(&format!("{server}?service=x"), &["-u", "greg:wrong"]);
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"loopback-cluster tokens\""));
}

#[test]
fn a_registry_may_take_nothing() {
    let cluster = Cluster::start(Face::Plain, &["--read-only"]);
    let way = Way::new(&cluster, None);
    succeeds(&way.pull());
    let uploads = format!("{}/v2/skyfield/frontend/blobs/uploads/", cluster.ready().registry_url);
    let refused = cluster.curl(&uploads, &["-X", "POST"]);
    // Not the registry's own form of an error, unlike where only deleting is off.
    assert_eq!((refused.status, refused.text.as_str()), (405, "Method not allowed\n"));
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    assert!(!way.push("skyfield/pushed:v1").status.success());
    assert!(!way.delete("skyfield/frontend:v1").status.success());
}
