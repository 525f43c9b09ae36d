// SPDX-License-Identifier: LGPL-2.1-or-later

//! What to do after the bridge closed a channel.

/// The two ways to the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A channel of payload `images1`, routed by cockpit-bridge.
    Routed,
    /// A `stream` channel that runs the program, whose frames the page speaks itself.
    Spawned,
}

/// The problem code, ours and not Cockpit's, of a program that could not be started by the page.
pub const NOT_STARTED: &str = "not-started";

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the request is over.
    Rest,
    /// Nothing by itself: the request itself was refused.
    Refused,
    /// Open it again after so many milliseconds.
    Reopen(u32),
    /// Open it again by the other way.
    Spawn,
    /// Say that the helper is gone for this session.
    Ended,
}

/// Decides by the problem of the `close` message. `attempt` counts the lines in a row that did
/// not hold, from 0.
pub fn after_close(problem: Option<&str>, way: Way, attempt: u32) -> Next {
    match (problem, way) {
        (None | Some(""), _) => Next::Rest,
        (Some("protocol-error"), _) => Next::Refused,
        // Cockpit 287 forgets a bridge that ended for the rest of the session.
        (Some("not-supported"), Way::Routed) => Next::Spawn,
        (Some(NOT_STARTED | "not-supported" | "access-denied" | "not-found"), Way::Spawned) => {
            Next::Ended
        }
        // Exit code 127: the program is not where the manifest says.
        (Some("no-cockpit" | "access-denied" | "not-found"), Way::Routed) => Next::Ended,
        (Some(_), _) => Next::Reopen(delay(attempt)),
    }
}

/// Milliseconds before the next attempt: at once after a crash, then ever longer.
fn delay(attempt: u32) -> u32 {
    const LONGEST: u32 = 15_000;
    250_u32.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_that_cockpit_forgot_is_started_by_the_page() {
        assert_eq!(after_close(Some("not-supported"), Way::Routed, 0), Next::Spawn);
        assert_eq!(after_close(Some(NOT_STARTED), Way::Spawned, 0), Next::Ended);
        assert_eq!(after_close(Some("not-supported"), Way::Spawned, 0), Next::Ended);
    }

    #[test]
    fn a_crash_is_answered_by_opening_again() {
        for problem in ["terminated", "disconnected", "internal-error"] {
            assert_eq!(after_close(Some(problem), Way::Routed, 0), Next::Reopen(250));
            assert_eq!(after_close(Some(problem), Way::Spawned, 2), Next::Reopen(1000));
        }
        assert_eq!(after_close(Some("terminated"), Way::Routed, 90), Next::Reopen(15_000));
    }

    #[test]
    fn the_end_of_a_request_is_no_problem() {
        assert_eq!(after_close(None, Way::Routed, 0), Next::Rest);
        assert_eq!(after_close(Some("protocol-error"), Way::Spawned, 0), Next::Refused);
    }
}
