// SPDX-License-Identifier: LGPL-2.1-or-later

//! What the page needs of the browser itself: clock, timers, clipboard, focus, its own files.

use std::cell::Cell;
use std::rc::Rc;
use std::thread::LocalKey;

use js_sys::Intl::{DateTimeFormat, NumberFormat};
use js_sys::{Array, Date, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, Document, Element, FocusEvent, HtmlAnchorElement, HtmlDocument,
    HtmlElement, HtmlTextAreaElement, KeyboardEvent, Response, Url, Window,
};

use crate::cockpit;

pub mod rows;

/// A timer that is forgotten when dropped.
pub struct Timer {
    id: i32,
    _elapsed: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `elapsed` once, after so many milliseconds. `None` when there is no window.
    pub fn after(milliseconds: u32, elapsed: impl FnOnce() + 'static) -> Option<Self> {
        let elapsed = Closure::once(elapsed);
        let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
        let id = window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                elapsed.as_ref().unchecked_ref(),
                milliseconds,
            )
            .ok()?;
        Some(Self { id, _elapsed: elapsed })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = window() {
            window.clear_timeout_with_handle(self.id);
        }
    }
}

/// Now, in seconds since the Unix epoch.
pub fn now() -> i64 {
    (Date::now() / 1000.0) as i64
}

thread_local! {
    /// How the user's language writes numbers and moments. A browser takes far longer to make one of
    /// these than to use it.
    static NUMBERS: Function = NumberFormat::new(&languages(), &Object::new()).format();
    static MOMENTS: Function = DateTimeFormat::new(&languages(), &whole_moment()).format();
}

/// Date and time of a moment in the user's language and time zone.
pub fn full_time(seconds: i64) -> String {
    formatted(&MOMENTS, seconds as f64 * 1000.0).unwrap_or_else(|| seconds.to_string())
}

/// A number with the separators of the user's language.
pub fn number(n: u64) -> String {
    formatted(&NUMBERS, n as f64).unwrap_or_else(|| n.to_string())
}

/// `None` for what no language can write, such as a moment of which no calendar knows.
fn formatted(format: &'static LocalKey<Function>, value: f64) -> Option<String> {
    format.with(|format| format.call1(&JsValue::UNDEFINED, &value.into()).ok()?.as_string())
}

/// The user's language; none is the browser's own. An unknown one would throw.
fn languages() -> Array {
    let language = cockpit::language().filter(|language| is_language(language));
    language.map_or_else(Array::new, |language| Array::of1(&language.into()))
}

fn whole_moment() -> Object {
    let options = Object::new();
    for part in ["year", "month", "day", "hour", "minute", "second"] {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&options, &part.into(), &"numeric".into());
    }
    options
}

/// Puts text into the clipboard; says later whether it worked.
pub async fn copy(text: String) -> bool {
    let Some(window) = window() else { return false };
    // Without TLS there is no clipboard object, except on localhost.
    if window.is_secure_context()
        && JsFuture::from(window.navigator().clipboard().write_text(&text)).await.is_ok()
    {
        return true;
    }
    copy_selection(&text).unwrap_or(false)
}

/// Reads a file of this package.
pub async fn read_own_file(name: &str) -> Option<String> {
    let response = JsFuture::from(window()?.fetch_with_str(name)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let text: Promise = response.text().ok()?;
    JsFuture::from(text).await.ok()?.as_string()
}

/// Has the browser save a text as a file.
pub fn save(name: &str, kind: &str, text: &str) {
    let go = || -> Option<()> {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let parts = Array::of1(&text.into());
        let blob = Blob::new_with_str_sequence_and_options(&parts, &options).ok()?;
        let address = Url::create_object_url_with_blob(&blob).ok()?;
        let link: HtmlAnchorElement = document()?.create_element("a").ok()?.dyn_into().ok()?;
        link.set_href(&address);
        link.set_download(name);
        link.click();
        // The browser reads it after this, and nobody hears when.
        let forget = Closure::once_into_js(move || drop(Url::revoke_object_url(&address)));
        let minute = 60_000;
        window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(forget.unchecked_ref(), minute)
            .ok()
            .map(drop)
    };
    // A window that has lost its document saves nothing.
    let _ = go();
}

/// A part of a JSON text, found by the names of its fields: a string as it is, anything else as
/// indented JSON.
pub fn json_part(text: &str, path: &[&str]) -> Option<String> {
    let mut part = JSON::parse(text).ok()?;
    for name in path {
        part = Reflect::get(&part, &(*name).into()).ok()?;
    }
    part.as_string().or_else(|| {
        let indent = JsValue::from(2);
        let text = JSON::stringify_with_replacer_and_space(&part, &JsValue::NULL, &indent);
        text.ok().map(String::from)
    })
}

/// Names the document, which Cockpit shows as the title of the window.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// Moves the keyboard focus to an element, if it is there.
pub fn focus(selector: &str) {
    let element = document().and_then(|document| document.query_selector(selector).ok()?);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that takes no focus leaves it where it was.
        let _ = element.focus();
    }
}

/// Moves the keyboard focus to an element, unless another one in the page has it. A dialog that is
/// about to go does not count.
pub fn focus_unless_focused(selector: &str) {
    let focused = document().and_then(|document| document.active_element());
    let is_lost = |element: Element| {
        element.tag_name() == "BODY" || element.closest("dialog").ok().flatten().is_some()
    };
    if focused.is_none_or(is_lost) {
        focus(selector);
    }
}

