// SPDX-License-Identifier: LGPL-2.1-or-later

//! Which names the cluster accepts, so that somebody who types one is told before it is sent.
//!
//! The rules are the API servers' own: those of `projectrequests`, `imagestreams`, `users` and
//! `groups` are OpenShift's (openshift-apiserver and oauth-apiserver, `validation` packages), the
//! labels and subdomains are Kubernetes' (RFC 1123).

use std::fmt;

use crate::subject::{Subject, SubjectKind};

/// The longest label, such as the name of a namespace (RFC 1123).
const LABEL: usize = 63;
/// The longest subdomain, such as the name of a service account (RFC 1123).
const SUBDOMAIN: usize = 253;
/// The longest name of a repository with its project (distribution-spec).
const REPOSITORY: usize = 255;
/// The longest name of somebody. The server knows no limit of its own.
const PERSON: usize = 253;
/// The shortest name of an OpenShift project.
const PROJECT: usize = 2;
/// What nobody may request a project as, or with a `-` behind it.
const RESERVED: [&str; 3] = ["openshift", "kubernetes", "kube"];

/// Why something cannot be named so. Shown as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// There is no name.
    Empty,
    /// It has fewer characters than this.
    Short(usize),
    /// It has more characters than this.
    Long(usize),
    /// It has a character that it must not have.
    Character {
        /// The character.
        found: char,
        /// What there may be.
        allowed: &'static str,
    },
    /// It must not have this character.
    Forbidden(char),
    /// It begins or ends with something else than a small letter or digit.
    Edge,
    /// Two separators stand side by side.
    Doubled,
    /// It begins or ends with a blank.
    Blank,
    /// It means something else, such as `.` or `~`.
    Taken(&'static str),
    /// It begins as the cluster's own do.
    Reserved(&'static str),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("A name is needed."),
            Self::Short(least) => write!(f, "It must have at least {least} characters."),
            Self::Long(most) => write!(f, "It must not have more than {most} characters."),
            Self::Character { found, allowed } => {
                write!(f, "{} is not allowed: only {allowed} are.", Shown(*found))
            }
            Self::Forbidden(found) => write!(f, "{} is not allowed.", Shown(*found)),
            Self::Edge => f.write_str("It must begin and end with a small letter or a digit."),
            Self::Doubled => {
                f.write_str("Two of the characters - . _ must not stand side by side.")
            }
            Self::Blank => f.write_str("It must not begin or end with a blank."),
            Self::Taken(name) => write!(f, "“{name}” means something else to the cluster."),
            Self::Reserved(word) => {
                write!(f, "“{word}” and what begins with “{word}-” belongs to the cluster itself.")
            }
        }
    }
}

impl std::error::Error for NameError {}

/// A character as a sentence names it.
struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => f.write_str("A blank"),
            '\n' | '\r' => f.write_str("A line break"),
            '\t' => f.write_str("A tab"),
            control if control.is_control() => f.write_str("A control character"),
            found => write!(f, "“{found}”"),
        }
    }
}

