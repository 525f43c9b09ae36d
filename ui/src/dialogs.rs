// SPDX-License-Identifier: LGPL-2.1-or-later

//! The dialogs, one a file.

pub mod delete;
