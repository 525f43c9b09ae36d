// SPDX-License-Identifier: LGPL-2.1-or-later

//! A server that is neither a cluster nor a registry, and whoever knocks where nobody is.

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A web server that has the same page at every path.
#[derive(Debug)]
pub struct Stranger {
    address: String,
    // Aborted when the value is dropped.
    _serving: JoinSet<()>,
}

impl Stranger {
    /// Starts one that answers each request with these bytes and then hangs up.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn saying(answer: &'static str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(say(stream, answer));
                while open.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, _serving: serving })
    }

    /// A web server, such as may listen where a cluster is looked for.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn web_server() -> Result<Self> {
        Self::saying(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 37\r\n\
             Connection: close\r\n\r\n<!DOCTYPE html><title>Welcome</title>",
        )
        .await
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }
}

async fn say(mut stream: TcpStream, answer: &'static str) {
    let mut request = [0; 4096];
    if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// An address of this host where nothing listens.
///
/// # Errors
/// When no port is free.
pub async fn nobody() -> Result<String> {
    // Nobody else gets the port of a listener that has just gone, for a good while.
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.to_string())
}
