// SPDX-License-Identifier: LGPL-2.1-or-later

//! The commit that an image was built from, as its labels say.

/// The labels that name it, the one that counts first: OCI's (image-spec, annotations.md), those of
/// OpenShift's builds, and what was there before OCI (label-schema.org).
const LABELS: [&str; 4] = [
    "org.opencontainers.image.revision",
    "io.openshift.build.commit.id",
    "vcs-ref",
    "org.label-schema.vcs-ref",
];
/// The most that is kept of one, in bytes. A hash has 64.
const MOST: usize = 100;

/// The commit.
pub(super) fn of<'a>(labels: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Option<&'a str> {
    LABELS.iter().find_map(|wanted| {
        let (_, value) = labels.clone().find(|(name, _)| name == wanted)?;
        let value = value.trim();
        let value = &value[..value.floor_char_boundary(MOST)];
        // What draws on a screen is no name of a commit.
        (!value.is_empty() && !value.contains(char::is_control)).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_label_that_says_something_counts() {
        let of = |labels: &[(&'static str, &'static str)]| of(labels.iter().copied());
        assert_eq!(of(&[("vcs-ref", "b"), ("io.openshift.build.commit.id", " a ")]), Some("a"));
        assert_eq!(of(&[("org.opencontainers.image.revision", " "), ("vcs-ref", "b")]), Some("b"));
        assert_eq!(of(&[("vcs-ref", "a\u{1b}[2J")]), None);
        assert_eq!(of(&[("version", "1")]), None);
        let long = "ä".repeat(90);
        let cut = super::of([("vcs-ref", &*long)].into_iter());
        assert_eq!(cut.map(str::len), Some(100));
    }
}
