// SPDX-License-Identifier: LGPL-2.1-or-later
//! `pods/portforward`: a TCP connection to a pod in a WebSocket, as kubelet speaks it.
//!
//! Each binary message begins with its channel: of the port at place N of the query, 2 N has
//! the data and 2 N + 1 an error. The first message of each channel from us is the port's
//! number. The protocol cannot say that one direction ended: the end of either is the end of
//! both.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Api;
use super::path::ResourcePath;
use super::refusal::Refusal;
use super::websocket::{self, Socket, message};
use crate::http::body::Body;
use crate::http::query::Query;
use crate::resource::PODS;
use crate::store::Store;

/// The one protocol that needs no SPDY.
const PROTOCOL: &str = "v4.channel.k8s.io";

/// How much is read from a pod at once.
const CHUNK: usize = 32 << 10;

/// More ports than anybody needs; a channel's number is one byte.
const MAX_PORTS: usize = 100;

/// The tunnels under way; they end when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Tunnels(Mutex<JoinSet<()>>);

impl Tunnels {
    fn open(
        &self,
        socket: impl Future<Output = Option<Socket>> + Send + 'static,
        store: Arc<Store>,
        pod: Pod,
        ports: Vec<u16>,
    ) {
        let mut tunnels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tunnels.try_join_next().is_some() {}
        tunnels.spawn(async move {
            let Some(socket) = socket.await else { return };
            tokio::select! {
                // An error says that the client went away.
                _ = carry(socket, &pod, &ports) => {}
                () = pod.ends(&store) => {}
            }
        });
    }
}

/// Where a pod is.
#[derive(Debug)]
struct Pod {
    namespace: String,
    name: String,
    uid: String,
    address: IpAddr,
    /// Whether a program runs in it that could listen.
    runs: bool,
}

/// Answers a request for a tunnel, and lets it begin.
///
/// # Errors
/// When there is no such pod, it runs nowhere, or its node cannot be reached.
pub(crate) fn open(
    api: &Api,
    path: &ResourcePath,
    request: Request<Body>,
    query: &Query,
) -> Result<Response<Body>, Refusal> {
    let namespace = path.namespace.as_deref().unwrap_or_default();
    let pod = Pod::find(&api.store, namespace, path.name.as_deref().unwrap_or_default())?;
    if !api.port_forward {
        let why = "error dialing backend: dial tcp 127.0.0.1:10250: connect: connection refused";
        return Err(Refusal::failed(why));
    }
    let ports = ports(query)?;
    let opening = match websocket::accept(request, &[PROTOCOL]) {
        Ok(opening) => opening,
        Err(refused) => return *refused,
    };
    let (answer, socket) = opening.open();
    api.tunnels.open(socket, Arc::clone(&api.store), pod, ports);
    Ok(answer)
}

/// Whether a container runs; who says nothing about it is believed.
fn runs(statuses: &Value) -> bool {
    statuses.as_array().is_none_or(|all| all.iter().any(|one| one["state"]["running"].is_object()))
}

fn ports(query: &Query) -> Result<Vec<u16>, Refusal> {
    let mut ports = Vec::new();
    for text in query.all("ports").flat_map(|value| value.split(',')) {
        let port = text.parse::<u16>().ok().filter(|port| *port > 0);
        let wrong = || Refusal::bad_request(format!("unable to parse \"{text}\" as a port"));
        ports.push(port.ok_or_else(wrong)?);
    }
    match ports.len() {
        0 => Err(Refusal::bad_request("query parameter \"port\" is required")),
        1..=MAX_PORTS => Ok(ports),
        _ => Err(Refusal::bad_request("too many ports")),
    }
}

