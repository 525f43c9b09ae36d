// SPDX-License-Identifier: LGPL-2.1-or-later

//! Puts tags and their history back into image streams. Who has the pruner's right puts them back as
//! they were; others put each image on its tag once more, oldest first, as pushes do.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::{StreamExt, stream};
use http::StatusCode;
use images_proto::delete::{Outcome, Step};
use images_proto::history::UndoneItem;
use images_proto::{Code, Digest, Failure, RepositoryName, TagRef};
use serde_json::Value;
use tokio::time::sleep;

use super::history::{self, Change, Wanted};
use super::{CONCURRENCY, Earlier, Meter, Report, changed_since, left};
use crate::cluster::access::Right;
use crate::cluster::{Cluster, Error};
use crate::source::Backoff;

/// How often somebody else may change a stream in the very moment.
const ATTEMPTS: u32 = 6;

/// What became of a tag, before a later look.
#[derive(Default)]
struct Told {
    failure: Option<Failure>,
    differs: Vec<String>,
    /// The history that was put there, if it had to be.
    put: Option<Vec<Value>>,
    /// Some of its revisions are there again, and the others were not taken.
    is_half: bool,
}

/// Puts back what these steps took away.
pub(super) async fn undo(
    cluster: &Cluster,
    streams: &BTreeMap<RepositoryName, Value>,
    steps: &[&Step],
    earlier: Earlier<'_>,
    meter: &Meter<'_>,
) -> Report {
    let working = streams.iter().map(|(repository, before)| {
        let wanted = history::wanted(before, repository, steps.iter().copied());
        let is_whole = steps.contains(&&Step::Repository(repository.clone()));
        async move {
            if wanted.is_empty() && !is_whole {
                return Report::default();
            }
            let stream = Stream { cluster, repository, before, is_whole, earlier };
            let report = stream.undo(wanted).await;
            meter.advance(report.len());
            report
        }
    });
    let working: Vec<_> = working.collect();
    let done: Vec<_> = stream::iter(working).buffered(CONCURRENCY).collect().await;
    Report::of(done)
}

/// A stream to which something comes back.
struct Stream<'a> {
    cluster: &'a Cluster,
    repository: &'a RepositoryName,
    before: &'a Value,
    /// Whether the stream itself was deleted.
    is_whole: bool,
    earlier: Earlier<'a>,
}

