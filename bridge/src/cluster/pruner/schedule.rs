// SPDX-License-Identifier: LGPL-2.1-or-later

//! When a cron job runs, as Kubernetes reads its schedule (robfig/cron): five fields, or a name such
//! as `@daily`.

use std::str::FromStr;

use jiff::civil::{Date, DateTime, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// The days that are searched: five years. A schedule such as `0 0 31 2 *` never comes.
const HORIZON: usize = 5 * 366;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A schedule in UTC, which is the time zone of OpenShift's controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The schedule is none that we can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no schedule of five fields")]
pub struct Unreadable;

/// The values of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    /// Bit `n` is set when `n` fits.
    values: u64,
    /// Whether it was left open by `*`.
    is_open: bool,
}

/// What a field may say.
struct Bounds {
    least: u8,
    most: u8,
    /// Names for the values from `least` on.
    names: &'static [&'static str],
}

impl Bounds {
    const fn numbers(least: u8, most: u8) -> Self {
        Self { least, most, names: &[] }
    }
}

impl FromStr for Schedule {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            text => text,
        };
        let fields: Vec<_> = text.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return Err(Unreadable) };
        let named = |least, most, names| Bounds { least, most, names };
        Ok(Self {
            minutes: field(minutes, &Bounds::numbers(0, 59))?,
            hours: field(hours, &Bounds::numbers(0, 23))?,
            days: field(days, &Bounds::numbers(1, 31))?,
            months: field(months, &named(1, 12, &MONTHS))?,
            weekdays: field(weekdays, &named(0, 6, &WEEKDAYS))?,
        })
    }
}

impl Schedule {
    /// The first run after `now`; both in seconds since the Unix epoch. `None` when there is none
    /// within five years.
    pub fn next(&self, now: i64) -> Option<i64> {
        let now = Timestamp::from_second(now).ok()?.to_zoned(TimeZone::UTC).datetime();
        let first = now.checked_add(1.minute()).ok()?;
        let mut date = first.date();
        for _ in 0..HORIZON {
            if self.has_day(date) {
                let earliest =
                    if date == first.date() { (first.hour(), first.minute()) } else { (0, 0) };
                if let Some((hour, minute)) = self.first_time(earliest) {
                    let run = DateTime::from_parts(date, time(hour, minute, 0, 0));
                    return Some(run.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        // Cron's old rule: of two fields that both say something, one is enough.
        let fits = match self.days.is_open || self.weekdays.is_open {
            true => day && weekday,
            false => day || weekday,
        };
        fits && self.months.has(date.month())
    }

    /// The first hour and minute of a day that are not before `earliest`.
    fn first_time(&self, earliest: (i8, i8)) -> Option<(i8, i8)> {
        let hours = (earliest.0..24).filter(|hour| self.hours.has(*hour));
        let times = hours.flat_map(|hour| (0..60).map(move |minute| (hour, minute)));
        times.into_iter().find(|time| *time >= earliest && self.minutes.has(time.1))
    }
}

impl Field {
    fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.values >> value & 1 == 1)
    }
}

/// Parts between commas: `*`, `N`, `N-M`, each with `/STEP` or without.
fn field(text: &str, bounds: &Bounds) -> Result<Field, Unreadable> {
    let mut field = Field { values: 0, is_open: false };
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step)?)),
            None => (part, None),
        };
        let is_star = matches!(range, "*" | "?");
        let (from, to) = match range.split_once('-') {
            _ if is_star => (bounds.least, bounds.most),
            Some((from, to)) => (bounds.value(from)?, bounds.value(to)?),
            // From there on.
            None if step.is_some() => (bounds.value(range)?, bounds.most),
            None => (bounds.value(range)?, bounds.value(range)?),
        };
        let step = step.unwrap_or(1);
        if step == 0 || from < bounds.least || to > bounds.most || from > to {
            return Err(Unreadable);
        }
        field.is_open |= is_star && step == 1;
        field.values |= (from..=to).step_by(usize::from(step)).fold(0, |bits, n| bits | 1 << n);
    }
    Ok(field)
}

impl Bounds {
    fn value(&self, text: &str) -> Result<u8, Unreadable> {
        let named =
            (self.least..).zip(self.names).find(|(_, name)| text.eq_ignore_ascii_case(name));
        named.map_or_else(|| number(text), |(value, _)| Ok(value))
    }
}

fn number(text: &str) -> Result<u8, Unreadable> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next runs of a schedule after a time, as they are written.
    fn runs(schedule: &str, after: &str) -> Vec<String> {
        let schedule: Schedule = schedule.parse().unwrap();
        let mut now = after.parse::<Timestamp>().unwrap().as_second();
        let mut runs = Vec::new();
        for _ in 0..3 {
            let Some(next) = schedule.next(now) else { break };
            assert!(next > now);
            runs.push(Timestamp::from_second(next).unwrap().to_string());
            now = next;
        }
        runs
    }

    #[test]
    fn the_next_runs() {
        for (schedule, after, expected) in [
            (
                "0 0 * * *",
                "2026-11-24T16:50:00Z",
                ["2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"],
            ),
            // At that very minute: the next one.
            (
                "*/20 23 31 12 *",
                "2026-12-31T23:00:00Z",
                ["2026-12-31T23:20:00Z", "2026-12-31T23:40:00Z", "2027-12-31T23:00:00Z"],
            ),
            (
                "@weekly",
                "2026-11-24T00:00:00Z",
                ["2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z", "2026-12-13T00:00:00Z"],
            ),
            (
                "30 5/9 * * Mon-Fri",
                "2026-11-27T14:29:59Z",
                ["2026-11-27T14:30:00Z", "2026-11-27T23:30:00Z", "2026-11-30T05:30:00Z"],
            ),
            // Both days are said: the 13th, and every Friday.
            (
                "0 1 13 * 5",
                "2026-12-01T00:00:00Z",
                ["2026-12-04T01:00:00Z", "2026-12-11T01:00:00Z", "2026-12-13T01:00:00Z"],
            ),
            (
                "0 0 29 FEB ?",
                "2026-01-01T00:00:00Z",
                ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"],
            ),
        ] {
            assert_eq!(runs(schedule, after), expected, "{schedule}");
        }
    }

    #[test]
    fn a_day_that_never_comes() {
        assert!(runs("0 0 31 2 *", "2026-01-01T00:00:00Z").is_empty());
    }

    #[test]
    fn what_is_no_schedule() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "+1 * * * *",
            "1- * * * *",
            "@every 1h",
            "TZ=UTC 0 0 * * *",
            "* * * feb- *",
            "999999999999 * * * *",
            ", * * * *",
        ] {
            assert_eq!(text.parse::<Schedule>(), Err(Unreadable), "{text}");
        }
    }
}
