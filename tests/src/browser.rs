// SPDX-License-Identifier: LGPL-2.1-or-later

//! A headless Chromium that does what a person does, and waits for what a person would see.

mod command;
mod console;

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};

pub use console::Entry;
pub use fantoccini::key::Key;

use crate::folder::Folder;
use crate::process::Program;
use crate::wait::{self, PATIENCE};

/// The frame in Cockpit's shell that shows the page.
const FRAME: &str = "iframe[name='cockpit1:localhost/images']";

/// Runs in every document before its own scripts: from a click on `Images` in the shell on it looks
/// in each frame that is painted whether the first row is there, and keeps the milliseconds until
/// then. It looks from the shell, for Cockpit 287 replaces the documents within the page's frame.
const STOPWATCH: &str = r"
    if (window.top === window) addEventListener('click', event => {
        if (!event.target.closest?.(`a[href='/images']`))
            return;
        const clicked = performance.now();
        const look = () => {
            const frame = document.querySelector(`iframe[name='cockpit1:localhost/images']`);
            const row = frame?.contentDocument?.querySelector('[data-row]');
            // What is there before a frame has been painted when the next one comes.
            requestAnimationFrame(row ? () => { window.imagesFirstRow = performance.now() - clicked } : look);
        };
        look();
    }, true);
";

/// Finds what can be clicked, and gives it when its box has not changed over two frames; else null.
/// From then on `imagesClick` tells whether a click has reached what the selector names.
const AIM: &str = r"
    const [selector, done] = arguments;
    const element = document.querySelector(selector);
    const box = () => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return `${x} ${y} ${width} ${height}`;
    };
    const usable = () => element?.checkVisibility({ visibilityProperty: true }) && !element.matches(':disabled');
    if (!usable())
        return done(null);
    const before = box();
    requestAnimationFrame(() => requestAnimationFrame(() => {
        if (!usable() || box() !== before)
            return done(null);
        window.imagesClick = 'aimed';
        // What was drawn anew in the same place is as good as the element.
        addEventListener('click', event => {
            if (event.target.closest(selector))
                window.imagesClick = 'arrived';
        }, { capture: true, once: true });
        done(element);
    }));
";

/// The key under which WebDriver's JSON holds an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The browser. All selectors are CSS.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Ended before its folder goes.
    _driver: Program,
    folder: Folder,
}