/// Moves the keyboard focus up or down the rows of tables by their checkboxes, or where there are
/// none by their first links; above the first row is the search box. From elsewhere it goes to the first
/// row that is seen. Says whether there was somewhere to go.
pub fn focus_row(step: i32) -> bool {
    let go = || -> Option<()> {
        let document = document()?;
        let rows = document.query_selector_all("tr[data-row]").ok()?;
        let here = document.active_element()?.closest("tr[data-row]").ok()?;
        let row = |idx: u32| rows.get(idx)?.dyn_into::<Element>().ok();
        let link = |idx: u32| {
            let link = row(idx)?.query_selector("input[data-select], a").ok()??;
            link.dyn_into::<HtmlElement>().ok()
        };
        let at = (0..rows.length()).find(|idx| row(*idx) == here && here.is_some());
        let next = match at {
            Some(at) => i64::from(at) + i64::from(step),
            None => {
                let is_seen = |idx: &u32| {
                    row(*idx).is_some_and(|row| row.get_bounding_client_rect().top() >= 0.0)
                };
                (0..rows.length()).find(is_seen).unwrap_or(0).into()
            }
        };
        let Ok(next) = u32::try_from(next) else {
            focus("#search, #filter");
            return Some(());
        };
        // A row of a tag that names nothing has no link.
        let link = match step > 0 {
            true => (next..rows.length()).find_map(link),
            false => (0..=next).rev().find_map(link),
        };
        link?.focus().ok()
    };
    go().is_some()
}

/// Clicks an element, if it is there.
pub fn click(selector: &str) -> bool {
    let element = document().and_then(|document| document.query_selector(selector).ok()?);
    click_element(element)
}

/// Clicks something in the row that has the keyboard focus, if it is there.
pub fn click_in_row(selector: &str) -> bool {
    let go = || {
        let row = document()?.active_element()?.closest("tr[data-row]").ok()??;
        row.query_selector(selector).ok()?
    };
    click_element(go())
}

fn click_element(element: Option<Element>) -> bool {
    let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = &element {
        element.click();
    }
    element.is_some()
}

/// Hears from now on that something was scrolled or that the screen has another size, at most once
/// for each frame that is painted.
pub fn on_scroll(heard: impl Fn() + 'static) {
    let waits = Rc::new(Cell::new(false));
    let paint = Closure::<dyn FnMut()>::new({
        let waits = waits.clone();
        move || {
            waits.set(false);
            heard();
        }
    });
    let scrolled = Closure::<dyn FnMut()>::new(move || {
        if !waits.replace(true)
            && let Some(window) = window()
            && window.request_animation_frame(paint.as_ref().unchecked_ref()).is_err()
        {
            waits.set(false);
        }
    });
    if let Some(window) = window() {
        let scrolled = scrolled.as_ref().unchecked_ref();
        // The page's own window takes listeners. What scrolls is within it, and such events go no
        // further than to whoever listens before them.
        let _ = window.add_event_listener_with_callback_and_bool("scroll", scrolled, true);
        let _ = window.add_event_listener_with_callback("resize", scrolled);
    }
    scrolled.forget();
}

/// Makes the checkbox that got the focus the one of its table that Tab reaches.
pub fn rove(event: &FocusEvent) {
    let go = || -> Option<()> {
        let element = event.target()?.dyn_into::<Element>().ok()?;
        let table = element.closest("table").ok()??;
        let others = table.query_selector_all("[data-select][tabindex='0']").ok()?;
        for other in (0..others.length()).filter_map(|idx| others.get(idx)) {
            other.dyn_into::<Element>().ok()?.set_attribute("tabindex", "-1").ok()?;
        }
        element.set_attribute("tabindex", "0").ok()
    };
    // Where something of it is missing there is no table any more.
    let _ = go();
}

/// Keys that do something wherever the focus is, until it is dropped.
pub struct KeyListener(Closure<dyn FnMut(KeyboardEvent)>);

impl KeyListener {
    /// Hears the keys that are pressed outside fields and dialogs; `pressed` says whether the key
    /// meant something, and then the browser does nothing with it.
    pub fn new(pressed: impl Fn(&KeyboardEvent) -> bool + 'static) -> Self {
        let pressed = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let is_typed = |element: Element| {
                let fields = "input:not([type=checkbox]), textarea, select";
                element.closest(fields).ok().flatten().is_some()
            };
            let dialog = document().and_then(|document| document.query_selector("dialog").ok()?);
            if dialog.is_none() && !element.is_some_and(is_typed) && pressed(&event) {
                event.prevent_default();
            }
        });
        if let Some(document) = document() {
            // The page's own document takes listeners.
            let _ = document
                .add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
        }
        Self(pressed)
    }

    /// A key that moves the focus to an element.
    pub fn focusing(key: &'static str, selector: &'static str) -> Self {
        Self::new(move |event| {
            let with_others = event.ctrl_key() || event.alt_key() || event.meta_key();
            let is_meant = event.key() == key && !with_others;
            if is_meant {
                focus(selector);
            }
            is_meant
        })
    }
}

impl Drop for KeyListener {
    fn drop(&mut self) {
        if let Some(document) = document() {
            let _ = document
                .remove_event_listener_with_callback("keydown", self.0.as_ref().unchecked_ref());
        }
    }
}

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Option<Document> {
    window()?.document()
}

/// The way of browsers before the clipboard object: select text and copy the selection.
fn copy_selection(text: &str) -> Option<bool> {
    let document = document()?;
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("pf-v6-screen-reader");
    // A modal dialog keeps the focus inside itself, so the text must be there too.
    let place = document.query_selector("dialog[open]").ok()?;
    let place = place.map_or_else(|| document.body().map(Into::into), Some)?;
    place.append_child(&area).ok()?;
    area.select();
    let copied = document.dyn_ref::<HtmlDocument>()?.exec_command("copy").unwrap_or(false);
    area.remove();
    Some(copied)
}

fn is_language(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && text.split('-').next().is_some_and(|part| (2..=3).contains(&part.len()))
}
