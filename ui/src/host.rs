// SPDX-License-Identifier: LGPL-2.1-or-later

//! Files and programs of this host, by the rights of an administrator: Cockpit's `superuser`.

use serde::Serialize;

use crate::cockpit::{Closed, exchange};
use crate::json;

/// A file as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its content.
    pub text: String,
    /// Names this very content; [`replace`] takes it.
    pub tag: String,
}

/// The tag of a file that is not there.
pub const ABSENT: &str = "-";

/// Why the host did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no administrative access in this session.
    Denied,
    /// The file is not the one that was read any more.
    Changed,
    /// Something else, in Cockpit's or the program's words.
    Other(String),
}

#[derive(Serialize)]
struct Options<'a> {
    payload: &'a str,
    superuser: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_read_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spawn: Option<&'a [&'a str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<&'a str>,
}

impl<'a> Options<'a> {
    fn of(payload: &'a str) -> Self {
        Self {
            payload,
            superuser: "require",
            path: None,
            max_read_size: None,
            tag: None,
            spawn: None,
            err: None,
        }
    }

    async fn exchange(self, message: Option<&str>) -> Result<File, Refused> {
        let (text, closed) = exchange(&json::write(&self), message).await;
        let Closed { problem, message, tag, exit_status } = closed;
        let said = || message.filter(|message| !message.is_empty());
        match problem.filter(|problem| !problem.is_empty()) {
            None if exit_status.unwrap_or(0) == 0 => {
                Ok(File { text, tag: tag.unwrap_or_default() })
            }
            None => Err(Refused::Other(said().unwrap_or_default())),
            Some(problem) => Err(match problem.as_str() {
                "access-denied" | "authentication-failed" => Refused::Denied,
                "change-conflict" | "out-of-date" => Refused::Changed,
                _ => Refused::Other(said().unwrap_or(problem)),
            }),
        }
    }
}

/// Reads a file of at most `max` bytes; `None` when it is not there.
///
/// # Errors
/// When Cockpit refuses, the file cannot be read, or it is longer.
pub async fn read(path: &str, max: u32) -> Result<Option<File>, Refused> {
    let options = Options { path: Some(path), max_read_size: Some(max), ..Options::of("fsread1") };
    let file = options.exchange(None).await?;
    Ok(Some(file).filter(|file| file.tag != ABSENT))
}

/// Puts a content in the place of the one that `tag` names; `None` removes the file. The folder
/// must be there.
///
/// # Errors
/// [`Refused::Changed`] when the file has another content by now; as in [`read`] otherwise.
pub async fn replace(path: &str, content: Option<&str>, tag: &str) -> Result<(), Refused> {
    let options = Options { path: Some(path), tag: Some(tag), ..Options::of("fsreplace1") };
    options.exchange(content).await.map(drop)
}

/// Runs a program and waits for its end.
///
/// # Errors
/// When it cannot be run or fails.
pub async fn run(command: &[&str]) -> Result<(), Refused> {
    let options = Options { spawn: Some(command), err: Some("message"), ..Options::of("stream") };
    options.exchange(None).await.map(drop)
}
