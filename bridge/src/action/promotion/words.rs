// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why a move is not done, or not believed.

use images_proto::account::MissingRight;
use images_proto::stage::Move;
use images_proto::{Code, Digest, Failure, RepositoryName, Tag, TagRef};

/// A right is missing: nothing is tried.
pub(super) fn missing(right: &MissingRight) -> Failure {
    let place = right.namespace.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
    let message =
        format!("You may not {} {}{place}. Nothing was done.", right.verb, right.resource);
    let failure = Failure::new(Code::Forbidden, message).with_fix("Ask somebody who may grant it.");
    match &right.command {
        Some(command) => failure.with_command(command),
        None => failure,
    }
}

/// The tag names something else than when it was planned.
pub(super) fn moved(tag: &TagRef, now: Option<&Digest>, was: Option<&Digest>) -> Failure {
    let message = match (now, was) {
        (Some(now), Some(was)) => format!(
            "The tag {tag} names another image by now: {} instead of {}. It was left alone.",
            now.short(),
            was.short()
        ),
        (Some(now), None) => {
            format!("The tag {tag} names an image by now: {}. It was left alone.", now.short())
        }
        (None, _) => format!("The tag {tag} is not there any more."),
    };
    Failure::new(Code::Conflict, message).retryable().with_fix("Look at the new plan.")
}

/// The image is not where it was.
pub(super) fn gone(wanted: &Move) -> Failure {
    let Move { from, digest, .. } = wanted;
    Failure::new(Code::NotFound, format!("The repository {from} has no image {}.", digest.short()))
        .with_fix("Choose an image that is there.")
}

/// The other side said yes, and a look finds something else.
pub(super) fn not_there(tag: &TagRef, now: Option<&Digest>) -> Failure {
    let now = now.map_or_else(|| "nothing".to_owned(), Digest::short);
    Failure::new(
        Code::Conflict,
        format!("The tag {tag} names {now}, although it was said to be promoted."),
    )
    .retryable()
    .with_fix("See who else changes this tag, and promote it again.")
}

/// The tag is right, but its image cannot be pulled from there.
pub(super) fn not_served(repository: &RepositoryName, digest: &Digest) -> Failure {
    Failure::new(
        Code::BadAnswer,
        format!(
            "The tag was promoted, but the registry does not serve {repository}@{}.",
            digest.short()
        ),
    )
    .retryable()
    .with_fix("Look whether it can be pulled, and set the tag back if not.")
}

/// Nobody could be asked whether it can be pulled.
pub(super) fn not_asked(failure: &Failure) -> Failure {
    let words = format!(
        "The tag was promoted, but whether its image can be pulled from there could not be asked: {}",
        failure.message
    );
    Failure { message: words, ..failure.clone() }
}

/// Nobody may say what is attached to it.
pub(super) fn unseen(repository: &RepositoryName, failure: &Failure) -> Failure {
    let message = format!(
        "Signatures and the like did not go along: you may pull from {repository}, but not see its tags."
    );
    Failure { message, ..failure.clone() }
}

/// Attachments that stay behind, because something else has their place.
pub(super) fn left_behind(repository: &RepositoryName, tags: &[Tag]) -> Failure {
    let names: Vec<_> = tags.iter().map(Tag::as_str).take(3).collect();
    let more = if tags.len() > names.len() { " and more" } else { "" };
    Failure::new(
        Code::Conflict,
        format!(
            "{repository} has other signatures or the like, which were left as they are: {}{more}.",
            names.join(", ")
        ),
    )
    .with_fix("Delete these tags there, and promote again, if those of the source are wanted.")
}
