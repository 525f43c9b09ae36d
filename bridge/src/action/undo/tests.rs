// SPDX-License-Identifier: LGPL-2.1-or-later

//! Undoing against an API and a registry of a page of code each.

mod distribution;
mod openshift;

use images_proto::history::UndoneItem;
use images_proto::{Code, TagRef};

use super::*;

fn tag(name: &str) -> TagRef {
    TagRef { repository: "shop/api".parse().unwrap(), tag: name.parse().unwrap() }
}

/// The kinds of failure, tag by tag; `None` for what is back.
fn left(items: &[UndoneItem]) -> Vec<(&str, Option<Code>)> {
    let code = |item: &UndoneItem| match &item.left {
        None => None,
        Some(images_proto::delete::Outcome::Kept(failure)) => Some(failure.code),
        Some(other) => panic!("{other:?}"),
    };
    items.iter().map(|item| (item.tag.tag.as_str(), code(item))).collect()
}
