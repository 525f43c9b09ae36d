// SPDX-License-Identifier: LGPL-2.1-or-later

//! One deletion, compared with a simple count of what leads where, before and after.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use images_proto::Code;
use images_proto::delete::{Extent, Fate, Orphan, Params, Plan, Receipt, Step, Target, Verdict};
use images_tests::cluster::{Cluster, Face};

use crate::support::{World, collect, delete, names, plan};

/// A deletion that went well.
pub(crate) struct Removal {
    pub(crate) plan: Plan,
    pub(crate) receipt: Receipt,
    pub(crate) before: World,
    pub(crate) after: World,
}

impl Removal {
    /// Plans and deletes, and expects that exactly these tags go, and that plan, receipt, API and
    /// disk say the same. On a plain registry garbage is collected at the end.
    ///
    /// # Errors
    /// Where they differ.
    pub(crate) async fn of(
        cluster: &Cluster,
        params: Params,
        goes: &BTreeSet<String>,
    ) -> Result<Self> {
        let before = World::look(cluster).await?;
        let planned = plan(cluster, "sarah", &params).await?;
        ensure!(World::look(cluster).await? == before, "a plan changes something");
        let refused: Vec<_> = planned.items.iter().filter_map(|i| i.refused.as_ref()).collect();
        ensure!(refused.is_empty(), "{refused:?}");
        // What nobody can be sure of is no right that is missing.
        let missing: Vec<_> =
            planned.missing.iter().filter(|lack| lack.code != Code::Unsupported).collect();
        ensure!(missing.is_empty(), "{missing:?}");
        let told = planned.items.iter().flat_map(|item| names(&item.goes)).collect::<BTreeSet<_>>();
        ensure!(told == *goes, "{told:?} go, not {goes:?}");

        let agreed = Params { agreed: Some(planned.fingerprint.clone()), ..params.clone() };
        let (all_gone, receipt) = delete(cluster, "sarah", &agreed).await?;
        ensure!(all_gone, "{receipt:#?}");
        let steps: Vec<_> = receipt.steps.iter().map(|done| done.step.clone()).collect();
        ensure!(steps == planned.steps, "other steps than planned: {steps:?}");
        let undone = receipt.steps.iter().find(|done| !done.outcome.is_gone());
        ensure!(undone.is_none(), "{undone:?}");
        let after = World::look(cluster).await?;
        let removal = Self { plan: planned, receipt, before, after };
        removal.check_tags(goes)?;
        removal.check_verdicts()?;
        match (cluster.face, params.extent) {
            (Face::Openshift, Extent::Purge) => removal.check_purge(&params)?,
            _ => removal.nothing_is_freed()?,
        }
        let (was, is) = (removal.before.whole(), removal.after.whole());
        let broken: Vec<_> = was.difference(&is).filter(|tag| !goes.contains(*tag)).collect();
        ensure!(broken.is_empty(), "cannot be pulled any more: {broken:?}");
        if cluster.face == Face::Plain {
            removal.check_collection(cluster).await?;
        }
        Ok(removal)
    }

    /// The fate of a digest in the plan.
    pub(crate) fn fate(&self, digest: &str) -> Option<Fate> {
        let image = self.plan.images.iter().find(|image| image.digest.to_string() == digest);
        let layer = self.plan.layers.iter().find(|layer| layer.digest.to_string() == digest);
        image.map(|image| image.fate).or(layer.map(|layer| layer.fate))
    }

    /// What was found of a digest afterwards.
    pub(crate) fn verdict(&self, digest: &str) -> Option<&Verdict> {
        let probed = self.receipt.digests.iter().find(|probed| probed.digest.to_string() == digest);
        probed.map(|probed| &probed.verdict)
    }

    /// The tags that are left name what they did, or what the plan says that they fall back to.
    fn check_tags(&self, goes: &BTreeSet<String>) -> Result<()> {
        let falls_back = self.plan.items.iter().flat_map(|item| &item.falls_back);
        let falls_back: BTreeMap<_, _> = falls_back
            .map(|fallback| (fallback.tag.to_string(), fallback.digest.to_string()))
            .collect();
        for (tag, history) in &self.before.tags {
            let now = self.after.tags.get(tag);
            if goes.contains(tag) {
                ensure!(now.is_none(), "{tag} is still there");
                continue;
            }
            let now = now.map_or(&[][..], Vec::as_slice);
            let current = falls_back.get(tag).or(history.first());
            ensure!(now.first() == current, "{tag} names {now:?}, not {current:?}");
            let revisions: Vec<_> = self
                .plan
                .steps
                .iter()
                .filter_map(|step| match step {
                    Step::Revision { tag: of, digest } if of.to_string() == *tag => {
                        Some(digest.to_string())
                    }
                    _ => None,
                })
                .collect();
            let left: Vec<_> =
                history.iter().filter(|digest| !revisions.contains(*digest)).cloned().collect();
            ensure!(now == left, "the history of {tag} is {now:?}, not {left:?}");
        }
        let new: Vec<_> =
            self.after.tags.keys().filter(|tag| !self.before.tags.contains_key(*tag)).collect();
        ensure!(new.is_empty(), "there are new tags: {new:?}");
        Ok(())
    }

