//! What is held out is tried as training goes on, and seen.

use super::{begin, fill, open, text};

#[test]
fn of_two_sentences_nothing_is_held_out() {
    let browser = open();
    let said = text(&browser, "#held-out");
    assert!(said.starts_with("Nothing is held out: of two sentences none can be spared."), "{said}");
}

#[test]
fn what_is_held_out_is_counted_drawn_and_listed() {
    let browser = open();
    fill(&browser, "pairs", "je mange = i eat\ntu manges = you eat\nje dors = i sleep");
    fill(&browser, "held_out", "tu dors = you sleep\nil danse = he dances");
    begin(&browser);
    browser.run::<()>("document.querySelector('#start').click()");
    browser.wait_for(
        "the pairs to be learned",
        "return document.querySelector('#learned').textContent.startsWith('3 of 3 learned, ')",
    );
    // The curve is there while it runs.
    browser.wait_for("the curve", "return document.querySelector('figure#loss .curve.validated') !== null");
    browser.run::<()>("document.querySelector('#pause').click()");
    super::ready(&browser);
    browser.wait_for("a rest", "return document.querySelector('#kept').textContent === 'kept'");
    assert!(text(&browser, "#learned").contains(", held out "), "{}", text(&browser, "#learned"));
    let said = text(&browser, "#held-out");
    for part in ["Held out: ", "lowest after step ", "4 of their words are in no pair that is learned"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(text(&browser, "figure#loss .caption").contains("On the pairs that are held out"));
    let row: Vec<String> = browser
        .run("return [...document.querySelectorAll('#runs tbody tr:last-child td')].map((cell) => cell.textContent)");
    assert!(row[3].ends_with(" of 2 right"), "{row:?}");
    let answers = text(&browser, "#answers tbody");
    assert!(answers.contains("il danse held out: should be “he dances”"), "{answers}");
}

/// The list in which the order of words counts is taken, and waits for the run to begin anew.
#[test]
fn what_waits_for_the_run_to_begin_anew_is_marked() {
    let browser = open();
    const MARKED: &str = "return [...document.querySelectorAll('#settings .waiting')].map((label) => label.querySelector('[name]').name)";
    assert_eq!((text(&browser, "#waiting").as_str(), browser.run::<Vec<String>>(MARKED)), ("", Vec::new()));
    fill(&browser, "smoothing", "0");
    assert_eq!(text(&browser, "#waiting"), "1 setting waits for Restart");
    browser.run::<()>("document.querySelector('#take-order').click()");
    assert_eq!(text(&browser, "#waiting"), "3 settings wait for Restart");
    assert_eq!(browser.run::<Vec<String>>(MARKED), ["pairs", "held_out", "smoothing"]);
    begin(&browser);
    assert_eq!((text(&browser, "#waiting").as_str(), browser.run::<Vec<String>>(MARKED)), ("", Vec::new()));
    assert_eq!(text(&browser, "#learned"), "0 of 18 learned, held out 0 of 6");
}