impl Browser {
    /// Starts one with a window of 1280 x 900.
    ///
    /// # Errors
    /// When chromedriver or Chromium does not start.
    pub async fn start() -> Result<Self> {
        let folder = Folder::new("images-browser-")?;
        let (driver, port) = drive(&folder)?;
        let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en-US",
            "--window-size=1280,900",
            &profile,
        ];
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
        });
        let capabilities: Map<String, Value> = serde_json::from_value(capabilities)?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("cannot start Chromium")?;
        let browser = Self { client, _driver: driver, folder };
        browser
            .devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STOPWATCH }))
            .await?;
        // Every test sees the first visit.
        browser.devtools("Network.enable", json!({})).await?;
        browser.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await?;
        let downloads = json!({ "behavior": "allow", "downloadPath": browser.downloads() });
        browser.devtools("Browser.setDownloadBehavior", downloads).await?;
        Ok(browser)
    }

    /// Goes to an address, in the top frame.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| format!("cannot load {url}"))
    }

    /// From Cockpit's overview to the page, by a click on `Images` in the sidebar.
    ///
    /// # Errors
    /// When it is not in the sidebar, or does not come.
    pub async fn click_images(&self) -> Result<()> {
        // The shell shows its first page when its own scripts have done their work.
        self.wait("iframe[name='cockpit1:localhost/system']").await?;
        self.wait_text("a[href='/images']", "Images").await?;
        self.click("a[href='/images']").await?;
        self.enter_page().await
    }

    /// From the shell into the page's frame, once it is there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn enter_page(&self) -> Result<()> {
        self.leave_page().await?;
        wait::until("the page's frame", async || {
            let frame = self.client.find(Locator::Css(FRAME)).await?;
            frame.enter_frame().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Back into the shell.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn leave_page(&self) -> Result<()> {
        self.client.issue_cmd(command::TopFrame).await?;
        Ok(())
    }

    /// Waits until something is visible.
    ///
    /// # Errors
    /// When it does not come; tells what is shown instead.
    pub async fn wait(&self, selector: &str) -> Result<()> {
        self.wait_text(selector, "").await
    }

    /// Waits until something with this text is visible.
    ///
    /// # Errors
    /// When it does not come; tells what is shown instead.
    pub async fn wait_text(&self, selector: &str, text: &str) -> Result<()> {
        let script = "return [...document.querySelectorAll(arguments[0])].some(
            element => element.checkVisibility() && (element.innerText ?? '').includes(arguments[1]))";
        self.wait_script(
            &format!("{selector} with {text:?}"),
            script,
            vec![selector.into(), text.into()],
        )
        .await
    }

    /// Waits until nothing of this is visible.
    ///
    /// # Errors
    /// When it stays.
    pub async fn wait_gone(&self, selector: &str) -> Result<()> {
        let script = "return ![...document.querySelectorAll(arguments[0])].some(
            element => element.checkVisibility())";
        self.wait_script(&format!("{selector} to go"), script, vec![selector.into()]).await
    }

    /// Waits until there are exactly so many.
    ///
    /// # Errors
    /// When it stays another number.
    pub async fn wait_count(&self, selector: &str, count: usize) -> Result<()> {
        let script = "return document.querySelectorAll(arguments[0]).length === arguments[1]";
        self.wait_script(
            &format!("{count} of {selector}"),
            script,
            vec![selector.into(), count.into()],
        )
        .await
    }

    /// Waits until a script returns true.
    ///
    /// # Errors
    /// When it does not; tells what is shown.
    pub async fn wait_script(&self, what: &str, script: &str, arguments: Vec<Value>) -> Result<()> {
        let waited = wait::until(what, async || {
            let answer = self.client.execute(script, arguments.clone()).await?;
            Ok((answer == Value::Bool(true)).then_some(()))
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => {
                let shown = self.shown().await.unwrap_or_default();
                Err(error.context(format!("the page shows:\n{shown}")))
            }
        }
    }

    /// The visible text of the document.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn shown(&self) -> Result<String> {
        let text = self.script("return document.body.innerText", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// The text of each match, in the order of the document.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(
            element => element.innerText ?? '')";
        Ok(serde_json::from_value(self.script(script, vec![selector.into()]).await?)?)
    }

    /// An attribute of each match, in the order of the document.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn attributes(&self, selector: &str, name: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(
            element => element.getAttribute(arguments[1]) ?? '')";
        let values = self.script(script, vec![selector.into(), name.into()]).await?;
        Ok(serde_json::from_value(values)?)
    }

    /// Clicks on something as soon as it is there, can be used and stands still.
    ///
    /// The page may be drawn anew between the press of the button and its release. Then no click
    /// comes of it, and it is clicked again, as a person would do; never if the click has arrived.
    ///
    /// # Errors
    /// When it cannot be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        wait::until(&format!("a click on {selector}"), async || {
            let found = self.client.execute_async(AIM, vec![selector.into()]).await?;
            let Some(id) = found.get(ELEMENT).and_then(Value::as_str) else {
                bail!("it is not there, cannot be used, or moves");
            };
            let element =
                Element::from_element_id(self.client.clone(), ElementRef::from(id.to_owned()));
            element.click().await?;
            // A document that is gone was left by the click.
            let lost = self.client.execute("return window.imagesClick === 'aimed'", vec![]).await;
            if lost.is_ok_and(|lost| lost == Value::Bool(true)) {
                bail!("the click did not reach it");
            }
            Ok(Some(()))
        })
        .await
    }

    /// Replaces what an entry holds by typing.
    ///
    /// # Errors
    /// When it cannot be typed into.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        // Select all, then type over it; `clear` of WebDriver sends no input event.
        let control = char::from(Key::Control);
        let keys = format!("{control}a{control}{}{text}", char::from(Key::Delete));
        self.keys(selector, &keys).await
    }

    /// Types one more letter.
    ///
    /// # Errors
    /// When it cannot be typed into.
    pub async fn type_more(&self, selector: &str, letter: char) -> Result<()> {
        self.keys(selector, &letter.to_string()).await
    }

    /// Presses one key.
    ///
    /// # Errors
    /// When the element cannot have the focus.
    pub async fn press(&self, selector: &str, key: Key) -> Result<()> {
        self.keys(selector, &char::from(key).to_string()).await
    }

    /// Sends keys to what has the focus.
    ///
    /// # Errors
    /// When nothing has it.
    pub async fn press_focused(&self, key: Key) -> Result<()> {
        let focused = self.client.active_element().await?;
        Ok(focused.send_keys(&char::from(key).to_string()).await?)
    }

    /// Holds keys down, presses the last one, and lets all go, such as Ctrl and `a`.
    ///
    /// # Errors
    /// When nothing has the focus.
    pub async fn press_chord(&self, held: &[Key], last: &str) -> Result<()> {
        let held = held.iter().map(|key| char::from(*key));
        let keys: String = held.chain(last.chars()).collect();
        Ok(self.client.active_element().await?.send_keys(&keys).await?)
    }

    async fn keys(&self, selector: &str, keys: &str) -> Result<()> {
        wait::until(&format!("{selector} to type into"), async || {
            self.element(selector).await?.send_keys(keys).await?;
            Ok(Some(()))
        })
        .await
    }

    async fn element(&self, selector: &str) -> Result<Element> {
        Ok(self.client.find(Locator::Css(selector)).await?)
    }

    /// Runs a script and gives what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// The browser's back button.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn back(&self) -> Result<()> {
        Ok(self.client.back().await?)
    }

    /// The size of the window, in CSS pixels.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    /// Prefers a dark or a light page, as the desktop's setting does.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn prefer_dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await?;
        Ok(())
    }

    /// Bytes that the current document and all it loaded take over the wire, bodies and headers.
    /// What Cockpit's shell has loaded before under the same address, its fonts above all, does not
    /// travel a second time and is left out.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn weight(&self) -> Result<u64> {
        // 300 is what the standard adds for headers; nothing else is known of what was cached.
        let script = "const there = new Set(window.top === window ? [] : window.top.performance
                .getEntriesByType('resource')
                .filter(entry => entry.initiatorType !== 'iframe').map(entry => entry.name));
            return performance.getEntries()
            .filter(entry => ['navigation', 'resource'].includes(entry.entryType))
            .filter(entry => !there.has(entry.name))
            .map(entry => Math.max(entry.transferSize, entry.encodedBodySize + 300))
            .reduce((sum, size) => sum + size, 0)";
        let weight = self.script(script, vec![]).await?.as_u64();
        weight.filter(|weight| *weight > 0).context("the browser does not know what it loaded")
    }

    /// From the click on `Images` in the shell until the first row was painted.
    ///
    /// # Errors
    /// When one of both did not happen.
    pub async fn first_row(&self) -> Result<Duration> {
        wait::until("the first row", async || {
            let time = self.script("return window.top.imagesFirstRow ?? null", vec![]).await?;
            Ok(time.as_f64().map(|milliseconds| Duration::from_secs_f64(milliseconds / 1000.0)))
        })
        .await
    }

    /// Writes what the window shows as PNG.
    ///
    /// # Errors
    /// When the browser is gone, or the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        let image = self.client.screenshot().await?;
        std::fs::write(path, image).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What the file holds that the page saved and whose name ends so, once it is there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn saved(&self, ending: &str) -> Result<String> {
        let folder = self.downloads();
        wait::until(&format!("a saved file …{ending}"), async || {
            // Until it is whole it has another name.
            let files = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
            let is_it = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(ending);
            let file = files.iter().find(|file| is_it(&file.file_name()));
            Ok(file.map(|file| std::fs::read_to_string(file.path())).transpose()?)
        })
        .await
    }

    fn downloads(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    /// The document as it stands now.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn html(&self) -> Result<String> {
        Ok(self.client.source().await?)
    }

    /// What was logged to the console since the last call.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn console(&self) -> Result<Vec<Entry>> {
        let entries = self.client.issue_cmd(command::Console).await?;
        serde_json::from_value(entries).context("chromedriver's console log")
    }

    /// A command of Chromium's own protocol.
    ///
    /// # Errors
    /// When it fails.
    pub async fn devtools(&self, name: &'static str, parameters: Value) -> Result<Value> {
        Ok(self.client.issue_cmd(command::Devtools { name, parameters }).await?)
    }

    /// The driver's log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("chromedriver.log")
    }

    /// Closes it in good order. Dropping it ends it too.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn close(self) -> Result<()> {
        Ok(self.client.clone().close().await?)
    }
}

/// Starts the driver, and gives the port that it chose.
fn drive(folder: &Folder) -> Result<(Program, u16)> {
    let mut command = Process::new("chromedriver");
    command.arg("--port=0").env("HOME", folder.path());
    let log = folder.path().join("chromedriver.log");
    // It takes a port that is free at [::1] and then wants the same one at 127.0.0.1. There somebody
    // else may have it, such as the cluster of another test; then it ends.
    for _ in 0..5 {
        let (driver, lines) = Program::start_telling(&command, &log)?;
        let port = lines.find(PATIENCE, |line| {
            if line.contains("port not available") {
                return Some(None);
            }
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok().map(Some)
        });
        let port: Option<u16> = port.with_context(|| {
            format!("chromedriver: {}", std::fs::read_to_string(&log).unwrap_or_default())
        })?;
        if let Some(port) = port {
            return Ok((driver, port));
        }
    }
    bail!("chromedriver found no port that is free at [::1] and at 127.0.0.1")
}
