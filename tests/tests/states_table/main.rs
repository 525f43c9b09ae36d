// SPDX-License-Identifier: LGPL-2.1-or-later

//! One table: every state in which the bridge does not reach the cluster or its registry, and every
//! way to log in. A row says how the state comes about, what must be said, and what heals it; it is
//! a test of its own name. The same process must heal, without a reload.

mod cluster;
mod credentials;
mod registry;

/// Rows as tests. `$run` takes the parts of each.
macro_rules! rows {
    ($run:path; $( $(#[$about:meta])* $name:ident { $($part:expr),+ $(,)? } )+) => {
        $(
            $(#[$about])*
            #[tokio::test]
            async fn $name() -> anyhow::Result<()> {
                $run($($part),+).await
            }
        )+
    };
}
use rows;
