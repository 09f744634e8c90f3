//! Everyone can use the page: by keyboard, on a phone, and whatever they see.

use browser::Window;
use thirtyfour::Key;

use super::{learn, open, press};
use crate::accessible::{assert_none, violations};

#[test]
fn axe_finds_nothing_serious() {
    let browser = open();
    learn(&browser, 2);
    browser.run::<()>(
        "document.querySelectorAll('details').forEach((one) => (one.open = true)); \
         const query = document.querySelector('#query'); query.value = 'encoder weights'; query.dispatchEvent(new Event('input'))",
    );
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
