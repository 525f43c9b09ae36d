// SPDX-License-Identifier: LGPL-2.1-or-later

//! The second opinion on what a server says: curl.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What is the same for several requests.
#[derive(Clone, Debug, Default)]
pub struct Curl {
    /// Lines of a configuration file, which curl reads from its standard input: tokens do not
    /// belong into arguments.
    config: String,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The headers, as they came.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("no JSON: {}", self.text()))
    }
}

impl Curl {
    /// Without credentials.
    pub fn new() -> Self {
        let mut curl = Self::default().option("max-time", "30");
        curl.config.push_str("http1.1\n");
        curl
    }

    /// Trusts this authority alone.
    #[must_use]
    pub fn authority(self, certificate: &Path) -> Self {
        self.option("cacert", &certificate.display().to_string())
    }

    /// Sends a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(&format!("Authorization: Bearer {token}"))
    }

    /// Sends a name and a password.
    #[must_use]
    pub fn basic(self, name: &str, password: &str) -> Self {
        self.option("user", &format!("{name}:{password}"))
    }

    /// Sends a header.
    #[must_use]
    pub fn header(self, header: &str) -> Self {
        self.option("header", header)
    }

    /// Any other option, by its long name.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        let value = value.replace('\\', r"\\").replace('"', "\\\"");
        // Writing to a string cannot fail.
        let _ = writeln!(self.config, "{name} = \"{value}\"");
        self
    }

    /// GET.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn get(&self, url: &str) -> Result<Answer> {
        self.clone().send(url).await
    }

    /// HEAD.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn head(&self, url: &str) -> Result<Answer> {
        let mut curl = self.clone();
        curl.config.push_str("head\n");
        curl.send(url).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn delete(&self, url: &str) -> Result<Answer> {
        self.clone().option("request", "DELETE").send(url).await
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post(&self, url: &str, body: &Value) -> Result<Answer> {
        self.clone()
            .header("Content-Type: application/json")
            .option("data", &body.to_string())
            .send(url)
            .await
    }

    /// POST of JSON, one after the other on one connection; the bodies of the answers, which must
    /// be JSON.
    ///
    /// # Errors
    /// When one of them is not answered.
    pub async fn post_all(&self, url: &str, bodies: &[Value]) -> Result<Vec<Value>> {
        let mut all = Self::default();
        for body in bodies {
            let one = self.clone().header("Content-Type: application/json");
            let one = one.option("data", &body.to_string()).option("url", url);
            // What was said before is not for the next one.
            let next = if all.config.is_empty() { "" } else { "next\n" };
            all.config.push_str(next);
            all.config.push_str(&one.config);
        }
        let output = all.run(&[]).await.with_context(|| format!("cannot ask {url}"))?;
        let answers = serde_json::Deserializer::from_slice(&output).into_iter();
        let answers: Vec<Value> = answers.collect::<Result<_, _>>()?;
        ensure!(answers.len() == bodies.len(), "{} answers", answers.len());
        Ok(answers)
    }

    /// PUT of a file.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn put(&self, url: &str, file: &Path, media_type: &str) -> Result<Answer> {
        self.clone()
            .header(&format!("Content-Type: {media_type}"))
            // No question whether the body is wanted: it would be answered in between.
            .header("Expect:")
            .option("request", "PUT")
            .option("data-binary", &format!("@{}", file.display()))
            .send(url)
            .await
    }

    /// GET of all, several at once; the answers are thrown away.
    ///
    /// # Errors
    /// When one of them is not answered.
    pub async fn fetch_all(&self, urls: &[String]) -> Result<()> {
        let mut curl = self.clone();
        for url in urls {
            curl = curl.option("url", url).option("output", "/dev/null");
        }
        curl.run(&["--parallel"]).await?;
        Ok(())
    }

    async fn send(self, url: &str) -> Result<Answer> {
        let output = self.option("url", url).run(&["--include"]).await;
        let output = output.with_context(|| format!("cannot ask {url}"))?;
        let (headers, body) = split(&output).context("curl told no headers")?;
        let headers = String::from_utf8_lossy(headers).into_owned();
        let status = headers.split(' ').nth(1).context("curl told no status")?.parse()?;
        Ok(Answer { status, headers, body: body.to_vec() })
    }

    async fn run(self, options: &[&str]) -> Result<Vec<u8>> {
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--config", "-"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start curl")?;
        let mut stdin = curl.stdin.take().context("no standard input")?;
        stdin.write_all(self.config.as_bytes()).await?;
        drop(stdin);
        let output = curl.wait_with_output().await?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "curl: {}", error.trim());
        Ok(output.stdout)
    }
}

/// The headers of the answer, without those of informational ones before it, and the body.
fn split(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (headers, rest) = output.split_at(end);
    let informational = headers.get(9) == Some(&b'1') && headers.starts_with(b"HTTP/1.1 ");
    if informational { split(rest) } else { Some((headers, rest)) }
}
