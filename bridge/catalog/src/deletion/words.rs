// SPDX-License-Identifier: LGPL-2.1-or-later

//! Why something cannot be deleted, for people.

use std::fmt;

use images_proto::{Code, Digest, Failure, RepositoryName, TagRef};

pub(super) fn absent(what: impl fmt::Display) -> Failure {
    Failure::new(Code::NotFound, format!("There is no {what}."))
}

pub(super) fn nothing_found(message: &str) -> Failure {
    Failure::new(Code::NotFound, message)
}

pub(super) fn mistaken_query(mistake: String) -> Failure {
    Failure::new(Code::BadRequest, mistake)
}

pub(super) fn empty_query() -> Failure {
    Failure::new(Code::BadRequest, "A search for nothing finds everything.")
        .with_fix("Write what to look for, or choose a project.")
}

pub(super) fn no_history() -> Failure {
    Failure::new(Code::Unsupported, "Tags of this registry have no history.")
        .with_fix("Delete the tag.")
}

pub(super) fn no_tags(project: &str) -> Failure {
    Failure::new(Code::Forbidden, format!("You may not delete tags in the project {project}."))
        .with_fix("Ask an administrator for the role registry-editor in the project.")
}

pub(super) fn no_revisions(project: &str) -> Failure {
    Failure::new(
        Code::Forbidden,
        format!("You may not take revisions out of a tag's history in the project {project}."),
    )
    .with_fix("Ask an administrator for the role system:image-pruner, or delete the whole tag.")
}

pub(super) fn no_purge() -> Failure {
    Failure::new(Code::Forbidden, "You may not remove data from the cluster's registry.").with_fix(
        "Ask an administrator for the role system:image-pruner, or leave the data to pruning.",
    )
}

pub(super) fn unread_repository(repository: &RepositoryName) -> Failure {
    Failure::new(Code::Busy, format!("The repository {repository} was not read yet."))
        .retryable()
        .with_fix("Wait a moment and try again.")
}

pub(super) fn unread_tags(repository: &RepositoryName) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("What some tags of {repository} name is not known, and they would be lost too if it were this image."),
    )
    .retryable()
    .with_fix("Try again; a tag that stays unread can be deleted by itself.")
}

pub(super) fn unread_others(count: u64) -> Failure {
    let repositories = match count {
        1 => "One repository was".to_owned(),
        count => format!("{count} repositories were"),
    };
    Failure::new(
        Code::Busy,
        format!("{repositories} not read yet, so more may use the same data than is shown."),
    )
    .retryable()
    .with_fix("Wait until everything is read, and look again.")
}

pub(super) fn unseen_projects() -> Failure {
    Failure::new(
        Code::Forbidden,
        "Whether projects that you do not see use the same data is not known.",
    )
    .with_fix("Their data is safe in any case: pruning removes only what no project uses.")
}

pub(super) fn unlisted_untagged() -> Failure {
    Failure::new(
        Code::Unsupported,
        "This registry does not list images without a tag: those that share layers with what goes can no longer be pulled.",
    )
    .with_fix("Leave the data to garbage collection if somebody pulls old images by digest.")
}

pub(super) fn links_left(images: usize) -> Failure {
    let images = match images {
        1 => "an image".to_owned(),
        count => format!("{count} images"),
    };
    let message = format!(
        "The registry keeps links to {images} under repositories that are deleted, where only its own hard pruning finds them."
    );
    Failure::new(Code::Unsupported, message)
        .with_fix("They are of a few hundred bytes and do no harm. What the command finds, an administrator of the cluster removes with -prune=delete while the registry is read-only.")
        .with_command("oc -n openshift-image-registry exec deploy/image-registry -- /usr/bin/dockerregistry -prune=check")
}

pub(super) fn part_of_index(digest: &Digest, indexes: &[Digest]) -> Failure {
    let first = indexes.first().map(Digest::short).unwrap_or_default();
    let more = match indexes.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Failure::new(
        Code::Conflict,
        format!(
            "The image {} is part of the index {first}{more}, which would be broken.",
            digest.short()
        ),
    )
    .with_fix("Delete the index: the image goes with it.")
}

pub(super) fn no_tag_leads_there(digest: &Digest) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("Nothing leads to the image {}: its data waits for pruning.", digest.short()),
    )
    .with_fix("Choose to remove the data as well if it cannot wait.")
}

pub(super) fn orphans_wait() -> Failure {
    Failure::new(
        Code::Conflict,
        "Nothing leads to these images already: their data waits for pruning.",
    )
    .with_fix("Choose to remove the data as well if it cannot wait.")
}

pub(super) fn too_young() -> Failure {
    Failure::new(
        Code::Conflict,
        "Everything of it is younger than an hour: a push may be going on.",
    )
    .retryable()
    .with_fix("Wait, or insist if you know that nobody is pushing.")
}

pub(super) fn unknown_age() -> Failure {
    Failure::new(
        Code::Conflict,
        "How old it is nobody knows: it may belong to a push that is going on.",
    )
    .with_fix("Insist if you know that nobody is pushing.")
}

pub(super) fn contained(digest: &Digest, images: &[Digest]) -> Failure {
    let first = images.first().map(Digest::short).unwrap_or_default();
    let more = match images.len() {
        0 | 1 => String::new(),
        2 => " and one more image".to_owned(),
        count => format!(" and {} more images", count - 1),
    };
    Failure::new(
        Code::Conflict,
        format!("The image {first}{more} would be broken without {}.", digest.short()),
    )
    .with_fix("Delete every image that contains the layer.")
}

pub(super) fn contained_by_hidden(digest: &Digest) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("Something that you may not see would be broken without {}.", digest.short()),
    )
    .with_fix("Ask an administrator of the cluster.")
}

pub(super) fn led_to(digest: &Digest, tag: &TagRef) -> Failure {
    Failure::new(Code::Conflict, format!("The tag {tag} names the image {}.", digest.short()))
        .with_fix("Look again: the tag may be new.")
}

pub(super) fn led_to_by_hidden(digest: &Digest) -> Failure {
    Failure::new(
        Code::Conflict,
        format!("Something that you may not see uses the image {}.", digest.short()),
    )
    .with_fix("Ask an administrator of the cluster.")
}

pub(super) fn contents_unread() -> Failure {
    Failure::new(
        Code::Busy,
        "Some images of the cluster could not be read, and they may use the same data.",
    )
    .retryable()
    .with_fix("Try again, or leave the data to pruning.")
}

pub(super) fn an_image(digest: &Digest) -> Failure {
    Failure::new(Code::BadRequest, format!("{} is an image, and no layer.", digest.short()))
        .with_fix("Delete it as an image.")
}

pub(super) fn empty_already(repository: &RepositoryName) -> Failure {
    Failure::new(
        Code::Unsupported,
        format!("The repository {repository} is empty already. This registry keeps its name."),
    )
    .with_fix("Only who manages the registry's storage can take the name away.")
}

pub(super) fn no_image_objects() -> Failure {
    Failure::new(Code::Unsupported, "Only an OpenShift cluster keeps images outside repositories.")
        .with_fix("Run garbage collection: it removes what nothing leads to.")
}
