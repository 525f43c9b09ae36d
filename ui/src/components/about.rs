// SPDX-License-Identifier: LGPL-2.1-or-later

//! What is true of all views about projects and people.

use images_proto::project::About;
use yew::prelude::*;

use super::alert::{Alert, Severity};
use super::failure;
use super::link::Link;
use crate::state::route::Route;
use crate::text::{plural, tr};

/// How many failures are told in full.
const TOLD: usize = 3;

/// What one should know before one believes the view; nothing when that is nothing.
pub fn about(about: &About) -> Html {
    let rest = about.unread.len().saturating_sub(TOLD);
    html! {
        <>
            if about.decides == Some(false) {
                <Alert severity={Severity::Info} testid="decides-not"
                    title={tr("This registry keeps users of its own")}
                    actions={html! { <Link to={Route::Registry}>{ tr("What you can do at the registry") }</Link> }}>
                    <p>{ tr("Roles in the cluster do not decide there who may pull and push. What you see and change here holds for the cluster alone.") }</p>
                </Alert>
            }
            if !about.unread.is_empty() {
                <Alert severity={Severity::Warning} testid="unread"
                    title={tr("Not everything could be read, so there may be more than is shown")}>
                    { for about.unread.iter().take(TOLD).map(failure::words) }
                    if rest > 0 { <p>{ plural("and $0 more", "and $0 more", rest as u64) }</p> }
                </Alert>
            }
        </>
    }
}
