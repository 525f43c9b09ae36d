// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is told about a collection.

use images_proto::{Code, Failure};

use super::output::Output;
use super::place::Place;
use super::read_only::Way;
use crate::cluster::exec::ExecError;
use crate::cluster::program::Storage;

/// What is known of registries of which nobody knows the version.
pub(super) const OLD_UNTAGGED: &str = "Before version 3 the registry takes the images of indexes for untagged ones and removes them (distribution issue 3178).";

/// Why it must not be done: manifests that are needed would go.
pub(super) fn damage(output: &Output) -> Option<Failure> {
    let damaged = output.damaged();
    (damaged > 0).then(|| {
        let images = if damaged == 1 { "an image".to_owned() } else { format!("{damaged} images") };
        Failure::new(
            Code::Unsupported,
            format!("This version of the registry would take {images} away from indexes that stay."),
        )
        .with_fix("Collect without untagged manifests, or update the registry to version 3 (distribution issue 3178).")
    })
}

/// How a command that did not run is told.
pub(super) fn told(error: &ExecError, place: &Place, tried: &str) -> Failure {
    let failure = error.failure(tried);
    let config = place.program.configs.first().map_or("", String::as_str);
    match error {
        ExecError::Forbidden { .. } | ExecError::Failed(_) => failure
            .with_fix("Have the command run by somebody who may, while nobody pushes.")
            .with_command(place.command(config, &[])),
        ExecError::NoProgram { .. } => failure.with_fix(
            "It is another kind of registry: look in its documentation for how it frees space.",
        ),
        ExecError::Gone { .. } | ExecError::Silent { .. } | ExecError::Flood => failure,
    }
}

/// What there is to know before.
pub(super) fn warnings(place: &Place, way: &Way) -> Vec<String> {
    let mut warnings = Vec::new();
    match way {
        Way::Left(_, mark) => warnings.push(format!(
            "An earlier collection was broken off and left the registry read-only, since {}. Collecting makes it writable again.",
            crate::body::excerpt(mark.since.as_bytes())
        )),
        Way::Make(_) => warnings.push(
            "The registry's pod is restarted twice: to be read-only, and to be writable again. It does not answer for some seconds then.".to_owned(),
        ),
        Way::None(failure) => warnings.push(format!(
            "{} A push at the same time may be damaged.",
            failure.message
        )),
        Way::Already => {}
    }
    if matches!(way, Way::Already | Way::None(_)) {
        // Its cache of blobs is in memory.
        warnings.push(
            "Restart the registry afterwards: it remembers blobs that went, and would take pushes that lack them.".to_owned(),
        );
    }
    if place.program.storage == Storage::Node {
        warnings.push(
            "It keeps its images in a folder of its node; on another node it would not find them."
                .to_owned(),
        );
    }
    if place.pods > 1 {
        warnings.push(format!(
            "It runs {} pods. The garbage is collected in one of them, which is enough only if all use the same storage.",
            place.pods
        ));
    }
    warnings
}

/// Why a collection has no result; `restarts`: its pod is made anew.
pub(super) fn cancelled(restarts: bool) -> Failure {
    let failure = Failure::new(Code::Conflict, "The collection was cancelled.");
    match restarts {
        // The program went with its pod.
        true => failure.with_fix("Collect again: what is left is collected then."),
        false => failure.with_fix(
            "The program may go on in the registry's pod. Collect again when it has come to its end.",
        ),
    }
}