/// Whether somebody may request an OpenShift project of this name: an RFC 1123 label of at least
/// two characters that is not one of the cluster's own.
///
/// # Errors
/// Why not.
pub fn valid_project_name(name: &str) -> Result<(), NameError> {
    valid_namespace_name(name)?;
    if name.len() < PROJECT {
        return Err(NameError::Short(PROJECT));
    }
    let is_reserved = |word: &&str| {
        name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    RESERVED.into_iter().find(is_reserved).map_or(Ok(()), |word| Err(NameError::Reserved(word)))
}

/// Whether a namespace can have this name: an RFC 1123 label.
///
/// # Errors
/// Why not.
pub fn valid_namespace_name(name: &str) -> Result<(), NameError> {
    valid_small(name, LABEL, "small letters, digits and -", |letter| letter == '-')
}

/// Whether a robot (a service account) can have this name: an RFC 1123 subdomain.
///
/// # Errors
/// Why not.
pub fn valid_robot_name(name: &str) -> Result<(), NameError> {
    let inner = |letter| matches!(letter, '-' | '.');
    valid_small(name, SUBDOMAIN, "small letters, digits, - and .", inner)?;
    // Each label of it begins and ends as the whole does.
    let is_label = |label: &str| !label.is_empty() && label.trim_matches('-') == label;
    if name.split('.').all(is_label) { Ok(()) } else { Err(NameError::Doubled) }
}

/// Whether an image stream can have this name inside a project of that one: letters and digits,
/// joined by single `.`, `_` or `-`. OpenShift is stricter here than the distribution-spec.
///
/// # Errors
/// Why not.
pub fn valid_repository_name(project: &str, name: &str) -> Result<(), NameError> {
    let most = REPOSITORY.saturating_sub(project.len() + 1);
    let joint = |letter| matches!(letter, '-' | '.' | '_');
    valid_small(name, most, "small letters, digits, - . and _", joint)?;
    let mut pairs = name.chars().zip(name.chars().skip(1));
    if pairs.any(|(one, next)| joint(one) && joint(next)) {
        return Err(NameError::Doubled);
    }
    Ok(())
}

/// Whether OpenShift can have a user of this name, such as `jane` or `jane@example.com`.
///
/// # Errors
/// Why not.
pub fn valid_user_name(name: &str) -> Result<(), NameError> {
    valid_member_name(name)?;
    if let Some(taken) = [".", "..", "~"].into_iter().find(|taken| *taken == name) {
        return Err(NameError::Taken(taken));
    }
    let forbidden = name.chars().find(|letter| matches!(letter, '/' | '%' | ':'));
    forbidden.map_or(Ok(()), |letter| Err(NameError::Forbidden(letter)))
}

/// Whether OpenShift can have a group of this name: the rules are those of users.
///
/// # Errors
/// Why not.
pub fn valid_group_name(name: &str) -> Result<(), NameError> {
    valid_user_name(name)
}

/// Whether a user or group of this name can be given something. Names that come from elsewhere,
/// such as `system:admin`, `kube:admin` or a group of a directory, may have any character.
///
/// # Errors
/// Why not.
pub fn valid_member_name(name: &str) -> Result<(), NameError> {
    within(name, PERSON)?;
    if let Some(letter) = name.chars().find(|letter| letter.is_control()) {
        return Err(NameError::Forbidden(letter));
    }
    if name.trim() == name { Ok(()) } else { Err(NameError::Blank) }
}

/// Whether somebody can be given something.
///
/// # Errors
/// Why not.
pub fn valid_subject(subject: &Subject) -> Result<(), NameError> {
    match subject.kind {
        SubjectKind::User | SubjectKind::Group => valid_member_name(&subject.name),
        SubjectKind::Robot => {
            valid_namespace_name(subject.project.as_deref().unwrap_or_default())?;
            valid_robot_name(&subject.name)
        }
    }
}

/// Whether a project can be called so: OpenShift wants it on one line.
///
/// # Errors
/// Why not.
pub fn valid_display_name(name: &str) -> Result<(), NameError> {
    let bad = name.chars().find(|letter| matches!(letter, '\n' | '\r' | '\t'));
    bad.map_or(Ok(()), |letter| Err(NameError::Forbidden(letter)))
}

/// Small letters and digits, and `inner` ones between them.
fn valid_small(
    name: &str,
    most: usize,
    allowed: &'static str,
    inner: impl Fn(char) -> bool,
) -> Result<(), NameError> {
    within(name, most)?;
    let end = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    if let Some(found) = name.chars().find(|letter| !end(*letter) && !inner(*letter)) {
        return Err(NameError::Character { found, allowed });
    }
    if name.starts_with(end) && name.ends_with(end) { Ok(()) } else { Err(NameError::Edge) }
}

/// Lengths are counted in bytes, as the server does.
fn within(name: &str, most: usize) -> Result<(), NameError> {
    match name.len() {
        0 => Err(NameError::Empty),
        length if length > most => Err(NameError::Long(most)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::RepositoryName;

    #[test]
    fn projects_are_labels_of_two_characters() {
        let long = "x".repeat(63);
        for name in ["skyfield", "a1", "a--b", "0-9", "kubernetic", "my-openshift", &long] {
            assert_eq!(valid_project_name(name), Ok(()), "{name}");
        }
        for name in ["__", "a-", "-a", ".a", "a_", "Aa", "a.b", "a b", "é", "Bad_Name", "a/b", "-"]
        {
            assert!(valid_project_name(name).is_err(), "{name}");
        }
        assert_eq!(valid_project_name(""), Err(NameError::Empty));
        assert_eq!(valid_project_name("a"), Err(NameError::Short(2)));
        assert_eq!(valid_namespace_name("a"), Ok(()));
        assert_eq!(valid_project_name(&"x".repeat(64)), Err(NameError::Long(63)));
        for name in ["kube", "kube-system", "openshift", "openshift-x", "kubernetes-a"] {
            assert!(matches!(valid_project_name(name), Err(NameError::Reserved(_))), "{name}");
            assert_eq!(valid_namespace_name(name), Ok(()));
        }
    }

    #[test]
    fn repositories_are_joined_by_single_characters() {
        for name in ["app", "aa_bb-cc.dd", "1", "a.b"] {
            assert_eq!(valid_repository_name("demo", name), Ok(()), "{name}");
        }
        for name in ["a__b", "a--b", "a.-b", "a..b"] {
            assert_eq!(valid_repository_name("demo", name), Err(NameError::Doubled), "{name}");
        }
        for name in ["", "__", "a-", "-a", ".a", "a_", "Aa", "a/b", "a:b"] {
            assert!(valid_repository_name("demo", name).is_err(), "{name}");
        }
        assert_eq!(valid_repository_name("demo", &"x".repeat(250)), Ok(()));
        assert_eq!(valid_repository_name("demo", &"x".repeat(251)), Err(NameError::Long(250)));
    }

    #[test]
    fn people_are_named_nearly_as_one_likes() {
        for name in ["jane", "jane@example.com", "Jane Doe", "jürgen", "QA"] {
            assert_eq!(valid_user_name(name), Ok(()), "{name}");
            assert_eq!(valid_group_name(name), Ok(()), "{name}");
        }
        for name in ["", "bad/name", "a%b", "system:admin", "~", ".", "..", " jane", "jane\n"] {
            assert!(valid_user_name(name).is_err(), "{name}");
        }
        for name in ["system:admin", "kube:admin", "cn=qa,ou=groups", "a/b"] {
            assert_eq!(valid_member_name(name), Ok(()), "{name}");
            assert_eq!(valid_subject(&Subject::group(name)), Ok(()), "{name}");
        }
        for name in ["", " ", "a\u{7}"] {
            assert!(valid_subject(&Subject::user(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn robots_are_subdomains() {
        for name in ["ci-robot", "ci.robot", "1"] {
            assert_eq!(valid_robot_name(name), Ok(()), "{name}");
        }
        for name in ["", "CI", "a_b", "a..b", "a-.b", "a.-b", ".a", &"x".repeat(254)] {
            assert!(valid_robot_name(name).is_err(), "{name}");
        }
        assert_eq!(valid_subject(&Subject::robot("demo", "ci")), Ok(()));
        let homeless = Subject { project: None, ..Subject::robot("", "ci") };
        assert_eq!(valid_subject(&homeless), Err(NameError::Empty));
    }

    #[test]
    fn it_is_told_as_a_sentence() {
        let told = |error: NameError| error.to_string();
        assert_eq!(
            told(valid_project_name("Sky").unwrap_err()),
            "“S” is not allowed: only small letters, digits and - are."
        );
        assert_eq!(
            told(valid_project_name("a b").unwrap_err()),
            "A blank is not allowed: only small letters, digits and - are."
        );
        assert_eq!(told(valid_display_name("a\nb").unwrap_err()), "A line break is not allowed.");
    }

    proptest! {
        #[test]
        fn what_fits_is_a_repository_everywhere(name in "[a-zA-Z0-9._/-]{0,12}") {
            if valid_repository_name("demo", &name).is_ok() {
                let whole = format!("demo/{name}");
                prop_assert!(whole.parse::<RepositoryName>().is_ok());
            }
        }

        #[test]
        fn what_fits_can_stand_in_a_path(name in "\\PC{0,6}") {
            if valid_project_name(&name).is_ok() || valid_robot_name(&name).is_ok() {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)));
                prop_assert!(name != "." && name != "..");
            }
        }
    }
}
