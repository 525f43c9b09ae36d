// SPDX-License-Identifier: LGPL-2.1-or-later

//! The command that pulls an image.

use images_proto::{Digest, PullSpec, RepositoryName, Tag};

/// `podman pull …` for a tag or a digest. Without a known host it is the pull spec without one,
/// and the caller says so. The command ends up in people's shells, so a host with other characters
/// than hosts have counts as unknown.
pub fn pull_command(
    host: Option<&str>,
    repository: &RepositoryName,
    tag: Option<&Tag>,
    digest: Option<Digest>,
) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let host = host.filter(|host| !host.starts_with('-') && host.bytes().all(plain));
    let spec = PullSpec {
        host: host.map(str::to_owned),
        repository: repository.clone(),
        tag: tag.cloned(),
        digest,
    };
    format!("podman pull {spec}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_host_repository_and_tag() {
        let (repository, tag) = ("a/b".parse().unwrap(), "v1".parse().unwrap());
        assert_eq!(
            pull_command(Some("registry.example:5000"), &repository, Some(&tag), None),
            "podman pull registry.example:5000/a/b:v1"
        );
        assert_eq!(pull_command(Some("x;reboot"), &repository, None, None), "podman pull a/b");
        let digest = Digest::from_bytes([1; 32]);
        assert_eq!(
            pull_command(None, &repository, None, Some(digest)),
            format!("podman pull a/b@{digest}")
        );
    }
}
