//! Everyone can read the page: axe-core finds nothing serious, and on a phone nothing scrolls sideways.

use browser::{Browser, Window};
use serde::Deserialize;
use thirtyfour::Key;

use crate::shared;

const WINDOWS: [(u32, bool); 4] = [(360, false), (360, true), (1400, false), (1400, true)];

/// What axe-core has against a page.
#[derive(Debug, Deserialize)]
pub struct Violation {
    id: String,
    impact: Option<String>,
    help: String,
    at: Vec<String>,
}

/// Serious and critical violations, and the first places of each.
pub fn violations(browser: &Browser) -> Vec<Violation> {
    let path =
        std::env::var_os("AXE_CORE").expect("AXE_CORE says where axe-core is: tests/browser/run fetches it");
    let axe = std::fs::read_to_string(path).expect("axe-core can be read");
    let is_there: bool = browser.run("return typeof axe !== 'undefined'");
    if !is_there {
        browser.say("Runtime.evaluate", serde_json::json!({ "expression": axe }));
    }
    let found: Vec<Violation> = browser.run_to_end(
        "const { violations } = await axe.run(document, { resultTypes: ['violations'] }); \
         const at = ({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary}`; \
         return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, at: nodes.slice(0, 5).map(at) }))",
    );
    found.into_iter().filter(|one| matches!(one.impact.as_deref(), Some("serious" | "critical"))).collect()
}

#[track_caller]
pub fn assert_none(what: &str, found: &[Violation]) {
    let lines =
        found.iter().map(|Violation { id, help, at, .. }| format!("{id}: {help}\n  {}\n", at.join("\n  ")));
    assert!(found.is_empty(), "{what}:\n{}", lines.collect::<String>());
}

#[test]
fn axe_finds_nothing_serious() {
    let browser = shared::open();
    for (width, is_dark) in WINDOWS {
        browser.look_through(Window { width, is_dark, ..Window::default() });
        assert_none(&format!("{width} px, dark: {is_dark}"), &violations(&browser));
    }
}

#[test]
fn axe_finds_nothing_serious_in_a_card() {
    let browser = shared::open();
    browser.focus("#attention-matrices .cell");
    browser.press(&[Key::Enter]);
    for (width, is_dark) in WINDOWS {
        browser.look_through(Window { width, is_dark, ..Window::default() });
        assert_none(&format!("card, {width} px, dark: {is_dark}"), &violations(&browser));
    }
}

/// What the tests above rely on: axe-core sees letters that are too pale.
#[test]
fn axe_finds_what_is_serious() {
    let browser = shared::open();
    browser.run::<()>("document.querySelector('h1').style.color = '#eee'");
    let found = violations(&browser);
    assert!(found.iter().any(|one| one.id == "color-contrast"), "{found:?}");
}

#[test]
fn nothing_scrolls_sideways_on_a_phone() {
    let browser = shared::open();
    for has_card in [false, true] {
        browser.look_through(Window { width: 360, ..Window::default() });
        let widths: (f64, f64) = browser.run(
            "const { scrollWidth, clientWidth } = document.documentElement; return [scrollWidth, clientWidth]",
        );
        assert_eq!(widths, (360.0, 360.0), "with a card: {has_card}");
        browser.focus("#attention-matrices .cell");
        browser.press(&[Key::Enter]);
    }
}
