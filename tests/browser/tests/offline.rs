//! The report is one file: it asks for nothing else, and has nothing to complain of.

use thirtyfour::Key;

use crate::shared;

#[test]
fn the_page_asks_for_nothing_but_itself_and_complains_of_nothing() {
    let browser = shared::open();
    browser.focus("#time");
    browser.press(&[Key::Home, Key::Right]);
    browser.focus("g.matrix .cell");
    browser.press(&[Key::Enter]);
    browser.wait_for("the card", "return !document.querySelector('#card').hidden");
    assert_eq!(browser.requests(), [format!("file://{}", shared::file().display())]);
    assert_eq!(browser.complaints(), [""; 0]);
    let entries: usize = browser.run("return performance.getEntriesByType('resource').length");
    assert_eq!(entries, 0);
}

/// What the test above relies on: the browser tells of requests, and of what goes wrong.
#[test]
fn requests_and_complaints_are_heard_of() {
    let browser = shared::open();
    browser.run::<()>(
        "const image = new Image(); image.src = 'http://example.org/picture.png'; document.body.append(image)",
    );
    browser.wait_for("the request to fail", "return document.images[0].complete");
    assert!(browser.requests().contains(&"http://example.org/picture.png".to_owned()));
    let complaints = browser.complaints();
    assert!(complaints.iter().any(|complaint| complaint.contains("ERR_NAME_NOT_RESOLVED")), "{complaints:?}");
}
