// SPDX-License-Identifier: LGPL-2.1-or-later

//! A message bus of one Cockpit's own. The Python bridge does not run without one, and the
//! machine may have none, as in a container.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::Program;
use crate::wait::PATIENCE;

/// A bus that serves as system bus and as session bus.
#[derive(Debug)]
pub(crate) struct Bus {
    /// What `DBUS_SESSION_BUS_ADDRESS` and `DBUS_SYSTEM_BUS_ADDRESS` are to be.
    pub(crate) address: String,
    _daemon: Program,
}

impl Bus {
    /// Starts it with its socket in `folder`.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let config = folder.join("bus.conf");
        fs::write(
            &config,
            format!(
                r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
                folder.join("bus").display()
            ),
        )?;
        let mut command = Command::new("dbus-daemon");
        command.args(["--nofork", "--print-address", "--config-file"]).arg(config);
        let (daemon, lines) = Program::start_telling(&command, &folder.join("bus.log"))?;
        let address = lines
            .find(PATIENCE, |line| line.starts_with("unix:").then(|| line.to_owned()))
            .context("dbus-daemon")?;
        Ok(Self { address, _daemon: daemon })
    }
}
