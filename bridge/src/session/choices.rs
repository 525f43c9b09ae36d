// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is remembered from one login to the next: the context, the registry of each cluster, and the
//! stages of each registry.
//!
//! Names and addresses alone, in a file that only the user reads; logins never stand here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use images_proto::route::Choice;
use images_proto::stage::Setting;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The largest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;
/// The clusters whose registry is remembered, and the registries whose stages are; a new one beyond
/// them is not.
const MOST_CLUSTERS: usize = 1_000;

/// The choices, and the file that keeps them.
#[derive(Debug, Default)]
pub struct Choices {
    /// `None`: there is no home to keep them in.
    file: Option<PathBuf>,
    kept: Mutex<Kept>,
    /// Ticks when the stages of a registry changed.
    stages: watch::Sender<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// By the API server's address.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    registries: BTreeMap<String, Choice>,
    /// By the registry's key in the history.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stages: BTreeMap<String, Setting>,
}

impl Choices {
    /// Reads the user's choices. What makes no sense counts as nothing chosen.
    pub fn load() -> Self {
        match place(std::env::var_os("XDG_CONFIG_HOME"), std::env::home_dir()) {
            Some(file) => Self::load_from(file),
            None => Self::in_memory(),
        }
    }

    /// Reads the choices in this file, which need not exist.
    pub fn load_from(file: PathBuf) -> Self {
        let kept = read(&file).unwrap_or_default();
        Self { file: Some(file), kept: Mutex::new(kept), ..Self::default() }
    }

    /// Choices that are forgotten with the session.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The context that was chosen.
    pub fn context(&self) -> Option<String> {
        self.kept().context.clone()
    }

    /// Remembers a context, or that the kubeconfig's own is wanted.
    ///
    /// # Errors
    /// When it cannot be written down; it holds for this session all the same.
    pub fn set_context(&self, context: Option<String>) -> io::Result<()> {
        self.change(|kept| kept.context = context)
    }

    /// The registry that was chosen for the cluster with this API server.
    pub fn registry(&self, server: &str) -> Option<Choice> {
        self.kept().registries.get(server).cloned()
    }

    /// Remembers the registry of a cluster, or that it is to be found.
    ///
    /// # Errors
    /// When it cannot be written down; it holds for this session all the same.
    pub fn set_registry(&self, server: &str, choice: Option<Choice>) -> io::Result<()> {
        self.change(|kept| {
            match choice {
                Some(choice) => {
                    let known = kept.registries.contains_key(server);
                    if known || kept.registries.len() < MOST_CLUSTERS {
                        kept.registries.insert(server.to_owned(), choice);
                    }
                }
                None => drop(kept.registries.remove(server)),
            };
        })
    }

    /// The stages of the registry with this key ([`Place::key`](crate::record::Place)); none when
    /// nothing that makes sense was chosen.
    pub fn stages(&self, key: &str) -> Setting {
        let kept = self.kept();
        kept.stages.get(key).filter(|setting| setting.check().is_ok()).cloned().unwrap_or_default()
    }

    /// Remembers the stages of a registry; without any, that none were chosen.
    ///
    /// # Errors
    /// When it cannot be written down; it holds for this session all the same.
    pub fn set_stages(&self, key: &str, setting: Setting) -> io::Result<()> {
        let changed = self.change(|kept| {
            if setting.stages.is_empty() {
                kept.stages.remove(key);
            } else if kept.stages.contains_key(key) || kept.stages.len() < MOST_CLUSTERS {
                kept.stages.insert(key.to_owned(), setting);
            }
        });
        self.stages.send_modify(|count| *count += 1);
        changed
    }

