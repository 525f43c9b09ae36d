// SPDX-License-Identifier: LGPL-2.1-or-later

//! Files whose change is noticed, wherever on the way to them it happens: in the file, by a new one
//! put in its place, or by a symbolic link that leads elsewhere. The kernel tells; nothing polls.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};
use ring::digest::{SHA256, digest};
use tokio::time::timeout;

/// The largest file that is read, in bytes. Changes beyond it are not noticed.
const LIMIT: u64 = 4 << 20;
/// How long it has to be quiet before the files are read: most writers do it in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long changes are waited out that do not end.
const RESTLESS: Duration = Duration::from_secs(2);
/// The symbolic links that are followed to one file.
const LINKS: usize = 40;

/// A file's content, as far as one has to know whether it is another one by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(Option<[u8; 32]>);

/// Files, and what stood in them when they were read.
pub type Seen = BTreeMap<PathBuf, Fingerprint>;

impl Fingerprint {
    /// Of a file that is not there or cannot be read.
    pub const ABSENT: Self = Self(None);

    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(Some(sum))
    }

    /// Of what stands in the file now.
    pub fn read(file: &Path) -> Self {
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
        read.map_or(Self::ABSENT, |_| Self::of(&bytes))
    }
}

/// Waits until one of the files has another content than what was seen, also if that happened
/// before. Where the kernel cannot be asked, it waits for ever.
pub async fn changed(seen: &Seen) {
    if let Err(error) = wait(seen).await {
        tracing::warn!(%error, "changes of the kubeconfig are not noticed");
        std::future::pending::<()>().await;
    }
}

async fn wait(seen: &Seen) -> io::Result<()> {
    if seen.is_empty() {
        return std::future::pending().await;
    }
    loop {
        // Anew after each change: it may lead another way by now.
        let inotify = Inotify::init()?;
        let interests = watch(&inotify, seen)?;
        if is_changed(seen) {
            return Ok(());
        }
        let mut events = inotify.into_event_stream([0; 4096])?;
        loop {
            let Some(event) = events.next().await.transpose()? else { return Ok(()) };
            if interests.is_one(&event.wd, event.name.as_deref(), event.mask) {
                break;
            }
        }
        let settle = async { while let Ok(Some(Ok(_))) = timeout(QUIET, events.next()).await {} };
        let _ = timeout(RESTLESS, settle).await;
    }
}

fn is_changed(seen: &Seen) -> bool {
    seen.iter().any(|(file, before)| Fingerprint::read(file) != *before)
}

/// The names in watched folders that matter.
#[derive(Default)]
struct Interests(Vec<(WatchDescriptor, BTreeSet<OsString>)>);

impl Interests {
    fn is_one(
        &self,
        folder: &WatchDescriptor,
        name: Option<&std::ffi::OsStr>,
        mask: EventMask,
    ) -> bool {
        // A folder that goes, or events that were lost, may mean anything.
        let Some(name) = name else { return true };
        mask.contains(EventMask::Q_OVERFLOW)
            || self.0.iter().any(|(known, names)| known == folder && names.contains(name))
    }
}

