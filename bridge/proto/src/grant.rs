// SPDX-License-Identifier: LGPL-2.1-or-later

//! `grant`: gives, changes and takes a role in a project.

use serde::{Deserialize, Serialize};

use crate::Method;
use crate::account::{MissingRight, Object};
use crate::subject::{Role, Subject};

/// Gives, changes or takes a role of ours. Other roles are never touched.
pub struct Grant;

impl Method for Grant {
    const NAME: &'static str = "grant";
    type Params = Params;
    type Answer = Granted;
}

/// Who gets which role where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The project.
    pub project: String,
    /// Who.
    pub subjects: Vec<Subject>,
    /// The role of ours that they have afterwards; absent: none.
    #[serde(default)]
    pub role: Option<Role>,
    /// The user saw [`Granted::creates`] and agreed.
    #[serde(default)]
    pub agreed: bool,
    /// The user saw [`Granted::last_right`] and agreed.
    #[serde(default)]
    pub even_own: bool,
}

impl Params {
    /// The most subjects of one change.
    pub const MAX_SUBJECTS: usize = 500;
}

/// What came of it, or what has to be agreed to first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Granted {
    /// Whether it was done, and a later look found it so.
    pub done: bool,
    /// Roles that this cluster lacks, which would be created; nothing was done yet.
    pub creates: Vec<Object>,
    /// The change takes from the user the last right to give roles in this project; nothing was
    /// done yet.
    pub last_right: bool,
    /// The rights that the user lacks for it.
    pub missing: Vec<MissingRight>,
    /// The change holds, yet the subject has the right anyway, or still not: through what, in words.
    pub notes: Vec<String>,
}
