// SPDX-License-Identifier: LGPL-2.1-or-later
//! Starting `loopback-cluster serve` from a test, and ending it with the test.

use std::io::{BufRead as _, BufReader, Error, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ready::{Face, Ready};

/// A cluster in a process of its own. It ends when this is dropped, or when the test
/// dies: the cluster watches its stdin.
#[derive(Debug)]
pub struct Play {
    /// Where everything is.
    pub ready: Ready,
    child: Child,
}

impl Play {
    /// Makes the seed if need be, and plays a cluster that begins with it.
    ///
    /// `program` is the binary `loopback-cluster`, `seed` a folder that many may share,
    /// `dir` one for this cluster alone; `options` are further options of `serve`.
    ///
    /// # Errors
    /// When the program is missing, or says why it does not start.
    pub fn start(
        program: &Path,
        face: Face,
        seed: &Path,
        dir: &Path,
        options: &[&str],
    ) -> std::io::Result<Self> {
        let seeded = Command::new(program).arg("seed").arg("--out").arg(seed).status()?;
        if !seeded.success() {
            return Err(Error::other("loopback-cluster seed failed"));
        }
        let mut child = Command::new(program)
            .args(["serve", "--until-eof", "--face", face.name(), "--seed"])
            .arg(seed)
            .arg("--dir")
            .arg(dir)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = &mut child.stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        if line.is_empty() {
            child.wait()?;
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "loopback-cluster serve does not start",
            ));
        }
        Ok(Self { ready: serde_json::from_str(&line)?, child })
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
