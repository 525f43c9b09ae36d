// SPDX-License-Identifier: LGPL-2.1-or-later
//! The people whom a docker-registry of the plain face knows by itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::identifier;

/// The lowest that bcrypt has: docker-registry computes it for every request.
const COST: u32 = 4;

/// Names with passwords, which are not those of the API server.
#[derive(Debug, Clone)]
pub(crate) struct Accounts(BTreeMap<String, String>);

impl Accounts {
    /// New passwords for these names.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let accounts = names.into_iter().map(|name| (name.to_owned(), identifier::password()));
        Self(accounts.collect())
    }

    /// Whether a name has that password.
    pub(crate) fn knows(&self, name: &str, password: &str) -> bool {
        self.0.get(name).is_some_and(|own| own == password)
    }

    /// The passwords by name.
    pub(crate) fn passwords(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }

    /// As `htpasswd -B` writes them.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn htpasswd(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for (name, password) in &self.0 {
            let _ = writeln!(text, "{name}:{}", bcrypt::hash(password, COST)?);
        }
        Ok(text)
    }
}

/// What somebody may do in every repository, as token servers name it.
pub(crate) fn actions(name: &str) -> &'static [&'static str] {
    match name {
        "sarah" => &["pull", "push", "delete"],
        "scruffy" | "jane" => &["pull", "push"],
        "eric" | "greg" => &["pull"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash() {
        let accounts = Accounts::new(["amy"]);
        let password = &accounts.passwords()["amy"];
        assert!(accounts.knows("amy", password) && !accounts.knows("amy", "x"));
        assert!(!accounts.knows("josh", password));
        let text = accounts.htpasswd().unwrap();
        let hash = text.trim().strip_prefix("amy:").unwrap();
        assert!(bcrypt::verify(password, hash).unwrap());
        assert!(!text.contains(password.as_str()));
    }
}
