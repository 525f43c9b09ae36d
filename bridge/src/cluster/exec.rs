// SPDX-License-Identifier: LGPL-2.1-or-later

//! Running a command in a container, through the API server (`pods/exec` over WebSocket).

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use images_proto::{Code, Failure};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep_until};

use super::Cluster;
use super::path::is_name;
use super::port_forward::is_forbidden;
use crate::body::{BoxError, chain, excerpt};

/// What is read at once, in bytes.
const CHUNK: usize = 16 << 10;
/// The longest line of its output that is looked at, in bytes; longer ones are cut.
const LONGEST_LINE: usize = 64 << 10;
/// The whole output that is read, in bytes. A program that says more is given up.
const MOST: usize = if cfg!(test) { 1 << 20 } else { 128 << 20 };
/// What is kept of the end of its errors, in bytes.
const TAIL: usize = 8 << 10;

/// A container in which something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container's name; `None` for the pod's only one.
    pub name: Option<String>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// The end of what it wrote to standard error. Untrusted text, bounded.
    pub errors: String,
}

/// Why nobody knows what a command did.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The user lacks a right on `pods/exec`: `get`, and since Kubernetes 1.35 also `create`.
    #[error("the cluster does not let this user run commands in pods of {namespace}")]
    Forbidden {
        /// The namespace.
        namespace: String,
    },
    /// There is no such pod (any more).
    #[error("there is no pod {namespace}/{pod}")]
    Gone {
        /// The namespace.
        namespace: String,
        /// The pod.
        pod: String,
    },
    /// The container has no such program.
    #[error("the container has no program {program}")]
    NoProgram {
        /// The program.
        program: String,
        /// The node's words, bounded.
        words: String,
    },
    /// It said nothing for too long.
    #[error("the command said nothing for {seconds} seconds")]
    Silent {
        /// The time that was waited.
        seconds: u64,
    },
    /// It said more than is read.
    #[error("the command said more than {MOST} bytes")]
    Flood,
    /// The connection failed, before it began or on the way.
    #[error("the connection to the command failed")]
    Failed(#[source] BoxError),
}

impl Ended {
    /// Whether it did what it should.
    pub fn is_success(&self) -> bool {
        self.code == 0
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.pod)
    }
}

impl Cluster {
    /// Runs a command in a container until it ends; `line` gets its output, line by line. It is
    /// given up when it says nothing for `silence`. Whether a command that was given up, or dropped,
    /// goes on in the container is the node's business: most let it.
    ///
    /// # Errors
    /// When it could not be run, or nobody knows how it ended.
    pub async fn exec(
        &self,
        container: &Container,
        command: &[String],
        silence: Duration,
        mut line: impl FnMut(&str),
    ) -> Result<Ended, ExecError> {
        let Container { namespace, pod, name } = container;
        if ![namespace, pod].into_iter().chain(name).all(|name| is_name(name)) {
            return Err(ExecError::Failed("that is no name of a pod".into()));
        }
        // The client has the login of this moment: what has run out is renewed before.
        self.bearer().await.map_err(|error| ExecError::Failed(error.into()))?;
        let pods: Api<Pod> = Api::namespaced(self.kube(), namespace);
        let params = AttachParams {
            container: name.clone(),
            stdin: false,
            stdout: true,
            stderr: true,
            tty: false,
            max_stdout_buf_size: Some(CHUNK),
            ..AttachParams::default()
        };
        let mut process = match pods.exec(pod, command, &params).await {
            Ok(process) => process,
            Err(error) => return Err(not_begun(error, container, command)),
        };
        let (output, errors, status) = (process.stdout(), process.stderr(), process.take_status());
        let (Some(output), Some(errors), Some(status)) = (output, errors, status) else {
            return Err(ExecError::Failed("the command has no output".into()));
        };
        let (mut output, mut errors, mut status) = (pin!(output), pin!(errors), pin!(status));
        let (mut lines, mut tail, mut read) = (Lines::default(), Vec::new(), 0_usize);
        let (mut buffer, mut other) = (vec![0; CHUNK], vec![0; CHUNK]);
        let (mut has_output, mut has_errors) = (true, true);
        // Both are read together: one that nobody reads would stop the other.
        while has_output || has_errors {
            let silent = sleep_until(Instant::now() + silence);
            tokio::select! {
                count = next(&mut output, &mut buffer), if has_output => {
                    let count = count?;
                    read += count;
                    if read > MOST {
                        return Err(ExecError::Flood);
                    }
                    has_output = count > 0;
                    lines.push(&buffer[..count], &mut line);
                }
                count = next(&mut errors, &mut other), if has_errors => {
                    let count = count?;
                    has_errors = count > 0;
                    tail.extend_from_slice(&other[..count]);
                    let excess = tail.len().saturating_sub(TAIL);
                    tail.drain(..excess);
                }
                () = silent => return Err(ExecError::Silent { seconds: silence.as_secs() }),
            }
        }
        lines.end(&mut line);
        let errors = String::from_utf8_lossy(&tail).trim().to_owned();
        let status = tokio::time::timeout(silence, &mut status).await.ok().flatten();
        let Some(status) = status else {
            let cause = process.join().await.err();
            let cause = cause.map_or_else(|| "it was broken off".into(), BoxError::from);
            return Err(ExecError::Failed(cause));
        };
        match exit_code(&status) {
            Some(code) => Ok(Ended { code, errors }),
            None => Err(not_run(status.message.as_deref().unwrap_or_default(), command)),
        }
    }
}

