// SPDX-License-Identifier: LGPL-2.1-or-later

//! Programs that log in for us: the `exec` of a kubeconfig's user
//! (client.authentication.k8s.io/v1). They are never asked interactively.

use std::collections::HashMap;
use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long its answer and its last messages are waited for once it has ended: what it left running
/// may hold them open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The most that is read of its answer, in bytes.
const ANSWER_LIMIT: usize = 1 << 20;
/// The end of its messages that is shown, in bytes.
const MESSAGES_SHOWN: usize = 2 << 10;
/// The longest word of its messages that is shown. Longer ones may be tokens.
const WORD_LIMIT: usize = 100;

/// A program that logs in.
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
    environment: HashMap<String, SecretString>,
    install_hint: Option<String>,
    api_version: String,
    is_interactive: bool,
    cluster: Option<ExecAuthCluster>,
    patience: Duration,
}

/// What a program answers.
#[derive(Default)]
pub(super) struct Credential {
    pub(super) token: Option<SecretString>,
    /// PEM of a certificate and of its key.
    pub(super) certificate: Option<(String, SecretString)>,
    /// Until when, if it says so.
    pub(super) expires: Option<Timestamp>,
}

/// Why a program did not log in. None of these holds its arguments, environment or answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig names none.
    #[error("the kubeconfig's exec names no command")]
    Nameless,
    /// It asks questions, and nobody could answer.
    #[error("{program} asks questions (interactiveMode: Always)")]
    Interactive {
        /// The program.
        program: String,
    },
    /// It could not be started.
    #[error("{program} cannot be started")]
    Start {
        /// The program.
        program: String,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It said that it failed.
    #[error("{program} failed ({status})")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to standard error, fit to be shown.
        messages: String,
    },
    /// It did not end in time and was killed.
    #[error("{program} did not end within {seconds} seconds")]
    TimedOut {
        /// The program.
        program: String,
        /// The time that was waited.
        seconds: u64,
        /// The end of what it wrote to standard error, fit to be shown.
        messages: String,
    },
    /// Its answer is not what it should be.
    #[error("the answer of {program} {why}")]
    Answer {
        /// The program.
        program: String,
        /// What is wrong with the answer.
        why: &'static str,
        /// The end of what it wrote to standard error, fit to be shown.
        messages: String,
    },
}

impl Error {
    /// The end of what the program wrote to standard error.
    pub(in super::super) fn messages(&self) -> Option<&str> {
        match self {
            Self::Failed { messages, .. }
            | Self::TimedOut { messages, .. }
            | Self::Answer { messages, .. } => Some(messages).filter(|text| !text.is_empty()),
            Self::Nameless | Self::Interactive { .. } | Self::Start { .. } => None,
        }
        .map(String::as_str)
    }
}

impl Program {
    /// Takes over what the kubeconfig says.
    pub(super) fn new(config: ExecConfig) -> Self {
        let environment = config.env.unwrap_or_default().into_iter().filter_map(|mut entry| {
            let (name, value) = (entry.remove("name")?, entry.remove("value")?);
            Some((name, value.into()))
        });
        Self {
            name: config.command.unwrap_or_default(),
            arguments: config.args.unwrap_or_default(),
            environment: environment.collect(),
            install_hint: config.install_hint,
            api_version: config
                .api_version
                .unwrap_or_else(|| "client.authentication.k8s.io/v1".to_owned()),
            is_interactive: config.interactive_mode == Some(ExecInteractiveMode::Always),
            cluster: config.cluster,
            patience: PATIENCE,
        }
    }

    /// Runs it and reads its answer. Dropping the future kills it.
    pub(super) async fn run(&self) -> Result<Credential, Error> {
        if self.name.is_empty() {
            return Err(Error::Nameless);
        }
        let program = || crate::body::excerpt(self.name.as_bytes());
        if self.is_interactive {
            return Err(Error::Interactive { program: program() });
        }
        let mut child = Running::of(self.start().map_err(|source| Error::Start {
            program: program(),
            hint: self.install_hint.as_ref().map(|hint| crate::body::excerpt(hint.as_bytes())),
            source,
        })?);
        let (mut answer, mut tail) = (Answered::default(), Tail::default());
        let status = {
            let (output, errors) = (child.process.stdout.take(), child.process.stderr.take());
            let said = async { tokio::join!(answer.read(output), tail.read(errors)) };
            tokio::pin!(said);
            let ended = async {
                tokio::select! {
                    status = child.process.wait() => (status, false),
                    _ = &mut said => (child.process.wait().await, true),
                }
            };
            match timeout(self.patience, ended).await {
                Ok((status, true)) => Some((status, true)),
                Ok((status, false)) => Some((status, timeout(LAST_WORDS, said).await.is_ok())),
                Err(_) => None,
            }
        };
        let messages = self.shown(&tail.0);
        let Some((status, is_all_said)) = status else {
            let seconds = self.patience.as_secs();
            return Err(Error::TimedOut { program: program(), seconds, messages });
        };
        if is_all_said {
            // Nothing of it is known to live, so the number of its group may be another's.
            child.group = None;
        }
        match status {
            Ok(status) if !status.success() => {
                return Err(Error::Failed { program: program(), status, messages });
            }
            Ok(_) => {}
            Err(source) => return Err(Error::Start { program: program(), hint: None, source }),
        }
        answer.whole().and_then(parse).map_err(|why| Error::Answer {
            program: program(),
            why,
            messages,
        })
    }

