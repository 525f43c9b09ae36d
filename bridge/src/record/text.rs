// SPDX-License-Identifier: LGPL-2.1-or-later

//! Receipts as text for people, to be read and saved. Times are UTC.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use images_proto::Failure;
use images_proto::delete::{Extent, Outcome, Receipt, Space, Step, Window};
use images_proto::garbage::Collected;
use images_proto::history::{Act, Record, Undone};
use images_proto::stage;

use super::words;

/// The whole record.
pub(super) fn text(
    record: &Record,
    collected: Option<&Collected>,
    outcomes: &BTreeMap<usize, Outcome>,
) -> String {
    let change = &record.change;
    let mut page = Page::default();
    page.line(match change.act {
        Act::Delete => "Deletion",
        Act::Undo => "Undo of a deletion",
        Act::Collect => "Garbage collection",
        Act::Promote => "Promotion",
        Act::Unknown => "Change",
    });
    page.line("");
    page.field("Change", &change.id);
    page.field("Registry", &change.registry);
    page.some("User", change.user.as_deref());
    page.some("Reason", change.reason.as_deref());
    page.field("Began", &time(change.started));
    match change.ended {
        Some(ended) => page.field("Ended", &time(ended)),
        None => page.field("Ended", "not yet, or it was broken off"),
    }
    if let Some(params) = &record.params {
        page.field(
            "Extent",
            match params.extent {
                Extent::Unlink => "nothing leads there any more; data waits for pruning",
                Extent::Purge => "data that nothing else uses is removed too",
            },
        );
    }
    page.some("Undone by", change.undone_by.as_deref());
    if let Some(receipt) = &record.receipt {
        page.receipt(receipt);
    } else if let Some(undone) = &record.undone {
        page.undone(undone);
    } else if let Some(collected) = collected {
        page.collected(collected);
    } else if let Some(promotion) = &record.promotion {
        page.promotion(promotion);
    } else if let Some(plan) = &record.plan {
        page.heading("Steps");
        for (idx, step) in plan.steps.iter().enumerate() {
            page.step(step, outcomes.get(&idx).unwrap_or(&Outcome::Untried));
        }
    }
    page.text
}

/// A receipt alone.
pub(super) fn receipt(receipt: &Receipt) -> String {
    let mut page = Page::default();
    page.receipt(receipt);
    page.text
}

/// What came back, alone.
pub(super) fn undone(undone: &Undone) -> String {
    let mut page = Page::default();
    page.undone(undone);
    page.text
}

/// A text that grows line by line.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        // The words of another side must neither begin lines of their own nor draw on a terminal.
        self.text.extend(line.chars().map(|char| if char.is_control() { ' ' } else { char }));
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.line("");
        }
        self.line(heading);
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("{name:<9}  {value}"));
    }

    fn some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    fn item(&mut self, word: &str, what: &str, failure: Option<&Failure>) {
        self.line(&format!("  {word:<13}  {what}"));
        if let Some(Failure { message, fix, .. }) = failure {
            self.line(&format!("  {:<13}  {message}", ""));
            if let Some(fix) = fix {
                self.line(&format!("  {:<13}  {fix}", ""));
            }
        }
    }

    fn step(&mut self, step: &Step, outcome: &Outcome) {
        self.item(words::outcome(outcome), &words::step(step), words::failure(outcome));
    }

    fn receipt(&mut self, receipt: &Receipt) {
        self.heading("Targets");
        for item in &receipt.items {
            let (word, what) = (words::outcome(&item.outcome), words::target(&item.target));
            self.item(word, &what, words::failure(&item.outcome));
        }
        self.heading("Steps");
        for done in &receipt.steps {
            self.step(&done.step, &done.outcome);
        }
        self.heading("Found afterwards");
        for probed in &receipt.digests {
            let digest = probed.digest.to_string();
            let line = format!(
                "  {:<8}  {digest}  {}",
                words::part(probed.part),
                words::verdict(&probed.verdict)
            );
            self.line(&line);
        }
        self.heading("Space");
        let Space { freed, later, shared, unknown } = receipt.space;
        for (what, bytes) in [("freed", freed), ("waits", later), ("shared", shared)] {
            self.line(&format!("  {what:<8}  {bytes} bytes"));
        }
        if unknown > 0 {
            self.line(&format!("  and the bytes of {unknown} blobs of unknown size"));
        }
        self.window(&receipt.undo);
    }

    fn window(&mut self, window: &Window) {
        if window.words.is_empty() {
            return;
        }
        self.heading("Undo");
        let words = &window.words;
        let line = match (window.open, window.until) {
            (true, Some(until)) => format!("It can be undone until {}. {words}", time(until)),
            (true, None) => format!("It can be undone. {words}"),
            (false, _) => format!("It cannot be undone. {words}"),
        };
        self.line(&format!("  {line}"));
    }

    fn undone(&mut self, undone: &Undone) {
        if undone.untagged > 0 || !undone.failures.is_empty() {
            self.heading("Without a tag");
            self.item("back", &undone.untagged.to_string(), None);
            for failure in &undone.failures {
                self.item("NOT back", &failure.message, None);
                if let Some(fix) = &failure.fix {
                    self.line(&format!("  {:<13}  {fix}", ""));
                }
            }
        }
        if !undone.items.is_empty() {
            self.heading("Tags");
        }
        for item in &undone.items {
            let word = if item.left.is_none() { "back" } else { "NOT back" };
            let what = match &item.digest {
                Some(digest) => {
                    format!("{} on {digest}, revisions: {}", item.tag, item.revisions)
                }
                None => item.tag.to_string(),
            };
            self.item(word, &what, item.left.as_ref().and_then(words::failure));
            if let Some(differs) = &item.differs {
                self.line(&format!("  {:<13}  {differs}", ""));
            }
        }
    }

    fn promotion(&mut self, receipt: &stage::Receipt) {
        self.heading("Tags");
        for item in &receipt.items {
            let word = if item.done { "promoted" } else { "NOT promoted" };
            self.item(word, &words::moved(item), item.failure.as_ref());
            for tag in &item.attachments {
                self.line(&format!("  {:<13}  with {tag}", ""));
            }
            if let Some(sent) = item.sent.filter(|sent| *sent > 0) {
                self.line(&format!("  {:<13}  {sent} bytes were sent", ""));
            }
        }
    }

    fn collected(&mut self, collected: &Collected) {
        self.heading("Result");
        let bytes = match collected.bytes {
            Some(bytes) => format!("{bytes} bytes"),
            None => "an unknown number of bytes".to_owned(),
        };
        self.line(&format!("  {} blobs are gone, {bytes}", collected.blobs));
        if let Some(failure) = &collected.failure {
            self.line(&format!("  {}", failure.message));
        }
    }
}

fn time(seconds: i64) -> String {
    let mut text = String::new();
    match jiff::Timestamp::from_second(seconds) {
        // Writing to a String does not fail.
        Ok(time) => drop(write!(text, "{} UTC", time.strftime("%Y-%m-%d %H:%M:%S"))),
        Err(_) => text.push_str("at an unknown time"),
    }
    text
}
