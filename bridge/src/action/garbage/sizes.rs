// SPDX-License-Identifier: LGPL-2.1-or-later

//! The blobs in a registry's folder and their sizes, as the pod's own file system tells them.

use std::collections::HashMap;

use images_proto::Digest;

use super::place::Place;
use super::program::LOOK;

/// The bytes of each blob.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes(HashMap<Digest, u64>);

/// The blobs that are there now; `None` where nobody can look: the container has no `find`, or the
/// registry keeps its data elsewhere.
pub(super) async fn look(place: &Place) -> Option<Sizes> {
    let folder = format!("{}/docker/registry/v2/blobs", place.program.root);
    let command = ["find", &folder, "-type", "f", "-name", "data", "-exec", "stat", "-c", "%s %n"];
    let command: Vec<_> = command.into_iter().chain(["{}", "+"]).map(str::to_owned).collect();
    let mut sizes = HashMap::new();
    let read = |line: &str| sizes.extend(entry(line));
    let ended = place.cluster.exec(&place.program.container, &command, LOOK, read).await;
    // One that could not look into every folder knows of no total.
    ended.ok().filter(|ended| ended.is_success()).map(|_| Sizes(sizes))
}

/// `600 /var/lib/registry/docker/registry/v2/blobs/sha256/bb/bb80…/data`
fn entry(line: &str) -> Option<(Digest, u64)> {
    let (size, path) = line.split_once(' ')?;
    let mut parts = path.rsplit('/').skip(1);
    let digest = Digest::from_hex(parts.next()?).ok()?;
    (parts.nth(1) == Some("sha256")).then_some((digest, size.parse().ok()?))
}

impl Sizes {
    /// The bytes of these blobs. One that is not there has none.
    pub(super) fn of<'a>(&self, blobs: impl IntoIterator<Item = &'a Digest>) -> u64 {
        let sizes = blobs.into_iter().filter_map(|blob| self.0.get(blob));
        sizes.fold(0, |sum, size| sum.saturating_add(*size))
    }

    /// How many blobs are not there `later`, and their bytes.
    pub(super) fn without(&self, later: &Self) -> (u32, u64) {
        let gone = self.0.iter().filter(|(digest, _)| !later.0.contains_key(*digest));
        gone.fold((0, 0), |(count, sum), (_, size)| (count + 1, size.saturating_add(sum)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(lines: &[&str]) -> Sizes {
        Sizes(lines.iter().filter_map(|line| entry(line)).collect())
    }

    fn path(digit: &str) -> String {
        let hex = digit.repeat(64);
        format!("/data/docker/registry/v2/blobs/sha256/{}/{hex}/data", &hex[..2])
    }

    #[test]
    fn what_went_is_counted_once() {
        let before = sizes(&[&format!("600 {}", path("a")), &format!("7 {}", path("b"))]);
        let later = sizes(&[&format!("7 {}", path("b")), &format!("9 {}", path("c"))]);
        assert_eq!(before.without(&later), (1, 600));
        let digests = ["a", "d"].map(|digit| Digest::from_hex(&digit.repeat(64)).unwrap());
        assert_eq!(before.of(&digests), 600);
    }

    #[test]
    fn other_files_are_none() {
        let other = path("a").replace("sha256", "sha512");
        for line in
            ["", "5", "x /y", "5 /data", &format!("5 {other}"), &format!("-1 {}", path("a"))]
        {
            assert_eq!(entry(line), None, "{line}");
        }
    }
}
