// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why something stays, in words.

use images_proto::delete::{Part, Reason, Verdict};

use super::label::Colour;
use crate::text::{plural_with, tr, tr_with};

/// Why something stays: half a sentence.
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Tag { tag, age: 0 } => tr_with("$0 names it", &[&tag.to_string()]),
        Reason::Tag { tag, age } => plural_with(
            "$0 named it, $1 revision back",
            "$0 named it, $1 revisions back",
            (*age).into(),
            &[&tag.to_string(), &age.to_string()],
        ),
        Reason::Image(digest) => tr_with("the image $0 contains it", &[&digest.short()]),
        Reason::Hidden => tr("something that you may not see refers to it"),
        Reason::Young(_) => tr("it is younger than an hour, so a push may be going on"),
        Reason::Forbidden => tr("you may not remove it"),
        Reason::Unread => tr("what contains it is not known"),
        Reason::Elsewhere => tr("its data is in another registry"),
    }
}

/// All reasons that are named, and how many there are besides.
pub fn reasons(because: &[Reason], count: u32) -> String {
    let mut words: Vec<String> = because.iter().map(reason).collect();
    let rest = u64::from(count).saturating_sub(because.len() as u64);
    if rest > 0 {
        words.push(crate::text::plural("$0 more reason", "$0 more reasons", rest));
    }
    words.join("; ")
}

/// What a digest names.
pub fn part(part: Part) -> String {
    match part {
        Part::Manifest => tr("manifest or index"),
        Part::Config => tr("config"),
        Part::Layer => tr("layer"),
    }
}

/// Whether nobody can pull it any more.
pub fn is_settled(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Gone | Verdict::Waits)
}

/// What was found when a digest was asked for again: the look and the words of its label, and why.
pub fn verdict(verdict: &Verdict) -> (Colour, String, Option<String>) {
    match verdict {
        Verdict::Gone => (Colour::Green, tr("Gone"), None),
        Verdict::Waits => (Colour::Grey, tr("Unreachable, its data waits"), None),
        Verdict::Reachable(why) if why.is_empty() => (
            Colour::Orange,
            tr("Can still be pulled"),
            Some(tr("nothing leads to it, but the registry serves it to whoever knows its digest")),
        ),
        Verdict::Reachable(why) => (
            Colour::Orange,
            tr("Can still be pulled"),
            Some(reasons(why, u32::try_from(why.len()).unwrap_or(u32::MAX))),
        ),
        Verdict::Unknown(failure) => {
            (Colour::Orange, tr("Not known"), Some(failure.message.clone()))
        }
    }
}
