// SPDX-License-Identifier: LGPL-2.1-or-later
//! `pods/exec`: a command in a container, over a WebSocket.
//!
//! Each binary message begins with its channel: 1 what the command prints, 2 its complaints, and
//! at the end 3 how it ended. The only container in which commands are found is that of a
//! docker-registry, and they are `registry garbage-collect`, which is Debian's own on the storage
//! that stands behind, and `find` for the sizes of its blobs.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use futures_util::SinkExt as _;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::Api;
use super::path::ResourcePath;
use super::refusal::Refusal;
use super::websocket::{self, Socket, message};
use crate::http::body::Body;
use crate::http::query::Query;
use crate::ready::Face;
use crate::resource::PODS;
use crate::storage::Environment;
use crate::workload::is_registry;

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;

/// What we speak; the second can also say that a channel ended, which only clients do.
const PROTOCOLS: [&str; 2] = ["v4.channel.k8s.io", "v5.channel.k8s.io"];

/// How much is told at once.
const CHUNK: usize = 32 << 10;

/// Where the registry's image has its configuration.
const CONFIGURATION: &str = "/etc/docker/registry/config.yml";

/// Where it has its storage, unless its environment says otherwise.
const STORAGE: &str = "/var/lib/registry";

/// What lists all blobs with their sizes.
const SIZES: [&str; 10] =
    ["-type", "f", "-name", "data", "-exec", "stat", "-c", "%s %n", "{}", "+"];

/// The commands under way. They end with this; that their client went away, as in a real
/// container, does not end them.
#[derive(Debug)]
pub(crate) struct Commands {
    /// The configuration of docker-registry.
    configuration: PathBuf,
    storage: PathBuf,
    running: Mutex<JoinSet<()>>,
}

/// What is to be run.
#[derive(Debug, PartialEq, Eq)]
enum Program {
    /// docker-registry, with these arguments; an empty one stands for its configuration.
    Registry(Vec<String>),
    /// The sizes and names of all blobs, in the storage that the pod has there.
    Sizes(String),
    /// It ends at once.
    Ends { complaint: String, code: i32 },
    /// There is no such command.
    Missing(String),
}

/// How a command ended.
enum End {
    Exited(i32),
    /// It did not begin.
    Failed(String),
}

impl Commands {
    /// Commands of the docker-registry with this configuration, which has its files there.
    pub(crate) fn new(configuration: PathBuf, storage: PathBuf) -> Self {
        Self { configuration, storage, running: Mutex::default() }
    }

    fn begin(
        &self,
        socket: impl Future<Output = Option<Socket>> + Send + 'static,
        program: Program,
        environment: Environment,
        wanted: [bool; 2],
    ) {
        let place = (self.configuration.clone(), self.storage.clone());
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let Some(socket) = socket.await else { return };
            let (messages, outgoing) = mpsc::channel(16);
            let command = run(program, place, environment, wanted, messages);
            tokio::join!(command, tell(socket, outgoing));
        });
    }
}

/// Answers a request for a command, and begins it.
///
/// # Errors
/// When there is no such pod or container, it does not run, or its node cannot be reached.
pub(super) fn open(
    api: &Api,
    path: &ResourcePath,
    request: Request<Body>,
    query: &Query,
) -> Result<Response<Body>, Refusal> {
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let name = path.name.as_deref().unwrap_or_default();
    let stored = api.store.read().get(&PODS, &format!("{namespace}/{name}"));
    let pod = stored.ok_or_else(|| Refusal::not_found("", "pods", name))?.value();
    let container = container(&pod, name, query.get("container"))?;
    if pod["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request(format!("pod {name} does not have a host assigned")));
    }
    let command: Vec<_> = query.all("command").map(str::to_owned).collect();
    if command.is_empty() {
        return Err(Refusal::bad_request("you must specify at least 1 command for the container"));
    }
    if !api.port_forward {
        let why = "error dialing backend: dial tcp 127.0.0.1:10250: connect: connection refused";
        return Err(Refusal::failed(why));
    }
    let own = container["name"].as_str().unwrap_or_default();
    if !runs(&pod, own) {
        let why = format!("unable to upgrade connection: container not found (\"{own}\")");
        return Err(Refusal::failed(why));
    }
    let opening = match websocket::accept(request, &PROTOCOLS) {
        Ok(opening) => opening,
        Err(refused) => return *refused,
    };
    let has_registry = api.face == Face::Plain && is_registry(container);
    let program = program(&command, has_registry.then(|| storage_of(container)));
    let wanted = [query.flag("stdout"), query.flag("stderr")];
    let (answer, socket) = opening.open();
    api.commands.begin(socket, program, Environment::of(container), wanted);
    Ok(answer)
}

