// SPDX-License-Identifier: LGPL-2.1-or-later

//! The manifest: Cockpit starts the bridge by an absolute path, which only the build knows.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Stands in `manifest.json` for the path of the bridge.
const PLACEHOLDER: &str = "@BRIDGE@";

/// Reads the manifest and puts in the path of the bridge.
pub(crate) fn read(file: &Path, bridge: &Path) -> Result<String> {
    let template =
        fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    fill(&template, bridge).with_context(|| format!("failed to complete {}", file.display()))
}

fn fill(template: &str, bridge: &Path) -> Result<String> {
    // Cockpit 287 knows no variables in `spawn`, and its working directory is the user's.
    ensure!(bridge.is_absolute(), "the bridge's path {} is not absolute", bridge.display());
    let Some(bridge) = bridge.to_str() else {
        bail!("the bridge's path {} is not UTF-8", bridge.display());
    };
    // Substituted in the text, not in the parsed value, so that the file stays as it was written.
    let placeholder = Value::from(PLACEHOLDER).to_string();
    ensure!(template.matches(&placeholder).count() == 1, "expected {placeholder} exactly once");
    let manifest = template.replace(&placeholder, &Value::from(bridge).to_string());
    serde_json::from_str::<Value>(&manifest)?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridges_path_is_filled_in_and_escaped() {
        let filled = fill(r#"{ "spawn": ["@BRIDGE@"] }"#, Path::new(r#"/opt/a"b/bridge"#)).unwrap();
        assert_eq!(filled, r#"{ "spawn": ["/opt/a\"b/bridge"] }"#);
    }

    #[test]
    fn a_manifest_that_would_not_work_is_refused() {
        let bridge = Path::new("/bridge");
        assert!(fill(r#"{ "spawn": ["@BRIDGE@"] }"#, Path::new("bridge")).is_err());
        assert!(fill(r#"{ "spawn": [] }"#, bridge).is_err());
        assert!(fill(r#"{ "spawn": ["@BRIDGE@", "@BRIDGE@"] }"#, bridge).is_err());
        assert!(fill(r#"{ "spawn": ["@BRIDGE@"], }"#, bridge).is_err());
    }
}
