// SPDX-License-Identifier: LGPL-2.1-or-later

//! The files by which this host trusts a registry.

use images_proto::access::{Address, Trust};

use super::access::{Example, is_host};

/// Where docker keeps its settings; where this is not, there is no docker.
pub const DOCKER: &str = "/etc/docker";

/// The longest file that is read to be compared, in bytes. Ours are shorter.
pub const LONGEST: u32 = 1 << 20;

/// The first line of what we write. The formats take it for a comment: TOML does, and what stands
/// before a certificate is explanatory text (RFC 7468, 5.2).
const MARK: &str = "# Written by Cockpit's page of images, which can remove it.\n";

/// The programs that read `/etc/containers`.
const ENGINES: &str = "podman, skopeo, buildah, CRI-O";

/// A file of this host, by which programs trust a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    /// Its path.
    pub path: String,
    /// What we would write, without [`MARK`]; `None` where that is not known now.
    body: Option<String>,
    /// Whether the registry is to be trusted by it now. Where it is not, the file may still be there
    /// from another time.
    pub is_wanted: bool,
    /// The programs that read it.
    pub readers: &'static str,
}

impl TrustFile {
    /// Its whole content, if it is to be written.
    pub fn content(&self) -> Option<String> {
        let body = self.body.as_deref().filter(|_| self.is_wanted)?;
        Some(format!("{MARK}{body}"))
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("/", |(folder, _)| folder)
    }

    /// What this is to the file that is there.
    pub fn compare(&self, present: Option<&str>) -> Present {
        let Some(content) = present else { return Present::No };
        let body = content.strip_prefix(MARK);
        match &self.body {
            Some(own) if own == body.unwrap_or(content) => Present::Ours,
            _ if body.is_some() => Present::Older,
            _ => Present::Other,
        }
    }
}

/// Whether a file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// It is not.
    No,
    /// With our content.
    Ours,
    /// Written by us, with another content, such as an older authority.
    Older,
    /// With the content of somebody else.
    Other,
}

/// What is done with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Those that are wanted are written.
    Write,
    /// Those of ours that are not wanted any more are removed.
    Tidy,
    /// All of ours are removed.
    Remove,
}

/// What is done with one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is written.
    Write,
    /// It is removed.
    Remove,
}

impl Act {
    /// What it does with a file, if anything. Only with `differing` are files touched that have
    /// another content, and those of somebody else are never removed.
    pub fn change(self, file: &TrustFile, present: Present, differing: bool) -> Option<Change> {
        let is_touched = match present {
            Present::No => self == Self::Write,
            Present::Ours => self != Self::Write,
            Present::Older => differing,
            Present::Other => differing && self == Self::Write,
        };
        let (is_meant, change) = match self {
            Self::Write => (file.is_wanted, Change::Write),
            Self::Tidy => (!file.is_wanted, Change::Remove),
            Self::Remove => (true, Change::Remove),
        };
        (is_touched && is_meant).then_some(change)
    }
}

/// Why nothing is written for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFiles {
    /// The host trusts it already.
    Trusted,
    /// How it is to be trusted is not known.
    Unclear,
    /// Its name or its certificates are not such.
    Malformed,
}