/// The container that is meant.
fn container<'a>(pod: &'a Value, name: &str, asked: Option<&str>) -> Result<&'a Value, Refusal> {
    let all = pod["spec"]["containers"].as_array().map_or(&[][..], Vec::as_slice);
    if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
        let found = all.iter().find(|one| one["name"] == asked);
        return found.ok_or_else(|| {
            Refusal::bad_request(format!("container {asked} is not valid for pod {name}"))
        });
    }
    match all {
        [one] => Ok(one),
        all => {
            let names: Vec<_> = all.iter().filter_map(|one| one["name"].as_str()).collect();
            Err(Refusal::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                names.join(" ")
            )))
        }
    }
}

fn runs(pod: &Value, container: &str) -> bool {
    let mut statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    statuses.any(|one| one["name"] == container && one["state"]["running"].is_object())
}

/// Where a registry's container has its storage.
fn storage_of(container: &Value) -> &str {
    let mut variables = container["env"].as_array().into_iter().flatten();
    let said = variables.find(|one| one["name"] == "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY");
    said.and_then(|one| one["value"].as_str()).unwrap_or(STORAGE)
}

/// What a command of a container is. Only registries, which have a storage, have programs.
fn program(command: &[String], storage: Option<&str>) -> Program {
    let Some((name, arguments)) = command.split_first() else {
        return Program::Missing(String::new());
    };
    let Some(storage) = storage else { return Program::Missing(name.clone()) };
    if matches!(name.as_str(), "registry" | "/bin/registry") {
        return registry(arguments);
    }
    if name == "find"
        && let Some((folder, rest)) = arguments.split_first()
        && rest == SIZES
        && folder.strip_prefix(storage) == Some("/docker/registry/v2/blobs")
    {
        return Program::Sizes(storage.to_owned());
    }
    if matches!(name.as_str(), "sh" | "/bin/sh")
        && let [flag, line] = arguments
        && flag == "-c"
    {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        return match program(&words, Some(storage)) {
            Program::Missing(name) => {
                Program::Ends { complaint: format!("sh: {name}: not found\n"), code: 127 }
            }
            found => found,
        };
    }
    Program::Missing(name.clone())
}

/// `registry ARGUMENTS`, as far as it only cleans up.
fn registry(arguments: &[String]) -> Program {
    let refused = |complaint: String| Program::Ends { complaint, code: 1 };
    match arguments.split_first() {
        Some((command, rest)) if command == "garbage-collect" => {
            let mut own = vec![command.clone()];
            for argument in rest {
                if argument.starts_with('-') {
                    own.push(argument.clone());
                } else if argument == CONFIGURATION {
                    own.push(String::new());
                } else {
                    return refused(format!(
                        "configuration error: open {argument}: no such file or directory\n"
                    ));
                }
            }
            Program::Registry(own)
        }
        Some((flag, _)) if matches!(flag.as_str(), "--version" | "-v") => {
            Program::Registry(vec![flag.clone()])
        }
        _ => refused("the loopback cluster runs no second registry in a container\n".to_owned()),
    }
}

