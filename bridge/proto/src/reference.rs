// SPDX-License-Identifier: LGPL-2.1-or-later

//! Names of repositories and tags, and the pull specs made of them.
//!
//! The grammar is that of the distribution-spec ("Pulling manifests": `<name>` and `<reference>`)
//! and of Docker references for the host in front of it.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Digest, DigestError};

/// The name of a repository inside its registry, such as `skyfield/api`: path components of
/// lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`, 255 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

/// A tag: a letter, digit or `_`, then up to 127 of these and `.` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// One tag of one repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TagRef {
    /// The repository.
    pub repository: RepositoryName,
    /// The tag in it.
    pub tag: Tag,
}

/// What is written after `podman pull`: `[HOST/]NAME[:TAG][@DIGEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSpec {
    /// The registry's host and port, when the first component looks like one (it has a `.` or `:`,
    /// or is `localhost`).
    pub host: Option<String>,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag.
    pub tag: Option<Tag>,
    /// The digest.
    pub digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceError {
    /// The host has characters that no host or port has.
    Host,
    /// The repository's name breaks the rules.
    Repository,
    /// The tag breaks the rules.
    Tag,
    /// The digest is none.
    Digest(DigestError),
}

impl RepositoryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project (OpenShift) or first path component, `None` for a name of one component.
    pub fn project(&self) -> Option<&str> {
        self.0.split_once('/').map(|(project, _)| project)
    }

    /// What stands behind the project: the name of the image stream on OpenShift.
    pub fn name_in_project(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest whose signature, attestation or SBOM this tag holds, by cosign's naming
    /// (`sha256-HEX.sig`, `.att`, `.sbom`) and the referrers fallback of the distribution-spec
    /// (`sha256-HEX`).
    pub fn attached_to(&self) -> Option<Digest> {
        let rest = self.0.strip_prefix("sha256-")?;
        let (hex, kind) = rest.split_once('.').unwrap_or((rest, ""));
        matches!(kind, "" | "sig" | "att" | "sbom").then(|| Digest::from_hex(hex).ok())?
    }
}

impl FromStr for RepositoryName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        if text.len() <= 255 && text.split('/').all(is_path_component) {
            Ok(Self(text))
        } else {
            Err(ReferenceError::Repository)
        }
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Tag {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut bytes = text.bytes();
        if text.len() <= 128
            && bytes.next().is_some_and(word)
            && bytes.all(|byte| word(byte) || byte == b'.' || byte == b'-')
        {
            Ok(Self(text))
        } else {
            Err(ReferenceError::Tag)
        }
    }
}

impl FromStr for PullSpec {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(ReferenceError::Digest)?)),
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            // A colon before the last slash belongs to the host's port.
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.parse()?)),
            _ => (rest, None),
        };
        let (host, name) = match rest.split_once('/') {
            Some((host, name)) if host.contains(['.', ':']) || host == "localhost" => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
                if !host.bytes().all(plain) {
                    return Err(ReferenceError::Host);
                }
                (Some(host.to_owned()), name)
            }
            _ => (None, rest),
        };
        Ok(Self { host, repository: name.parse()?, tag, digest })
    }
}

impl fmt::Display for PullSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        f.write_str(&self.repository.0)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for TagRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.0
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl Borrow<str> for RepositoryName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Tag {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("a host has letters, digits, dots, dashes and a port only"),
            Self::Repository => f.write_str(
                "a repository's name has lower-case letters, digits and single separators only",
            ),
            Self::Tag => f.write_str(
                "a tag starts with a letter, digit or underscore and has at most 128 characters",
            ),
            Self::Digest(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_well = bytes.first().is_some_and(|byte| alphanumeric(*byte))
        && bytes.last().is_some_and(|byte| alphanumeric(*byte));
    ends_well
        && bytes
            .split(|byte| alphanumeric(*byte))
            .all(|gap| matches!(gap, b"" | b"." | b"_" | b"__") || gap.iter().all(|b| *b == b'-'))
}

#[cfg(test)]
mod tests {
    use oci_spec::distribution::Reference;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The crate of the OCI specifications is the oracle. It adds Docker Hub's defaults
        /// (host, `library/`, `latest`) and knows other algorithms, so only whole references
        /// with a host are compared.
        #[test]
        fn agrees_with_oci_spec(
            host in "[a-z]{1,5}\\.[a-z]{2,3}(:[0-9]{1,4})?",
            name in "[a-zA0-9._/-]{1,12}",
            tag in "(:[a-zA-Z0-9_.-]{1,6})?",
        ) {
            let text = format!("{host}/{name}{tag}");
            let ours = text.parse::<PullSpec>();
            let theirs = text.parse::<Reference>();
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                prop_assert_eq!(ours.repository.as_str(), theirs.repository());
                prop_assert_eq!(ours.host.as_deref(), Some(theirs.registry()));
                if let Some(tag) = &ours.tag {
                    prop_assert_eq!(Some(tag.as_str()), theirs.tag());
                }
                prop_assert_eq!(ours.to_string(), text);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = text.parse::<PullSpec>();
            let _ = text.parse::<Tag>();
        }
    }

    #[test]
    fn parts_of_a_pull_spec() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let spec: PullSpec = format!("127.0.0.1:5000/a/b__c:v1@{digest}").parse().unwrap();
        assert_eq!(spec.host.as_deref(), Some("127.0.0.1:5000"));
        assert_eq!(spec.repository.as_str(), "a/b__c");
        assert_eq!(spec.repository.project(), Some("a"));
        assert_eq!(spec.tag.unwrap().as_str(), "v1");
        assert_eq!(spec.digest.unwrap().to_string(), digest);
        assert_eq!("a/b".parse::<PullSpec>().unwrap().host, None);
        assert_eq!("a b.c/d".parse::<PullSpec>(), Err(ReferenceError::Host));
        assert!("a/B".parse::<PullSpec>().is_err());
        assert!("a//b".parse::<PullSpec>().is_err());
        assert!("a/b:".parse::<PullSpec>().is_err());
        assert!("a___b".parse::<RepositoryName>().is_err());
        assert!("a---b".parse::<RepositoryName>().is_ok());
    }

    #[test]
    fn signature_tags_name_their_digest() {
        let hex = "ab".repeat(32);
        for (kind, attached) in [("", true), (".sig", true), (".att", true), (".zip", false)] {
            let tag: Tag = format!("sha256-{hex}{kind}").parse().unwrap();
            assert_eq!(tag.attached_to().is_some(), attached, "{tag}");
        }
        assert_eq!("latest".parse::<Tag>().unwrap().attached_to(), None);
    }
}
