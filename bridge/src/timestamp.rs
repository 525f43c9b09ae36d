// SPDX-License-Identifier: LGPL-2.1-or-later

//! Times as the other sides write them.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Seconds since the Unix epoch of an RFC 3339 time. `None` also for the year 1, by which Go says
/// that there is no time.
pub fn seconds(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_second()).filter(|seconds| *seconds > -62_000_000_000)
}

/// [`seconds`] of a text; null is no time either.
///
/// # Errors
/// When there is something else.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Time;
    impl<'de> Visitor<'de> for Time {
        type Value = Option<i64>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time or null")
        }
        fn visit_none<E: Error>(self) -> Result<Option<i64>, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, text: D) -> Result<Option<i64>, D::Error> {
            text.deserialize_str(self)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Option<i64>, E> {
            Ok(seconds(text))
        }
    }
    deserializer.deserialize_option(Time)
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

    #[test]
    fn a_time_may_be_missing_in_json() {
        #[derive(serde::Deserialize)]
        struct Object {
            #[serde(default, deserialize_with = "deserialize")]
            created: Option<i64>,
        }
        let created = |text| serde_json::from_str::<Object>(text).map(|object| object.created);
        assert_eq!(created(r#"{"created":"1970-01-01T00:00:07Z"}"#).unwrap(), Some(7));
        for text in ["{}", r#"{"created":null}"#, r#"{"created":"yester\u0064ay"}"#] {
            assert_eq!(created(text).unwrap(), None, "{text}");
        }
        assert!(created(r#"{"created":7}"#).is_err());
    }
}
