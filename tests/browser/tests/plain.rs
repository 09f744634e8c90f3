//! Without JavaScript, the page is a document: the same figures, in order, and nothing that does not answer.

use browser::{Browser, Matrix, View, Window};
use illustrated::figures;
use serde_json::json;

use crate::shared;

#[test]
fn without_script_the_page_shows_the_same_figures() {
    let plain = shared::open_in(Window { has_script: false, ..Window::default() });
    let is_live: bool = plain.run("return document.documentElement.classList.contains('live')");
    assert!(!is_live, "the script did not run");
    let matrices = Matrix::all(&plain);
    assert!(View::first(shared::recording()).holds(&matrices) > 0);
    let live = shared::open();
    // What is not seen at first, a script puts there.
    live.run::<()>("document.querySelectorAll('.off').forEach((one) => one.remove())");
    assert_eq!(matrices, Matrix::all(&live));
    let shown: Vec<String> = plain.run(
        "const figures = [...document.querySelectorAll('figure')]; \
         return figures.filter((one) => one.checkVisibility()).map((one) => one.id)",
    );
    let drawn: Vec<&str> = figures::all(shared::recording()).iter().map(|figure| figure.id).collect();
    assert_eq!(shown, drawn);
}

#[test]
fn without_script_the_page_is_readable_in_order() {
    let plain = shared::open_in(Window { has_script: false, ..Window::default() });
    let levels: Vec<usize> =
        plain.run("return [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => +one.tagName[1])");
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels[0] == 1 && levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let idle: Vec<String> = plain.run(
        "const stops = [...document.querySelectorAll('button, select, input')]; \
         return stops.filter((one) => one.checkVisibility()).map((one) => one.outerHTML)",
    );
    assert_eq!(idle, [""; 0], "what needs the script is hidden without it");
    let untold: Vec<String> = plain.run(
        "const figures = [...document.querySelectorAll('figure')]; \
         return figures.filter((one) => !one.querySelector('figcaption')?.innerText.trim()).map((one) => one.id)",
    );
    assert_eq!(untold, [""; 0], "every figure has a caption");
    let broken: Vec<String> = plain.run(
        "const links = [...document.querySelectorAll('a[href^=\"#\"]')].map((one) => one.hash); \
         return links.filter((hash) => !document.getElementById(hash.slice(1)))",
    );
    assert_eq!(broken, [""; 0], "every link leads somewhere");
}

/// The elements of a selector that have more in them than is seen at once.
fn cut(browser: &Browser, selector: &str) -> Vec<String> {
    browser.run(&format!(
        "const all = [...document.querySelectorAll('{selector}')].filter((one) => one.scrollWidth > one.clientWidth + 1); \
         return all.map((one) => one.closest('figure')?.id ?? one.innerText)"
    ))
}

#[test]
fn paper_has_all_of_every_figure() {
    let browser = shared::open_in(Window { width: 700, ..Window::default() });
    assert!(!cut(&browser, ".drawing").is_empty(), "on a screen they scroll");
    browser.say("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    assert_eq!(cut(&browser, ".drawing, .wide, pre"), [""; 0]);
}

#[test]
fn tables_need_no_scrolling_on_a_phone() {
    let browser = shared::open_in(Window { width: 360, ..Window::default() });
    assert_eq!(cut(&browser, ".wide, pre"), [""; 0]);
}