/// The files for an address: all that ever may be there, those that are wanted first, and why none
/// is. `docker` says whether this host has docker.
///
/// # Errors
/// When the address is none whose name may be part of a path.
pub fn files(
    address: &Address,
    docker: bool,
) -> Result<(Vec<TrustFile>, Option<NoFiles>), NoFiles> {
    let host = address.host.as_str();
    if !is_host(host) {
        return Err(NoFiles::Malformed);
    }
    let is_plain = address.trust == Trust::Plain;
    let (authority, nothing) = match &address.trust {
        Trust::Trusted => (None, Some(NoFiles::Trusted)),
        Trust::Unclear => (None, Some(NoFiles::Unclear)),
        Trust::Plain => (None, None),
        Trust::Authority { pem, .. } => match certificates(pem) {
            Some(certificates) => (Some(certificates), None),
            None => (None, Some(NoFiles::Malformed)),
        },
    };
    let certificate = |folder: &str, is_read: bool, readers| TrustFile {
        path: format!("{folder}/certs.d/{host}/ca.crt"),
        body: authority.clone(),
        is_wanted: authority.is_some() && is_read,
        readers,
    };
    let name: String = host
        .chars()
        .filter(|character| !"[]".contains(*character))
        .map(|character| if character == ':' { '-' } else { character })
        .collect();
    let setting = TrustFile {
        path: format!("/etc/containers/registries.conf.d/50-cockpit-images-{name}.conf"),
        body: Some(format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n")),
        is_wanted: is_plain,
        readers: ENGINES,
    };
    let engines = certificate("/etc/containers", true, ENGINES);
    let docker = certificate(DOCKER, docker, "docker");
    let files = match is_plain {
        true => vec![setting, engines, docker],
        false => vec![engines, docker, setting],
    };
    Ok((files, nothing))
}

/// The certificates of a text, and nothing else of it; `None` when there are none, or something
/// else is among them, such as a key.
fn certificates(pem: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut out = String::new();
    let mut within = false;
    for line in pem.lines().map(str::trim).filter(|line| !line.is_empty()) {
        within = match (line, within) {
            (BEGIN, false) => true,
            (END, true) => false,
            (text, true) if text.bytes().all(is_base64) => true,
            _ => return None,
        };
        out.push_str(line);
        out.push('\n');
    }
    (!within && !out.is_empty() && out.len() <= LONGEST as usize).then_some(out)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// What docker's daemon has to be told about a registry without TLS, which we do not write.
pub fn docker_setting(host: &str) -> String {
    format!("\"insecure-registries\": [\"{host}\"]")
}

/// A command that works once the host trusts the registry. It logs nobody in: that is for those who
/// know whether their password may go there.
pub fn trial(host: &str, example: Option<&Example>) -> String {
    match example {
        Some(Example { repository, tag }) => format!("podman pull {host}/{repository}:{tag}"),
        None => format!("podman pull {host}/PROJECT/NAME:TAG"),
    }
}

#[cfg(test)]
mod tests {
    use images_proto::access::Way;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n";

    fn address(host: &str, trust: Trust) -> Address {
        Address { host: host.to_owned(), way: Way::NodePort, answers: true, trust }
    }

    fn authority(pem: &str) -> Trust {
        Trust::Authority { pem: pem.to_owned(), vouched: true, subject: None, fingerprint: None }
    }

    fn all(host: &str, trust: Trust, docker: bool) -> Vec<TrustFile> {
        files(&address(host, trust), docker).unwrap().0
    }

    fn wanted(host: &str, trust: Trust, docker: bool) -> Vec<String> {
        let files = all(host, trust, docker).into_iter().filter(|file| file.is_wanted);
        files.map(|file| file.path).collect()
    }

    #[test]
    fn an_authority_goes_where_each_engine_looks() {
        assert_eq!(
            wanted("r.example:5000", authority(PEM), true),
            [
                "/etc/containers/certs.d/r.example:5000/ca.crt",
                "/etc/docker/certs.d/r.example:5000/ca.crt",
            ]
        );
        assert_eq!(
            wanted("r.example", authority(PEM), false),
            ["/etc/containers/certs.d/r.example/ca.crt"]
        );
        let content = all("r.example", authority(PEM), false)[0].content().unwrap();
        assert_eq!(content, format!("{MARK}{PEM}"));
    }

    #[test]
    fn a_registry_without_tls_gets_a_setting() {
        let files = all("[fd00::1]:5000", Trust::Plain, true);
        assert!(files[0].is_wanted && !files[1].is_wanted && !files[2].is_wanted, "{files:?}");
        assert_eq!(
            files[0].path,
            "/etc/containers/registries.conf.d/50-cockpit-images-fd00--1-5000.conf"
        );
        assert_eq!(files[0].folder(), "/etc/containers/registries.conf.d");
        assert_eq!(
            files[0].content().unwrap(),
            format!("{MARK}[[registry]]\nlocation = \"[fd00::1]:5000\"\ninsecure = true\n")
        );
    }

    #[test]
    fn no_host_leaves_its_folder() {
        for host in ["../x", "a/b", "", ".", "a\"b", "a\nb"] {
            for trust in [Trust::Plain, Trust::Trusted, authority(PEM)] {
                let found = files(&address(host, trust), true);
                assert_eq!(found, Err(NoFiles::Malformed), "{host:?}");
            }
        }
    }

    #[test]
    fn all_places_are_looked_at_whatever_the_trust_is() {
        let paths = |trust| {
            let mut files = all("r", trust, false);
            files.sort_by(|a, b| a.path.cmp(&b.path));
            files.into_iter().map(|file| file.path).collect::<Vec<_>>()
        };
        for trust in [Trust::Trusted, Trust::Unclear, Trust::Plain, authority(PEM)] {
            assert_eq!(
                paths(trust),
                [
                    "/etc/containers/certs.d/r/ca.crt",
                    "/etc/containers/registries.conf.d/50-cockpit-images-r.conf",
                    "/etc/docker/certs.d/r/ca.crt",
                ]
            );
        }
    }

    #[test]
    fn nothing_but_certificates_is_written() {
        let two = format!("{PEM}\r\n{PEM}");
        assert_eq!(certificates(&two).unwrap(), format!("{PEM}{PEM}"));
        for text in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nTUlJ\n",
            "-----BEGIN PRIVATE KEY-----\nTUlJ\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\n$(x)\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(certificates(text), None, "{text}");
            assert_eq!(certificates(&format!("{PEM}{text}x")), None, "{text}");
        }
    }

    #[test]
    fn there_is_nothing_to_write_for_a_trusted_or_an_unknown_one() {
        for (trust, why) in [
            (Trust::Trusted, NoFiles::Trusted),
            (Trust::Unclear, NoFiles::Unclear),
            (authority("hello"), NoFiles::Malformed),
        ] {
            let (files, nothing) = files(&address("r", trust), true).unwrap();
            assert_eq!(nothing, Some(why));
            assert!(files.iter().all(|file| file.content().is_none()), "{files:?}");
        }
    }

    #[test]
    fn ours_are_known_by_their_content_or_their_mark() {
        let files = all("r", authority(PEM), false);
        let [certificate, docker, setting] = &files[..] else { panic!("{files:?}") };
        assert_eq!(certificate.folder(), "/etc/containers/certs.d/r");
        assert_eq!(certificate.compare(None), Present::No);
        assert_eq!(certificate.compare(Some(&format!("{MARK}{PEM}"))), Present::Ours);
        assert_eq!(certificate.compare(Some(PEM)), Present::Ours);
        assert_eq!(docker.compare(Some(PEM)), Present::Ours);
        assert_eq!(certificate.compare(Some(PEM.trim())), Present::Other);
        assert_eq!(certificate.compare(Some(&format!("{MARK}older"))), Present::Older);
        assert_eq!(certificate.compare(Some("older")), Present::Other);
        let plain = "[[registry]]\nlocation = \"r\"\ninsecure = true\n";
        assert_eq!(setting.compare(Some(plain)), Present::Ours);
        let now_trusted = &all("r", Trust::Trusted, false)[0];
        assert_eq!(now_trusted.compare(Some(&format!("{MARK}{PEM}"))), Present::Older);
        assert_eq!(now_trusted.compare(Some(PEM)), Present::Other);
    }

    #[test]
    fn what_is_not_ours_is_never_removed_and_replaced_only_after_a_tick() {
        let files = all("r", authority(PEM), false);
        let (wanted, leftover) = (&files[0], &files[2]);
        let changes = |act: Act, file, differing| {
            [Present::No, Present::Ours, Present::Older, Present::Other]
                .map(|present| act.change(file, present, differing))
        };
        let (write, remove) = (Some(Change::Write), Some(Change::Remove));
        assert_eq!(changes(Act::Write, wanted, false), [write, None, None, None]);
        assert_eq!(changes(Act::Write, wanted, true), [write, None, write, write]);
        assert_eq!(changes(Act::Write, leftover, true), [None; 4]);
        assert_eq!(changes(Act::Tidy, wanted, true), [None; 4]);
        assert_eq!(changes(Act::Tidy, leftover, false), [None, remove, None, None]);
        for file in [wanted, leftover] {
            assert_eq!(changes(Act::Remove, file, false), [None, remove, None, None]);
            assert_eq!(changes(Act::Remove, file, true), [None, remove, remove, None]);
        }
    }
}
