// SPDX-License-Identifier: LGPL-2.1-or-later

//! A proxy that makes tunnels (RFC 9110, section 9.3.6) and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 8 << 10;

/// The proxy.
#[derive(Debug)]
pub struct ConnectProxy {
    address: String,
    tunnels: Arc<AtomicUsize>,
    // Aborted, with all tunnels, when the value is dropped.
    _serving: JoinSet<()>,
}

impl ConnectProxy {
    /// Starts one.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let tunnels = Arc::new(AtomicUsize::new(0));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&tunnels)));
        Ok(Self { address, tunnels, _serving: serving })
    }

    /// Its address, as a kubeconfig has it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The tunnels that were made so far.
    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, tunnels: Arc<AtomicUsize>) {
    let mut open = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let tunnels = Arc::clone(&tunnels);
        open.spawn(async move {
            // Its end, good or bad, is the end of both sides.
            let _ = tunnel(near, &tunnels).await;
        });
        while open.try_join_next().is_some() {}
    }
}

async fn tunnel(mut near: TcpStream, tunnels: &AtomicUsize) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        head.push(near.read_u8().await?);
    }
    let head = String::from_utf8(head)?;
    let target = head.strip_prefix("CONNECT ").context("no CONNECT")?;
    let target = target.split(' ').next().context("no address")?;
    let mut far = TcpStream::connect(target).await?;
    tunnels.fetch_add(1, Ordering::Relaxed);
    near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}
