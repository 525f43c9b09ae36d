// SPDX-License-Identifier: LGPL-2.1-or-later
//! `dockerImageMetadata`: what OpenShift keeps of an image's configuration.

use serde_json::{Map, Value, json};

/// Of the configuration only what Docker knew ten years ago: no `StopSignal`, no `Healthcheck`.
const KEPT: [&str; 10] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Hostname",
    "Labels",
    "OnBuild",
    "User",
    "Volumes",
    "WorkingDir",
];

/// What stands where an image's metadata is not known.
pub(crate) fn nothing() -> Value {
    json!({
        "kind": "DockerImage", "apiVersion": "image.openshift.io/1.0",
        "Id": "", "Created": null, "ContainerConfig": {},
    })
}

/// The metadata of a manifest list or an index: almost nothing, and the time of the push.
pub(crate) fn of_index(digest: &str, now: &str) -> Value {
    let mut metadata = nothing();
    metadata["Id"] = json!(digest);
    metadata["Created"] = json!(now);
    metadata
}

/// The metadata of an image with this configuration.
pub(crate) fn of_image(config_digest: &str, config: &Value, size: u64) -> Value {
    let mut metadata = nothing();
    metadata["Id"] = json!(config_digest);
    metadata["Created"] = created(config["created"].as_str());
    metadata["ContainerConfig"] = kept(&config["container_config"]);
    metadata["Config"] = kept(&config["config"]);
    metadata["Size"] = json!(size);
    for (field, from) in [
        ("DockerVersion", "docker_version"),
        ("Author", "author"),
        ("Architecture", "architecture"),
    ] {
        if let Some(text) = config[from].as_str().filter(|text| !text.is_empty()) {
            metadata[field] = json!(text);
        }
    }
    metadata
}

fn kept(config: &Value) -> Value {
    let fields = config.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, value)| KEPT.contains(&name.as_str()) && !is_empty(value));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Whole seconds; the zero date is null.
fn created(text: Option<&str>) -> Value {
    let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let whole = time.and_then(|time| jiff::Timestamp::from_second(time.as_second()).ok());
    match whole {
        Some(whole) if !text.unwrap_or_default().starts_with("0001-01-01") => {
            json!(whole.to_string())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loses_what_openshift_loses() {
        let config = json!({
            "created": "2026-03-17T10:11:12.5Z", "architecture": "amd64", "os": "linux",
            "author": "",
            "config": {"User": "1", "StopSignal": "SIGINT", "Env": [], "Cmd": ["x"]},
            "history": [{}],
        });
        let metadata = of_image("sha256:c", &config, 7);
        assert_eq!(metadata["Created"], "2026-03-17T10:11:12Z");
        assert_eq!(metadata["Config"], json!({"User": "1", "Cmd": ["x"]}));
        assert_eq!(metadata["ContainerConfig"], json!({}));
        for lost in ["os", "history", "Author", "DockerVersion"] {
            assert!(metadata.get(lost).is_none(), "{lost}");
        }
        assert_eq!(
            of_image("c", &json!({"created": "0001-01-01T00:00:00Z"}), 0)["Created"],
            Value::Null
        );
    }
}