    fn start(&self) -> std::io::Result<Child> {
        let info = Info {
            kind: "ExecCredential",
            api_version: &self.api_version,
            spec: Spec { interactive: false, cluster: self.cluster.as_ref() },
        };
        let environment = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), OsString::from(value.expose_secret())));
        Command::new(&self.name)
            .args(&self.arguments)
            .envs(environment)
            .env("KUBERNETES_EXEC_INFO", serde_json::to_string(&info)?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: what it started ends with it, and a terminal cannot be read.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// The end of its messages without control characters, and without what may be secret: the
    /// values of its environment and of its arguments, and words that are as long as tokens.
    fn shown(&self, tail: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(tail).into_owned();
        let environment = self.environment.values().map(ExposeSecret::expose_secret);
        let arguments = self.arguments.iter().filter_map(|argument| argument.split_once('='));
        for secret in environment.chain(arguments.map(|(_, value)| value)) {
            if secret.len() >= 8 {
                text = text.replace(secret, "(…)");
            }
        }
        let lines = text.lines().map(|line| {
            let words = line.split_whitespace().map(|word| {
                let is_secret =
                    word.contains("eyJ") || word.contains("sha256~") || word.len() > WORD_LIMIT;
                if is_secret { "(…)" } else { word }
            });
            words.collect::<Vec<_>>().join(" ")
        });
        let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        text.chars().filter(|char| *char == '\n' || !char.is_control()).collect()
    }
}

/// A program that runs, with all that it started. They are killed when nobody waits any more.
struct Running {
    process: Child,
    /// The number of its group, as long as one of the group is known to live: until then the system
    /// gives it to nobody else.
    group: Option<Pid>,
}

impl Running {
    fn of(process: Child) -> Self {
        let group = process.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { process, group }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // The last of it may have ended in this moment.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    kind: &'static str,
    api_version: &'a str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ExecAuthCluster>,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    expiration_timestamp: Option<Timestamp>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

fn parse(answer: &[u8]) -> Result<Credential, &'static str> {
    // What serde says of it would quote it.
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| "is no ExecCredential")?;
    let status = answer.status.ok_or("has no status")?;
    let certificate = match (status.client_certificate_data, status.client_key_data) {
        (Some(certificate), Some(key)) => Some((certificate, key.into())),
        (None, None) => None,
        _ => return Err("has a certificate without a key, or a key without a certificate"),
    };
    let token = status.token.filter(|token| !token.is_empty()).map(SecretString::from);
    if token.is_none() && certificate.is_none() {
        return Err("has neither token nor certificate");
    }
    Ok(Credential { token, certificate, expires: status.expiration_timestamp })
}

/// The answer as far as it came. It holds a token, and is shown to nobody.
#[derive(Default)]
struct Answered {
    text: Vec<u8>,
    is_broken: bool,
}

impl Answered {
    async fn read(&mut self, output: Option<impl AsyncRead + Unpin>) {
        let Some(mut output) = output else { return self.is_broken = true };
        let mut chunk = vec![0; 4 << 10];
        while self.text.len() <= ANSWER_LIMIT {
            match output.read(&mut chunk).await {
                Ok(0) => return,
                Ok(length) => self.text.extend_from_slice(&chunk[..length]),
                Err(_) => return self.is_broken = true,
            }
        }
    }

    fn whole(&self) -> Result<&[u8], &'static str> {
        match self.text.len() {
            _ if self.is_broken => Err("cannot be read"),
            length if length > ANSWER_LIMIT => Err("is too long"),
            _ => Ok(&self.text),
        }
    }
}

/// The end of a text of unknown length.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    async fn read(&mut self, errors: Option<impl AsyncRead + Unpin>) {
        let Some(mut errors) = errors else { return };
        let mut chunk = [0; 1 << 10];
        // A text that breaks off is shown as far as it came.
        while let Ok(length @ 1..) = errors.read(&mut chunk).await {
            self.0.extend_from_slice(&chunk[..length]);
            let excess = self.0.len().saturating_sub(MESSAGES_SHOWN);
            self.0.drain(..excess);
        }
    }
}

#[cfg(test)]
mod tests;
