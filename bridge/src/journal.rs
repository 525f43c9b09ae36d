// SPDX-License-Identifier: LGPL-2.1-or-later

//! Entries for the system's journal, in its native protocol
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL>): one datagram for each entry, of lines
//! `FIELD=value`.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where journald listens.
const SOCKET: &str = "/run/systemd/journal/socket";
/// The name under which all entries are found: `journalctl -t cockpit-images`.
const IDENTIFIER: &str = "cockpit-images";
/// The longest value of a field, in bytes. A datagram of a dozen of them is sent whole.
const LONGEST: usize = 4 << 10;
/// How long a busy journal is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much an entry matters, as syslog(3) counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something did not go as it was meant to.
    Warning = 4,
    /// Something was changed.
    Notice = 5,
    /// Something is about to be done.
    Info = 6,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    bytes: Vec<u8>,
}

impl Entry {
    /// An entry of a kind, which is a UUID of 32 hexadecimal digits.
    pub fn new(kind: &str, priority: Priority, message: &str) -> Self {
        Self { bytes: Vec::new() }
            .with("MESSAGE", message)
            .with("PRIORITY", &(priority as u8).to_string())
            .with("SYSLOG_IDENTIFIER", IDENTIFIER)
            .with("MESSAGE_ID", kind)
    }

    /// The same, with one more field, whose name is in capitals.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.bytes.extend_from_slice(field.as_bytes());
        self.bytes.push(b'=');
        // A line break would begin another field, and an escape would draw on the reader's terminal.
        for char in value[..value.floor_char_boundary(LONGEST)].chars() {
            let char = if char.is_control() { ' ' } else { char };
            self.bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.bytes.push(b'\n');
        self
    }

    /// The same, with one more field if there is a value for it.
    #[must_use]
    pub fn with_some(self, field: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }
}

/// The way to the journal.
#[derive(Clone, Debug)]
pub struct Journal {
    socket: PathBuf,
}

impl Default for Journal {
    fn default() -> Self {
        Self::at(Path::new(SOCKET))
    }
}

impl Journal {
    /// The journal that listens on this socket.
    pub fn at(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Sends entries. Where no journal listens that is told in the log, once; it is no error.
    pub fn send(&self, entries: &[Entry]) {
        if let Err(error) = self.try_send(entries) {
            tracing::warn!(%error, socket = %self.socket.display(), "not in the journal");
        }
    }

    fn try_send(&self, entries: &[Entry]) -> std::io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(&self.socket)?;
        let sent = entries.iter().try_for_each(|entry| socket.send(&entry.bytes).map(drop));
        // A busy journal is not waited for again and again; but how it ended, it should know.
        if let (Err(_), Some(last)) = (&sent, entries.last()) {
            socket.send(&last.bytes)?;
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_arrive_field_by_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixDatagram::bind(&path).unwrap();
        let entry = Entry::new("ab12", Priority::Notice, "Deleted shop/api:v1.")
            .with("IMAGES_REASON", "old\nPRIORITY=0\x1b[2J")
            .with_some("IMAGES_USER", None)
            .with_some("IMAGES_RESULT", Some("deleted"));
        Journal::at(&path).send(&[entry.clone(), entry]);
        for _ in 0..2 {
            let mut bytes = [0; 1 << 10];
            let length = listener.recv(&mut bytes).unwrap();
            let text = std::str::from_utf8(&bytes[..length]).unwrap();
            let expected = "MESSAGE=Deleted shop/api:v1.\nPRIORITY=5\n\
                            SYSLOG_IDENTIFIER=cockpit-images\nMESSAGE_ID=ab12\n\
                            IMAGES_REASON=old PRIORITY=0 [2J\nIMAGES_RESULT=deleted\n";
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        let entry = Entry::new("x", Priority::Info, &"é".repeat(LONGEST));
        let text = String::from_utf8(entry.bytes).unwrap();
        assert!(text.starts_with(&format!("MESSAGE={}\n", "é".repeat(LONGEST / 2))));
    }

    #[test]
    fn without_a_journal_nothing_happens() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(&folder.path().join("nobody"));
        assert!(journal.try_send(&[Entry::new("x", Priority::Info, "x")]).is_err());
        journal.send(&[Entry::new("x", Priority::Info, "x")]);
    }
}
