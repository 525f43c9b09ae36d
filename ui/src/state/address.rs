// SPDX-License-Identifier: LGPL-2.1-or-later

//! The address of a registry, as somebody types it: `[http://|https://]HOST[:PORT]`.

use std::net::Ipv6Addr;

/// What is wrong with a typed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nothing was typed yet.
    Empty,
    /// It begins like a URL of something else than http or https.
    Scheme,
    /// It names a user, a path, a query or a repository.
    Extra,
    /// The host is no host.
    Host,
    /// The port is no port.
    Port,
}

/// The address without spaces around it and without a slash at its end.
///
/// # Errors
/// What is wrong with it.
pub fn check(typed: &str) -> Result<String, Mistake> {
    let address = typed.trim();
    if address.is_empty() {
        return Err(Mistake::Empty);
    }
    let rest = match address.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") =>
        {
            rest
        }
        Some(_) => return Err(Mistake::Scheme),
        None => address,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@']) {
        return Err(Mistake::Extra);
    }
    let (host, port) = split(rest)?;
    if !is_host(host) {
        return Err(Mistake::Host);
    }
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    match port {
        Some(port) if !is_port(port) => Err(Mistake::Port),
        _ => Ok(address.strip_suffix('/').unwrap_or(address).to_owned()),
    }
}

/// Host and port.
fn split(authority: &str) -> Result<(&str, Option<&str>), Mistake> {
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let end = authority.find(']').ok_or(Mistake::Host)?;
    let (host, rest) = authority.split_at(end + 1);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(Mistake::Port),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_what_people_type() {
        for address in [
            "registry.example.com",
            "registry.example.com:5000",
            "http://10.0.0.7:5000",
            "HTTPS://registry",
            "[::1]:5000",
            "https://[2001:db8::7]",
            "docker_registry.example.com.",
        ] {
            assert_eq!(check(address).as_deref(), Ok(address));
        }
        assert_eq!(check("  https://r.example.com/ ").as_deref(), Ok("https://r.example.com"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (address, mistake) in [
            ("", Mistake::Empty),
            ("  ", Mistake::Empty),
            ("ftp://registry", Mistake::Scheme),
            ("registry/project/name", Mistake::Extra),
            ("user@registry", Mistake::Extra),
            ("registry?x", Mistake::Extra),
            ("https://", Mistake::Host),
            ("/", Mistake::Host),
            ("reg istry", Mistake::Host),
            ("-registry", Mistake::Host),
            ("a..b", Mistake::Host),
            ("[::1", Mistake::Host),
            ("[nonsense]", Mistake::Host),
            ("[::1]5000", Mistake::Port),
            ("registry:", Mistake::Port),
            ("registry:0", Mistake::Port),
            ("registry:+1", Mistake::Port),
            ("registry:70000", Mistake::Port),
            ("::1", Mistake::Host),
        ] {
            assert_eq!(check(address), Err(mistake), "{address:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = check(&text);
        }
    }
}
