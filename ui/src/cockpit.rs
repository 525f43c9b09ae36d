// SPDX-License-Identifier: LGPL-2.1-or-later

//! The `cockpit` object of `../base1/cockpit.js`: the only way out of this page.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = cockpit)]
    static COCKPIT: JsValue;

    #[wasm_bindgen(js_namespace = cockpit, js_name = channel)]
    fn open_channel(options: &JsValue) -> RawChannel;
    #[wasm_bindgen(js_namespace = cockpit, js_name = gettext)]
    fn js_gettext(text: &str) -> String;
    #[wasm_bindgen(js_namespace = cockpit, js_name = ngettext)]
    fn js_ngettext(one: &str, many: &str, n: f64) -> String;
    #[wasm_bindgen(js_namespace = cockpit, js_name = format_bytes)]
    fn js_format_bytes(bytes: f64) -> JsValue;
    #[wasm_bindgen(js_namespace = cockpit, js_name = addEventListener)]
    fn add_event_listener(kind: &str, listener: &Function);
    #[wasm_bindgen(js_namespace = cockpit, js_name = removeEventListener)]
    fn remove_event_listener(kind: &str, listener: &Function);

    type RawChannel;
    #[wasm_bindgen(method)]
    fn send(this: &RawChannel, message: &JsValue);
    #[wasm_bindgen(method)]
    fn control(this: &RawChannel, options: &JsValue);
    #[wasm_bindgen(method)]
    fn close(this: &RawChannel);
    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_event_listener(this: &RawChannel, kind: &str, listener: &Function);
    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_event_listener(this: &RawChannel, kind: &str, listener: &Function);

    type Location;
    #[wasm_bindgen(method, getter)]
    fn path(this: &Location) -> Array;
    #[wasm_bindgen(method, getter)]
    fn options(this: &Location) -> Object;
    #[wasm_bindgen(method)]
    fn go(this: &Location, path: &Array, options: &Object);
    #[wasm_bindgen(method)]
    fn replace(this: &Location, path: &Array, options: &Object);
}

/// What `close` said about the end of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Cockpit's problem code; `None` for an end in order.
    pub problem: Option<String>,
    /// Words about it.
    pub message: Option<String>,
    /// Which content of a file was read or written, where the channel was about a file.
    pub tag: Option<String>,
    /// The exit status of a program that ran on it.
    pub exit_status: Option<u32>,
}

/// An open channel. Dropping it closes it, and nothing is heard of it any more.
pub struct Channel {
    raw: RawChannel,
    on_message: Closure<dyn FnMut(JsValue, JsValue)>,
    on_close: Closure<dyn FnMut(JsValue, JsValue)>,
}

impl Channel {
    /// Opens a channel of text messages. `options` is a JSON object.
    pub fn text(
        options: &str,
        mut on_message: impl FnMut(String) + 'static,
        on_close: impl FnMut(Closed) + 'static,
    ) -> Self {
        let heard = move |_event: JsValue, data: JsValue| {
            if let Some(text) = data.as_string() {
                on_message(text);
            }
        };
        Self::open(options, Closure::new(heard), on_close)
    }

    /// Opens a channel of binary messages. `options` is a JSON object with `"binary": true`.
    pub fn binary(
        options: &str,
        mut on_message: impl FnMut(Vec<u8>) + 'static,
        on_close: impl FnMut(Closed) + 'static,
    ) -> Self {
        let heard = move |_event: JsValue, data: JsValue| {
            if let Some(bytes) = data.dyn_ref::<Uint8Array>() {
                on_message(bytes.to_vec());
            }
        };
        Self::open(options, Closure::new(heard), on_close)
    }

    /// Sends a text message.
    pub fn send_text(&self, text: &str) {
        self.raw.send(&JsValue::from_str(text));
    }

    /// Sends a binary message.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.raw.send(&Uint8Array::from(bytes));
    }

    fn open(
        options: &str,
        on_message: Closure<dyn FnMut(JsValue, JsValue)>,
        mut on_close: impl FnMut(Closed) + 'static,
    ) -> Self {
        let options = JSON::parse(options).unwrap_or_else(|_| Object::new().into());
        let on_close = Closure::new(move |_event: JsValue, reason: JsValue| {
            on_close(Closed {
                problem: field(&reason, "problem"),
                message: field(&reason, "message"),
                tag: field(&reason, "tag"),
                exit_status: Reflect::get(&reason, &"exit-status".into())
                    .ok()
                    .and_then(|status| status.as_f64())
                    .map(|status| status as u32),
            });
        });
        let raw = open_channel(&options);
        raw.add_event_listener("message", function(&on_message));
        raw.add_event_listener("close", function(&on_close));
        Self { raw, on_message, on_close }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.raw.remove_event_listener("message", function(&self.on_message));
        self.raw.remove_event_listener("close", function(&self.on_close));
        self.raw.close();
    }
}

