//! A drawing takes the room of what is seen of it, and what somebody reads stays where it stands.

use browser::{Browser, Window};
use thirtyfour::Key;

use crate::shared;

/// The figures of which more than a line is blank at the foot, and how much.
fn blank(browser: &Browser) -> Vec<(String, f64)> {
    browser.run(
        "const leaves = 'text, rect, path, image, circle, polyline'; \
         const bottom = (one) => one.getBoundingClientRect().bottom; \
         const seen = (svg) => [...svg.querySelectorAll(leaves)].filter((one) => one.getClientRects().length && !one.closest('defs')); \
         const blank = (svg) => bottom(svg) - Math.max(...seen(svg).map(bottom)); \
         const all = [...document.querySelectorAll('.drawing svg')].map((svg) => [svg.closest('figure').id, blank(svg)]); \
         return all.filter(([, blank]) => blank > 26 || blank < -2)",
    )
}

#[test]
fn no_drawing_keeps_room_for_what_is_not_seen() {
    let plain = shared::open_in(Window { has_script: false, ..Window::default() });
    assert_eq!(blank(&plain), []);
    let browser = shared::open();
    for name in ["kind", "lines0"] {
        let select = format!("#attention-explorer select[data-control={name}]");
        let count: usize = browser.run(&format!("return document.querySelector('{select}').options.length"));
        browser.focus(&select);
        browser.press(&[Key::Home]);
        for _ in 0..count {
            assert_eq!(blank(&browser), [], "{name}");
            browser.press(&[Key::Down]);
        }
    }
    browser.focus("#time");
    for _ in shared::recording().passes() {
        assert_eq!(blank(&browser), []);
        browser.press(&[Key::Left]);
    }
}

/// Trees above what is read are higher at other steps, and their captions longer.
#[test]
fn what_is_read_stays_where_it_stands() {
    let browser = shared::open();
    let top = |id: &str| -> f64 {
        browser.run_to_end(&format!(
            "const frame = () => new Promise(requestAnimationFrame); await frame(); await frame(); \
             return document.getElementById('{id}').getBoundingClientRect().top"
        ))
    };
    let height = || -> f64 {
        browser.run("return document.querySelector('#greedy-search svg').getBoundingClientRect().height")
    };
    for id in ["beam-search", "attention-explorer", "chapter-questions"] {
        browser.focus("#time");
        browser.press(&[Key::End]);
        browser.run::<()>(&format!("document.getElementById('{id}').scrollIntoView()"));
        let (before, high) = (top(id), height());
        let mut heights = Vec::new();
        for _ in shared::recording().passes() {
            browser.press(&[Key::Left]);
            heights.push(height());
            let after = top(id);
            assert!((after - before).abs() < 1.5, "{id}: from {before} to {after}");
        }
        assert!(heights.iter().any(|height| (height - high).abs() > 80.0), "{high}: {heights:?}");
    }
}

/// What is said of a drawing fits a phone whole, and no line in it is wider than that.
#[test]
fn text_fits_a_phone() {
    let browser = shared::open_in(Window { width: 360, ..Window::default() });
    let wide: Vec<(String, String)> = browser.run(
        "const all = [...document.querySelectorAll('.notes li, figure text')].filter((one) => one.getClientRects().length); \
         const wide = all.filter((one) => one.getBoundingClientRect().width > 328 || one.matches('li') && one.scrollWidth > one.clientWidth); \
         return wide.map((one) => [one.closest('figure').id, one.textContent])",
    );
    assert_eq!(wide, []);
    let notes: Vec<usize> = browser.run(
        "const notes = ['self-attention', 'attention-explorer'].map((id) => [...document.querySelectorAll(`#${id} .notes li`)]); \
         return notes.map((all) => all.filter((one) => one.getClientRects().length).length)",
    );
    assert_eq!(notes, [6, 2]);
}

/// A figure that is saved has what is said under it, and is as high as what is seen.
#[test]
fn a_saved_figure_has_its_notes() {
    let browser = shared::open();
    let saved: String = browser.run_to_end(
        "let text; const create = URL.createObjectURL; \
         URL.createObjectURL = (blob) => { text = blob.text(); return create(blob); }; \
         document.querySelector('#self-attention .save').click(); return await text",
    );
    let texts = saved.matches("<text class=\"note\"").count();
    assert_eq!(texts, 6);
    assert!(saved.contains("Three matrices"), "the first of them");
    let size = |name: &str| -> f64 {
        let value = saved.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.and_then(|value| value.parse().ok()).expect("the file says its size")
    };
    let drawn: f64 =
        browser.run("return +document.querySelector('#self-attention svg').getAttribute('height')");
    assert_eq!(size("height"), drawn + 6.0 * 18.0);
}
