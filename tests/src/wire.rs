// SPDX-License-Identifier: LGPL-2.1-or-later

//! The network between the bridge and the API server, which can be cut.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cluster::Cluster;

/// Forwards connections to the API server of a cluster.
#[derive(Debug)]
pub struct Wire {
    kubeconfig: PathBuf,
    whole: watch::Sender<bool>,
    // Aborted, with all connections, when the value is dropped.
    _forwarding: JoinSet<()>,
    _folder: tempfile::TempDir,
}

impl Wire {
    /// Lays one for a user of the cluster.
    ///
    /// # Errors
    /// When no port is free, or the kubeconfig does not name the API server.
    pub async fn to(cluster: &Cluster, user: &str) -> Result<Self> {
        let server = cluster.ready.api.strip_prefix("https://").context("no https")?;
        let target: SocketAddr = server.parse().context("the API server's address")?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;

        let folder = tempfile::tempdir()?;
        let kubeconfig = folder.path().join("kubeconfig");
        let text = std::fs::read_to_string(cluster.kubeconfig(user)?)?;
        ensure!(text.contains(server), "the kubeconfig does not name {server}");
        std::fs::write(&kubeconfig, text.replace(server, &listener.local_addr()?.to_string()))?;

        let (whole, seen) = watch::channel(true);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(forward(listener, target, seen));
        Ok(Self { kubeconfig, whole, _forwarding: forwarding, _folder: folder })
    }

    /// The kubeconfig that leads through it.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
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
