// SPDX-License-Identifier: LGPL-2.1-or-later

//! Work that takes long, aside from all else.
//!
//! One thread speaks with everybody: steps that lead from one to the next, such as a search and its
//! answer, wake no other thread, which takes longer than the search. What takes a millisecond or more
//! would keep everybody waiting there.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Does something where it is called, and has all else go on in another thread meanwhile.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        // A test, where nobody waits.
        _ => work(),
    }
}
