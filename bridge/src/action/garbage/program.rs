// SPDX-License-Identifier: LGPL-2.1-or-later

//! Running the registry's own garbage collection in its pod.

use std::time::Duration;

use images_proto::garbage::Params;
use images_proto::{Code, Failure};

use super::output::Output;
use super::place::Place;
use super::words::told;
use crate::cluster::exec::{Ended, ExecError};

/// How long a look may say nothing: a registry in an object store lists for long.
pub(super) const LOOK: Duration = Duration::from_secs(300);
/// How long the collection may say nothing.
pub(super) const COLLECTION: Duration = Duration::from_secs(1800);

const DRY_RUN: &str = "--dry-run";
const UNTAGGED: &str = "--delete-untagged";

/// The program's options for this.
pub(super) fn options(params: &Params) -> Vec<&'static str> {
    if params.untagged { vec![UNTAGGED] } else { Vec::new() }
}

/// What would go, and with which configuration file that was found out.
pub(super) async fn dry_run(
    place: &Place,
    params: &Params,
    tell: &mut (dyn FnMut(String) + Send),
) -> Result<(Output, String), Failure> {
    let tried = "ask the registry's pod what is garbage";
    let mut options = options(params);
    options.insert(0, DRY_RUN);
    let mut configs = place.program.configs.iter().peekable();
    while let Some(config) = configs.next() {
        let words = place.words(config, &options);
        let (output, ended) = run(place, &words, LOOK, "Looking", tell).await;
        let ended = ended.map_err(|error| told(&error, place, tried))?;
        let is_missing = !ended.is_success()
            && [&ended.errors, &output.last_words()]
                .iter()
                .any(|text| text.contains(&**config) && text.contains("no such file"));
        if is_missing && configs.peek().is_some() {
            continue;
        }
        check(&ended, &output, params)?;
        return Ok((output, config.clone()));
    }
    Err(Failure::new(Code::Internal, "No configuration file of the registry is known."))
}

/// Runs these words in the pod. `tell` gets each repository that is looked at.
pub(super) async fn run(
    place: &Place,
    words: &[String],
    silence: Duration,
    doing: &str,
    tell: &mut (dyn FnMut(String) + Send),
) -> (Output, Result<Ended, ExecError>) {
    let mut output = Output::default();
    let line = |line: &str| {
        if output.line(line)
            && let Some(repository) = output.repository()
        {
            tell(format!("{doing} through {repository}"));
        }
    };
    let ended = place.cluster.exec(&place.program.container, words, silence, line).await;
    (output, ended)
}

/// Whether the program did what it should.
pub(super) fn check(ended: &Ended, output: &Output, params: &Params) -> Result<(), Failure> {
    if ended.is_success() {
        return Ok(());
    }
    let words = match ended.errors.is_empty() {
        true => output.last_words(),
        false => ended.errors.clone(),
    };
    let failure = match ended.code {
        126 | 127 => Failure::new(
            Code::Unsupported,
            "The registry's pod has no program that collects garbage: it is another kind of registry.",
        )
        .with_fix("Look in its documentation for how it frees space."),
        code => {
            let failure = Failure::new(
                Code::BadAnswer,
                format!("The registry's garbage collection ended with exit code {code}."),
            );
            // Up to 2.8 a repository whose images never had a tag ends the whole work.
            match params.untagged && words.contains("unknown repository") {
                true => failure.with_fix(
                    "This version cannot remove untagged manifests while a repository has no tag at all. Collect without them.",
                ),
                false => failure,
            }
        }
    };
    Err(failure.with_details(crate::body::excerpt(words.as_bytes())))
}
