// SPDX-License-Identifier: LGPL-2.1-or-later

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use images_catalog::blocks::Writer;
use images_catalog::{RevisionFacts, TagFacts};
use images_proto::repository::Origin;

use super::*;

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn key() -> Key {
    Key::of("https://api.example.com amy")
}

/// A catalog with so many repositories.
fn catalog(repositories: u8) -> Catalog {
    let mut catalog = Catalog::default();
    for byte in 0..repositories {
        let tag = TagFacts {
            tag: "v1".parse().unwrap(),
            revisions: vec![RevisionFacts { digest: digest(byte), created: None }],
            origin: Origin::Pushed,
            problem: None,
        };
        catalog.put_repository(&format!("shop/api-{byte}").parse().unwrap(), Some(vec![tag]));
    }
    catalog
}

fn blocks(catalog: &Catalog) -> Vec<Vec<u8>> {
    let mut writer = Writer::default();
    std::iter::from_fn(|| writer.next(catalog)).collect()
}

fn write(all: &Recollections, key: Key, catalog: &Catalog) {
    let mut writing = all.write(key, 1_700_000_000).unwrap();
    blocks(catalog).iter().try_for_each(|block| writing.block(block)).unwrap();
    writing.manifests(&[(digest(7), 1 << 40)]).unwrap();
    writing.finish().unwrap();
}

struct Place {
    _home: tempfile::TempDir,
    folder: PathBuf,
    all: Recollections,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("cockpit-images/catalogs");
        let all = Recollections::in_folder(folder.clone());
        Self { _home: home, folder, all }
    }

    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap();
        let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_written_is_read_by_the_same_key_alone() {
    let place = Place::new();
    assert!(place.all.read(key()).is_none());
    write(&place.all, key(), &catalog(3));
    let read = place.all.read(key()).unwrap();
    assert_eq!(read.catalog.counts(), catalog(3).counts());
    assert_eq!(read.manifests, HashMap::from([(digest(7), 1 << 40)]));
    assert_eq!(read.since, 1_700_000_000);
    let other = Key::of("https://api.example.com jane");
    assert!(place.all.read(other).is_none());
    // Not even where somebody gave the file another name.
    fs::copy(&place.files()[0], folder::path(&place.folder, other)).unwrap();
    assert!(place.all.read(other).is_none());
}

#[test]
fn nobody_else_can_read_it() {
    let place = Place::new();
    fs::create_dir_all(&place.folder).unwrap();
    fs::set_permissions(&place.folder, fs::Permissions::from_mode(0o755)).unwrap();
    write(&place.all, key(), &catalog(1));
    assert_eq!((mode(&place.folder), mode(&place.files()[0])), (0o700, 0o600));
    let place = Place::new();
    write(&place.all, key(), &catalog(1));
    assert_eq!(mode(&place.folder), 0o700);
    assert_eq!(mode(place.folder.parent().unwrap()), 0o700);
}

#[test]
fn whatever_is_damaged_counts_as_nothing() {
    let place = Place::new();
    write(&place.all, key(), &catalog(3));
    let [file] = &place.files()[..] else { panic!("one file") };
    let good = fs::read(file).unwrap();
    for cut in 0..good.len() {
        fs::write(file, &good[..cut]).unwrap();
        assert!(place.all.read(key()).is_none(), "cut after {cut} of {}", good.len());
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(file, &bad).unwrap();
        assert!(place.all.read(key()).is_none(), "another byte at {at} of {}", good.len());
    }
    fs::write(file, &good).unwrap();
    assert!(place.all.read(key()).is_some(), "the file was good");
}

#[test]
fn a_file_of_another_version_or_too_large_a_one_counts_as_nothing() {
    let place = Place::new();
    write(&place.all, key(), &catalog(1));
    let path = &place.files()[0];
    let good = fs::read(path).unwrap();
    for form in [16 + 8, 16 + 8 + 4] {
        let mut newer = good.clone();
        newer[form] += 1;
        let sum = crc32fast::hash(&newer[24..72]);
        newer[20..24].copy_from_slice(&sum.to_le_bytes());
        fs::write(path, &newer).unwrap();
        let error = read(path, key()).err().unwrap();
        assert!(error.to_string().contains("another version"), "{error}");
    }
    // Without a byte on the disk.
    File::options().write(true).open(path).unwrap().set_len(1 << 40).unwrap();
    assert!(read(path, key()).err().unwrap().to_string().contains("too large"));
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    assert!(place.all.read(key()).is_none());
}

#[test]
fn what_is_not_finished_changes_nothing_and_leaves_nothing() {
    let place = Place::new();
    write(&place.all, key(), &catalog(1));
    let before = fs::read(&place.files()[0]).unwrap();
    let mut writing = place.all.write(key(), 1).unwrap();
    blocks(&catalog(5)).iter().try_for_each(|block| writing.block(block)).unwrap();
    assert_eq!(place.files().len(), 2);
    drop(writing);
    assert_eq!(place.files().len(), 1);
    assert_eq!(fs::read(&place.files()[0]).unwrap(), before);
    let mut writing = place.all.write(key(), 1).unwrap();
    assert!(writing.block(&vec![0; 65 << 20]).is_err(), "too large a piece");
}

#[test]
fn what_was_of_no_use_for_longest_goes_first() {
    let place = Place::new();
    let keys: Vec<_> = (0..5).map(|number| Key::of(&number.to_string())).collect();
    let path = |key| folder::path(&place.folder, key);
    let age = |path: &Path, seconds| {
        let time = SystemTime::now() - Duration::from_secs(seconds);
        File::open(path).unwrap().set_modified(time).unwrap();
    };
    for (number, key) in (0..).zip(&keys) {
        write(&place.all, *key, &catalog(1));
        age(&path(*key), 100 - number);
    }
    // The oldest was of use just now.
    assert!(place.all.read(keys[0]).is_some());
    // What crashes left, and what somebody writes in this moment.
    let [stale, fresh] = ["stale.1.new", "fresh.2.new"].map(|name| place.folder.join(name));
    for path in [&stale, &fresh] {
        fs::write(path, "x").unwrap();
    }
    age(&stale, 7200);
    let kept = |keys: &[Key]| keys.iter().map(|key| path(*key).exists()).collect::<Vec<_>>();
    folder::tidy(&place.folder, Bounds { count: 3, bytes: 1 << 20 });
    assert_eq!(kept(&keys), [true, false, false, true, true]);
    assert!(!stale.exists() && fresh.exists());
    let length = fs::metadata(path(keys[0])).unwrap().len();
    folder::tidy(&place.folder, Bounds { count: 3, bytes: 2 * length });
    assert_eq!(kept(&keys), [true, false, false, false, true]);
}

#[test]
fn only_an_absolute_path_is_a_place() {
    let place = |cache: Option<&str>, home: Option<&str>| {
        folder::place(cache.map(Into::into), home.map(Into::into))
    };
    let at = |path: &str| Some(PathBuf::from(path));
    assert_eq!(place(Some("/c"), Some("/h")), at("/c/cockpit-images/catalogs"));
    assert_eq!(place(Some("c"), Some("/h")), at("/h/.cache/cockpit-images/catalogs"));
    assert_eq!(place(None, Some("h")), None);
    assert!(!Recollections::default().have_a_place());
    assert!(Recollections::default().write(key(), 1).is_err());
}
