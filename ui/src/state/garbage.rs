// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a look at a plain registry's garbage means.

use images_proto::garbage::View;

/// What becomes of pushes while garbage is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collecting {
    /// Nobody can push anyway.
    IsReadOnly,
    /// The registry takes none meanwhile.
    MadeReadOnly,
    /// They go on and may be damaged.
    WithPushes,
}

/// What becomes of pushes.
pub fn collecting(look: &View) -> Collecting {
    match look.read_only {
        None => Collecting::IsReadOnly,
        Some(true) => Collecting::MadeReadOnly,
        Some(false) => Collecting::WithPushes,
    }
}

/// Whether it is known that there is nothing to collect.
pub fn is_clean(look: &View) -> bool {
    look.failure.is_none() && look.blobs == Some(0) && look.manifests.is_empty()
}

/// Whether there may be something to collect, and a way to do it from here.
pub fn may_collect(look: &View) -> bool {
    look.pod.is_some() && look.failure.is_none() && !is_clean(look)
}

#[cfg(test)]
mod tests {
    use images_proto::{Code, Failure};

    use super::*;

    #[test]
    fn nothing_is_collected_where_there_is_nothing_or_no_way() {
        let look = View {
            blobs: Some(3),
            bytes: Some(10),
            pod: Some("registry/registry-0".to_owned()),
            ..View::default()
        };
        assert!(may_collect(&look));
        let clean = View { blobs: Some(0), ..look.clone() };
        assert!(is_clean(&clean) && !may_collect(&clean));
        // Where nobody could look, there may be something.
        let unknown = View { blobs: None, bytes: None, ..look.clone() };
        assert!(!is_clean(&unknown) && may_collect(&unknown));
        let untagged = vec![("a/b".parse().unwrap(), "sha256:1".to_owned())];
        assert!(may_collect(&View { blobs: Some(0), manifests: untagged, ..look.clone() }));
        assert!(!may_collect(&View { pod: None, ..look.clone() }));
        let failure = Some(Failure::new(Code::Forbidden, "no"));
        let failed = View { failure, blobs: Some(0), ..look };
        assert!(!is_clean(&failed) && !may_collect(&failed));
    }

    #[test]
    fn pushes_are_safe_only_where_it_is_said() {
        let of = |read_only| collecting(&View { read_only, ..View::default() });
        assert_eq!(of(None), Collecting::IsReadOnly);
        assert_eq!(of(Some(true)), Collecting::MadeReadOnly);
        assert_eq!(of(Some(false)), Collecting::WithPushes);
    }
}
