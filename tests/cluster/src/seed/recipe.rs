// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which images there are, and what is pushed where, in order.

use serde_json::{Value, json};

use super::layer::Layer;
use super::layout::{Image, Layout};

/// How skopeo writes the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Oci,
    /// Docker's schema 2, and its manifest list for an index.
    Schema2,
}

/// One push.
#[derive(Debug)]
pub(crate) struct Push {
    /// The reference in the layout.
    pub(crate) image: String,
    pub(crate) repository: &'static str,
    /// The first is pushed, the others are put on it.
    pub(crate) tags: Vec<String>,
    pub(crate) format: Format,
    /// How long ago, in days.
    pub(crate) days: i64,
}

/// The layers that images are made of.
pub(crate) struct Layers {
    pub(crate) base: Layer,
    node: Layer,
    pub(crate) python: Layer,
    /// What should never have been in an image.
    secret: Layer,
}

impl Layers {
    /// Packs them.
    ///
    /// # Errors
    /// When a path is too long for a tar archive.
    pub(crate) fn pack() -> std::io::Result<Self> {
        let os = "NAME=\"Loopback Linux\"\nVERSION_ID=\"9.4\"\n";
        let key =
            "[default]\naws_access_key_id = EXAMPLE\naws_secret_access_key = not-a-real-key\n";
        Ok(Self {
            base: Layer::pack("ADD file:rootfs.tar in /", &[("etc/os-release", os)], 200_000)?,
            node: Layer::pack(
                "RUN dnf install -y nodejs",
                &[("usr/bin/node", "#!/bin/sh\n")],
                120_000,
            )?,
            python: Layer::pack(
                "RUN dnf install -y python3",
                &[("usr/bin/python3", "#!/bin/sh\n")],
                90_000,
            )?,
            secret: Layer::pack(
                "COPY .aws /root/.aws # buildkit",
                &[("root/.aws/credentials", key)],
                0,
            )?,
        })
    }
}

/// Makes all images in a layout.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn cook(layout: &mut Layout) -> anyhow::Result<Vec<Push>> {
    let layers = Layers::pack()?;
    let mut pushes = Vec::new();
    skyfield(layout, &layers, &mut pushes)?;
    nightly(layout, &layers, &mut pushes)?;
    shop(layout, &layers, &mut pushes)?;
    tools(layout, &layers, &mut pushes)?;
    Ok(pushes)
}

fn app(name: &str, version: &str) -> std::io::Result<Layer> {
    let text = format!("{name} {version}\n");
    Layer::pack(
        &format!("COPY {name} /opt/{name} # {version}"),
        &[("opt/app/version", text.as_str())],
        20_000,
    )
}

fn config(command: &[&str], version: &str, port: u16) -> Value {
    json!({
        "User": "1001",
        "ExposedPorts": {format!("{port}/tcp"): {}},
        "Env": ["PATH=/usr/bin:/bin", "container=oci", format!("APP_VERSION={version}")],
        "Cmd": command,
        "WorkingDir": "/opt/app",
        "Labels": {
            "name": command.first(), "version": version, "vendor": "Example, Inc.",
            "architecture": "x86_64",
            "io.openshift.build.source-location": "https://git.example.com/skyfield/app.git",
        },
    })
}

fn push(image: &str, repository: &'static str, tags: &[&str], format: Format, days: i64) -> Push {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    Push { image: image.to_owned(), repository, tags, format, days }
}

fn image<'a>(layers: Vec<&'a Layer>, config: Value, days: i64) -> Image<'a> {
    Image {
        layers,
        config,
        author: "Build team <build@example.com>",
        architecture: "amd64",
        days,
        docker: false,
    }
}

fn docker<'a>(layers: Vec<&'a Layer>, config: Value, days: i64) -> Image<'a> {
    Image { docker: true, ..image(layers, config, days) }
}

fn skyfield(layout: &mut Layout, layers: &Layers, pushes: &mut Vec<Push>) -> anyhow::Result<()> {
    // Three pushes of latest: the tag has a history.
    for (version, days) in [("v1", 60), ("v2", 30), ("v3", 5)] {
        let own = app("frontend", version)?;
        let reference = format!("frontend-{version}");
        let config = config(&["npm", "start"], version, 8080);
        layout.add(&reference, &docker(vec![&layers.base, &layers.node, &own], config, days))?;
        pushes.push(push(
            &reference,
            "skyfield/frontend",
            &[version, "latest"],
            Format::Schema2,
            days,
        ));
    }
    pushes.push(push("frontend-v2", "skyfield/frontend", &["stable"], Format::Schema2, 20));
    let mut signed = Value::Null;
    for (version, days, tags) in [("1.0", 40, &["1.0"][..]), ("1.1", 8, &["1.1", "latest"])] {
        let own = app("api", version)?;
        let mut config = config(&["app:app"], version, 8000);
        config["Entrypoint"] = json!(["gunicorn"]);
        config["Volumes"] = json!({"/var/lib/api": {}});
        config["StopSignal"] = json!("SIGINT");
        let reference = format!("api-{version}");
        signed = layout
            .add(&reference, &image(vec![&layers.base, &layers.python, &own], config, days))?;
        pushes.push(push(&reference, "skyfield/api", tags, Format::Oci, days));
    }
    let digest = signed["digest"].as_str().unwrap_or_default();
    layout.add_signature("api-signature", "skyfield/api", digest)?;
    let tag = format!("{}.sig", digest.replace(':', "-"));
    pushes.push(push("api-signature", "skyfield/api", &[&tag], Format::Oci, 8));
    // An audit found the key here, and in shop/checkout:beta.
    let own = app("worker", "2026-06")?;
    let leaky = vec![&layers.base, &layers.python, &layers.secret, &own];
    layout
        .add("worker-leaky", &image(leaky, config(&["celery", "worker"], "2026-06", 5555), 150))?;
    pushes.push(push(
        "worker-leaky",
        "skyfield/worker",
        &["2026-06", "rollback"],
        Format::Oci,
        150,
    ));
    let own = app("worker", "2026-10")?;
    let clean = vec![&layers.base, &layers.python, &own];
    layout
        .add("worker-clean", &image(clean, config(&["celery", "worker"], "2026-10", 5555), 25))?;
    pushes.push(push("worker-clean", "skyfield/worker", &["2026-10", "latest"], Format::Oci, 25));
    Ok(())
}

