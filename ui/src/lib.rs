// SPDX-License-Identifier: LGPL-2.1-or-later

//! The Images page of Cockpit.
//!
//! - [`state`]: what the page decides, plain Rust;
//! - [`components`]: what it draws, thin;
//! - [`pages`] and [`dialogs`]: compositions of both;
//! - [`bridge`]: typed calls of the bridge, one channel each;
//! - [`host`]: files of this host, by the rights of an administrator;
//! - [`json`]: how their messages are read;
//! - [`cockpit`] and [`browser`]: the only JavaScript that is called.

pub mod app;
pub mod bridge;
pub mod browser;
pub mod cockpit;
pub mod components;
pub mod dialogs;
pub mod filtered;
pub mod host;
pub mod json;
pub mod location;
pub mod pages;
pub mod part;
pub mod scrolled;
pub mod session;
pub mod state;
pub mod text;
pub mod typed;

/// Draws the page into `#app`, in the place of what stands there until then.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    let document = web_sys::window().and_then(|window| window.document());
    let root = document.and_then(|document| document.get_element_by_id("app"));
    let renderer = match root {
        Some(root) => {
            root.set_text_content(None);
            yew::Renderer::<app::App>::with_root(root)
        }
        None => yew::Renderer::new(),
    };
    renderer.render();
}
