// SPDX-License-Identifier: LGPL-2.1-or-later

//! The commands by which clients log in, pull and push.

use images_proto::access::{Address, Login, Trust};
use images_proto::search::{Rows, View};
use images_proto::{RepositoryName, Tag};

/// A program that speaks to registries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// podman, and buildah with it.
    #[default]
    Podman,
    /// docker.
    Docker,
    /// skopeo.
    Skopeo,
}

impl Tool {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Podman, Self::Docker, Self::Skopeo];

    /// Its name, which is also its command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Docker => "docker",
            Self::Skopeo => "skopeo",
        }
    }
}

/// Something to pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The repository.
    pub repository: RepositoryName,
    /// A tag of it.
    pub tag: Tag,
}

impl Example {
    /// The first repository of a list that has a tag.
    pub fn of(list: &View) -> Option<Self> {
        let Rows::Repositories(rows) = &list.rows else { return None };
        rows.iter().find_map(|row| {
            let tag = row.tags.first()?.clone();
            Some(Self { repository: row.name.clone(), tag })
        })
    }
}

/// The command lines for one program and one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// Logs in; it asks for what is missing. Absent where nobody has to log in, or nobody should; see
    /// [`sends_the_token_in_the_clear`].
    pub login: Option<String>,
    /// The same with the token from a file, for scripts.
    pub login_script: Option<String>,
    /// Pulls.
    pub pull: String,
    /// Pushes. It names no image that is there, for it must not overwrite one by being copied.
    pub push: String,
}

/// Whether a login there would send a token of the cluster unencrypted. Whoever listens could use it
/// for more than the registry, so that no command does this.
pub fn sends_the_token_in_the_clear(address: &Address, login: Login) -> bool {
    address.trust == Trust::Plain && login == Login::Token
}

/// The command lines. They end up in people's shells, so there are none for a host with other
/// characters than hosts have. `user` is the one to log in as
/// with a token; see [`user`].
pub fn commands(
    tool: Tool,
    address: &Address,
    login: Login,
    user: &str,
    example: Option<&Example>,
) -> Option<Commands> {
    let host = address.host.as_str();
    if !is_host(host) {
        return None;
    }
    let plain = address.trust == Trust::Plain;
    // docker has no such option: its daemon is told once for all.
    let unverified = |option: &str| match plain && tool != Tool::Docker {
        true => format!(" --{option}tls-verify=false"),
        false => String::new(),
    };
    let name = tool.name();
    let user = match login {
        Login::Token => Some(user),
        _ => None,
    };
    let login_with = |options: &str| {
        let user = user.map_or_else(String::new, |user| format!(" -u {user}"));
        format!("{name} login{}{user}{options} {host}", unverified(""))
    };
    let is_safe = !sends_the_token_in_the_clear(address, login);
    let asks = (login != Login::None && is_safe).then(|| login_with(""));
    let script = (login == Login::Token && is_safe)
        .then(|| format!("{} < FILE", login_with(" --password-stdin")));
    let source = match example {
        Some(Example { repository, tag }) => format!("{host}/{repository}:{tag}"),
        None => format!("{host}/PROJECT/NAME:TAG"),
    };
    let project = example.and_then(|example| example.repository.project()).unwrap_or("PROJECT");
    let target = format!("{host}/{project}/NAME:TAG");
    let (pull, push) = match tool {
        Tool::Podman => (
            format!("podman pull{} {source}", unverified("")),
            format!("podman push{} localhost/NAME:TAG {target}", unverified("")),
        ),
        Tool::Docker => (
            format!("docker pull {source}"),
            format!("docker tag NAME:TAG {target} && docker push {target}"),
        ),
        Tool::Skopeo => {
            let folder = example.map_or("NAME", |example| example.repository.name_in_project());
            let tag = example.map_or("TAG", |example| example.tag.as_str());
            let folder = folder.rsplit('/').next().unwrap_or(folder);
            (
                format!("skopeo copy{} docker://{source} oci:{folder}:{tag}", unverified("src-")),
                format!("skopeo copy{} oci:NAME:TAG docker://{target}", unverified("dest-")),
            )
        }
    };
    Some(Commands { login: asks, login_script: script, pull, push })
}

/// Whether a text is a host with or without a port, as in a pull spec, and nothing else: no path,
/// no option, nothing that a shell or a file system understands. An IPv6 address stands in brackets.
pub fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, rest)) => (host, rest.strip_prefix(':').or(rest.is_empty().then_some("0"))),
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("0")),
        },
    };
    let v6 = text.starts_with('[');
    let fits = |byte: u8| match v6 {
        true => byte.is_ascii_hexdigit() || byte == b':' || byte == b'.',
        false => byte.is_ascii_alphanumeric() || b"-._".contains(&byte),
    };
    text.len() <= 255
        && !host.is_empty()
        && !host.starts_with(['-', '.'])
        && host.bytes().all(fits)
        && port.is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        })
}

/// The user to log in as with a token. The registry takes any, but shells and HTTP's basic
/// authentication do not: a name with other characters than they take stays out.
pub fn user(name: Option<&str>) -> &str {
    let fits = |name: &&str| {
        !name.is_empty()
            && !name.starts_with('-')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._@".contains(&byte))
    };
    name.filter(fits).unwrap_or("user")
}

