//! What one changes does what is said of it; what cannot be is told in words.

use std::thread::sleep;
use std::time::Duration;

use super::{begin, begins, fill, learn, open, press, says, step, text};

fn translation(browser: &browser::Browser, line: &str) -> String {
    browser.run::<()>(&format!(
        "document.querySelector('#said').textContent = ''; document.querySelector('#sentence').value = {line:?}; \
         document.querySelector('#translate').requestSubmit()"
    ));
    browser.wait_for("a translation", "return document.querySelector('#said').textContent !== ''");
    text(browser, "#said")
}

#[test]
fn without_positions_every_order_says_the_same() {
    let browser = open();
    fill(&browser, "model.positions", "none");
    begin(&browser);
    assert!(browser.run::<String>("return location.hash").starts_with("#settings="));
    learn(&browser, 2);
    let said = translation(&browser, "je suis étudiant");
    assert_eq!(
        (translation(&browser, "étudiant suis je"), said.as_str()),
        (said.clone(), "→ i am a student")
    );
}

#[test]
fn pairs_of_ones_own_are_learned() {
    let browser = open();
    fill(&browser, "pairs", "guten Tag = good day\nגם אני = me too\n你好 = hello there\n🦀 = a crab");
    begin(&browser);
    learn(&browser, 4);
    assert_eq!(translation(&browser, "🦀"), "→ a crab");
}

#[test]
fn what_cannot_be_is_told() {
    let browser = open();
    press(&browser, "#step");
    browser
        .wait_for("a step", "return document.querySelector('#progress').textContent.startsWith('step 1,')");
    let many: Vec<String> = (0..51).map(|at| format!("un {at} = one {at}")).collect();
    for (pairs, expected) in [
        (String::new(), "there are 0 pairs; 1 to 50 can be learned here"),
        (many.join("\n"), "there are 51 pairs; 1 to 50 can be learned here"),
        (
            "merci".into(),
            "the translation of pair 1 has no word; a pair is a line: its sentence = its translation",
        ),
        (
            format!("{} = long", "mot ".repeat(2500)),
            "the sentence of pair 1 has 2500 words; at most 30 can be looked at",
        ),
    ] {
        fill(&browser, "pairs", &pairs);
        begin(&browser);
        assert_eq!(text(&browser, "#says"), expected);
    }
    // The run that was there is still there.
    assert_eq!(step(&browser), 1);
    for (line, expected) in [("", "the sentence has no word"), ("\u{200b}", "the sentence has no word")] {
        browser.run::<()>(&format!(
            "document.querySelector('#says').textContent = ''; document.querySelector('#sentence').value = {line:?}; \
             document.querySelector('#translate').requestSubmit()"
        ));
        browser.wait_for("an answer", "return document.querySelector('#says').textContent !== ''");
        assert_eq!(text(&browser, "#says"), expected);
    }
    let long = "a".repeat(10_000);
    translation(&browser, &long);
    says(&browser, "1 of its words was not learned: it is <unk> to the model.");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// Side by side, both are after the same number of steps, and differ in what was changed.
#[test]
fn a_run_beside_does_what_this_one_does() {
    let browser = open();
    browser.run::<()>(
        "const change = document.querySelector('#change'); change.value = 'no positions'; \
         change.dispatchEvent(new Event('change', { bubbles: true }))",
    );
    begins(&browser, "#beside-says", "With no positions: step 0,");
    says(&browser, "Ready.");
    begins(&browser, "#expected", "The two sentences are learned all the same, for their words differ;");
    for expected in 1..=2 {
        press(&browser, "#step");
        let at = format!("step {expected}, loss ");
        begins(&browser, "#progress", &at);
        begins(&browser, "#beside-says", &format!("With no positions: {at}"));
    }
    let losses = (text(&browser, "#progress"), text(&browser, "#beside-says"));
    assert!(!losses.1.ends_with(&losses.0), "{losses:?}");
    // It scrolls along, figure by figure.
    const TOP: &str = "return Math.round(document.querySelector('figure#masks').getBoundingClientRect().top)";
    browser.run::<()>("document.querySelector('figure#masks').scrollIntoView()");
    let top: i64 = browser.run(TOP);
    sleep(Duration::from_millis(1000)); // figures above may still be drawn
    browser.run::<()>("scrollBy(0, 40)");
    let is_there = (0..100).any(|_| {
        sleep(Duration::from_millis(50));
        (browser.run_in_frame::<i64>(TOP) - browser.run::<i64>(TOP)).abs() <= 1
    });
    assert!(is_there && browser.run::<i64>(TOP) < top, "{top}");
}
