// SPDX-License-Identifier: LGPL-2.1-or-later

//! The process's standard input and output, as it waits for them.
//!
//! Cockpit starts its helpers with pipes. These are waited for together with all other connections;
//! tokio's own handles, made for terminals and files, give each read and each write to another thread,
//! and to wake that takes longer than a search.

use std::io::{stdin, stdout};
use std::os::fd::AsFd;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;

/// Standard input.
pub fn input() -> Box<dyn AsyncRead + Send + Unpin> {
    let own = stdin().as_fd().try_clone_to_owned();
    match own.and_then(pipe::Receiver::from_owned_fd) {
        Ok(pipe) => Box::new(pipe),
        Err(_) => Box::new(tokio::io::stdin()),
    }
}

/// Standard output.
pub fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
    let own = stdout().as_fd().try_clone_to_owned();
    match own.and_then(pipe::Sender::from_owned_fd) {
        Ok(pipe) => Box::new(pipe),
        Err(_) => Box::new(tokio::io::stdout()),
    }
}
