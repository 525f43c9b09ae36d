// SPDX-License-Identifier: LGPL-2.1-or-later

//! The tokens of robot accounts: how long they are good, and how one logs in with them.

use images_proto::robot::NewToken;

use super::access::{is_host, user};

/// Seconds of a day.
const DAY: u32 = 24 * 60 * 60;

/// For how many days tokens are offered.
pub const DAYS: [u32; 6] = [1, 7, 30, 90, 180, 365];

/// How close its end is to be told.
const SOON: i64 = 7 * 24 * 60 * 60;

/// So many days in seconds, as a choice says them.
pub fn seconds(days: &str) -> Option<u32> {
    let days = days.parse::<u32>().ok().filter(|days| DAYS.contains(days))?;
    Some(days.saturating_mul(DAY).max(NewToken::MIN_SECONDS))
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It has ended.
    Ended,
    /// It ends within a week.
    Ending,
    /// It is good.
    Good,
    /// Nobody knows when it ends.
    Unknown,
}

impl Life {
    /// At a moment; both in seconds since the Unix epoch.
    pub fn of(expires: Option<i64>, now: i64) -> Self {
        match expires {
            None => Self::Unknown,
            Some(expires) if expires <= now => Self::Ended,
            Some(expires) if expires.saturating_sub(now) < SOON => Self::Ending,
            Some(_) => Self::Good,
        }
    }
}

/// The command that logs in, which asks for the token, and the same for scripts, with the token in
/// a file. They end up in people's shells, so there are none for a host that is no host.
pub fn logins(host: &str, name: &str) -> Option<[String; 2]> {
    let name = user(Some(name));
    is_host(host).then(|| {
        [
            ["podman login -u", name, host].join(" "),
            ["podman login -u", name, "--password-stdin", host, "< FILE"].join(" "),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_days_that_are_offered() {
        assert_eq!(seconds("1"), Some(86_400));
        assert_eq!(seconds("365"), Some(31_536_000));
        for other in ["", "0", "-1", "400", "x"] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }

    #[test]
    fn its_end_is_told_in_time() {
        let now = 1_000_000;
        assert_eq!(Life::of(None, now), Life::Unknown);
        assert_eq!(Life::of(Some(now), now), Life::Ended);
        assert_eq!(Life::of(Some(now + 60), now), Life::Ending);
        assert_eq!(Life::of(Some(now + SOON), now), Life::Good);
        assert_eq!(Life::of(Some(i64::MAX), -1), Life::Good);
    }

    #[test]
    fn no_command_has_the_token_or_anything_for_a_shell() {
        let [asks, script] = logins("r.example:5000", "serviceaccount").unwrap();
        assert_eq!(asks, "podman login -u serviceaccount r.example:5000");
        assert!(script.ends_with("--password-stdin r.example:5000 < FILE"));
        assert_eq!(logins("r.example; id", "x"), None);
        assert_eq!(logins("-v", "x"), None);
        let [asks, _] = logins("r.example", "$(id)").unwrap();
        assert_eq!(asks, "podman login -u user r.example");
    }
}