#[cfg(test)]
mod tests {
    use images_proto::access::Way;

    use super::*;

    fn address(host: &str, trust: Trust) -> Address {
        Address { host: host.to_owned(), way: Way::Route, answers: true, trust }
    }

    fn authority(pem: &str) -> Trust {
        Trust::Authority { pem: pem.to_owned(), vouched: true, subject: None, fingerprint: None }
    }

    fn example() -> Example {
        Example { repository: "sky/api/web".parse().unwrap(), tag: "v1".parse().unwrap() }
    }

    fn lines(tool: Tool, trust: Trust, login: Login) -> Vec<String> {
        let address = address("r.example:5000", trust);
        let commands = commands(tool, &address, login, "amy", Some(&example())).unwrap();
        let Commands { login, login_script, pull, push } = commands;
        login.into_iter().chain(login_script).chain([pull, push]).collect()
    }

    #[test]
    fn each_tool_has_its_own_words() {
        let trust = || authority("PEM");
        assert_eq!(
            lines(Tool::Podman, trust(), Login::Token),
            [
                "podman login -u amy r.example:5000",
                "podman login -u amy --password-stdin r.example:5000 < FILE",
                "podman pull r.example:5000/sky/api/web:v1",
                "podman push localhost/NAME:TAG r.example:5000/sky/NAME:TAG",
            ]
        );
        assert_eq!(
            lines(Tool::Docker, trust(), Login::Password),
            [
                "docker login r.example:5000",
                "docker pull r.example:5000/sky/api/web:v1",
                "docker tag NAME:TAG r.example:5000/sky/NAME:TAG && docker push r.example:5000/sky/NAME:TAG",
            ]
        );
        assert_eq!(
            lines(Tool::Skopeo, Trust::Trusted, Login::None),
            [
                "skopeo copy docker://r.example:5000/sky/api/web:v1 oci:web:v1",
                "skopeo copy oci:NAME:TAG docker://r.example:5000/sky/NAME:TAG",
            ]
        );
    }

    #[test]
    fn certificates_go_unchecked_only_where_there_are_none() {
        for trust in [Trust::Trusted, authority(""), Trust::Unclear] {
            for tool in Tool::ALL {
                let lines = lines(tool, trust.clone(), Login::Token);
                assert!(!lines.concat().contains("tls-verify"), "{lines:?}");
            }
        }
        assert_eq!(
            lines(Tool::Podman, Trust::Plain, Login::Unclear),
            [
                "podman login --tls-verify=false r.example:5000",
                "podman pull --tls-verify=false r.example:5000/sky/api/web:v1",
                "podman push --tls-verify=false localhost/NAME:TAG r.example:5000/sky/NAME:TAG",
            ]
        );
        assert_eq!(
            lines(Tool::Skopeo, Trust::Plain, Login::Password),
            [
                "skopeo login --tls-verify=false r.example:5000",
                "skopeo copy --src-tls-verify=false docker://r.example:5000/sky/api/web:v1 oci:web:v1",
                "skopeo copy --dest-tls-verify=false oci:NAME:TAG docker://r.example:5000/sky/NAME:TAG",
            ]
        );
        let docker = lines(Tool::Docker, Trust::Plain, Login::Password);
        assert!(!docker.concat().contains("tls-verify"), "{docker:?}");
    }

    #[test]
    fn a_token_of_the_cluster_is_not_sent_in_the_clear() {
        for tool in Tool::ALL {
            let lines = lines(tool, Trust::Plain, Login::Token);
            assert!(!lines.concat().contains("login"), "{lines:?}");
        }
    }

    #[test]
    fn without_an_example_the_words_stand_for_it() {
        let address = address("r.example", Trust::Trusted);
        let commands = commands(Tool::Skopeo, &address, Login::None, "user", None).unwrap();
        assert_eq!(commands.pull, "skopeo copy docker://r.example/PROJECT/NAME:TAG oci:NAME:TAG");
        assert_eq!(commands.login, None);
    }

    #[test]
    fn a_user_that_a_shell_would_read_is_not_named() {
        for name in ["a b", "$(reboot)", "-x", "system:admin", ""] {
            assert_eq!(user(Some(name)), "user", "{name}");
        }
        assert_eq!(user(None), "user");
        assert_eq!(user(Some("amy@example.com")), "amy@example.com");
    }

    #[test]
    fn a_host_is_nothing_but_a_host() {
        for host in ["r", "r.example:5000", "10.0.0.1:30500", "[fd00::1]:5000", "[::1]", "a_b-c.d"]
        {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "", ".", "..", ".hidden", "-x", "a/b", "a/../b", "a b", "a;b", "$(x)", "r:", "r:x",
            "r:+1", "r:70000", "r:1:2", "[::1", "[::1]x", "[]", "[g::]:1", "a\nb", "ä", "[/]:1",
        ] {
            assert!(!is_host(host), "{host:?}");
            let address = address(host, Trust::Trusted);
            assert_eq!(commands(Tool::Podman, &address, Login::None, "user", None), None);
        }
        assert!(!is_host(&"a".repeat(256)));
    }
}
