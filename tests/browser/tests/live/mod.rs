//! The live page: it trains under our eyes, without a network, and answers everything in words.

mod files;
mod held_out;
mod paces;
mod reader;
mod runs;
mod settings;

use std::path::PathBuf;

use browser::{Browser, Window};
use thirtyfour::Key;

/// The file of the page.
fn page() -> PathBuf {
    std::env::var_os("LIVE_PAGE")
        .expect("LIVE_PAGE says where the live page is: tests/browser/run makes it")
        .into()
}

/// A browser that shows it, and has begun a run.
fn open() -> Browser {
    let browser = Browser::open(&page(), Window::default());
    says(&browser, "Ready.");
    browser
}

fn ready(browser: &Browser) {
    browser.wait_for("a run to begin", "return document.querySelector('#step').disabled === false");
}

/// Waits until the page says something that begins so.
fn says(browser: &Browser, expected: &str) {
    begins(browser, "#says", expected);
}

/// Waits until an element says something that begins so.
fn begins(browser: &Browser, selector: &str, expected: &str) {
    browser.wait_for(
        &format!("{selector} to say {expected:?}"),
        &format!(
            "return document.querySelector({selector:?})?.textContent.startsWith({expected:?}) === true"
        ),
    );
}

/// What an element says.
fn text(browser: &Browser, selector: &str) -> String {
    browser.run(&format!("return document.querySelector({selector:?}).textContent"))
}

/// After how many steps the run is.
fn step(browser: &Browser) -> u64 {
    let said = text(browser, "#progress");
    let number = said.strip_prefix("step ").and_then(|rest| rest.split(',').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{said}"))
}

/// Presses a button by the keyboard.
fn press(browser: &Browser, button: &str) {
    browser.focus(button);
    browser.press(&[Key::Enter]);
}

/// Lets it train until it has learned all its pairs, and pauses it.
fn learn(browser: &Browser, n_pairs: usize) {
    press(browser, "#start");
    let wanted = format!("{n_pairs} of {n_pairs} learned");
    browser
        .wait_for(&wanted, &format!("return document.querySelector('#learned').textContent === {wanted:?}"));
    press(browser, "#pause");
    ready(browser);
}

/// Fills a field of the settings in.
fn fill(browser: &Browser, name: &str, value: &str) {
    browser.run::<()>(&format!(
        "const field = document.querySelector('#settings').elements[{name:?}]; field.value = {value:?}; \
         field.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    ));
}

/// Begins with the settings as they stand, and waits until something is said.
fn begin(browser: &Browser) {
    browser.run::<()>(
        "document.querySelector('#says').textContent = ''; document.querySelector('#settings').requestSubmit()",
    );
    browser.wait_for("an answer", "return document.querySelector('#says').textContent !== ''");
}

/// The cells of a figure that do not say what the recording of this moment says.
fn wrong_cells(browser: &Browser, figure: &str) -> Vec<String> {
    browser.run::<()>(
        "window.given = []; const make = URL.createObjectURL; \
         URL.createObjectURL = (blob) => (given.push(blob), make.call(URL, blob)); \
         document.querySelector('#recording').click()",
    );
    browser.wait_for("the recording", "return given.length === 1");
    browser.run_to_end(&format!(
        "const {{ events }} = JSON.parse(await given[0].text()); const arrays = new Map(); \
         for (const event of events) {{ if (event.pass) arrays.clear(); if (event.value) arrays.set(event.value.path, event.value.data); }} \
         const cells = [...document.querySelectorAll('figure#{figure} .cell')].filter((cell) => !cell.closest('.off')); \
         if (cells.length < 40) return ['only ' + cells.length + ' cells']; \
         return cells.flatMap((cell) => {{ const [, path, at] = cell.dataset.number.split(':'); \
           const expected = short(Math.fround(arrays.get(path)[at])); const found = cell.querySelector('text').textContent; \
           return found === expected ? [] : [`${{path}}[${{at}}]: ${{found}}, not ${{expected}}`]; }});",
    ))
}