    /// Ticks when the stages of a registry changed.
    pub fn stages_changes(&self) -> watch::Receiver<u64> {
        self.stages.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        // Held while the file is written: two changes at once must not overtake each other.
        let mut kept = self.kept();
        let before = kept.clone();
        change(&mut kept);
        match &self.file {
            Some(file) if *kept != before => write(file, &kept),
            _ => Ok(()),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the choices are kept; XDG has relative paths ignored.
fn place(config: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let config = config.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|path| path.is_absolute());
    let config = config.or_else(|| Some(home?.join(".config")))?;
    Some(config.join("cockpit-images/choices.json"))
}

fn read(file: &Path) -> Option<Kept> {
    let length = std::fs::metadata(file).ok()?.len();
    if length > LIMIT {
        return None;
    }
    let kept = serde_json::from_slice(&std::fs::read(file).ok()?);
    if kept.is_err() {
        tracing::warn!(file = %file.display(), "the remembered choices make no sense");
    }
    kept.ok()
}

/// Writes all or nothing: a session that ends in the middle leaves the old choices.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // One name for each process: sessions of one user may write at the same time.
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        let mut options = std::fs::OpenOptions::new();
        let mut output = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        serde_json::to_writer(&mut output, kept)?;
        output.write_all(b"\n")?;
        output.sync_all()?;
        std::fs::rename(&new, file)
    })();
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn choices_outlive_the_session_and_are_the_users_alone() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".config/cockpit-images/choices.json");
        let choices = Choices::load_from(file.clone());
        assert_eq!(choices.context(), None);
        choices.set_context(Some("amy@planet".to_owned())).unwrap();
        let address = Choice::Address("https://registry.example.com".to_owned());
        choices.set_registry("https://a:6443", Some(address.clone())).unwrap();
        choices.set_registry("https://b:6443", Some(address.clone())).unwrap();
        choices.set_registry("https://b:6443", None).unwrap();

        let again = Choices::load_from(file.clone());
        assert_eq!(again.context().as_deref(), Some("amy@planet"));
        assert_eq!(again.registry("https://a:6443"), Some(address));
        assert_eq!(again.registry("https://b:6443"), None);
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        let names = std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "nothing else is left behind");
    }

    #[test]
    fn stages_are_remembered_for_each_registry() {
        use images_proto::stage::By;
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("choices.json");
        let choices = Choices::load_from(file.clone());
        let mut changes = choices.stages_changes();
        let stages = vec!["dev".to_owned(), "prod".to_owned()];
        let setting = Setting { by: By::Tag, stages };
        choices.set_stages("https://a:6443", setting.clone()).unwrap();
        choices.set_stages("b", setting.clone()).unwrap();
        choices.set_stages("b", Setting::default()).unwrap();
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert_eq!(choices.context(), None);
        let again = Choices::load_from(file.clone());
        assert_eq!(again.stages("https://a:6443"), setting);
        assert_eq!(again.stages("b"), Setting::default());
        // What somebody wrote there by hand may be no name at all.
        let text = std::fs::read_to_string(&file).unwrap().replace("prod", "../x y");
        std::fs::write(&file, text).unwrap();
        assert_eq!(Choices::load_from(file).stages("https://a:6443"), Setting::default());
    }

    #[test]
    fn nonsense_is_nothing_chosen() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("choices.json");
        for text in ["", "[]", "{\"context\": 7}", "{\"registries\": {\"x\": {\"moon\": 1}}}"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(Choices::load_from(file.clone()).context(), None, "{text}");
        }
        let choices = Choices::load_from(file.clone());
        choices.set_context(Some("a".to_owned())).unwrap();
        assert_eq!(Choices::load_from(file).context().as_deref(), Some("a"));
    }

    #[test]
    fn a_choice_holds_even_where_nothing_can_be_written() {
        let choices = Choices::load_from(PathBuf::from("/proc/no/such/choices.json"));
        assert!(choices.set_context(Some("a".to_owned())).is_err());
        assert_eq!(choices.context().as_deref(), Some("a"));
        let choices = Choices::in_memory();
        choices.set_context(Some("b".to_owned())).unwrap();
        assert_eq!(choices.context().as_deref(), Some("b"));
    }

    #[test]
    fn the_place_follows_xdg() {
        let home = || Some(PathBuf::from("/home/amy"));
        let at = |config: &str, home| place(Some(config.into()), home);
        let usual = Some(PathBuf::from("/home/amy/.config/cockpit-images/choices.json"));
        assert_eq!(at("/etc/x", home()), Some("/etc/x/cockpit-images/choices.json".into()));
        assert_eq!(at("relative", home()), usual);
        assert_eq!(place(None, home()), usual);
        assert_eq!(place(None, None), None);
    }
}
