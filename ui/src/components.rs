// SPDX-License-Identifier: LGPL-2.1-or-later

//! Thin components that draw PatternFly 6 markup as patternfly.org documents it. They decide
//! nothing.

pub mod alert;
pub mod bounded;
pub mod breadcrumb;
pub mod button;
pub mod bytes;
pub mod choice;
pub mod command;
pub mod copy;
pub mod description;
pub mod dialog;
pub mod digest;
pub mod empty_state;
pub mod expandable;
pub mod failure;
pub mod field;
pub mod filtered;
pub mod heading;
pub mod icon;
pub mod label;
pub mod link;
pub mod mark_all;
pub mod moment;
pub mod offers;
pub mod own_kubeconfig;
pub mod pagination;
pub mod progress;
pub mod pull_command;
pub mod question;
pub mod quick_delete;
pub mod reason;
pub mod receipt;
pub mod save;
pub mod search_box;
pub mod select;
pub mod space;
pub mod table;
pub mod target_name;
pub mod tick;
pub mod undone;
pub mod users;
pub mod waiting;
pub mod window;
