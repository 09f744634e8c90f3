//! Drawings side by side, as words in a text: where a line is full the next begins.

use maud::{Markup, html};

use super::matrix::Drawn;

/// Between two drawings, sideways and down.
const GAP: (f64, f64) = (8.0, 14.0);

/// Several drawings as one, as wide as they need but no wider than that, unless one of them is. Its frame is all of it.
pub fn flow(all: Vec<Drawn>, max_width: f64) -> Drawn {
    let (mut x, mut y, mut line, mut width) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    let mut placed: Vec<(f64, f64, Markup)> = Vec::new();
    for one in all {
        if x > 0.0 && x + one.width > max_width {
            (x, y, line) = (0.0, y + line + GAP.1, 0.0);
        }
        placed.push((x, y, one.markup));
        width = width.max(x + one.width);
        x += one.width + GAP.0;
        line = line.max(one.height);
    }
    let markup = html! {
        @for (x, y, markup) in &placed { g transform={ "translate(" (x) " " (y) ")" } { (markup) } }
    };
    let height = y + line;
    Drawn::whole(markup, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_filled_and_nothing_stands_outside() {
        let one = |width| Drawn { markup: html! { "x" }, width, height: 10.0, frame: [0.0; 4] };
        let drawn = flow([40.0, 40.0, 40.0, 200.0].map(one).into(), 100.0);
        let markup = drawn.markup.into_string();
        let places = ["translate(0 0)", "translate(48 0)", "translate(0 24)", "translate(0 48)"];
        assert!(places.iter().all(|place| markup.contains(place)), "{markup}");
        assert_eq!((drawn.width, drawn.height), (200.0, 58.0));
    }
}
