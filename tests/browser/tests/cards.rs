//! Where a number comes from: a card that opens at it, by keyboard and by click, and has an address.

use browser::shown::numbers;
use browser::{Browser, Matrix};
use serde_json::json;
use thirtyfour::Key;

use crate::shared;

/// The figure whose cells are opened.
const FIGURE: &str = "#attention-matrices";

/// Which cell has the focus: path, row and column.
fn focused(browser: &Browser) -> Option<(String, usize, usize)> {
    browser.run(
        "const cell = document.activeElement.closest('.cell'); \
         return cell && [cell.closest('g.matrix').dataset.path, +cell.dataset.r, +cell.dataset.c]",
    )
}

/// The title of the open card.
fn title(browser: &Browser) -> Option<String> {
    browser.run(
        "const card = document.querySelector('#card'); \
         return card && !card.hidden ? card.querySelector('h2').textContent : null",
    )
}

fn fragment(browser: &Browser) -> String {
    browser.run("return decodeURIComponent(location.hash)")
}

/// What the address of a cell should be: its path, its place on each axis, and the number of the pass.
fn address(browser: &Browser, row: usize, col: usize) -> String {
    let matrices = Matrix::all(browser);
    let matrix = matrices
        .iter()
        .find(|matrix| format!("#{}", matrix.figure) == FIGURE)
        .expect("the figure has a matrix");
    let cell =
        matrix.cells.iter().find(|cell| (cell.row, cell.col) == (row, col)).expect("the cell is shown");
    let pass = shared::recording().last_pass().expect("a pass");
    let shape = numbers(&pass, &matrix.path_now(), false).expect("it is recorded").shape;
    let mut offset = matrix.index(cell);
    let mut index: Vec<String> = Vec::new();
    for length in shape.iter().rev() {
        index.insert(0, (offset % length).to_string());
        offset /= length;
    }
    format!("#{}/{}/{}", matrix.path_now(), index.join("/"), shared::recording().passes().len() - 1)
}

#[test]
fn arrow_keys_walk_through_cells_and_enter_opens_the_card() {
    let browser = shared::open();
    browser.focus(&format!("{FIGURE} .cell"));
    let (path, ..) = focused(&browser).expect("a cell");
    for (key, row, col) in
        [(Key::Right, 0, 1), (Key::Down, 1, 1), (Key::Left, 1, 0), (Key::Up, 0, 0), (Key::Down, 1, 0)]
    {
        browser.press(&[key]);
        assert_eq!(focused(&browser), Some((path.clone(), row, col)));
    }
    browser.press(&[Key::Enter]);
    let address = address(&browser, 1, 0);
    let name = address[1..].split('/').next().map(str::to_owned);
    assert_eq!(title(&browser), name);
    assert_eq!(fragment(&browser), address);
    browser.press(&[Key::Escape]);
    assert_eq!((title(&browser), fragment(&browser)), (None, String::new()));
    assert_eq!(focused(&browser), Some((path, 1, 0)), "the focus is back where it was");
}

