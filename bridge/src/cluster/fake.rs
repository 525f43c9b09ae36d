// SPDX-License-Identifier: LGPL-2.1-or-later

//! An API server of a few lines, on a real socket: a test says what it answers.

pub(crate) mod node;
pub(crate) mod request;
pub(crate) mod store;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::node::Act;
use self::request::Request;
use super::Cluster;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

type Answer = dyn Fn(&Asked) -> (u16, Value) + Send + Sync;
/// What the node does for a request to run a command; `Err` is a status that refuses it.
type Run = dyn Fn(&Asked) -> Result<Vec<Act>, u16> + Send + Sync;

/// The server. It ends with this value.
pub(crate) struct Fake {
    pub(crate) cluster: Cluster,
    log: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Fake {
    pub(crate) async fn start(
        answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static,
    ) -> Self {
        Self::with_node(answer, |_| Err(404)).await
    }

    /// One that runs commands, too.
    pub(crate) async fn with_node(
        answer: impl Fn(&Asked) -> (u16, Value) + Send + Sync + 'static,
        run: impl Fn(&Asked) -> Result<Vec<Act>, u16> + Send + Sync + 'static,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, told): (Arc<Answer>, _) = (Arc::new(answer), log.clone());
        let run: Arc<Run> = Arc::new(run);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, run, told) = (answer.clone(), run.clone(), told.clone());
                connections.spawn(async move { drop(serve(socket, &*answer, &*run, &told).await) });
            }
        });
        let config = kube::Config::new(address.parse().unwrap());
        let cluster = Cluster::with_config(config, None).unwrap();
        Self { cluster, log, _tasks: tasks }
    }

    /// What was asked, in order.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// The requests that change something, in words: `PATCH /api/v1/…`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let changes = self.log().into_iter().filter(|asked| {
            let asks = ["selfsubjectaccessreviews", "selfsubjectreviews"];
            asked.method != "GET" && !asks.iter().any(|last| asked.target.ends_with(last))
        });
        changes.map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }
}

/// An answer that says no, as the API server says it.
pub(crate) fn refusal(status: u16) -> (u16, Value) {
    let reason = match status {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        _ => "InternalError",
    };
    (status, json!({ "kind": "Status", "code": status, "reason": reason, "message": "no" }))
}

async fn serve(
    socket: TcpStream,
    answer: &Answer,
    run: &Run,
    log: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    while let Some(request) = request::read(&mut socket).await? {
        let Request { method, target, content_type, websocket, body } = request;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let asked = Asked { method, target, content_type, body };
        let (status, body) = match websocket.map(|key| (key, run(&asked))) {
            Some((key, Ok(acts))) => {
                log.lock().unwrap().push(asked);
                return node::run(socket, &key, acts).await;
            }
            Some((_, Err(status))) => refusal(status),
            None => answer(&asked),
        };
        // What a registry behind the service proxy adds, unlike the API server itself.
        let is_registrys = asked.target.ends_with("/proxy/v2/") && body["kind"] != "Status";
        let registry = if is_registrys { "Docker-Distribution-Api-Version: x\r\n" } else { "" };
        log.lock().unwrap().push(asked);
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{registry}\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(format!("{head}{body}").as_bytes()).await?;
    }
    Ok(())
}
