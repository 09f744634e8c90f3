//! A run starts, pauses, goes step by step, goes back, and survives a reload.

use std::thread::sleep;
use std::time::Duration;

use thirtyfour::Key;

use super::{begins, learn, open, page, press, ready, says, step, text};

#[test]
fn it_learns_the_articles_sentence_and_asks_for_nothing() {
    let browser = open();
    learn(&browser, 2);
    browser.wait_for(
        "the translation",
        "return document.querySelector('#said').textContent === '→ i am a student'",
    );
    let elsewhere = |address: &String| !address.starts_with("blob:");
    let requests: Vec<String> = browser.requests().into_iter().filter(elsewhere).collect();
    assert_eq!(requests, [format!("file://{}", page().canonicalize().unwrap().display())]);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn it_goes_step_by_step_back_and_anew() {
    let browser = open();
    for expected in 1..=3 {
        press(&browser, "#step");
        begins(&browser, "#progress", &format!("step {expected},"));
    }
    ready(&browser);
    let loss = text(&browser, "#progress");
    browser.focus("#time");
    browser.press(&[Key::Home, Key::Right]);
    begins(&browser, "#now", "step 1, loss ");
    press(&browser, "#back");
    says(&browser, "Back after step 1.");
    assert_eq!(step(&browser), 1);
    // From there it goes as it went before.
    for expected in 2..=3 {
        press(&browser, "#step");
        begins(&browser, "#progress", &format!("step {expected},"));
    }
    assert_eq!(text(&browser, "#progress"), loss);
    press(&browser, "#again");
    begins(&browser, "#progress", "step 0,");
}

#[test]
fn it_pauses_and_survives_a_reload() {
    let browser = open();
    press(&browser, "#start");
    browser.wait_for(
        "some steps",
        "return parseInt(document.querySelector('#progress').textContent.slice(5)) > 20",
    );
    press(&browser, "#pause");
    ready(&browser);
    let paused = text(&browser, "#progress");
    sleep(Duration::from_millis(300));
    assert_eq!(text(&browser, "#progress"), paused);
    browser.wait_for("the run to be kept", "return document.querySelector('#kept').textContent === 'kept'");
    browser.run::<()>("location.reload()");
    says(&browser, "This is your last run");
    assert_eq!(text(&browser, "#progress"), paused);
}

/// Every cell of a figure says what the recording says, while a run goes on and after.
#[test]
fn the_numbers_shown_are_those_recorded() {
    let browser = open();
    learn(&browser, 2);
    browser.run::<()>("document.querySelector('#self-attention').scrollIntoView()");
    browser.run::<()>("window.given = []; const make = URL.createObjectURL; URL.createObjectURL = (blob) => (given.push(blob), make.call(URL, blob));");
    press(&browser, "#recording");
    browser.wait_for("the recording", "return given.length === 1");
    let wrong: Vec<String> = browser.run_to_end(
        "const { events } = JSON.parse(await given[0].text()); const arrays = new Map(); \
         for (const event of events) { if (event.pass) arrays.clear(); if (event.value) arrays.set(event.value.path, event.value.data); } \
         const cells = [...document.querySelectorAll('#self-attention .cell')].filter((cell) => !cell.closest('.off')); \
         if (cells.length < 40) return ['only ' + cells.length + ' cells']; \
         return cells.flatMap((cell) => { const [, path, at] = cell.dataset.number.split(':'); \
           const expected = short(Math.fround(arrays.get(path)[at])); const found = cell.querySelector('text').textContent; \
           return found === expected ? [] : [`${path}[${at}]: ${found}, not ${expected}`]; });",
    );
    assert_eq!(wrong, [""; 0]);
}