/// Many tags on few digests.
fn nightly(layout: &mut Layout, layers: &Layers, pushes: &mut Vec<Push>) -> anyhow::Result<()> {
    for month in 5..11 {
        let version = format!("2026-{month:02}");
        let own = app("nightly", &version)?;
        let days = 30 * (11 - month);
        let reference = format!("nightly-{version}");
        let config = config(&["skyfield-nightly"], &version, 8080);
        layout.add(&reference, &docker(vec![&layers.base, &own], config, days))?;
        let tags: Vec<_> = (1..=11).map(|day| format!("{version}-{day:02}")).collect();
        let repository = "skyfield/nightly";
        pushes.push(Push { image: reference, repository, tags, format: Format::Schema2, days });
    }
    Ok(())
}

fn shop(layout: &mut Layout, layers: &Layers, pushes: &mut Vec<Push>) -> anyhow::Result<()> {
    let own = app("checkout", "beta")?;
    let leaky = vec![&layers.base, &layers.node, &layers.secret, &own];
    layout
        .add("checkout-beta", &docker(leaky, config(&["node", "checkout.js"], "beta", 3000), 90))?;
    pushes.push(push("checkout-beta", "shop/checkout", &["beta"], Format::Schema2, 90));
    let own = app("checkout", "1.0")?;
    let clean = vec![&layers.base, &layers.node, &own];
    layout
        .add("checkout-1.0", &docker(clean, config(&["node", "checkout.js"], "1.0", 3000), 45))?;
    pushes.push(push("checkout-1.0", "shop/checkout", &["1.0", "latest"], Format::Schema2, 45));
    for (version, days, tags) in [("13", 300, &["13"][..]), ("14", 100, &["14", "latest"])] {
        let own = app("postgresql", version)?;
        let mut config = config(&["run-postgresql"], version, 5432);
        config["Volumes"] = json!({"/var/lib/pgsql/data": {}});
        config["User"] = json!("26");
        let reference = format!("database-{version}");
        layout.add(&reference, &docker(vec![&layers.base, &own], config, days))?;
        pushes.push(push(&reference, "shop/database", tags, Format::Schema2, days));
    }
    Ok(())
}

fn tools(layout: &mut Layout, layers: &Layers, pushes: &mut Vec<Push>) -> anyhow::Result<()> {
    for (version, days, tags) in [("18", 200, &["18"][..]), ("20", 50, &["20", "latest"])] {
        let steps = (1..=10).map(|step| app("builder", &format!("{version} step {step}")));
        let steps = steps.collect::<std::io::Result<Vec<_>>>()?;
        let mut config = config(&["/usr/libexec/s2i/run"], version, 8080);
        config["Entrypoint"] = json!(["container-entrypoint"]);
        config["Labels"]["io.openshift.tags"] = json!("builder,nodejs");
        let all = [&layers.base, &layers.node].into_iter().chain(&steps).collect();
        let reference = format!("builder-{version}");
        layout.add(&reference, &docker(all, config, days))?;
        pushes.push(push(&reference, "tools/builder", tags, Format::Schema2, days));
    }
    let many = ["amd64", "arm64", "s390x", "ppc64le"];
    multi_arch(layout, "cli", &many, true)?;
    pushes.push(push("cli", "tools/cli", &["1.4", "latest"], Format::Schema2, 15));
    multi_arch(layout, "probe", &["amd64", "arm64", "ppc64le"], false)?;
    pushes.push(push("probe", "tools/probe", &["latest"], Format::Oci, 12));
    let own = app("cache", "6")?;
    let cache = docker(vec![&layers.base, &own], config(&["redis-server"], "6", 6379), 400);
    layout.add("cache-6", &cache)?;
    pushes.push(push("cache-6", "tools/cache", &["6", "latest"], Format::Schema2, 400));
    Ok(())
}

fn multi_arch(
    layout: &mut Layout,
    name: &str,
    architectures: &[&str],
    by_docker: bool,
) -> anyhow::Result<()> {
    let mut children = Vec::new();
    for &architecture in architectures {
        let root = Layer::pack(&format!("ADD file:rootfs-{architecture}.tar in /"), &[], 40_000)?;
        let own = Layer::pack(&format!("COPY {name}-{architecture} /usr/bin/{name}"), &[], 15_000)?;
        let mut config = config(&[name], "1.4", 8443);
        config["Labels"]["architecture"] = json!(architecture);
        let mut one = image(vec![&root, &own], config, 15);
        one.architecture = architecture;
        one.docker = by_docker;
        children.push(layout.add(&format!("{name}-{architecture}"), &one)?);
    }
    layout.add_index(name, &children)?;
    Ok(())
}
