// SPDX-License-Identifier: LGPL-2.1-or-later

//! What a failure must say.

use anyhow::{Context, Result, ensure};
use images_proto::{Code, Failure, Offer};

/// What must stand in a failure. A command must be there if one is expected, and only then; the
/// offers must be these, in this order.
#[derive(Clone, Debug)]
pub struct Said {
    code: Code,
    message: Vec<String>,
    fix: Option<String>,
    details: Vec<String>,
    command: Option<String>,
    offers: Vec<Offer>,
    retryable: bool,
}

impl Said {
    /// A failure that trying again does not mend, with these words in its message.
    pub fn new(code: Code, words: impl Into<String>) -> Self {
        Self {
            code,
            message: vec![words.into()],
            fix: None,
            details: Vec::new(),
            command: None,
            offers: Vec::new(),
            retryable: false,
        }
    }

    /// The same with more words in the message.
    #[must_use]
    pub fn and(mut self, words: impl Into<String>) -> Self {
        self.message.push(words.into());
        self
    }

    /// The same with these words in what the user can do.
    #[must_use]
    pub fn fix(self, words: impl Into<String>) -> Self {
        Self { fix: Some(words.into()), ..self }
    }

    /// The same with these words in the details.
    #[must_use]
    pub fn details(mut self, words: impl Into<String>) -> Self {
        self.details.push(words.into());
        self
    }

    /// The same with a command line that holds this.
    #[must_use]
    pub fn command(self, words: impl Into<String>) -> Self {
        Self { command: Some(words.into()), ..self }
    }

    /// The same with these offers.
    #[must_use]
    pub fn offers(self, offers: &[Offer]) -> Self {
        Self { offers: offers.to_vec(), ..self }
    }

    /// The same, and it is tried again by itself.
    #[must_use]
    pub fn retried(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// Compares.
    ///
    /// # Errors
    /// When the failure says anything else.
    pub fn check(&self, failure: &Failure) -> Result<()> {
        self.compare(failure).with_context(|| format!("{failure:#?}"))
    }

    fn compare(&self, failure: &Failure) -> Result<()> {
        let shown = |words: &Option<String>| words.clone().unwrap_or_default();
        ensure!(failure.code == self.code, "the code is not {:?}", self.code);
        for words in &self.message {
            ensure!(failure.message.contains(words), "the message does not say {words:?}");
        }
        ensure!(failure.message.ends_with(['.', '?']), "the message is no whole sentence");
        ensure!(!failure.message.contains('\n'), "the message is more than one line");
        let fix = shown(&failure.fix);
        match &self.fix {
            Some(words) => ensure!(fix.contains(words), "the fix does not say {words:?}"),
            // There is always a next step, in words or as an offer.
            None => ensure!(!fix.is_empty() || !failure.offers.is_empty(), "there is no next step"),
        }
        let details = shown(&failure.details);
        for words in &self.details {
            ensure!(details.contains(words), "the details do not say {words:?}");
        }
        let command = shown(&failure.command);
        match &self.command {
            Some(words) => ensure!(command.contains(words), "the command is not {words:?}"),
            None => ensure!(command.is_empty(), "there is a command"),
        }
        ensure!(failure.offers == self.offers, "the offers are not {:?}", self.offers);
        ensure!(failure.retryable == self.retryable, "retryable is not {}", self.retryable);
        Ok(())
    }
}
