// SPDX-License-Identifier: LGPL-2.1-or-later

//! A program that runs until its value is dropped, with all that it started.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Carries the mark that tells the processes of one [`Program`] from all others, also of those
/// that left their parent, as ssh-agent does.
const MARK: &str = "COCKPIT_IMAGES_TEST";

/// How long a program may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A running program.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    mark: String,
}

impl Program {
    /// Starts `command`; its standard error, and its standard output if that is not piped, go to
    /// `log`. The kernel ends it if this process dies without dropping the value.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &Command, log: &Path) -> Result<Self> {
        Self::spawn(command, log, Stdio::null(), None)
    }

    /// Like [`Program::start`]; the second value is what it writes to standard output.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_telling(command: &Command, log: &Path) -> Result<(Self, Lines)> {
        Self::spawn(command, log, Stdio::null(), Some(Stdio::piped()))?.listen()
    }

    /// Like [`Program::start_telling`] for a program that serves until its standard input ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_until_eof(command: &Command, log: &Path) -> Result<(Self, Lines)> {
        Self::spawn(command, log, Stdio::piped(), Some(Stdio::piped()))?.listen()
    }

    fn listen(mut self) -> Result<(Self, Lines)> {
        let stdout = self.child.stdout.take().context("no standard output")?;
        let (sender, receiver) = mpsc::channel();
        // Ends with the program. Reads on when nobody listens, or the program could not write.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Ok((self, Lines(receiver)))
    }

    fn spawn(command: &Command, log: &Path, stdin: Stdio, stdout: Option<Stdio>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = Path::new(command.get_program())
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;

        let mut bound = Command::new("setpriv");
        bound.args(["--pdeathsig", "KILL", "--"]);
        bound.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(key, value),
                None => bound.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            bound.current_dir(folder);
        }
        bound.env(MARK, &mark).stdin(stdin).stderr(log.try_clone()?);
        bound.stdout(stdout.unwrap_or_else(|| log.into()));
        let mut child = bound.spawn().with_context(|| format!("cannot start {name}"))?;
        let stdin = child.stdin.take();
        Ok(Self { name, child, stdin, mark })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// The processes that it started, directly or not, and that run `program`.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn descendants(&self, program: &Path) -> Result<Vec<u32>> {
        let program = program.canonicalize()?;
        let running =
            |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
        Ok(marked(&self.mark)?.into_iter().filter(running).collect())
    }

    /// Ends it and all that it started.
    ///
    /// # Errors
    /// When something of it could not be ended.
    pub fn end(&mut self) -> Result<()> {
        // A program that serves until the end of its input is asked to end by this.
        let asked = self.stdin.take().is_some();
        if !asked && self.is_running()? {
            signal(self.id(), Signal::TERM);
        }
        let begin = Instant::now();
        while self.is_running()? && begin.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(5));
        }
        if self.is_running()? {
            signal(self.id(), Signal::KILL);
            self.child.wait()?;
        }
        // Whatever it left behind. New ones may come while we look, but not for long.
        while begin.elapsed() < GRACE * 2 {
            let left = marked(&self.mark)?;
            if left.is_empty() {
                return Ok(());
            }
            for pid in left {
                signal(pid, Signal::KILL);
            }
            thread::sleep(Duration::from_millis(5));
        }
        bail!("{} left processes that do not end", self.name)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A failure here must not hide why a test failed; nextest reports what leaks.
        let _ = self.end();
    }
}

/// The lines of a program's standard output.
#[derive(Debug)]
pub struct Lines(mpsc::Receiver<String>);

impl Lines {
    /// The first line for which `pick` gives something.
    ///
    /// # Errors
    /// When the program ended, or said nothing of the kind within `patience`.
    pub fn find<T>(&self, patience: Duration, pick: impl Fn(&str) -> Option<T>) -> Result<T> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.0.recv_timeout(left) {
                Ok(line) => {
                    if let Some(found) = pick(&line) {
                        return Ok(found);
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    return Err(anyhow!("it was not ready within {} s", patience.as_secs()));
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(anyhow!("it ended before it was ready"));
                }
            }
        }
    }
}

/// Ends one process at once, as a crash does.
pub fn crash(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Asks one process to end, as `kill` and the system's end do.
pub fn terminate(pid: u32) {
    signal(pid, Signal::TERM);
}

/// Sends a signal; a process that is gone needs none.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// All processes with the mark that are not dead.
fn marked(mark: &str) -> Result<Vec<u32>> {
    let wanted = format!("{MARK}={mark}");
    Ok(running()?
        .into_iter()
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes()))
        })
        .collect())
}

/// All processes of a user; for sessions of `login`, which get an environment of their own.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn of_user(uid: u32) -> Result<Vec<u32>> {
    use std::os::unix::fs::MetadataExt;
    Ok(running()?
        .into_iter()
        .filter(|pid| fs::metadata(format!("/proc/{pid}")).is_ok_and(|meta| meta.uid() == uid))
        .collect())
}

/// The program that a process runs.
pub fn program_of(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

fn running() -> Result<Vec<u32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry?.file_name();
        if let Some(pid) = number(&name) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

fn number(name: &OsStr) -> Option<u32> {
    std::str::from_utf8(name.as_bytes()).ok()?.parse().ok()
}
