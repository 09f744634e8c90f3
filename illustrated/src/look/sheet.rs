//! A sheet on which drawings, arrows and words are put at places.

use maud::{Markup, html};

use super::caption::Caption;
use super::control::Control;
use super::figure::Figure;
use super::matrix::Drawn;
use super::text::text_width;

/// How far the head of an arrow reaches.
const HEAD: f64 = 6.0;

/// A sheet, as large as what was put on it.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    parts: Vec<Markup>,
    width: f64,
    /// Of what is always seen.
    least_height: f64,
    /// Of what is seen first.
    height: f64,
}

impl Sheet {
    /// An empty one.
    pub fn new() -> Sheet {
        Sheet::default()
    }

    /// Puts a drawing there, and says where its frame is: left, top, width, height.
    pub fn put(&mut self, drawn: &Drawn, x: f64, y: f64) -> [f64; 4] {
        self.parts.push(html! { g transform={ "translate(" (x) " " (y) ")" } { (drawn.markup) } });
        self.reach(x + drawn.width, y + drawn.height);
        let [left, top, width, height] = drawn.frame;
        [x + left, y + top, width, height]
    }

    /// Puts text there, its base line at `y`: of the style sheet's class `class`, from `x` to the right.
    pub fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.parts.push(html! { text class=(class) x=(x) y=(y) { (text) } });
        self.reach(x + text_width(text), y + 6.0);
    }

    /// An arrow along these points.
    pub fn arrow(&mut self, points: &[(f64, f64)]) {
        let (&[.., (x0, y0), (x, y)], Some(start)) = (points, points.first()) else { return };
        let length = (x - x0).hypot(y - y0).max(f64::MIN_POSITIVE);
        let (dx, dy) = ((x - x0) / length * HEAD, (y - y0) / length * HEAD);
        let line: String = points[1..].iter().map(|(x, y)| format!(" L{x:.1} {y:.1}")).collect();
        let head = [(x - dx - dy * 0.6, y - dy + dx * 0.6), (x - dx + dy * 0.6, y - dy - dx * 0.6)];
        let [(ax, ay), (bx, by)] = head;
        let path =
            format!("M{:.1} {:.1}{line} M{ax:.1} {ay:.1} L{x:.1} {y:.1} L{bx:.1} {by:.1}", start.0, start.1);
        self.parts.push(html! { path class="arrow" d=(path) {} });
        points.iter().for_each(|&(x, y)| self.reach(x + HEAD, y + HEAD));
    }

    /// A box with a word in it.
    pub fn boxed(&mut self, class: &str, [x, y, width, height]: [f64; 4], text: &str) {
        self.parts.push(html! {
            rect class="box" x=(x) y=(y) width=(width) height=(height) rx="4" {}
            text class={ "middle " (class) } x=(x + width / 2.0) y=(y + height / 2.0 + 4.5) { (text) }
        });
        self.reach(x + width + 1.0, y + height + 1.0);
    }

    /// Any other markup, which reaches so far to the right and down.
    pub fn markup(&mut self, markup: Markup, right: f64, bottom: f64) {
        self.parts.push(markup);
        self.reach(right, bottom);
    }

    /// What another sheet shows.
    pub fn lay(&mut self, sheet: Sheet) {
        self.reach(sheet.width, sheet.least_height);
        self.height = self.height.max(sheet.height);
        self.parts.extend(sheet.parts);
    }

    /// What another sheet shows, only while the controls of the figure stand so: `position=2`, or several of these with
    /// spaces between. `pass` is the number of the pass, from 0. A script obeys; without one it is seen if `is_shown`. The
    /// sheet has room for it in its width; how far down it reaches stands in `data-bottom`, and takes room while it is seen.
    pub fn when(&mut self, condition: &str, is_shown: bool, sheet: Sheet) {
        let (class, bottom) = ((!is_shown).then_some("off"), sheet.height.ceil());
        self.widen(sheet.width);
        if is_shown {
            self.height = self.height.max(sheet.height);
        }
        self.parts.push(
            html! { g data-when=(condition) data-bottom=(bottom) class=[class] { (sheet.into_markup()) } },
        );
    }

    /// Makes it at least so wide: names of narrow matrices reach further than these.
    pub fn widen(&mut self, width: f64) {
        self.reach(width, 0.0);
    }

    /// How wide it is, and how high what is seen first.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// All that is on it.
    pub fn into_markup(self) -> Markup {
        html! { @for part in &self.parts { (part) } }
    }

    /// A figure of it.
    pub fn into_figure(
        self,
        id: &'static str,
        title: &str,
        caption: impl Into<Caption>,
        controls: Vec<Control>,
    ) -> Figure {
        let (width, height, least_height) = (self.width.ceil(), self.height.ceil(), self.least_height.ceil());
        let drawn = Drawn::whole(self.into_markup(), width, height);
        Figure { least_height, ..Figure::new(id, title, caption, drawn, controls) }
    }

    fn reach(&mut self, right: f64, bottom: f64) {
        self.width = self.width.max(right);
        self.least_height = self.least_height.max(bottom);
        self.height = self.height.max(bottom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_reaches_as_far_as_what_is_on_it() {
        let mut sheet = Sheet::new();
        sheet.arrow(&[(0.0, 5.0), (40.0, 5.0)]);
        sheet.boxed("", [10.0, 20.0, 30.0, 10.0], "i");
        let other = |bottom| {
            let mut other = Sheet::new();
            other.markup(html! { "x" }, 90.0, bottom);
            other
        };
        sheet.when("position=1", false, other(212.0));
        assert_eq!(sheet.size(), (90.0, 31.0));
        sheet.when("position=0", true, other(51.5));
        assert_eq!(sheet.size(), (90.0, 51.5));
        let figure = sheet.clone().into_figure("x", "x", "x", Vec::new());
        assert_eq!((figure.height, figure.least_height), (52.0, 31.0));
        let markup = sheet.into_markup().into_string();
        assert!(markup.contains("M0.0 5.0 L40.0 5.0 M34.0 8.6 L40.0 5.0 L34.0 1.4"), "{markup}");
        let hidden = "<g data-when=\"position=1\" data-bottom=\"212\" class=\"off\">x</g>";
        assert!(markup.contains(hidden), "{markup}");
    }
}