/// Runs a command to its end. Messages that nobody takes are lost.
async fn run(
    program: Program,
    (configuration, storage): (PathBuf, PathBuf),
    environment: Environment,
    [stdout, stderr]: [bool; 2],
    messages: mpsc::Sender<Message>,
) {
    let end = match program {
        Program::Registry(arguments) => {
            let mut command = Command::new("docker-registry");
            for argument in arguments {
                if argument.is_empty() {
                    command.arg(&configuration);
                } else {
                    command.arg(argument);
                }
            }
            environment.put(&mut command);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            match command.kill_on_drop(true).spawn() {
                Err(error) => End::Failed(error.to_string()),
                Ok(mut child) => {
                    let out = pass(child.stdout.take(), STDOUT, stdout.then(|| messages.clone()));
                    let err = pass(child.stderr.take(), STDERR, stderr.then(|| messages.clone()));
                    let (ended, (), ()) = tokio::join!(child.wait(), out, err);
                    match ended {
                        Ok(status) => End::Exited(status.code().unwrap_or(137)),
                        Err(error) => End::Failed(error.to_string()),
                    }
                }
            }
        }
        Program::Sizes(own) => match sizes(&storage, &own).await {
            Ok((text, code)) => {
                for part in text.as_bytes().chunks(CHUNK).filter(|_| stdout) {
                    let _ = messages.send(message(STDOUT, part)).await;
                }
                End::Exited(code)
            }
            Err(error) => End::Failed(error.to_string()),
        },
        Program::Ends { complaint, code } => {
            if stderr {
                let _ = messages.send(message(STDERR, complaint.as_bytes())).await;
            }
            End::Exited(code)
        }
        Program::Missing(name) => End::Failed(format!(
            "error executing command in container: failed to exec in container: failed to start \
             exec \"0\": OCI runtime exec failed: exec failed: unable to start container process: \
             exec: \"{name}\": executable file not found in $PATH: unknown"
        )),
    };
    let _ = messages.send(message(STATUS, end.status().to_string().as_bytes())).await;
}

/// What `find` says of the storage, by the names that the pod has for them; and how it ended.
async fn sizes(storage: &Path, own: &str) -> std::io::Result<(String, i32)> {
    let folder = storage.join("docker/registry/v2/blobs");
    let found = Command::new("find").arg(folder).args(SIZES).stdin(Stdio::null()).output().await?;
    let text = String::from_utf8_lossy(&found.stdout);
    Ok((text.replace(&storage.display().to_string(), own), found.status.code().unwrap_or(137)))
}

impl End {
    /// As kubelet says it.
    fn status(&self) -> Value {
        match self {
            Self::Exited(0) => json!({"metadata": {}, "status": "Success"}),
            Self::Exited(code) => json!({
                "metadata": {}, "status": "Failure",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "reason": "NonZeroExitCode",
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
            }),
            Self::Failed(why) => json!({
                "metadata": {}, "status": "Failure",
                "message": format!("Internal error occurred: {why}"), "reason": "InternalError",
                "details": {"causes": [{"message": why}]}, "code": 500,
            }),
        }
    }
}

/// Passes on what a command writes; all of it is read, or the command would stop.
async fn pass(
    pipe: Option<impl AsyncRead + Unpin>,
    channel: u8,
    mut messages: Option<mpsc::Sender<Message>>,
) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; CHUNK];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default();
        if let Some(sender) = &messages
            && sender.send(message(channel, bytes)).await.is_err()
        {
            messages = None;
        }
    }
}

/// Tells a client what comes, as long as it listens.
async fn tell(mut socket: Socket, mut outgoing: mpsc::Receiver<Message>) {
    while let Some(message) = outgoing.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
    let _ = socket.close(None).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Program {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        program(&words, Some(STORAGE))
    }

    #[test]
    fn only_the_registry_cleans_up() {
        let cleaning = |arguments: &[&str]| {
            Program::Registry(arguments.iter().map(|&one| one.to_owned()).collect())
        };
        let line = format!("registry garbage-collect --dry-run -m {CONFIGURATION}");
        assert_eq!(of(&line), cleaning(&["garbage-collect", "--dry-run", "-m", ""]));
        let line = format!("/bin/registry garbage-collect {CONFIGURATION}");
        assert_eq!(of(&line), cleaning(&["garbage-collect", ""]));
        assert!(matches!(of("registry garbage-collect /x"), Program::Ends { code: 1, .. }));
        assert!(matches!(of("registry serve"), Program::Ends { code: 1, .. }));
        assert_eq!(of("oc version"), Program::Missing("oc".to_owned()));
        let elsewhere = program(&["registry".to_owned()], None);
        assert_eq!(elsewhere, Program::Missing("registry".to_owned()));
    }

    #[test]
    fn a_shell_finds_what_is_there() {
        let line = ["sh".to_owned(), "-c".to_owned(), "registry --version".to_owned()];
        assert_eq!(program(&line, Some(STORAGE)), Program::Registry(vec!["--version".to_owned()]));
        let line = ["/bin/sh".to_owned(), "-c".to_owned(), "nosuch x".to_owned()];
        assert!(matches!(program(&line, Some(STORAGE)), Program::Ends { code: 127, .. }));
    }
}
