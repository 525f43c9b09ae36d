// SPDX-License-Identifier: LGPL-2.1-or-later

//! Commands that chromedriver knows and the WebDriver crate does not.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of Chromium's own protocol.
#[derive(Debug)]
pub(super) struct Devtools {
    pub(super) name: &'static str,
    pub(super) parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        path(base, session, "goog/cdp/execute")
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.name, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

/// Takes what the console logged.
#[derive(Debug)]
pub(super) struct Console;

impl WebDriverCompatibleCommand for Console {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        path(base, session, "se/log")
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// Leaves all frames.
#[derive(Debug)]
pub(super) struct TopFrame;

impl WebDriverCompatibleCommand for TopFrame {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        path(base, session, "frame")
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "id": null }).to_string()))
    }
}

fn path(base: &Url, session: Option<&str>, command: &str) -> Result<Url, ParseError> {
    base.join(&format!("session/{}/{command}", session.unwrap_or_default()))
}
