//! Chromium, driven by WebDriver: one process for each [`Browser`], ended with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::prelude::*;
use thirtyfour::support::block_on;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities};

/// Headless, reaching no network, and quiet about what it does on its own.
const ARGUMENTS: [&str; 6] = [
    "--headless=new",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
];

/// How much of a page is drawn into one picture, in pixels: beyond some 16,000, Chromium draws the top again.
pub const PIECE: u32 = 4000;

/// What a reader looks through.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Whether the reader prefers light letters on dark ground.
    pub is_dark: bool,
    /// Whether pages may run JavaScript.
    pub has_script: bool,
}

impl Default for Window {
    fn default() -> Window {
        Window { width: 1400, height: 900, is_dark: false, has_script: true }
    }
}

/// A browser with one window.
pub struct Browser {
    driver: Option<WebDriver>,
    process: Child,
}

impl Browser {
    /// Starts one, and shows the page of that file.
    ///
    /// # Panics
    /// If there is no Chromium or no chromedriver, or the page does not load.
    pub fn open(page: &Path, window: Window) -> Browser {
        let (process, port) = start_driver();
        let mut browser = Browser { driver: None, process };
        let capabilities = capabilities().expect("capabilities have a JSON form");
        let driver = block_on(WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities));
        browser.driver = Some(driver.expect("chromedriver starts Chromium"));
        browser.look_through(window);
        browser.go(&format!("file://{}", page.canonicalize().expect("the page is there").display()));
        browser
    }

    /// Goes to an address.
    ///
    /// # Panics
    /// If it does not load.
    pub fn go(&self, address: &str) {
        block_on(self.driver().goto(address)).expect("the page loads");
    }

    /// Changes the window.
    ///
    /// # Panics
    /// If the browser does not know how.
    pub fn look_through(&self, window: Window) {
        let Window { width, height, is_dark, has_script } = window;
        let scheme = if is_dark { "dark" } else { "light" };
        self.say(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        self.say(
            "Emulation.setEmulatedMedia",
            json!({ "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        );
        self.say("Emulation.setScriptExecutionDisabled", json!({ "value": !has_script }));
    }

    /// What a function's body of JavaScript returns.
    ///
    /// # Panics
    /// If it throws, or returns something else.
    #[track_caller]
    pub fn run<T: DeserializeOwned>(&self, script: &str) -> T {
        let returned = block_on(self.driver().execute(script, Vec::<Value>::new()));
        returned.and_then(|returned| returned.convert()).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// What a function's body of JavaScript returns in the first frame of the page.
    ///
    /// # Panics
    /// If there is no frame, or it throws, or returns something else.
    #[track_caller]
    pub fn run_in_frame<T: DeserializeOwned>(&self, script: &str) -> T {
        block_on(self.driver().enter_frame(0)).expect("the page has a frame");
        let returned = self.run(script);
        block_on(self.driver().enter_default_frame()).expect("the page is still there");
        returned
    }

    /// What the promise that a function's body of JavaScript returns becomes.
    ///
    /// # Panics
    /// If it throws, or becomes something else.
    #[track_caller]
    pub fn run_to_end<T: DeserializeOwned>(&self, script: &str) -> T {
        let script = format!("const [done] = arguments; (async () => {{ {script} }})().then(done);");
        let returned = block_on(self.driver().execute_async(script.as_str(), Vec::<Value>::new()));
        returned.and_then(|returned| returned.convert()).unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a function's body of JavaScript returns true, for up to ten seconds.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn wait_for(&self, what: &str, script: &str) {
        let is_so = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            self.run(script)
        });
        assert!(is_so, "waited ten seconds for {what}");
    }

    /// Presses keys, one after the other, in what has the focus.
    ///
    /// # Panics
    /// If the browser is gone.
    pub fn press(&self, keys: &[Key]) {
        for key in keys {
            block_on(self.driver().action_chain().send_keys(key.clone()).perform())
                .expect("keys are pressed");
        }
    }

    /// Clicks on the first element that the selector finds.
    ///
    /// # Panics
    /// If there is none, or something lies over it.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let click = async { self.driver().find(By::Css(selector)).await?.click().await };
        block_on(click).unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Gives the focus to the first element that the selector finds.
    ///
    /// # Panics
    /// If it takes none.
    #[track_caller]
    pub fn focus(&self, selector: &str) {
        let selector = Value::from(selector);
        let has_it: bool = self.run(&format!(
            "const found = document.querySelector({selector}); found.focus(); \
             return document.activeElement === found"
        ));
        assert!(has_it, "{selector} takes no focus");
    }

    /// Says something in Chromium's own protocol.
    ///
    /// # Panics
    /// If it is not understood.
    #[track_caller]
    pub fn say(&self, method: &str, parameters: Value) -> Value {
        let answer = block_on(self.driver().cdp().send_raw(method, parameters));
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The whole page from top to bottom, as PNG files of up to [`PIECE`] pixels in height.
    ///
    /// # Panics
    /// If Chromium does not draw it.
    pub fn pictures(&self) -> Vec<Vec<u8>> {
        let size = "const { scrollWidth, scrollHeight } = document.documentElement; return [scrollWidth, scrollHeight]";
        let (width, height): (u32, u32) = self.run(size);
        let piece = |top: usize| {
            let rest = (height - top as u32).min(PIECE);
            let clip = json!({ "x": 0, "y": top, "width": width, "height": rest, "scale": 1 });
            let picture =
                self.say("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip }));
            STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("a picture in base64")
        };
        (0..height as usize).step_by(PIECE as usize).map(piece).collect()
    }

    /// The warnings and errors on the console, since this was last asked.
    ///
    /// # Panics
    /// If the browser keeps no log.
    pub fn complaints(&self) -> Vec<String> {
        let log = block_on(self.driver().get_log("browser")).expect("a log of the console");
        let complaints =
            log.into_iter().filter(|entry| ["WARNING", "SEVERE"].contains(&entry.level.as_str()));
        complaints.map(|entry| format!("{}: {}", entry.level, entry.message)).collect()
    }

    /// The addresses that were asked for, since this was last asked. Pictures that the page itself holds are none.
    ///
    /// # Panics
    /// If the browser keeps no log.
    pub fn requests(&self) -> Vec<String> {
        let log = block_on(self.driver().get_log("performance")).expect("a log of the network");
        let events = log.iter().map(|entry| serde_json::from_str::<Value>(&entry.message).expect("JSON"));
        let requests = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let address = |event: Value| event["message"]["params"]["request"]["url"].as_str().map(str::to_owned);
        let addresses = requests.map(|event| address(event).expect("a request has an address"));
        addresses.filter(|address| !address.starts_with("data:")).collect()
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("a browser lives as long as this")
    }
}

impl Drop for Browser {
    /// Ends Chromium, then the driver; errors come too late to matter.
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = block_on(driver.quit());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts chromedriver on a free port, and returns that.
fn start_driver() -> (Child, u16) {
    let mut driver = Command::new("chromedriver");
    let mut process = driver
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed: tests/browser/run does so");
    let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
    // What it says later is read to nowhere, so that it does not wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    (process, port.expect("chromedriver says on which port it listens"))
}

fn capabilities() -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        capabilities.add_arg(argument)?;
    }
    if is_root() {
        capabilities.add_arg("--no-sandbox")?; // Chromium has no sandbox for root
    }
    capabilities.set("goog:loggingPrefs", json!({ "browser": "ALL", "performance": "ALL" }))?;
    Ok(capabilities)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
