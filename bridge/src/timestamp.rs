// SPDX-License-Identifier: LGPL-2.1-or-later

//! Times as the other sides write them.

/// Seconds since the Unix epoch of an RFC 3339 time. `None` also for the year 1, by which Go says
/// that there is no time.
pub fn seconds(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_second()).filter(|seconds| *seconds > -62_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_one_is_no_time() {
        assert_eq!(seconds("0001-01-01T00:00:00Z"), None);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2026-03-17T10:11:12.5Z"), Some(1_773_742_272));
        assert_eq!(seconds("yesterday"), None);
    }
}
