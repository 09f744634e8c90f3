//! The page that the tests open.

use std::path::Path;
use std::sync::OnceLock;

use browser::{Browser, Window};
use illustrated::Recording;
use illustrated::report::page;
use illustrated::testing::toy;
use tempfile::NamedTempFile;

/// The recording that the page is drawn from.
pub fn recording() -> &'static Recording {
    toy()
}

/// The file of the page.
pub fn file() -> &'static Path {
    static FILE: OnceLock<NamedTempFile> = OnceLock::new();
    FILE.get_or_init(|| written(recording())).path()
}

/// The page of another recording in a file, and a browser that shows it.
pub fn open_page_of(recording: &Recording) -> (NamedTempFile, Browser) {
    let file = written(recording);
    let browser = Browser::open(file.path(), Window::default());
    wait(&browser);
    (file, browser)
}

fn written(recording: &Recording) -> NamedTempFile {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a temporary file");
    std::fs::write(file.path(), page(recording)).expect("the page is written");
    file
}

fn wait(browser: &Browser) {
    browser.wait_for("the script to begin", "return !!document.querySelector('#now')?.textContent");
}

/// A browser that shows the page, whose script has begun.
pub fn open() -> Browser {
    open_in(Window::default())
}

/// The same, in such a window.
pub fn open_in(window: Window) -> Browser {
    let browser = Browser::open(file(), window);
    if window.has_script {
        wait(&browser);
    }
    browser
}
