// SPDX-License-Identifier: LGPL-2.1-or-later
//! The states that the registry can be found in.

use std::str::FromStr;

/// How the registry stands in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryState {
    /// It runs.
    #[default]
    Running,
    /// There is none: no service, no deployment and no pod; on OpenShift no operator either.
    Absent,
    /// OpenShift's operator was told to remove it. Like [`RegistryState::Absent`] elsewhere.
    Removed,
    /// The deployment wants no pod.
    Scaled,
    /// The deployment wants a pod that no node takes.
    NoEndpoints,
    /// The pod's program ends again and again.
    Crashing,
}

impl RegistryState {
    /// Its name on the command line and at the control port.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Absent => "absent",
            Self::Removed => "removed",
            Self::Scaled => "scaled",
            Self::NoEndpoints => "no-endpoints",
            Self::Crashing => "crashing",
        }
    }
}

impl FromStr for RegistryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [
            Self::Running,
            Self::Absent,
            Self::Removed,
            Self::Scaled,
            Self::NoEndpoints,
            Self::Crashing,
        ];
        let known = || all.map(Self::name).join(", ");
        let found = all.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| format!("'{text}' is none of {}", known()))
    }
}