async fn next(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
) -> Result<usize, ExecError> {
    stream.read(buffer).await.map_err(|error| ExecError::Failed(error.into()))
}

/// The exit code that the node tells at last (k8s.io/apimachinery, remotecommand).
fn exit_code(status: &Status) -> Option<i32> {
    if status.status.as_deref() == Some("Success") {
        return Some(0);
    }
    let causes = status.details.as_ref()?.causes.as_ref()?;
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"))?;
    code.message.as_deref()?.parse().ok()
}

fn not_begun(error: kube::Error, container: &Container, command: &[String]) -> ExecError {
    let Container { namespace, pod, .. } = container;
    match &error {
        error if is_forbidden(error) => ExecError::Forbidden { namespace: namespace.clone() },
        kube::Error::Api(status) if status.code == 404 => {
            ExecError::Gone { namespace: namespace.clone(), pod: pod.clone() }
        }
        kube::Error::UpgradeConnection(kube::client::UpgradeConnectionError::ProtocolSwitch(
            http::StatusCode::NOT_FOUND,
        )) => ExecError::Gone { namespace: namespace.clone(), pod: pod.clone() },
        kube::Error::Api(status) => not_run(&status.message, command),
        _ => ExecError::Failed(error.into()),
    }
}

/// What the node says of a command that did not start: runc and crun name the missing file.
fn not_run(words: &str, command: &[String]) -> ExecError {
    let is_missing =
        ["executable file not found", "no such file or directory", "not found in $PATH"]
            .iter()
            .any(|said| words.to_ascii_lowercase().contains(&said.to_ascii_lowercase()));
    let words = excerpt(words.as_bytes());
    match command.first() {
        Some(program) if is_missing => ExecError::NoProgram { program: program.clone(), words },
        _ => ExecError::Failed(words.into()),
    }
}

impl ExecError {
    /// What the user is told. `tried` ends the sentence "The bridge could not …".
    pub fn failure(&self, tried: impl fmt::Display) -> Failure {
        let failure =
            |code, why: &str| Failure::new(code, format!("The bridge could not {tried}: {why}."));
        match self {
            Self::Forbidden { namespace } => failure(
                Code::Forbidden,
                &format!(
                    "you may not run commands in the pods of {namespace} (get and create pods/exec)"
                ),
            ),
            Self::Gone { namespace, pod } => {
                failure(Code::NotFound, &format!("the pod {namespace}/{pod} is gone")).retryable()
            }
            Self::NoProgram { program, words } => {
                failure(Code::Unsupported, &format!("the container has no program {program}"))
                    .with_details(words)
            }
            Self::Silent { seconds } => {
                failure(Code::Busy, &format!("the command said nothing for {seconds} seconds"))
                    .retryable()
            }
            Self::Flood => failure(Code::BadAnswer, "the command says more than can be read"),
            Self::Failed(cause) => {
                failure(Code::ClusterUnreachable, "the connection to the pod failed")
                    .retryable()
                    .with_details(chain(&**cause))
            }
        }
    }
}

/// Bytes as lines.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.take(&rest[..end]);
            self.end(line);
            rest = &rest[end + 1..];
        }
        self.take(rest);
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end(&mut self, line: &mut impl FnMut(&str)) {
        if !self.begun.is_empty() {
            line(String::from_utf8_lossy(&self.begun).trim_end());
            self.begun.clear();
        }
    }
}

#[cfg(test)]
mod tests;
