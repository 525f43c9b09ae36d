// SPDX-License-Identifier: LGPL-2.1-or-later

//! How long ago something was, in the one unit that people would say.

/// The distance of a moment from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ago {
    /// After now, by more than clocks differ.
    Future,
    /// Less than a minute.
    Now,
    /// So many minutes.
    Minutes(u32),
    /// So many hours.
    Hours(u32),
    /// So many days.
    Days(u32),
    /// So many months.
    Months(u32),
    /// So many years.
    Years(u32),
}

impl Ago {
    /// The distance of `then` from `now`, both in seconds since the Unix epoch.
    pub fn between(then: i64, now: i64) -> Self {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let seconds = now.saturating_sub(then);
        let whole = |unit: i64| u32::try_from(seconds / unit).unwrap_or(u32::MAX);
        match seconds {
            _ if seconds < -300 => Self::Future,
            _ if seconds < MINUTE => Self::Now,
            _ if seconds < HOUR => Self::Minutes(whole(MINUTE)),
            _ if seconds < DAY => Self::Hours(whole(HOUR)),
            _ if seconds < 60 * DAY => Self::Days(whole(DAY)),
            _ if seconds < 730 * DAY => Self::Months(whole(DAY * 30)),
            _ => Self::Years(whole(DAY * 365)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_that_fits() {
        let now = 1_700_000_000;
        for (seconds, ago) in [
            (-3600, Ago::Future),
            (-20, Ago::Now),
            (59, Ago::Now),
            (60, Ago::Minutes(1)),
            (7199, Ago::Hours(1)),
            (86_400, Ago::Days(1)),
            (60 * 86_400, Ago::Months(2)),
            (800 * 86_400, Ago::Years(2)),
        ] {
            assert_eq!(Ago::between(now - seconds, now), ago, "{seconds} s");
        }
        assert_eq!(Ago::between(i64::MIN, i64::MAX), Ago::Years(u32::MAX));
    }
}