/// Carries bytes until either side ends.
async fn carry(socket: Socket, pod: &Pod, ports: &[u16]) -> Result<(), Error> {
    let (mut to_client, from_client) = socket.split();
    for (place, port) in ports.iter().enumerate() {
        for channel in [data_channel(place), data_channel(place) + 1] {
            to_client.send(message(channel, &port.to_le_bytes())).await?;
        }
    }
    // One message in flight: who does not read is not read from.
    let (messages, mut outgoing) = mpsc::channel::<Message>(1);
    let mut readers = JoinSet::new();
    let mut writers = Vec::new();
    for (place, port) in ports.iter().enumerate() {
        let channel = data_channel(place);
        let address = SocketAddr::new(pod.address, *port);
        match pod.connect(address).await {
            Ok(stream) => {
                let (read, write) = stream.into_split();
                writers.push(Some(write));
                readers.spawn(from_pod(read, channel, messages.clone()));
            }
            Err(refused) => {
                writers.push(None);
                to_client
                    .send(message(channel + 1, pod.failure(*port, &refused).as_bytes()))
                    .await?;
            }
        }
    }
    drop(messages);
    let sending = async {
        while let Some(message) = outgoing.recv().await {
            to_client.send(message).await?;
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = sending => ended,
        ended = to_pod(from_client, writers) => ended,
    };
    readers.shutdown().await;
    close(to_client).await;
    ended
}

impl Pod {
    /// A pod that has an address.
    fn find(store: &Store, namespace: &str, name: &str) -> Result<Self, Refusal> {
        let stored = store.read().get(&PODS, &format!("{namespace}/{name}"));
        let object = stored.ok_or_else(|| Refusal::not_found("", "pods", name))?.value();
        if object["spec"]["nodeName"].as_str().is_none_or(str::is_empty) {
            let message = format!("pod {name} does not have a host assigned");
            return Err(Refusal::bad_request(message));
        }
        let status = &object["status"];
        let address = status["podIP"].as_str().and_then(|text| text.parse().ok());
        let address = address
            .filter(|_| status["phase"] == "Running")
            .ok_or_else(|| Refusal::failed(format!("pod not found (\"{name}_{namespace}\")")))?;
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            address,
            runs: runs(&status["containerStatuses"]),
        })
    }

    /// Waits until nothing runs in it any more.
    async fn ends(&self, store: &Store) {
        let mut changes = store.changes();
        let same = |now: Self| now.runs && now.uid == self.uid;
        while Self::find(store, &self.namespace, &self.name).is_ok_and(same) || !self.runs {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn connect(&self, address: SocketAddr) -> Result<TcpStream, String> {
        let refused =
            || format!("dial tcp4 127.0.0.1:{}: connect: connection refused", address.port());
        if !self.runs {
            return Err(refused());
        }
        let stream = TcpStream::connect(address).await.map_err(|_| refused())?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// What containerd says.
    fn failure(&self, port: u16, why: &str) -> String {
        format!(
            "error forwarding port {port} to pod {}, uid {}: failed to execute portforward in \
             network namespace \"/var/run/netns/cni-0\": failed to connect to localhost:{port} \
             inside namespace, IPv4: {why}",
            self.name, self.uid
        )
    }
}

fn data_channel(place: usize) -> u8 {
    // No more than `MAX_PORTS` are let in.
    u8::try_from(2 * place).unwrap_or(u8::MAX - 1)
}

async fn from_pod(mut pod: OwnedReadHalf, channel: u8, messages: mpsc::Sender<Message>) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(read @ 1..) = pod.read(&mut buffer).await {
        let message = message(channel, buffer.get(..read).unwrap_or_default());
        if messages.send(message).await.is_err() {
            return;
        }
    }
}

/// Until the client hangs up, or a pod takes no more.
async fn to_pod(
    mut client: SplitStream<Socket>,
    mut pods: Vec<Option<OwnedWriteHalf>>,
) -> Result<(), Error> {
    while let Some(message) = client.next().await.transpose()? {
        let bytes: Bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return Ok(()),
            _ => continue,
        };
        let Some((channel, bytes)) = bytes.split_first() else { continue };
        let place = usize::from(channel / 2);
        if channel % 2 == 0
            && let Some(Some(pod)) = pods.get_mut(place)
            && pod.write_all(bytes).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

async fn close(mut client: SplitSink<Socket, Message>) {
    let _ = client.send(Message::Close(None)).await;
    let _ = client.close().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_come_in_either_form() {
        let ports = |query| ports(&Query::parse(Some(query))).ok();
        assert_eq!(ports("ports=5000"), Some(vec![5000]));
        assert_eq!(ports("ports=1,2&ports=3"), Some(vec![1, 2, 3]));
        assert_eq!(ports("ports=0"), None);
        assert_eq!(ports("ports=70000"), None);
        assert_eq!(ports("port=5000"), None);
    }
}
