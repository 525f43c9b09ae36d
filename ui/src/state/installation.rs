// SPDX-License-Identifier: LGPL-2.1-or-later

//! The storage of a registry that is to be added, and the name of one that is to be removed.

use images_proto::account::Object;
use images_proto::installation::Storage;

/// What was chosen and typed about the storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// In the pod, so that the images are lost with it.
    pub in_pod: bool,
    /// The storage class; empty for the cluster's default.
    pub class: String,
    /// The size of the volume, as typed.
    pub size: String,
    /// The unit of the size.
    pub unit: Unit,
}

impl Default for Form {
    fn default() -> Self {
        Self { in_pod: false, class: String::new(), size: "20".to_owned(), unit: Unit::Gib }
    }
}

impl Form {
    /// The storage; `None` while the size is none.
    pub fn storage(&self) -> Option<Storage> {
        if self.in_pod {
            return Some(Storage::Pod);
        }
        let class = Some(self.class.clone()).filter(|class| !class.is_empty());
        Some(Storage::Claim { class, size: self.bytes()? })
    }

    /// The size in bytes: from 1 MiB, which no registry can do without, to 1 EiB.
    fn bytes(&self) -> Option<u64> {
        let text = self.size.trim();
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let bytes = text.parse::<u64>().ok()?.checked_mul(self.unit.bytes())?;
        ((1 << 20)..=(1 << 60)).contains(&bytes).then_some(bytes)
    }
}

/// A unit of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 2²⁰ bytes.
    Mib,
    /// 2³⁰ bytes.
    Gib,
    /// 2⁴⁰ bytes.
    Tib,
}

impl Unit {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Mib, Self::Gib, Self::Tib];

    /// Its sign.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mib => "MiB",
            Self::Gib => "GiB",
            Self::Tib => "TiB",
        }
    }

    /// The unit with this sign; GiB for any other text.
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|unit| unit.name() == name).unwrap_or(Self::Gib)
    }

    fn bytes(self) -> u64 {
        match self {
            Self::Mib => 1 << 20,
            Self::Gib => 1 << 30,
            Self::Tib => 1 << 40,
        }
    }
}

/// What people would call the registry that these objects are: its workload, or the one object that
/// switches it on.
pub fn name(objects: &[Object]) -> Option<String> {
    let workload = objects.iter().find(|object| object.kind == "Deployment");
    let object = workload.or(objects.first())?;
    Some(match &object.namespace {
        Some(namespace) => format!("{namespace}/{}", object.name),
        None => format!("{} {}", object.kind, object.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, namespace: Option<&str>, name: &str) -> Object {
        let namespace = namespace.map(str::to_owned);
        Object { kind: kind.to_owned(), namespace, name: name.to_owned(), yaml: String::new() }
    }

    #[test]
    fn a_registry_is_called_after_its_workload() {
        let objects = [object("Namespace", None, "ns"), object("Deployment", Some("ns"), "r")];
        assert_eq!(name(&objects).as_deref(), Some("ns/r"));
        assert_eq!(name(&[object("Config", None, "cluster")]).as_deref(), Some("Config cluster"));
        assert_eq!(name(&[]), None);
    }

    fn form(size: &str, unit: Unit) -> Form {
        Form { size: size.to_owned(), unit, ..Form::default() }
    }

    #[test]
    fn the_form_begins_with_what_the_bridge_would_take() {
        assert_eq!(Form::default().storage(), Some(Storage::default()));
    }

    #[test]
    fn a_size_is_a_whole_number_that_a_volume_can_have() {
        let size = |form: Form| match form.storage()? {
            Storage::Claim { size, .. } => Some(size),
            Storage::Pod => None,
        };
        assert_eq!(size(form(" 100 ", Unit::Mib)), Some(100 << 20));
        assert_eq!(size(form("2", Unit::Tib)), Some(2 << 40));
        for text in
            ["", "0", "-1", "+1", "1.5", "1e3", "ten", "99999999999", "18446744073709551616"]
        {
            assert_eq!(size(form(text, Unit::Gib)), None, "{text}");
        }
    }

    #[test]
    fn the_pod_needs_no_size() {
        let form = Form { in_pod: true, size: "x".to_owned(), ..Form::default() };
        assert_eq!(form.storage(), Some(Storage::Pod));
        let form = Form { class: "fast".to_owned(), ..Form::default() };
        assert!(
            matches!(form.storage(), Some(Storage::Claim { class: Some(class), .. }) if class == "fast")
        );
    }

    #[test]
    fn units_have_names_of_their_own() {
        for unit in Unit::ALL {
            assert_eq!(Unit::of(unit.name()), unit);
        }
        assert_eq!(Unit::of("parsec"), Unit::Gib);
    }
}
