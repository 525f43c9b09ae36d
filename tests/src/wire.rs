// SPDX-License-Identifier: LGPL-2.1-or-later

//! The network between the bridge and a server, which can be cut.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::Cluster;

/// Forwards connections to a server.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    folder: tempfile::TempDir,
    whole: watch::Sender<bool>,
    // Aborted, with all connections, when the value is dropped.
    _forwarding: JoinSet<()>,
}

impl Wire {
    /// Lays one to the API server for a user of the cluster.
    ///
    /// # Errors
    /// When no port is free, or the kubeconfig does not name the API server.
    pub async fn to(cluster: &Cluster, user: &str) -> Result<Self> {
        let server = cluster.ready.api.strip_prefix("https://").context("no https")?;
        let wire = Self::to_server(server).await?;
        let text = std::fs::read_to_string(cluster.kubeconfig(user)?)?;
        ensure!(text.contains(server), "the kubeconfig does not name {server}");
        std::fs::write(wire.kubeconfig(), text.replace(server, &wire.address()))?;
        Ok(wire)
    }

    /// Lays one to a server at this IP address and port.
    ///
    /// # Errors
    /// When no port is free, or that is no address.
    pub async fn to_server(server: &str) -> Result<Self> {
        let target = server.parse().with_context(|| format!("{server} is no address"))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (whole, seen) = watch::channel(true);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(forward(listener, target, seen));
        Ok(Self { address, folder: tempfile::tempdir()?, whole, _forwarding: forwarding })
    }

    /// The address of its near end.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The kubeconfig that leads through it.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Breaks all connections; new ones break at once.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Mends it: new connections can be made.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn forward(listener: TcpListener, target: SocketAddr, mut whole: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            changed = whole.changed() => match changed {
                Ok(()) => connections.abort_all(),
                Err(_) => return,
            },
            accepted = listener.accept() => {
                if let Ok((mut near, _)) = accepted
                    && *whole.borrow()
                {
                    connections.spawn(async move {
                        // Its end, good or bad, is the end of both sides.
                        if let Ok(mut far) = TcpStream::connect(target).await {
                            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        }
                    });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