#[test]
fn a_click_opens_the_card_and_its_arithmetic_agrees_with_the_recording() {
    let browser = shared::open();
    browser.click(&format!("{FIGURE} .cell"));
    assert_eq!(fragment(&browser), address(&browser, 0, 0));
    let agrees: Vec<usize> = browser.run(
        "return [...document.querySelectorAll('#card [data-agrees]')].map((one) => +one.dataset.agrees)",
    );
    assert!(!agrees.is_empty() && agrees.iter().all(|digits| *digits >= 2), "digits that agree: {agrees:?}");
    browser.click("#card button.close");
    assert_eq!(title(&browser), None);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn an_address_opens_its_card() {
    let browser = shared::open();
    let address = address(&browser, 1, 1);
    browser.go(&format!("file://{}{address}", shared::file().display()));
    browser.run::<()>("location.reload()");
    browser
        .wait_for("the card", "const card = document.querySelector('#card'); return !!card && !card.hidden");
    assert_eq!(title(&browser).as_deref(), address[1..].split('/').next());
    browser.press(&[Key::Escape]);
    assert_eq!(title(&browser), None);
    browser.run::<()>("history.back()");
    browser.wait_for("the card", "return !document.querySelector('#card').hidden");
}

/// What is folded of the largest matrix of the toy, W^O, whose table has pages.
const FOLD: &str = "#heads g.parameter .fold";

/// The numbers of the table that is open: of how many rows, and the first of them.
fn table(browser: &Browser) -> (usize, String) {
    browser.run(
        "const rows = document.querySelectorAll('#card tbody tr'); \
         return [rows.length, rows[0]?.querySelector('th').textContent ?? '']",
    )
}

#[test]
fn a_large_matrix_is_gone_through_by_keyboard_in_pages() {
    let browser = shared::open();
    browser.focus(FOLD);
    browser.press(&[Key::Enter]);
    assert_eq!(table(&browser), (62, "0".into()), "62 rows of 64 are less than 4000 numbers");
    let missing = |button: &str| -> bool {
        browser.run(&format!("return document.querySelector('#card .{button}').disabled"))
    };
    assert!(missing("earlier") && !missing("later"));
    browser.focus("#card .later");
    browser.press(&[Key::Enter]);
    assert_eq!(table(&browser), (2, "62".into()));
    assert!(!missing("earlier") && missing("later"));
    let focused: bool = browser.run("return document.activeElement.matches('#card .earlier')");
    assert!(focused, "the only button that is left has the focus");
    browser.focus("#card td");
    browser.press(&[Key::Down, Key::Enter]);
    let last = shared::recording().passes().len() - 1;
    let path = "encoder.layers.0.self_attn.out_proj.weight";
    assert_eq!(fragment(&browser), format!("#{path}/0/63/{last}"), "row 63 of the picture goes in");
    // Going back leads to the table, on its page, and from there to the figure.
    browser.run::<()>("history.back()");
    browser.wait_for("the table", "return !!document.querySelector('#card:not([hidden]) td')");
    assert_eq!((table(&browser), fragment(&browser)), ((2, "62".into()), String::new()));
    browser.run::<()>("history.back()");
    browser.wait_for("no card", "return document.querySelector('#card').hidden");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// The name over the matrix, and of what is turned in the picture that it is.
#[test]
fn cards_say_what_figures_call_a_number() {
    let browser = shared::open();
    let text = || -> String { browser.run("return document.querySelector('#card').innerText") };
    browser.click("#attention-matrices g.parameter .cell");
    let said = text();
    assert!(said.contains("“W^Q” in the figure “One head of self-attention, as matrices”"), "{said}");
    assert!(
        said.contains("weight[out, in]") && said.contains("row 0 (comes out), column 0 (goes in)"),
        "{said}"
    );
    browser.press(&[Key::Escape]);
    browser.click("#attention-matrices g.query .cell");
    let said = text();
    assert!(said.contains("“Q = X W^Q”") && !said.contains("weight[out, in]"), "{said}");
    assert!(said.contains("they agree to") || said.contains("they are the same"), "{said}");
    // At another step the parameters were not recorded.
    browser.focus("#time");
    browser.press(&[Key::Left]);
    assert!(text().contains("run the toy with --parameters"), "{}", text());
}

#[test]
fn an_open_card_is_printed_below_the_figures() {
    let browser = shared::open();
    browser.click(&format!("{FIGURE} .cell"));
    browser.say("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let (is_shown, below): (bool, bool) = browser.run(
        "const card = document.querySelector('#card'); const box = card.getBoundingClientRect(); \
         const main = document.querySelector('main').getBoundingClientRect(); \
         return [card.checkVisibility(), box.height > 100 && box.top >= main.bottom - 1]",
    );
    assert!(is_shown && below);
}

/// What every card says of its number and of its gradient, against the recording's: a list of those that differ by more
/// than the digits that were kept allow, and how many were looked at.
const ACCOUNTS: &str = r#"
const packed = Uint8Array.from(atob(document.getElementById("recording").textContent), (letter) => letter.charCodeAt(0));
const unpacked = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
return unpacked.json().then((recording) => {
  const origins = JSON.parse(document.getElementById("origins").textContent);
  const pass = passesOf(recording, origins).at(-1);
  const [wrong, looked] = [[], [0, 0]];
  for (const gradient of [false, true]) {
    for (const [path, { data }] of gradient ? pass.gradients : pass.values) {
      if (!gradient && origins[path].rule === "parameter") continue;
      // A mean of what cancels is as exact as its terms.
      const sizes = origins[path].rule === "mean" ? pass.values.get(origins[path].x).data : data;
      const largest = sizes.reduce((max, x) => (Number.isFinite(x) ? Math.max(max, Math.abs(x)) : max), 0);
      data.forEach((recorded, offset) => {
        const reference = { path, index: pass.index(path, offset) };
        const { value } = gradient ? pass.wayBack(reference) : pass.account(reference);
        looked[+gradient] += 1;
        if (value !== recorded && !(Math.abs(value - recorded) <= 5e-3 * largest))
          wrong.push(`${gradient ? "gradient of " : ""}${path} ${reference.index}: ${value}, recorded ${recorded}`);
      });
    }
  }
  return [wrong.slice(0, 10), looked];
});
"#;

/// The rules of the script, forth and back, are those by which the model computed: every number of the last pass, and the
/// gradient at each of them, as autograd found it.
#[test]
fn every_card_tells_what_was_computed() {
    let browser = shared::open();
    let (wrong, [values, gradients]): (Vec<String>, [usize; 2]) = browser.run(ACCOUNTS);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(values > 15_000 && gradients > 15_000, "{values} values, {gradients} gradients");
}
