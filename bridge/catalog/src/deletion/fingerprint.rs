// SPDX-License-Identifier: LGPL-2.1-or-later

//! The name of a plan: a hash over all that it does.

use images_proto::Digest;
use images_proto::delete::{Extent, Step};
use sha2::{Digest as _, Sha256};

/// Names a plan by what it does: SHA-256, in hex. Two plans have the same name if they do the same
/// steps in the same order, as far and with as little regard for age.
pub fn fingerprint(steps: &[Step], extent: Extent, insist: bool) -> String {
    let mut hash = Hash(Sha256::new());
    hash.byte(match extent {
        Extent::Unlink => 0,
        Extent::Purge => 1,
    });
    hash.byte(u8::from(insist));
    for step in steps {
        hash.step(step);
    }
    Digest::from_bytes(hash.0.finalize().into()).hex()
}

/// Every part is written so that its end is known: no two lists of steps are written the same.
struct Hash(Sha256);

impl Hash {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Tag { tag, digest } => {
                self.byte(1);
                self.text(tag.repository.as_str());
                self.text(tag.tag.as_str());
                match digest {
                    Some(digest) => {
                        self.byte(1);
                        self.digest(digest);
                    }
                    None => self.byte(0),
                }
            }
            Step::Revision { tag, digest } => {
                self.byte(2);
                self.text(tag.repository.as_str());
                self.text(tag.tag.as_str());
                self.digest(digest);
            }
            Step::Manifest { repository, digest, tags } => {
                self.byte(3);
                self.text(repository.as_str());
                self.digest(digest);
                self.0.update((tags.len() as u64).to_be_bytes());
                for tag in tags {
                    self.text(tag.as_str());
                }
            }
            Step::Link { repository, digest } => {
                self.byte(4);
                self.text(repository.as_str());
                self.digest(digest);
            }
            Step::Repository(repository) => {
                self.byte(5);
                self.text(repository.as_str());
            }
            Step::Blob(digest) => {
                self.byte(6);
                self.digest(digest);
            }
            Step::Image(digest) => {
                self.byte(7);
                self.digest(digest);
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.0.update([byte]);
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn digest(&mut self, digest: &Digest) {
        self.0.update(digest.as_bytes());
    }
}
