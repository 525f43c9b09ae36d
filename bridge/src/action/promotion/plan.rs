// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a promotion would change, by a look at everything that it touches, now.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use futures_util::{StreamExt, stream};
use images_proto::stage::{Change, Move, Plan, Wanted};
use images_proto::{Code, Failure};

use super::attachments::attached;
use super::comparison::{Differences, compare, made};
use super::look::Look;
use super::{Ground, rights, words};
use crate::registry::sha256;
use crate::source::Source;

/// Moves that are looked at at once.
const CONCURRENCY: usize = 8;

/// Plans.
///
/// # Errors
/// When these moves make no sense together, or another registry is looked at by now.
pub(super) async fn plan(ground: Ground<'_>, wanted: &Wanted) -> Result<Plan, Failure> {
    check(ground, wanted)?;
    let content = ground.state.content();
    let planning = async {
        let look = Look::at(ground.connection, &wanted.moves).await;
        let looking: Vec<_> =
            wanted.moves.iter().map(|wanted| change(ground, &look, wanted)).collect();
        let changes: Vec<_> = stream::iter(looking).buffered(CONCURRENCY).collect().await;
        let missing = rights::missing(ground, &changes).await?;
        Ok::<_, Failure>(Plan { fingerprint: fingerprint(&changes), changes, missing })
    };
    let plan = tokio::select! {
        biased;
        () = ground.state.content_forgotten(content) => Err(super::super::left()),
        plan = planning => plan,
    };
    ground.connection.check_the_registry();
    plan
}

fn check(ground: Ground<'_>, wanted: &Wanted) -> Result<(), Failure> {
    let bad = |message: String| Err(Failure::new(Code::BadRequest, message));
    if wanted.moves.is_empty() {
        return bad("There is nothing to promote.".to_owned());
    }
    if wanted.moves.len() > Wanted::MAX {
        return bad(format!("More than {} images cannot be promoted at once.", Wanted::MAX));
    }
    let mut targets = BTreeSet::new();
    for Move { from, to, .. } in &wanted.moves {
        if !targets.insert(to) {
            return bad(format!("Two images cannot be promoted to {to} at once."));
        }
        let is_stream = |name: &images_proto::RepositoryName| {
            name.project().is_some() && !name.name_in_project().contains('/')
        };
        let streams = matches!(ground.connection.source(), Source::Openshift(_));
        if let Some(name) =
            [from, &to.repository].into_iter().find(|name| streams && !is_stream(name))
        {
            return bad(format!("{name} can be no image stream: that is PROJECT/NAME."));
        }
    }
    Ok(())
}

/// What changes by one move.
async fn change(ground: Ground<'_>, look: &Look<'_>, wanted: &Move) -> Change {
    let mut change = Change {
        wanted: wanted.clone(),
        was: None,
        refused: None,
        same: false,
        env: None,
        labels: None,
        layers_new: None,
        layers_kept: None,
        size: None,
        size_was: None,
        platforms: Vec::new(),
        attachments: Vec::new(),
    };
    if let Err(failure) = fill(ground, look, &mut change).await {
        change.refused = Some(failure);
    }
    change
}

async fn fill(ground: Ground<'_>, look: &Look<'_>, change: &mut Change) -> Result<(), Failure> {
    let wanted = change.wanted.clone();
    change.was = look.names(&wanted.to).await?;
    if !look.has(&wanted).await? {
        return Err(words::gone(&wanted));
    }
    let (is, was) = tokio::join!(made(ground.read, &wanted.from, &wanted.digest), async {
        match &change.was {
            Some(was) if *was != wanted.digest => {
                Some(made(ground.read, &wanted.to.repository, was).await)
            }
            _ => None,
        }
    });
    let mut subjects = BTreeSet::from([wanted.digest]);
    subjects.extend(look.inside(&wanted));
    if let Ok(is) = &is {
        subjects.extend(&is.inside);
        change.platforms.clone_from(&is.platforms);
        change.size = is.size();
    }
    if wanted.from != wanted.to.repository {
        let (source, _) = look.attached_at_source(&wanted.from, &subjects).await?;
        let target = look.attached(&wanted.to.repository, &subjects).await?;
        change.attachments = attached(&source, &target, &subjects).goes.into_keys().collect();
    }
    if change.was == Some(wanted.digest) {
        change.same = change.attachments.is_empty();
        (change.env, change.labels) = (Some(Vec::new()), Some(Vec::new()));
        (change.layers_new, change.size_was) = (Some(0), change.size);
        return Ok(());
    }
    let differences = match (&is, &was) {
        (Ok(is), Some(Ok(was))) => {
            change.size_was = was.size();
            compare(is, Some(was))
        }
        (Ok(is), None) => compare(is, None),
        _ => Differences::default(),
    };
    let Differences { env, labels, layers_new, layers_kept } = differences;
    (change.env, change.labels) = (env, labels);
    (change.layers_new, change.layers_kept) = (layers_new, layers_kept);
    Ok(())
}

/// What somebody agrees to: which tag names what, instead of what, and what goes along. What could
/// not be read the second time, or could only then, is the same promotion.
fn fingerprint(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let Move { from, digest, to } = &change.wanted;
        let was = change.was.map(|was| was.to_string()).unwrap_or_default();
        let refused = change.refused.is_some();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{from} {digest} {to} {was} {refused} {}", change.same);
        for tag in &change.attachments {
            let _ = writeln!(text, " {tag}");
        }
    }
    sha256(text.as_bytes()).hex()
}
