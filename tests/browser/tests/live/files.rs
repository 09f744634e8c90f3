//! A model is saved as a file that others take, and a file that is dropped onto the page is opened.

use super::{learn, open, press, text};

/// Keeps what is given to the reader as files.
const KEEP: &str = "window.given = []; const make = URL.createObjectURL; \
                    URL.createObjectURL = (blob) => (given.push(blob), make.call(URL, blob));";

fn drop_kept(browser: &browser::Browser, name: &str) {
    browser.run::<()>(&format!(
        "document.querySelector('#says').textContent = ''; const data = new DataTransfer(); \
         data.items.add(new File([given.at(-1)], {name:?})); \
         document.dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }}))"
    ));
    browser.wait_for("an answer", "return document.querySelector('#says').textContent !== ''");
}

#[test]
fn a_model_is_saved_and_dropped_onto_the_page() {
    let browser = open();
    learn(&browser, 2);
    assert!(
        text(&browser, "#which-loss").contains("smoothed by 0.1 as in training; `etudiant report` shows")
    );
    browser.run::<()>(KEEP);
    browser.run::<()>("document.querySelector('#settings-of-run').open = true");
    press(&browser, "#save");
    browser.wait_for("the file", "return given.length === 1");
    drop_kept(&browser, "mine.safetensors");
    assert!(text(&browser, "#says").starts_with("The model is open."), "{}", text(&browser, "#says"));
    assert!(text(&browser, "#progress").starts_with("mine.safetensors: "), "{}", text(&browser, "#progress"));
    assert!(
        text(&browser, "#which-loss").starts_with("The loss of a model from a file is without smoothing")
    );
    browser.run::<()>(
        "document.querySelector('#sentence').value = 'je suis étudiant'; document.querySelector('#translate').requestSubmit()",
    );
    browser.wait_for(
        "the translation",
        "return document.querySelector('#said').textContent === '→ i am a student'",
    );
    browser.wait_for("figures", "return document.querySelectorAll('figure').length > 10");
    let figures: Vec<String> =
        browser.run("return [...document.querySelectorAll('figure')].map((figure) => figure.id)");
    for id in ["self-attention", "attention-explorer", "decoding", "beam-search"] {
        assert!(figures.iter().any(|figure| figure == id), "{id} is not among {figures:?}");
    }
}

#[test]
fn a_file_that_is_no_model_is_told() {
    let browser = open();
    browser.run::<()>("window.given = [new Blob(['not a model'])]");
    drop_kept(&browser, "letter.txt");
    assert!(text(&browser, "#says").starts_with("letter.txt: "), "{}", text(&browser, "#says"));
    assert_eq!(text(&browser, "#progress"), "step 0, loss not yet known");
}
