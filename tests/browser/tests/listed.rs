//! Of a large vocabulary each pass and position lists other words; and passes of one step are told apart.

use std::collections::BTreeMap;

use browser::Browser;
use illustrated::Recording;
use illustrated::recording::Event;
use illustrated::testing::recorded_of;
use thirtyfour::Key;

use crate::shared;

/// Two passes at one step; what the first lists likeliest first, the second lists likeliest last.
fn recording() -> Recording {
    let once = recorded_of(|_| (), 3, 200);
    let mut recording = once.clone();
    for event in once.events()[1..].iter().cloned() {
        recording.push(match event {
            Event::Output(mut output) => {
                output.words.reverse();
                Event::Output(output)
            }
            other => other,
        });
    }
    recording
}

/// The words above the columns that are shown, by the matrix and the column, of the logits and probabilities of `output`.
fn heads(browser: &Browser) -> BTreeMap<String, String> {
    browser.run(
        "const heads = [...document.querySelectorAll('#output .above[data-c]')].filter((one) => !one.closest('.off')); \
         return Object.fromEntries(heads.map((one) => \
             [one.closest('g.matrix').dataset.path + ' ' + one.dataset.c, one.textContent]))",
    )
}

#[test]
fn words_above_columns_follow_pass_and_position() {
    let recording = recording();
    let (_file, browser) = shared::open_page_of(&recording);
    let passes = recording.passes();
    assert_eq!(passes.len(), 2);
    for (pass, key) in [(1, Key::End), (0, Key::Home)] {
        browser.focus("#time");
        browser.press(&[key]);
        for position in 0..3 {
            browser.focus("#output select[data-control='position']");
            browser.press(&[Key::Home]);
            browser.press(&vec![Key::Down; position]);
            let heads = heads(&browser);
            let words = &passes[pass].outputs()[position].words;
            assert!(words.len() == 16 && heads.len() == 3 * 16, "{heads:?}");
            for (column, said) in words.iter().enumerate() {
                let head = |path: &str| heads[&format!("outputs.{path} {column}")].as_str();
                let (cut, id) = (head("logit").trim_end_matches('…'), said.token.id.unwrap().to_string());
                assert!(!cut.is_empty() && said.token.text.starts_with(cut), "{cut}: {}", said.token.text);
                assert_eq!(head("probability"), id, "pass {pass}, position {position}");
            }
        }
    }
}

/// By the number of the pass: the step is that of both.
#[test]
fn passes_of_one_step_are_told_apart() {
    let recording = recording();
    let (_file, browser) = shared::open_page_of(&recording);
    let shown = "return [...document.querySelectorAll('#output [data-when]')].filter((one) => \
                 !one.classList.contains('off')).map((one) => one.dataset.when).filter((when) => when.includes('pass'))";
    for (pass, key) in [(0, Key::Home), (1, Key::End)] {
        browser.focus("#time");
        browser.press(&[key]);
        assert_eq!(browser.run::<Vec<String>>(shown), [format!("pass={pass} position=0")]);
        let now: String = browser.run("return document.querySelector('#now').textContent");
        assert!(now.ends_with(&format!("pass {} of 2", pass + 1)), "{now}");
        browser.click("#output .cell");
        let address: String = browser.run("return location.hash");
        assert_eq!(address, format!("#hidden/0/0/{pass}"));
        browser.press(&[Key::Escape]);
    }
    let address: String = browser.run("return location.href.split('#')[0] + '#hidden/0/0/0'");
    browser.go(&address);
    browser.wait_for("the first pass", "return document.querySelector('#time').value === '0'");
}
