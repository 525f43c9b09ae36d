// SPDX-License-Identifier: LGPL-2.1-or-later

//! Who uses the image; the cluster is asked when somebody wants to know.

use images_proto::image::View;
use images_proto::usage::{Params, Usage};
use images_proto::{Digest, TagRef};
use yew::prelude::*;

use crate::bridge::use_view;
use crate::components::expandable::Expandable;
use crate::components::users::users;
use crate::components::waiting;
use crate::part::{Part, part};
use crate::text::tr;

/// The section, closed at first.
pub(super) fn used_by(image: &View) -> Html {
    let current = image.tags.iter().filter(|place| place.tag.age == 0);
    let tags: Vec<TagRef> = current
        .map(|place| TagRef { repository: place.repository.clone(), tag: place.tag.name.clone() })
        .collect();
    html! {
        <Expandable title={tr("Used by")} testid="used-by">
            { Users { digest: image.digest, tags }.part() }
        </Expandable>
    }
}

#[derive(PartialEq)]
struct Users {
    digest: Digest,
    tags: Vec<TagRef>,
}

part!(Users, use_users, "users");

#[hook]
fn use_users(props: &Users) -> Html {
    let params = Params { digests: vec![props.digest], tags: props.tags.clone() };
    let view = use_view::<Usage>(params);
    waiting::show(&view.state, &view.retry, |used| users(used))
}
