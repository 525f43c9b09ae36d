// SPDX-License-Identifier: LGPL-2.1-or-later

//! No text makes the parsers of references panic, and what they read is what they write.

#![no_main]

use images_proto::{Digest, DigestPrefix, PullSpec, RepositoryName, Tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(spec) = text.parse::<PullSpec>() {
        assert_eq!(spec.to_string().parse(), Ok(spec));
    }
    if let Ok(name) = text.parse::<RepositoryName>() {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(tag) = text.parse::<Tag>() {
        assert_eq!(tag.as_str(), text);
        let _ = tag.attached_to();
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text.to_ascii_lowercase());
    }
    if let Some(prefix) = DigestPrefix::from_hex(text) {
        assert!(prefix.matches(&prefix.lowest()));
    }
});
