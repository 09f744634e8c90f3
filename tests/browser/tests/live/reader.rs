//! Everyone can use the page: by keyboard, on a phone, and whatever they see.

use browser::Window;
use thirtyfour::Key;

use super::{begins, learn, open, press};
use crate::accessible::{assert_none, violations};

#[test]
fn axe_finds_nothing_serious() {
    let browser = open();
    learn(&browser, 2);
    browser.run::<()>(
        "document.querySelectorAll('details').forEach((one) => (one.open = true)); \
         const query = document.querySelector('#query'); query.value = 'encoder weights'; query.dispatchEvent(new Event('input'))",
    );
    let twice: Vec<String> = browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map((one) => one.id); \
         return ids.filter((id, at) => ids.indexOf(id) !== at)",
    );
    assert!(twice.is_empty(), "two places are called {twice:?}");
    for (width, is_dark) in [(360, false), (1400, true)] {
        browser.look_through(Window { width, is_dark, ..Window::default() });
        assert_none(&format!("{width} px, dark: {is_dark}"), &violations(&browser));
        if width == 360 {
            let widths: (f64, f64) = browser.run(
                "const { scrollWidth, clientWidth } = document.documentElement; return [scrollWidth, clientWidth]",
            );
            assert_eq!(widths, (360.0, 360.0));
        }
    }
}

/// Nothing is wider than a phone whose scrollbar takes 15 pixels, and what stays in sight takes two lines.
#[test]
fn a_phone_has_room_for_it() {
    let browser = open();
    browser.look_through(Window { width: 345, ..Window::default() });
    learn(&browser, 2);
    browser.run::<()>(
        "document.querySelectorAll('details').forEach((one) => (one.open = true)); \
         const change = document.querySelector('#change'); change.value = 'no positions'; \
         change.dispatchEvent(new Event('change', { bubbles: true }))",
    );
    begins(&browser, "#beside-says", "With no positions: step 0,");
    press(&browser, "#step");
    begins(&browser, "#progress", "step 1,");
    browser.wait_for("a rest", "return document.querySelector('#kept').textContent === 'kept'");
    const WIDTHS: &str =
        "const { scrollWidth, clientWidth } = document.documentElement; return [scrollWidth, clientWidth]";
    assert_eq!(browser.run::<(f64, f64)>(WIDTHS), (345.0, 345.0));
    let frame: (f64, f64) = browser.run_in_frame(WIDTHS);
    assert_eq!(frame.0, frame.1);
    for bar in ["#run", "#controls"] {
        let height: f64 = browser.run(&format!("return document.querySelector('{bar}').offsetHeight"));
        assert!(height < 66.0, "{bar} is {height} px high");
    }
}

/// A number found by its name opens its card, and the card stays while the run goes on.
#[test]
fn any_value_is_found_by_its_name_and_opened() {
    let browser = open();
    browser.focus("#query");
    for letter in "decoder.layers.1 cross_attn weights".chars() {
        browser.press(&[Key::Null]);
        browser.run::<()>(&format!("document.activeElement.value += {:?}", letter.to_string()));
    }
    browser.run::<()>("document.activeElement.dispatchEvent(new Event('input'))");
    let boxes: Vec<String> = browser.run("return [...document.querySelectorAll('#values canvas')].map((box) => box.getAttribute('aria-label'))");
    assert_eq!(boxes.len(), 2, "{boxes:?}");
    assert!(boxes[0].starts_with("value of decoder.layers.1.cross_attn.weights, 4 × "), "{boxes:?}");
    let lines: u64 = browser.run("return document.querySelectorAll('#values .head-line').length");
    assert_eq!(lines, 2 * 3, "a line between one head and the next");
    browser.focus("#values canvas");
    browser.press(&[Key::Enter]);
    browser.wait_for(
        "the card",
        "return document.querySelector('#card-title')?.textContent.includes('cross_attn.weights')",
    );
    press(&browser, "#step");
    browser.wait_for(
        "the card to follow",
        "return document.querySelector('#card .where').textContent.includes('after step 1')",
    );
}