/// Opens a channel of text messages, sends one message if there is one to send, and waits for the
/// end. What was heard until then comes with it. `options` is a JSON object.
pub async fn exchange(options: &str, message: Option<&str>) -> (String, Closed) {
    let heard = Rc::new(RefCell::new((String::new(), Closed::default())));
    let mut opened = None;
    let ended = Promise::new(&mut |ended, _| {
        let (text, end) = (heard.clone(), heard.clone());
        opened = Some(Channel::text(
            options,
            move |message| text.borrow_mut().0.push_str(&message),
            move |closed| {
                end.borrow_mut().1 = closed;
                // The promise's own function takes any call.
                let _ = ended.call0(&JsValue::UNDEFINED);
            },
        ));
    });
    if let Some(channel) = &opened {
        if let Some(message) = message {
            channel.send_text(message);
        }
        if let Ok(done) = JSON::parse(r#"{"command":"done"}"#) {
            channel.raw.control(&done);
        }
    }
    // It is never rejected.
    let _ = JsFuture::from(ended).await;
    drop(opened);
    heard.take()
}

/// Tells of every change of the address until it is dropped.
pub struct LocationListener(Closure<dyn FnMut()>);

impl LocationListener {
    /// Calls `on_change` after every change of the address.
    pub fn new(on_change: impl FnMut() + 'static) -> Self {
        let listener = Closure::new(on_change);
        add_event_listener("locationchanged", function(&listener));
        Self(listener)
    }
}

impl Drop for LocationListener {
    fn drop(&mut self) {
        remove_event_listener("locationchanged", function(&self.0));
    }
}

/// Whether nobody sees the page: another page of Cockpit is shown, or another tab of the browser.
pub fn is_hidden() -> bool {
    COCKPIT.with(|cockpit| Reflect::get(cockpit, &"hidden".into())).is_ok_and(|it| it == true)
}

/// From now on tells of every change of that.
pub fn on_hiding(heard: impl FnMut() + 'static) {
    let listener = Closure::<dyn FnMut()>::new(heard);
    add_event_listener("visibilitychange", function(&listener));
    listener.forget();
}

/// The path and the options of the address. An option that is given twice counts as absent. An
/// address that Cockpit cannot read, such as one with a broken `%`, has one empty part, which is the
/// path of no place.
pub fn location() -> (Vec<String>, BTreeMap<String, String>) {
    let Some(location) = current_location() else {
        return (vec![String::new()], BTreeMap::new());
    };
    let path = location.path().iter().filter_map(|part| part.as_string()).collect();
    let options = Object::entries(&location.options())
        .iter()
        .filter_map(|entry| {
            let entry = entry.dyn_into::<Array>().ok()?;
            Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
        })
        .collect();
    (path, options)
}

/// Goes to an address; with `replace`, the back button skips the present one.
pub fn go(path: &[String], options: &BTreeMap<String, String>, replace: bool) {
    let Some(location) = current_location() else { return };
    let path: Array = path.iter().map(|part| JsValue::from_str(part)).collect();
    let js_options = Object::new();
    for (name, value) in options {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&js_options, &name.into(), &value.into());
    }
    if replace {
        location.replace(&path, &js_options);
    } else {
        location.go(&path, &js_options);
    }
}

/// The text in the user's language.
pub fn gettext(text: &str) -> String {
    js_gettext(text)
}

/// The text for `n` things in the user's language.
pub fn ngettext(one: &str, many: &str, n: u64) -> String {
    js_ngettext(one, many, n as f64)
}

thread_local! {
    /// What was formatted: the rows of a list come back with nearly each letter that is typed.
    static FORMATTED: RefCell<BTreeMap<u64, String>> = RefCell::default();
}

/// The most sizes that are remembered.
const FORMATTED_MOST: usize = 1_000;

/// So many bytes, for people.
pub fn format_bytes(bytes: u64) -> String {
    FORMATTED.with_borrow_mut(|formatted| {
        if formatted.len() >= FORMATTED_MOST {
            formatted.clear();
        }
        formatted.entry(bytes).or_insert_with(|| format_anew(bytes)).clone()
    })
}

fn format_anew(bytes: u64) -> String {
    let text = js_format_bytes(bytes as f64).as_string().unwrap_or_else(|| bytes.to_string());
    // Cockpit 287 leaves the unit out below 1000.
    match text.ends_with(|last: char| last.is_ascii_digit()) {
        true => format!("{text} B"),
        false => text,
    }
}

/// The user's language, such as `de-de`, when Cockpit knows it.
pub fn language() -> Option<String> {
    COCKPIT.with(|cockpit| field(cockpit, "language")).map(|language| language.replace('_', "-"))
}

fn current_location() -> Option<Location> {
    COCKPIT
        .with(|cockpit| Reflect::get(cockpit, &"location".into()))
        .ok()
        .filter(JsValue::is_object)
        .map(JsCast::unchecked_into)
}

fn function<T: ?Sized>(closure: &Closure<T>) -> &Function {
    closure.as_ref().unchecked_ref()
}

fn field(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}
