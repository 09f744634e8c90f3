//! What is said under a figure is said of what it shows: captions follow the slider and the menus.

use std::collections::BTreeMap;

use browser::{Browser, Window};
use illustrated::figures;
use illustrated::look::{Axis, Figure};
use thirtyfour::Key;

use crate::shared;

/// Of each figure, what is said and how its controls stand.
type Said = BTreeMap<String, (String, BTreeMap<String, usize>)>;

fn said(browser: &Browser) -> Said {
    browser.run(
        "const all = (selector, within) => [...within.querySelectorAll(selector)]; \
         const stand = (select) => [select.dataset.control, +select.value]; \
         return Object.fromEntries(all('figure', document).map((figure) => [figure.id, [ \
             figure.querySelector('figcaption .caption').textContent, \
             Object.fromEntries(all('select[data-control]', figure).map(stand))]]))",
    )
}

/// Holds every caption to the text that was computed for what is chosen.
#[track_caller]
fn hold(browser: &Browser, figures: &[Figure], pass: usize) {
    let said = said(browser);
    assert_eq!(said.len(), figures.len());
    for figure in figures {
        let (text, controls) = &said[figure.id];
        let mut chosen: Vec<(&str, usize)> =
            controls.iter().map(|(name, choice)| (name.as_str(), *choice)).collect();
        chosen.push((Axis::PASS, pass));
        assert_eq!(text, figure.caption.text(&chosen), "{}: {chosen:?}", figure.id);
    }
}

#[test]
fn captions_follow_the_slider_and_the_menus() {
    let browser = shared::open();
    let figures = figures::all(shared::recording());
    let last = shared::recording().passes().len() - 1;
    let first = said(&browser);
    hold(&browser, &figures, last);
    for figure in &figures {
        for axis in figure.caption.axes().iter().filter(|axis| axis.name != Axis::PASS) {
            browser.focus(&format!("#{} select[data-control='{}']", figure.id, axis.name));
            for _ in 1..axis.count {
                browser.press(&[Key::Down]);
                hold(&browser, &figures, last);
            }
        }
    }
    browser.focus("#time");
    browser.press(&[Key::Home]);
    for pass in 0..last {
        hold(&browser, &figures, pass);
        browser.press(&[Key::Right]);
    }
    let now = said(&browser);
    let changed = figures.iter().filter(|figure| now[figure.id].0 != first[figure.id].0).count();
    assert!(changed >= 5, "{changed} captions are others than at first");
}

#[test]
fn without_script_the_first_caption_stands() {
    let plain = shared::open_in(Window { has_script: false, ..Window::default() });
    let said = said(&plain);
    for figure in figures::all(shared::recording()) {
        assert_eq!(said[figure.id].0, figure.caption.first(), "{}", figure.id);
    }
}
