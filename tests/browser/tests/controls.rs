//! Whatever a reader chooses, by keyboard, the numbers are those of that choice.

use std::collections::BTreeSet;

use browser::{Browser, Matrix, View};
use thirtyfour::Key;

use crate::shared;

/// Holds the page to the recording, as the view is.
#[track_caller]
fn holds(browser: &Browser, view: View) {
    assert!(view.holds(&Matrix::all(browser)) > 0);
}

#[test]
fn time_is_gone_through_by_arrow_keys() {
    let browser = shared::open();
    let view = View::first(shared::recording());
    browser.focus("#time");
    browser.press(&[Key::Home]);
    for pass in 0..=view.pass {
        let step = shared::recording().passes()[pass].head().step;
        let said: String =
            browser.run("return document.querySelector('#time').getAttribute('aria-valuetext')");
        assert!(said.starts_with(&format!("step {step},")), "{said}");
        holds(&browser, View { pass, ..view });
        browser.press(&[Key::Right]);
    }
    browser.focus("#previous");
    browser.press(&[Key::Enter]);
    holds(&browser, View { pass: view.pass - 1, ..view });
}

#[test]
fn gradients_stand_where_values_stood() {
    let browser = shared::open();
    let view = View::first(shared::recording());
    browser.focus("[name=mode][value=values]");
    for (mode, shows_gradients) in
        [("gradients", true), ("both", false), ("values", false), ("gradients", true)]
    {
        browser.press(&[Key::Right]);
        let checked: String = browser.run("return document.querySelector('[name=mode]:checked').value");
        assert_eq!(checked, mode);
        holds(&browser, View { shows_gradients, ..view });
        let bars: usize = browser.run("return document.querySelectorAll('.cell .bar').length");
        assert_eq!(bars == 0, mode == "values", "{mode}: {bars} gradients beside values");
    }
    browser.focus("#time");
    browser.press(&[Key::Home]);
    holds(&browser, View { shows_gradients: true, pass: 0, ..view });
}

#[test]
fn layers_heads_and_words_are_chosen_by_arrow_keys() {
    let browser = shared::open();
    let view = View::first(shared::recording());
    let controls = "return [...document.querySelectorAll('select[data-control]')].map((select) => \
                    [select.closest('figure').id, select.dataset.control, select.options.length])";
    let controls: Vec<(String, String, usize)> = browser.run(controls);
    assert!(!controls.is_empty());
    let choice = |matrices: &[Matrix], figure: &str, name: &str| {
        matrices
            .iter()
            .find(|matrix| matrix.figure == figure)
            .and_then(|matrix| matrix.choices.get(name).copied())
    };
    for (figure, name, count) in &controls {
        browser.focus(&format!("#{figure} select[data-control='{name}']"));
        browser.press(&[Key::Home]);
        for at in 0..*count {
            let matrices = Matrix::all(&browser);
            if let Some(chosen) = choice(&matrices, figure, name) {
                assert_eq!(chosen, at, "{figure}: {name}");
            }
            assert!(view.holds(&matrices) > 0);
            browser.press(&[Key::Down]);
        }
    }
    // All of them stand at their last choice now; the numbers of another step are then those of that choice, too.
    browser.focus("#time");
    browser.press(&[Key::Home]);
    holds(&browser, View { pass: 0, ..view });
}

/// The formulas of one step of the chosen weight, whichever pass is shown.
#[test]
fn of_every_pass_and_weight_the_formulas_are_shown() {
    let browser = shared::open();
    let passes = shared::recording().passes();
    let shown = "const groups = [...document.querySelectorAll('#followed-weight g[data-when*=\"pass=\"]')]; \
                 return groups.filter((group) => group.getClientRects().length) \
                     .map((group) => [group.dataset.when, group.querySelector('text.head').textContent])";
    let count: usize = browser
        .run("return document.querySelector('#followed-weight select[data-control=weight]').options.length");
    browser.focus("#followed-weight select[data-control=weight]");
    browser.press(&[Key::Home]);
    for weight in 0..count {
        browser.focus("#time");
        browser.press(&[Key::Home]);
        for (number, pass) in passes.iter().enumerate() {
            let shown: Vec<(String, String)> = browser.run(shown);
            assert_eq!(shown.len(), 1, "{shown:?}");
            assert_eq!(shown[0].0, format!("weight={weight} pass={number}"));
            let step = pass.head().step.max(1);
            assert!(shown[0].1.starts_with(&format!("step {step}, ")), "{shown:?}");
            browser.press(&[Key::Right]);
        }
        browser.focus("#followed-weight select[data-control=weight]");
        browser.press(&[Key::Down]);
    }
}

