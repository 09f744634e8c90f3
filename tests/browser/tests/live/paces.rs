//! A run goes as fast as one wants to look.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{open, press, ready, step, wrong_cells};

/// At a step a second, every step is shown, by the very figures that were there before it.
#[test]
fn at_a_step_a_second_each_step_can_be_looked_at() {
    let browser = open();
    browser.run::<()>(
        "document.querySelector('figure#self-attention').scrollIntoView(); document.querySelector('#speed').value = '1'",
    );
    const TOP: &str = "return document.querySelector('figure#self-attention').getBoundingClientRect().top";
    let top: f64 = browser.run(TOP);
    let began = Instant::now();
    browser.run::<()>("document.querySelector('#start').click()"); // focus that is given by a script scrolls
    browser.wait_for(
        "three steps",
        "return document.querySelector('#progress').textContent.startsWith('step 3,')",
    );
    browser.run::<()>("window.before = document.querySelector('figure#self-attention')");
    browser.wait_for("another", "return document.querySelector('#now').textContent.startsWith('step 4,')");
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    assert!((browser.run::<f64>(TOP) - top).abs() < 40.0, "what is looked at stays where it is: {top}");
    assert_eq!(wrong_cells(&browser, "self-attention"), [""; 0]);
    assert!(browser.run::<bool>("return before === document.querySelector('figure#self-attention')"));
    press(&browser, "#pause");
    ready(&browser);
    let paused = step(&browser);
    sleep(Duration::from_millis(1500));
    assert_eq!(step(&browser), paused);
}
