// SPDX-License-Identifier: LGPL-2.1-or-later
//! A cluster for one test, asked by clients that are not ours: curl and skopeo.

#![allow(dead_code, reason = "every test uses another part")]

pub(crate) mod tunnel;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use images_cluster::play::Play;
use images_cluster::{Entry, Face, Ready};
use serde_json::Value;
use tempfile::TempDir;

/// The image API.
pub(crate) const A: &str = "/apis/image.openshift.io/v1";

pub(crate) struct Cluster {
    // Before the folder, so that it ends before its files go.
    play: Play,
    pub(crate) dir: TempDir,
}

/// An answer to curl.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// As sent; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The code of the registry's error.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Cluster {
    pub(crate) fn start(face: Face, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_loopback-cluster"));
        let seed = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("seed");
        let play = Play::start(program, face, &seed, &dir.path().join("state"), options).unwrap();
        Self { play, dir }
    }

    pub(crate) fn openshift() -> Self {
        Self::start(Face::Openshift, &[])
    }

    pub(crate) fn plain() -> Self {
        Self::start(Face::Plain, &[])
    }

    pub(crate) fn ready(&self) -> &Ready {
        &self.play.ready
    }

    pub(crate) fn token(&self, who: &str) -> &str {
        &self.ready().tokens[who]
    }

    /// Asks the API server.
    pub(crate) fn get(&self, who: &str, path: &str) -> Answer {
        self.send(who, "GET", path, None)
    }

    pub(crate) fn send(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send_with(self.token(who), method, path, body.map(Value::to_string).as_deref())
    }

    /// Asks the API server with a token.
    pub(crate) fn send_with(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        let mut args = vec!["-X", method, "-H", &bearer];
        if let Some(body) = body {
            args.extend(["-H", "Content-Type: application/json", "-d", body]);
        }
        self.curl(&format!("{}{path}", self.ready().api), &args)
    }

    /// Logs somebody in: `user`, `token` and `kubeconfig`.
    pub(crate) fn login(&self, who: &str) -> Value {
        self.control("POST", "/login", &format!(r#"{{"user": "{who}"}}"#)).json()
    }

    /// Asks the registry directly, accepting every kind of manifest.
    pub(crate) fn registry(&self, who: &str, method: &str, path: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {}", self.token(who));
        let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.oci.image.manifest.v1+json, \
                      application/vnd.oci.image.index.v1+json";
        let args = ["-X", method, "-H", &bearer, "-H", accept];
        self.curl(&format!("{}{path}", self.ready().registry_url), &args)
    }

    /// Asks the control port.
    pub(crate) fn control(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer =
            self.curl(&format!("{}{path}", self.ready().control), &["-X", method, "-d", body]);
        assert!(answer.status < 300, "{answer:?}");
        answer
    }

    pub(crate) fn requests(&self) -> Vec<Entry> {
        serde_json::from_str(&self.control("GET", "/requests", "").text).unwrap()
    }

    pub(crate) fn curl(&self, url: &str, args: &[&str]) -> Answer {
        let output = self.curl_output(url, args);
        assert!(output.status.success(), "curl {url}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers =
            headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
        Answer { status, headers, text: body.to_owned() }
    }

    /// curl as it ends; with an agent whose JSON is not indented.
    pub(crate) fn curl_output(&self, url: &str, args: &[&str]) -> Output {
        let head = if args.contains(&"HEAD") { "--head" } else { "-i" };
        Command::new("curl")
            .args(["-sS", head, "--max-time", "20", "-A", "cluster-tests/1", "--cacert"])
            .arg(&self.ready().ca)
            .args(args)
            .arg(url)
            .output()
            .unwrap()
    }

    pub(crate) fn skopeo(&self, who: &str, args: &[&str]) -> Output {
        let (cert, creds) = if args.first() == Some(&"copy") {
            ("--dest-cert-dir", "--dest-creds")
        } else {
            ("--cert-dir", "--creds")
        };
        Command::new("skopeo")
            .args(["--insecure-policy"])
            .args(args)
            .arg(cert)
            .arg(self.ready().ca.parent().unwrap())
            .arg(format!("{creds}={who}:{}", self.token(who)))
            .output()
            .unwrap()
    }

    /// Copies an image of the registry, as sarah, to a folder that skopeo can push from.
    pub(crate) fn fetch(&self, image: &str) -> String {
        let to = format!("dir:{}", self.dir.path().join("fetched").display());
        let from = format!("docker://{}/{image}", self.ready().registry);
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--all", "--src-cert-dir"])
            .arg(self.ready().ca.parent().unwrap())
            .arg(format!("--src-creds=sarah:{}", self.token("sarah")))
            .args([&from, &to])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        to
    }

    /// Uploads a blob to docker-registry, and returns its digest.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let file = self.dir.path().join("blob");
        std::fs::write(&file, bytes).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let digest = format!("sha256:{digest}");
        let uploads = format!("{}/v2/{repository}/blobs/uploads/", self.ready().registry_direct);
        let begun = self.curl(&uploads, &["-X", "POST"]);
        let location = begun.header("location").unwrap();
        let data = format!("@{}", file.display());
        let args = [
            "-X",
            "PUT",
            "-H",
            "Expect:",
            "-H",
            "Content-Type: application/octet-stream",
            "--data-binary",
            &data,
        ];
        let done = self.curl(&format!("{location}&digest={digest}"), &args);
        assert_eq!(done.status, 201, "{done:?}");
        digest
    }

    /// A stream, as sarah sees it.
    pub(crate) fn stream(&self, namespace: &str, name: &str) -> Value {
        self.get("sarah", &format!("{A}/namespaces/{namespace}/imagestreams/{name}")).json()
    }

    /// The images of a tag, newest first.
    pub(crate) fn history(&self, namespace: &str, stream: &str, tag: &str) -> Vec<String> {
        let stream = self.stream(namespace, stream);
        let tags = stream["status"]["tags"].as_array().cloned().unwrap_or_default();
        let found = tags.iter().find(|one| one["tag"] == tag).cloned().unwrap_or_default();
        let items = found["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["image"].as_str().unwrap().to_owned()).collect()
    }
}

/// Asks until the answer is the wanted one.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
    }
}

/// A recorded answer.
pub(crate) fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
