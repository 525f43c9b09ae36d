// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why a step is not done, or not believed.

use images_proto::delete::Reason;
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};

/// It names another image than the plan says.
pub(super) fn moved(tag: &TagRef, now: Option<&Digest>, planned: &Digest) -> Failure {
    let message = match now {
        Some(now) => format!(
            "The tag {tag} names another image by now: {} instead of {}.",
            now.short(),
            planned.short()
        ),
        None => format!("The tag {tag} names nothing any more; it was {}.", planned.short()),
    };
    look_again(Failure::new(Code::Conflict, message))
}

/// It named nothing, and names something now.
pub(super) fn named_meanwhile(tag: &TagRef, now: &Digest) -> Failure {
    let message = format!("The tag {tag} names an image by now: {}.", now.short());
    look_again(Failure::new(Code::Conflict, message))
}

/// An earlier revision is the newest one by now.
pub(super) fn named_again(tag: &TagRef, digest: &Digest) -> Failure {
    let message = format!("The tag {tag} names {} again by now.", digest.short());
    look_again(Failure::new(Code::Conflict, message))
}

/// The other side said yes and did nothing.
pub(super) fn still_there(who: &str) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("It is still there, although {who} said that it was deleted."),
    )
    .retryable()
}

/// It was deleted, and a look at the end finds it.
pub(super) fn there_again() -> Failure {
    Failure::new(Code::Conflict, "It is there, although it was deleted: still, or again.")
        .retryable()
        .with_fix("See who puts it there, such as a scheduled import, and delete it again.")
}

/// A tag that nobody agreed to lose.
pub(super) fn tagged_meanwhile(tag: &TagRef) -> Failure {
    look_again(Failure::new(
        Code::Conflict,
        format!("The tag {tag} names the same image by now and would be lost with it."),
    ))
}

/// An index that stays contains it.
pub(super) fn in_an_index(index: &Digest) -> Failure {
    look_again(Failure::new(
        Code::Conflict,
        format!("The index {} contains it and is still there.", index.short()),
    ))
}

/// A repository got tags that the plan does not know.
pub(super) fn not_empty(repository: &RepositoryName, tag: &Tag) -> Failure {
    look_again(Failure::new(
        Code::Conflict,
        format!("The repository {repository} still has tags, such as {tag}."),
    ))
}

/// It may be part of a push that is going on.
pub(super) fn young() -> Failure {
    Failure::new(
        Code::Conflict,
        "It is younger than an hour, so that it may belong to a push that is going on.",
    )
    .retryable()
    .with_fix("Wait for an hour, or insist.")
}

/// Something needs it.
pub(super) fn held(reasons: &[Reason]) -> Failure {
    let mut words = reasons.first().map_or_else(|| "something needs it".to_owned(), because);
    match reasons.len() {
        0 | 1 => {}
        2 => words.push_str(", and one more"),
        count => words.push_str(&format!(", and {} more", count - 1)),
    }
    look_again(Failure::new(Code::Conflict, format!("It is left alone: {words}.")))
}

/// Something came for it in the very moment that it was removed.
pub(super) fn needed_after_all(digest: &Digest, reasons: &[Reason]) -> Failure {
    let why = reasons.first().map_or_else(|| "something needs it".to_owned(), because);
    Failure::new(
        Code::Conflict,
        format!(
            "The data of {} was removed in the very moment that somebody pushed an image with it: \
             {why}. That image cannot be pulled.",
            digest.short()
        ),
    )
    .with_fix("Have whoever pushed it push it again.")
}

/// What it depends on was not done.
pub(super) fn depends(on: &str) -> Failure {
    Failure::new(Code::Conflict, format!("It is left alone, because {on} is still there."))
        .retryable()
}

/// The stream went before the registry was asked.
pub(super) fn too_late(repository: &RepositoryName) -> Failure {
    Failure::new(
        Code::Conflict,
        format!(
            "The image stream {repository} is gone, so that the registry does not find what belonged \
             to it any more."
        ),
    )
    .with_fix("What is left there is removed by the registry's own hard prune.")
}

/// Whether it is gone could not be asked.
pub(super) fn unproved(why: &Failure) -> Failure {
    let mut failure = why.clone();
    failure.message =
        format!("It was deleted, but whether it is gone is not known. {}", why.message);
    failure
}

fn because(reason: &Reason) -> String {
    match reason {
        Reason::Tag { tag, age: 0 } => format!("the tag {tag} leads to it"),
        Reason::Tag { tag, .. } => format!("an earlier revision of the tag {tag} leads to it"),
        Reason::Image(digest) => format!("the image {} contains it", digest.short()),
        Reason::Hidden => "something in a project that you may not see needs it".to_owned(),
        Reason::Young(_) => "it is younger than an hour".to_owned(),
        Reason::Forbidden => "you may not remove it".to_owned(),
        Reason::Unread => "what needs it could not be read".to_owned(),
        Reason::Elsewhere => "its data is in another registry".to_owned(),
    }
}

fn look_again(failure: Failure) -> Failure {
    failure.retryable().with_fix("Look at what would be deleted again.")
}
