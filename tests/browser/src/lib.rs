//! A real browser for tests of the report's site: opens pages from a folder, keeps what the browser complains of and what it
//! asks the network for, and presses keys as a reader does.
//!
//! A test that finds no browser skips and says so; with `SECATEUR_REQUIRE_BROWSER` set it fails, so that nobody's
//! continuous integration passes for want of one.
#![expect(clippy::print_stderr, reason = "a skipped test says why")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use headless_chrome::browser::tab::Tab;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Log, Network, Page as PageDomain};
use headless_chrome::{Browser, LaunchOptions};
use serde_json::Value;

/// Names under which browsers that speak the DevTools protocol are installed.
const NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"];

/// The browser's program, if there is one: `SECATEUR_BROWSER`, or what stands in `PATH`.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os("SECATEUR_BROWSER") {
        return Some(PathBuf::from(chosen));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// A browser that has been started.
pub struct Session {
    browser: Browser,
}

/// What a reader's screen is like.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Whether the system asks for dark pages.
    pub dark: bool,
    /// Whether the page's script runs.
    pub script: bool,
}

impl Default for Screen {
    fn default() -> Screen {
        Screen { width: 1280, height: 900, dark: false, script: true }
    }
}

impl Session {
    /// Starts a browser; nothing where there is none, and then it has said so.
    ///
    /// # Errors
    /// Fails if it does not start, or if there is none and `SECATEUR_REQUIRE_BROWSER` is set.
    pub fn start() -> Result<Option<Session>> {
        let Some(program) = installed() else {
            ensure!(
                std::env::var_os("SECATEUR_REQUIRE_BROWSER").is_none(),
                "no browser: install chromium, or name one in SECATEUR_BROWSER"
            );
            eprintln!("skipped: no chromium in PATH, and none in SECATEUR_BROWSER");
            return Ok(None);
        };
        let options = LaunchOptions::default_builder()
            .path(Some(program))
            // Containers have no user namespaces, and the pages are our own.
            .sandbox(false)
            .idle_browser_timeout(Duration::from_secs(180))
            .args(
                [
                    "--disable-quic",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    "--disable-component-update",
                    "--disable-sync",
                ]
                .map(OsStr::new)
                .to_vec(),
            )
            .build()?;
        let browser = Browser::new(options).context("the browser does not start")?;
        Ok(Some(Session { browser }))
    }

    /// Opens a page of a site on such a screen. `path` may have a fragment.
    ///
    /// # Errors
    /// Fails if the browser does not answer.
    pub fn open(&self, site: &Path, path: &str, screen: Screen) -> Result<Page> {
        let tab = self.browser.new_tab()?;
        tab.set_default_timeout(Duration::from_secs(60));
        let page = Page { tab, problems: Arc::default(), requests: Arc::default() };
        page.listen()?;
        let tab = &page.tab;
        tab.call_method(Emulation::SetDeviceMetricsOverride {
            width: screen.width,
            height: screen.height,
            device_scale_factor: 1.0,
            mobile: false,
            scale: None,
            screen_width: None,
            screen_height: None,
            position_x: None,
            position_y: None,
            dont_set_visible_size: None,
            screen_orientation: None,
            viewport: None,
            display_feature: None,
            device_posture: None,
        })?;
        let features = [
            ("prefers-color-scheme", if screen.dark { "dark" } else { "light" }),
            ("prefers-reduced-motion", "reduce"),
        ];
        tab.call_method(Emulation::SetEmulatedMedia {
            media: None,
            features: Some(
                features
                    .map(|(name, value)| Emulation::MediaFeature {
                        name: name.to_owned(),
                        value: value.to_owned(),
                    })
                    .to_vec(),
            ),
        })?;
        tab.call_method(Emulation::SetScriptExecutionDisabled { value: !screen.script })?;
        let (file, fragment) = path.split_once('#').map_or((path, None), |(file, rest)| (file, Some(rest)));
        let file = site.join(file).canonicalize().with_context(|| format!("no page {path}"))?;
        let fragment = fragment.map_or(String::new(), |rest| format!("#{rest}"));
        tab.navigate_to(&format!("file://{}{fragment}", file.display()))?.wait_until_navigated()?;
        Ok(page)
    }
}