/// A matrix may show a pass that a page which forgets some has no more.
#[test]
fn what_is_of_no_pass_is_drawn_as_missing() {
    let browser = shared::open();
    let matrix = "document.querySelector('#distributions g.matrix[data-pass=\"0\"]')";
    browser.run::<()>(&format!("{matrix}.id = 'gone'; {matrix}.dataset.pass = 99;"));
    browser.focus("#time");
    browser.press(&[Key::Home]);
    let missing: (usize, usize) = browser.run(
        "const cells = [...document.querySelectorAll('#gone .cell')]; \
         return [cells.length, cells.filter((cell) => cell.matches('.missing:not([data-number])')).length]",
    );
    assert!(missing.0 > 0 && missing.0 == missing.1, "{missing:?}");
    browser.focus("#gone .cell[tabindex='0']");
    browser.press(&[Key::Enter]);
    assert!(browser.run::<bool>("return document.querySelector('#card').hidden"));
    let matrices: Vec<Matrix> =
        Matrix::all(&browser).into_iter().filter(|matrix| matrix.pass != Some(99)).collect();
    assert!(View { pass: 0, ..View::first(shared::recording()) }.holds(&matrices) > 0);
}

/// A page that is opened anew begins without a card, and without the room that one takes.
#[test]
fn a_page_that_is_opened_anew_has_no_card() {
    let browser = shared::open();
    browser.focus("figure .cell[tabindex='0']");
    browser.press(&[Key::Enter]);
    let is_carded = "return document.documentElement.classList.contains('carded')";
    assert!(browser.run::<bool>(is_carded));
    browser.run::<()>("openPage({ passes: [], captions: {} })");
    assert!(!browser.run::<bool>(is_carded));
}

/// From the top of the page, the tab key comes by everything that answers.
#[test]
fn the_tab_key_comes_by_every_control() {
    let browser = shared::open();
    let name = "const name = (one) => { \
                    const what = one.dataset.control ?? one.closest('g.matrix')?.dataset.path ?? one.tagName; \
                    return one.id || one.name || `${one.closest('figure, section')?.id} ${what}`; };";
    let wanted = format!(
        "{name} const stops = '#time, #previous, [name=mode]:checked, select[data-control], g.matrix'; \
         return [...document.querySelectorAll(stops)].filter((one) => one.getClientRects().length).map(name)"
    );
    let wanted: BTreeSet<String> = browser.run(&wanted);
    let mut found = BTreeSet::new();
    for _ in 0..2000 {
        browser.press(&[Key::Tab]);
        let (focused, is_last): (String, bool) = browser.run(&format!(
            "{name} const focused = document.activeElement; return [name(focused), focused === document.body]"
        ));
        found.insert(focused);
        if is_last || wanted.is_subset(&found) {
            break;
        }
    }
    let missed: Vec<_> = wanted.difference(&found).collect();
    assert!(wanted.len() > 5 && missed.is_empty(), "not reached: {missed:?}");
}

/// Who goes by keyboard passes the bars and the chapters by one link, and whole figures by one key.
#[test]
fn the_first_number_and_the_next_figure_are_a_key_away() {
    let browser = shared::open();
    let at = |name: &str| -> String {
        browser.run(&format!("return document.activeElement.closest('{name}')?.id ?? ''"))
    };
    browser.press(&[Key::Tab, Key::Tab, Key::Enter]);
    assert_eq!(
        (at("figure"), browser.run::<bool>("return document.activeElement.matches('.cell')")),
        ("embedding".into(), true)
    );
    browser.press(&[Key::PageDown]);
    assert_eq!(at("figure"), "self-attention");
    browser.press(&[Key::PageUp]);
    assert_eq!(at("figure"), "embedding");
}

/// The trees of both searches and the black box are those of the step that is chosen.
#[test]
fn searches_follow_the_slider() {
    let browser = shared::open();
    let shown = || -> Vec<String> {
        browser.run(
            "const seen = (one) => !one.closest('.off') && one.dataset.at?.endsWith('translation.score'); \
             return ['greedy-search', 'beam-search'].flatMap((id) => \
             [...document.querySelectorAll(`#${id} text`)].filter(seen).map((one) => one.dataset.at.split('.')[0]))",
        )
    };
    let caption =
        || -> String { browser.run("return document.querySelector('#stacks .caption').textContent") };
    let recording = shared::recording();
    for (pass, searches) in recording.searches_by_pass().into_iter().enumerate().rev() {
        let expected =
            searches.iter().flat_map(|search| search.translations.iter().map(|(event, _)| event.to_string()));
        assert_eq!(shown(), expected.collect::<Vec<_>>(), "pass {pass}");
        let step = recording.passes()[pass].head().step;
        assert!(caption().starts_with(&format!("After step {step} of training ")), "{}", caption());
        if pass > 0 {
            browser.click("#previous");
        }
    }
}
