//! A run starts, pauses, goes step by step, goes back, and survives a reload.

use std::thread::sleep;
use std::time::Duration;

use thirtyfour::Key;

use super::{begin, begins, fill, learn, open, page, press, ready, says, step, text, wrong_cells};

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
    const SEEN: &str =
        "return [document.querySelector('#time').max, document.querySelector('#answers tbody').textContent]";
    let seen: (String, String) = browser.run(SEEN);
    browser.run::<()>("location.reload()");
    says(&browser, "This is your last run");
    assert_eq!((text(&browser, "#progress"), browser.run(SEEN)), (paused, seen.clone()));
    // Its moments are there, and it goes on from one as it did.
    let between = seen.0.parse::<u64>().unwrap() - 1;
    assert!(text(&browser, "#says").contains(&format!(" {between} moment")), "{}", text(&browser, "#says"));
    browser.focus("#time");
    browser.press(&[Key::Home, Key::Right]);
    begins(&browser, "#now", "step ");
    press(&browser, "#back");
    says(&browser, "Back after step ");
    assert!(step(&browser) > 0);
}

/// Every cell of a figure says what the recording says once a run rests.
#[test]
fn the_numbers_shown_are_those_recorded() {
    let browser = open();
    learn(&browser, 2);
    browser.run::<()>("document.querySelector('figure#self-attention').scrollIntoView()");
    assert_eq!(wrong_cells(&browser, "self-attention"), [""; 0]);
}

/// Once numbers have run away, one button leads back to the last moment at which they had not.
#[test]
fn there_is_a_way_back_when_numbers_run_away() {
    let browser = open();
    for (name, value) in [("optimizer", "sgd"), ("learning_rate", "10"), ("warmup_steps", "0")] {
        fill(&browser, name, value);
    }
    begin(&browser);
    press(&browser, "#start");
    browser.wait_for("the way back", "return document.querySelector('#good') !== null");
    assert!(text(&browser, "#says").starts_with("not a finite number"), "{}", text(&browser, "#says"));
    let offered = text(&browser, "#good");
    press(&browser, "#good");
    let last_good = offered.strip_prefix("Go back to step ").unwrap();
    says(&browser, &format!("Back after step {last_good}."));
    assert_eq!(step(&browser).to_string(), last_good);
    assert!(text(&browser, "#now").starts_with(&format!("step {last_good}, loss ")));
}