fn watch(inotify: &Inotify, seen: &Seen) -> io::Result<Interests> {
    let mut names = BTreeMap::<PathBuf, BTreeSet<OsString>>::new();
    for file in seen.keys() {
        for (folder, name) in steps(file) {
            names.entry(folder).or_default().insert(name);
        }
    }
    let mask = WatchMask::CREATE
        | WatchMask::CLOSE_WRITE
        | WatchMask::MOVED_TO
        | WatchMask::MOVED_FROM
        | WatchMask::DELETE
        | WatchMask::ATTRIB
        | WatchMask::DELETE_SELF
        | WatchMask::MOVE_SELF
        | WatchMask::ONLYDIR;
    let mut interests = Interests::default();
    for (folder, names) in names {
        match inotify.watches().add(&folder, mask) {
            Ok(descriptor) => interests.0.push((descriptor, names)),
            // One that may not be read, or went in this moment; its parent is watched, too.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound
                        | io::ErrorKind::PermissionDenied
                        | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(interests)
}

/// The folders on the way to a file whose names decide what it is: those with symbolic links, and
/// the last that is there. That a folder itself goes away, its own watch tells.
fn steps(file: &Path) -> Vec<(PathBuf, OsString)> {
    let mut steps = Vec::new();
    let mut links = 0;
    let mut folder = PathBuf::from("/");
    let mut rest: Vec<OsString> = names(file);
    while let Some(name) = rest.pop() {
        if name == ".." {
            folder.pop();
            continue;
        }
        let place = folder.join(&name);
        match std::fs::read_link(&place) {
            Ok(target) if links < LINKS => {
                links += 1;
                steps.push((folder.clone(), name));
                if target.is_absolute() {
                    folder = PathBuf::from("/");
                }
                rest.extend(names(&target));
            }
            _ if rest.is_empty() || !place.exists() => {
                steps.push((folder, name));
                break;
            }
            _ => folder = place,
        }
    }
    steps
}

/// The names of a path, the last first.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn seen(file: &Path) -> Seen {
        Seen::from([(file.to_owned(), Fingerprint::read(file))])
    }

    /// Waits while `change` is done, once the watch surely runs or not: both must notice.
    async fn notices(file: &Path, change: impl FnOnce()) {
        let seen = seen(file);
        let waiting = changed(&seen);
        let changing = async {
            // The watch is set up at the first poll of the other half.
            tokio::task::yield_now().await;
            change();
        };
        let both = async { tokio::join!(waiting, changing) };
        timeout(Duration::from_secs(10), both).await.expect("noticed");
        assert!(is_changed(&seen));
    }

    #[tokio::test]
    async fn a_file_may_be_written_replaced_removed_or_come_into_being() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".kube/config");
        notices(&file, || {
            fs::create_dir(home.path().join(".kube")).unwrap();
            fs::write(&file, "1").unwrap();
        })
        .await;
        notices(&file, || fs::write(&file, "2").unwrap()).await;
        notices(&file, || {
            let new = home.path().join(".kube/new");
            fs::write(&new, "3").unwrap();
            fs::rename(new, &file).unwrap();
        })
        .await;
        notices(&file, || fs::remove_dir_all(home.path().join(".kube")).unwrap()).await;
        notices(&file, || {
            let other = home.path().join("other");
            fs::create_dir(&other).unwrap();
            fs::write(other.join("config"), "4").unwrap();
            fs::rename(other, home.path().join(".kube")).unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn links_that_are_swapped_are_noticed() {
        // As the kubelet does it with the files of a secret.
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        for (folder, text) in [("first", "1"), ("second", "2")] {
            fs::create_dir(place(folder)).unwrap();
            fs::write(place(folder).join("token"), text).unwrap();
        }
        symlink("first", place("..data")).unwrap();
        symlink("..data/token", place("token")).unwrap();
        notices(&place("token"), || {
            symlink("second", place("..new")).unwrap();
            fs::rename(place("..new"), place("..data")).unwrap();
        })
        .await;
        notices(&place("token"), || fs::write(place("second").join("token"), "3").unwrap()).await;
    }

    #[tokio::test]
    async fn the_same_bytes_are_no_change() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config");
        fs::write(&file, "same").unwrap();
        let seen = seen(&file);
        let waiting = changed(&seen);
        tokio::pin!(waiting);
        let rewrite = async {
            tokio::task::yield_now().await;
            fs::write(&file, "same").unwrap();
            fs::write(home.path().join("other"), "x").unwrap();
        };
        let soon = Duration::from_millis(500);
        let (early, ()) = tokio::join!(timeout(soon, &mut waiting), rewrite);
        assert!(early.is_err(), "nothing changed");
        fs::write(&file, "else").unwrap();
        timeout(Duration::from_secs(10), waiting).await.expect("still watched");
    }

    #[tokio::test]
    async fn what_changed_before_is_noticed_at_once() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config");
        fs::write(&file, "1").unwrap();
        let seen = seen(&file);
        fs::write(&file, "2").unwrap();
        timeout(Duration::from_secs(10), changed(&seen)).await.unwrap();
    }
}