    /// What was found afterwards is what is on the disk.
    fn check_verdicts(&self) -> Result<()> {
        for probed in &self.receipt.digests {
            let digest = probed.digest.to_string();
            let is_there = self.after.disk.blobs.contains_key(&digest);
            let links: Vec<_> = [&self.after.disk.links, &self.after.disk.revisions]
                .into_iter()
                .flatten()
                .filter(|(_, linked)| linked.contains(&digest))
                .map(|(repository, _)| repository)
                .collect();
            match &probed.verdict {
                Verdict::Gone => ensure!(
                    !is_there || links.is_empty(),
                    "{digest} is not gone, it is in {links:?}"
                ),
                Verdict::Waits | Verdict::Reachable(_) => {
                    ensure!(is_there, "{probed:?} is not on the disk");
                }
                Verdict::Unknown(failure) => anyhow::bail!("{digest}: {failure:?}"),
            }
            if matches!(probed.verdict, Verdict::Reachable(_)) {
                let leads = self.after.disk.blobs_of(&self.after.named()).contains(&digest);
                ensure!(leads || !links.is_empty(), "nothing reaches {digest}");
            }
        }
        Ok(())
    }

    /// Only what prunes and collects frees space.
    fn nothing_is_freed(&self) -> Result<()> {
        let lost = self.before.disk.lost(&self.after.disk);
        ensure!(lost.is_empty(), "gone from the disk: {lost:?}");
        ensure!(self.before.images == self.after.images, "the cluster has other images");
        let space = self.receipt.space;
        ensure!(space.freed == 0, "nothing is freed, and {space:?} told");
        Ok(())
    }

    /// Gone is exactly what led to nothing but the tags that went, and was told so.
    fn check_purge(&self, params: &Params) -> Result<()> {
        let Self { plan, receipt, before, after } = self;
        let orphans =
            params.targets.iter().any(|target| matches!(target, Target::Orphans(Orphan::Images)));
        let led = match orphans {
            true => before.images.clone(),
            false => before.disk.images_of(&before.named()),
        };
        let leads = before.disk.images_of(&after.named());
        let expected: BTreeSet<_> = led.difference(&leads).cloned().collect();
        let forgotten: BTreeSet<_> = before.images.difference(&after.images).cloned().collect();
        ensure!(forgotten == expected, "forgotten {forgotten:?}, not {expected:?}");

        let needed = before.disk.blobs_of(&after.images);
        let garbage = before.disk.blobs_of(&before.images);
        let mut expected: BTreeSet<_> = garbage.difference(&needed).cloned().collect();
        expected.retain(|blob| before.disk.blobs.contains_key(blob));
        let lost = before.disk.lost(&after.disk);
        ensure!(lost == expected, "gone from the disk: {lost:?}, not {expected:?}");
        let told = plan.layers.iter().filter(|layer| layer.fate == Fate::Removed);
        let told: BTreeSet<_> = told.map(|layer| layer.digest.to_string()).collect();
        ensure!(told == lost, "told {told:?}, gone from the disk {lost:?}");
        // Nobody tells the size of a manifest that is in no stream.
        let sized = plan.layers.iter().filter(|layer| layer.size.is_some());
        let lost: BTreeSet<_> = match orphans {
            true => sized
                .map(|layer| layer.digest.to_string())
                .filter(|blob| lost.contains(blob))
                .collect(),
            false => lost,
        };
        let bytes = before.disk.bytes(&lost);
        ensure!(
            plan.space.freed == bytes && receipt.space.freed == bytes,
            "{bytes} bytes gone, planned {:?}, told {:?}",
            plan.space,
            receipt.space
        );
        ensure!(orphans || plan.space.unknown == 0, "{:?}", plan.space);
        Ok(())
    }

    /// Garbage collection frees what was told.
    async fn check_collection(&self, cluster: &Cluster) -> Result<()> {
        let Self { plan, receipt, before, after } = self;
        let collected = collect(cluster).await?;
        let cleaned = World::look(cluster).await?;
        let needed = before.disk.blobs_of(&after.disk.all_revisions());
        let linked = before.disk.blobs_of(&before.disk.all_revisions());
        let expected: BTreeSet<_> = linked.difference(&needed).cloned().collect();
        let lost = before.disk.lost(&cleaned.disk);
        // Blobs that nothing led to before are no part of this deletion.
        let lost: BTreeSet<_> = lost.intersection(&linked).cloned().collect();
        ensure!(lost == expected, "gone from the disk: {lost:?}, not {expected:?}");
        let told = plan.layers.iter().filter(|layer| layer.fate != Fate::Stays);
        let told: BTreeSet<_> = told.map(|layer| layer.digest.to_string()).collect();
        ensure!(told == lost, "told {told:?}, gone from the disk {lost:?}");
        let bytes = before.disk.bytes(&lost);
        ensure!(
            plan.space.later == bytes && receipt.space.later == bytes,
            "{bytes} bytes gone, planned {:?}, told {:?}",
            plan.space,
            receipt.space
        );
        let freed = after.disk.bytes(&after.disk.lost(&cleaned.disk));
        ensure!(collected.bytes == Some(freed), "{freed} bytes gone, {collected:?} told");
        ensure!(cleaned.tags == after.tags, "the collection took tags away");
        Ok(())
    }

    /// How many steps of a kind there are.
    pub(crate) fn count(&self, is_such: impl Fn(&Step) -> bool) -> usize {
        self.plan.steps.iter().filter(|step| is_such(step)).count()
    }
}