impl Stream<'_> {
    async fn undo(&self, mut wanted: Vec<Wanted>) -> Report {
        let mut told: Vec<_> = wanted.iter().map(|_| Told::default()).collect();
        let mut report = Report::default();
        let put = self.put_back(&mut wanted, &mut told).await;
        let now = self.read().await;
        if wanted.is_empty() {
            // The stream was empty, so no tag can tell of it.
            match put.and(now) {
                Ok(_) => report.untagged = 1,
                Err(failure) => report.failures.push(failure),
            }
            return report;
        }
        if let Err(failure) = put {
            for told in told.iter_mut().filter(|told| told.failure.is_none()) {
                told.failure = Some(failure.clone());
            }
        }
        let is_half = wanted.iter().zip(&told).filter(|(_, told)| told.is_half);
        report.half = is_half.map(|(wanted, _)| self.tag(wanted)).collect();
        let items = wanted.iter().zip(told).map(|(wanted, told)| self.look(wanted, told, &now));
        report.items = items.collect();
        report
    }

    async fn put_back(&self, wanted: &mut [Wanted], told: &mut [Told]) -> Result<(), Failure> {
        let proven = self.leave_out_missing(wanted, told).await;
        if told.iter().all(|told| told.failure.is_some()) && !told.is_empty() {
            return Ok(());
        }
        self.create().await?;
        let project = self.repository.project().unwrap_or_default().to_owned();
        let right = Right::ChangeHistory { project };
        // Where the cluster does not say, what everybody may do is tried.
        if self.cluster.has_right(&right).await.unwrap_or(false) {
            self.put_history(wanted, told).await?;
        } else {
            self.push_again(wanted, told).await;
        }
        if !proven {
            self.take_out_hollow(wanted, told).await;
        }
        self.tell_again(wanted, told).await;
        Ok(())
    }

    /// Asks the cluster for the images, and leaves out those that were pruned. Whether it said so of
    /// all of them: few may ask.
    async fn leave_out_missing(&self, wanted: &mut [Wanted], told: &mut [Told]) -> bool {
        let images: BTreeSet<_> =
            wanted.iter().flat_map(Wanted::images).map(str::to_owned).collect();
        let (mut missing, mut proven) = (BTreeSet::new(), true);
        let asking = images.iter().map(|image| async move {
            let Ok(digest) = image.parse::<Digest>() else { return (image, None) };
            (image, self.cluster.has_image(&digest).await.ok())
        });
        let asking: Vec<_> = asking.collect();
        let mut asking = stream::iter(asking).buffer_unordered(CONCURRENCY);
        while let Some((image, there)) = asking.next().await {
            match there {
                Some(true) => {}
                Some(false) => drop(missing.insert(image.clone())),
                None => proven = false,
            }
        }
        for (wanted, told) in wanted.iter_mut().zip(told) {
            let went = wanted.images();
            let lost: Vec<_> = went.iter().filter(|image| missing.contains(**image)).collect();
            if lost.is_empty() {
                continue;
            }
            // Without what it named, it would come back as something else.
            if went.first().is_some_and(|newest| missing.contains(*newest)) {
                told.failure = Some(pruned(&self.tag(wanted), went[0]));
            } else {
                told.differs.push(format!("{} older revisions were pruned since.", lost.len()));
                wanted.leave_out(&missing);
            }
        }
        proven
    }

    /// Creates the stream if it is not there.
    async fn create(&self) -> Result<(), Failure> {
        let tried = || format!("put the image stream {} back", self.repository);
        let told = |error: Error| error.failure(tried());
        if self.cluster.stream_object(self.repository).await.map_err(told)?.is_some() {
            return Ok(());
        }
        if !self.is_whole {
            return Err(Failure::new(
                Code::Conflict,
                format!("Somebody deleted the image stream {} since.", self.repository),
            )
            .with_fix("Undo that deletion first, or create the image stream again."));
        }
        match self.cluster.create_stream(self.repository, &history::empty(self.before)).await {
            // Somebody else just did the same.
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => Ok(()),
            created => created.map_err(told),
        }
    }

    /// Puts the whole history back at once, times and all.
    async fn put_history(&self, wanted: &[Wanted], told: &mut [Told]) -> Result<(), Failure> {
        let tried = || format!("put back the history of the tags of {}", self.repository);
        let put = || async {
            let mut stream = self.present().await?;
            let (mut conflicts, mut changes) = (BTreeSet::new(), BTreeMap::new());
            for (idx, wanted) in wanted.iter().enumerate() {
                if told[idx].failure.is_some() {
                    continue;
                }
                match self.change(wanted, history::items(&stream, &wanted.tag)) {
                    Change::None => {}
                    Change::To(items) => {
                        history::set_items(&mut stream, &wanted.tag, items.clone());
                        changes.insert(idx, items);
                    }
                    Change::Conflict => drop(conflicts.insert(idx)),
                }
            }
            if !changes.is_empty() {
                self.cluster.put_stream_status(self.repository, &stream).await?;
            }
            Ok((conflicts, changes))
        };
        let put = until_no_conflict(put).await.map_err(|error| error.failure(tried()))?;
        let (conflicts, changes) = put;
        for (idx, items) in changes {
            told[idx].put = Some(items);
        }
        for idx in conflicts {
            told[idx].failure = Some(changed_since(&self.tag(&wanted[idx])));
        }
        Ok(())
    }

    /// Puts each image on its tag once more.
    async fn push_again(&self, wanted: &[Wanted], told: &mut [Told]) {
        for (wanted, told) in wanted.iter().zip(told) {
            if told.failure.is_some() {
                continue;
            }
            if let Err(failure) = self.push_tag_again(wanted, told).await {
                told.failure = Some(failure);
            }
        }
    }

    async fn push_tag_again(&self, wanted: &Wanted, told: &mut Told) -> Result<(), Failure> {
        let tag = self.tag(wanted);
        let tried = || format!("put {tag} back");
        let stream = self.present().await.map_err(|error| error.failure(tried()))?;
        let now = history::items(&stream, &wanted.tag);
        let items = match self.change(wanted, now) {
            Change::None => return Ok(()),
            Change::Conflict => return Err(changed_since(&tag)),
            Change::To(items) => items,
        };
        if !history::images(&items).ends_with(&history::images(now)) {
            return Err(Failure::new(
                Code::Forbidden,
                format!("You may not put revisions below what {tag} names now."),
            )
            .with_fix("Ask an administrator for the role system:image-pruner."));
        }
        let mut newest = history::images(now).first().copied();
        // Oldest first: each one pushed goes on top.
        for item in items[..items.len() - now.len()].iter().rev() {
            let Some(digest) = history::image(item) else { continue };
            let reference = item["dockerImageReference"].as_str().unwrap_or_default();
            let push = || self.cluster.map_image(&tag, digest, reference);
            if let Err(error) = until_no_conflict(push).await {
                // Without an answer it may have been taken all the same.
                told.is_half = newest.is_some() || error.status().is_none();
                let failure = error.failure(tried());
                return Err(newest.map_or(failure.clone(), |image| half_way(failure, &tag, image)));
            }
            newest = Some(digest);
        }
        let followers: Vec<_> = history::followers(&stream, &wanted.tag).collect();
        if !followers.is_empty() {
            let followers = followers.join(", ");
            told.differs
                .push(format!("Tags that follow it went through its revisions, too: {followers}."));
        }
        told.put = Some(items);
        Ok(())
    }

    /// What has to be done for a tag that has this history now.
    fn change(&self, wanted: &Wanted, now: &[Value]) -> Change {
        let Earlier { is_broken_off, half } = self.earlier;
        wanted.change(now, is_broken_off || half.contains(&self.tag(wanted)))
    }

    /// Where nobody could say whether the images are there, the stream does now: if the newest one
    /// is gone, or was just made with nothing in it, its tag goes again, as it was put there and
    /// nothing else. A tag that was there already is none of ours.
    async fn take_out_hollow(&self, wanted: &[Wanted], told: &mut [Told]) {
        let Ok(layers) = self.cluster.layers(self.repository).await else { return };
        let images = layers.images.unwrap_or_default();
        for (wanted, told) in wanted.iter().zip(told) {
            if told.failure.is_some() {
                continue;
            }
            let Some(put) = &told.put else { continue };
            // One that is not told of is unknown, not gone.
            let is_hollow = |image: &&str| {
                let digest = image.parse().ok();
                digest.and_then(|digest| images.get(&digest)).is_some_and(|image| {
                    image.image_missing
                        || (image.config.is_none()
                            && image.layers.as_ref().is_none_or(Vec::is_empty)
                            && image.manifests.as_ref().is_none_or(Vec::is_empty))
                })
            };
            let went = wanted.images();
            let Some((newest, older)) = went.split_first() else { continue };
            if is_hollow(newest) {
                let tag = self.tag(wanted);
                let mut failure = pruned(&tag, newest);
                if wanted.gone == history::Gone::Tag
                    && let Err(details) = self.take_out(&tag, put).await
                {
                    failure = failure.with_details(details);
                }
                told.failure = Some(failure);
                continue;
            }
            match older.iter().filter(|image| is_hollow(image)).count() {
                0 => {}
                lost => told.differs.push(format!("{lost} older revisions were pruned since.")),
            }
        }
    }

    /// Takes away a tag that was just put there with this history.
    async fn take_out(&self, tag: &TagRef, put: &[Value]) -> Result<(), String> {
        let tried = || format!("take {tag} away again");
        let removal = || async {
            // Each time anew: what was pushed in between stays.
            let stream = self.present().await?;
            let now = history::images(history::items(&stream, &tag.tag));
            if now != history::images(put) {
                return Ok(now.is_empty());
            }
            self.cluster.delete_tag(tag).await.map(|()| true)
        };
        match until_no_conflict(removal).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{tag} was changed in between, so it was left as it is.")),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.failure(tried()).message),
        }
    }

    /// Tells the stream again what its tags are imported from or follow. The history is there by
    /// then, so that an import adds to it.
    async fn tell_again(&self, wanted: &[Wanted], told: &mut [Told]) {
        let specs: Vec<_> = (0..wanted.len())
            .filter(|idx| told[*idx].failure.is_none())
            .filter_map(|idx| Some((idx, wanted[idx].spec.as_ref()?)))
            .collect();
        if specs.is_empty() {
            return;
        }
        let put = || async {
            let mut stream = self.present().await?;
            let (mut is_changed, mut moved) = (false, Vec::new());
            for (idx, spec) in &specs {
                let wanted = &wanted[*idx];
                let now = history::images(history::items(&stream, &wanted.tag));
                // An import would put something else above what was pushed since.
                if now != history::images(&wanted.items) {
                    if !history::has_spec(&stream, &wanted.tag) {
                        moved.push(*idx);
                    }
                    continue;
                }
                is_changed |= history::set_spec(&mut stream, spec);
            }
            if is_changed {
                self.cluster.put_stream(self.repository, &stream).await?;
            }
            Ok(moved)
        };
        match until_no_conflict(put).await {
            Ok(moved) => {
                for idx in moved {
                    told[idx].differs.push("It is not told again where it comes from.".to_owned());
                }
            }
            Err(error) => {
                let failure = error.failure("tell the stream where its tags come from");
                for (idx, _) in specs {
                    told[idx].differs.push(failure.message.clone());
                }
            }
        }
    }

    /// The stream as it is now; an error when it is gone.
    async fn present(&self) -> Result<Value, Error> {
        self.cluster.stream_whole(self.repository).await
    }

    async fn read(&self) -> Result<Value, Failure> {
        let read = self.present().await;
        read.map_err(|error| error.failure(format_args!("look at {} again", self.repository)))
    }

    /// Whether a tag is back, by a later look.
    fn look(&self, wanted: &Wanted, told: Told, now: &Result<Value, Failure>) -> UndoneItem {
        let tag = self.tag(wanted);
        let Told { failure, mut differs, .. } = told;
        let items = now.as_ref().map_or(&[][..], |now| history::items(now, &wanted.tag));
        let is_back = matches!(wanted.change(items, false), Change::None);
        let left = match (failure, now) {
            (Some(failure), _) => Some(Outcome::Kept(failure)),
            (None, Err(failure)) => Some(Outcome::Unproved(failure.clone())),
            (None, Ok(_)) if is_back => None,
            (None, Ok(_)) => Some(Outcome::Kept(left(&tag))),
        };
        if left.is_none() {
            let back = &items[items.len() - wanted.items.len()..];
            if history::times(back) != history::times(&wanted.items) {
                differs.push("Its revisions count as pushed now, in the old order.".to_owned());
            }
            if items.len() > back.len() {
                differs.push("It still names what was pushed since.".to_owned());
            }
        }
        UndoneItem {
            digest: items.first().and_then(history::image).and_then(|image| image.parse().ok()),
            revisions: items.len() as u32,
            left,
            differs: (!differs.is_empty()).then(|| differs.join(" ")),
            tag,
        }
    }

    fn tag(&self, wanted: &Wanted) -> TagRef {
        TagRef { repository: self.repository.clone(), tag: wanted.tag.clone() }
    }
}

/// Tries again when somebody else changed the stream in the same moment.
async fn until_no_conflict<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut backoff = Backoff::default();
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.status().is_some_and(is_passing) => {
                sleep(backoff.next_delay() / 4).await;
            }
            result => return result,
        }
    }
    attempt().await
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

fn pruned(tag: &TagRef, image: &str) -> Failure {
    let image = short(image);
    Failure::new(Code::NotFound, format!("The image {image} of {tag} was pruned since."))
        .with_fix("Build or push it again.")
}

/// The tag has some of its revisions, of which this is the newest.
fn half_way(mut failure: Failure, tag: &TagRef, image: &str) -> Failure {
    let image = short(image);
    failure.message =
        format!("{} Only a part of {tag} is back: it names the older {image}.", failure.message);
    failure.with_fix("Undo it again: that goes on where this stopped.")
}

fn short(image: &str) -> String {
    let digest = image.parse::<Digest>();
    digest.map_or_else(|_| image.to_owned(), |digest| digest.short().to_string())
}
