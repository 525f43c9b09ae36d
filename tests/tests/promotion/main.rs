// SPDX-License-Identifier: LGPL-2.1-or-later

//! Promoting from a terminal, end to end, on both faces of the cluster: what the plan and the receipt
//! say, and what skopeo, the API and the registry's disk say.

mod board;
mod killed;
mod moves;
mod refused;
mod support;