/// A page that is open.
pub struct Page {
    tab: Arc<Tab>,
    problems: Arc<Mutex<Vec<String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Page {
    fn listen(&self) -> Result<()> {
        let (problems, requests) = (Arc::clone(&self.problems), Arc::clone(&self.requests));
        let keep = |list: &Mutex<Vec<String>>, text: String| {
            if let Ok(mut list) = list.lock() {
                list.push(text);
            }
        };
        self.tab.add_event_listener(Arc::new(move |event: &Event| match event {
            Event::RuntimeExceptionThrown(it) => {
                keep(&problems, format!("{:?}", it.params.exception_details))
            }
            Event::RuntimeConsoleAPICalled(it) => keep(&problems, format!("{:?}", it.params.args)),
            // What the browser says itself: files that are not there, and what the page's policy forbids.
            Event::LogEntryAdded(it) => keep(&problems, it.params.entry.text.clone()),
            Event::NetworkRequestWillBeSent(it) => keep(&requests, it.params.request.url.clone()),
            _ => {}
        }))?;
        self.tab.enable_runtime()?;
        self.tab.call_method(Log::Enable(None))?;
        self.tab.call_method(Network::Enable {
            max_total_buffer_size: None,
            max_resource_buffer_size: None,
            max_post_data_size: None,
            report_direct_socket_traffic: None,
            enable_durable_messages: None,
        })?;
        Ok(())
    }

    /// What an expression of JavaScript is on the page, or what its promise becomes, as JSON.
    ///
    /// # Errors
    /// Fails if it throws, or the browser does not answer.
    pub fn value(&self, expression: &str) -> Result<Value> {
        let wrapped = format!("(async () => JSON.stringify(await ({expression})))()");
        let result = self.tab.evaluate(&wrapped, true).with_context(|| expression.to_owned())?;
        match result.value {
            Some(Value::String(text)) => Ok(serde_json::from_str(&text)?),
            _ => Ok(Value::Null),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// As [`Page::value`], or if it is none.
    pub fn texts(&self, expression: &str) -> Result<Vec<String>> {
        Ok(serde_json::from_value(self.value(expression)?)?)
    }

    /// A page that lies behind another one gets no events of the mouse and the keyboard.
    fn front(&self) -> Result<&Tab> {
        self.tab.bring_to_front()?;
        Ok(&self.tab)
    }

    /// Clicks on the first element that a selector finds, with the pointer.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn click(&self, selector: &str) -> Result<()> {
        self.front()?.find_element(selector).with_context(|| selector.to_owned())?.click()?;
        Ok(())
    }

    /// Moves the pointer over it.
    ///
    /// # Errors
    /// Fails if there is none.
    pub fn point_at(&self, selector: &str) -> Result<()> {
        self.front()?.find_element(selector).with_context(|| selector.to_owned())?.move_mouse_over()?;
        Ok(())
    }

    /// Types into what has the focus.
    ///
    /// # Errors
    /// Fails if the browser does not answer.
    pub fn write(&self, text: &str) -> Result<()> {
        self.front()?.type_str(text)?;
        Ok(())
    }

    /// Presses a key, such as `Tab`, `Enter` or `ArrowRight`.
    ///
    /// # Errors
    /// Fails if there is no such key.
    pub fn press(&self, key: &str) -> Result<()> {
        self.front()?.press_key(key)?;
        Ok(())
    }

    /// What the page and the browser have complained of.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.problems.lock().map(|list| list.clone()).unwrap_or_default()
    }

    /// Every address that was asked for.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().map(|list| list.clone()).unwrap_or_default()
    }

    /// The visible part of the page as PNG.
    ///
    /// # Errors
    /// Fails if the browser does not answer.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        self.tab.capture_screenshot(PageDomain::CaptureScreenshotFormatOption::Png, None, None, true)
    }
}
