//! Curves over the steps of a training.

use maud::{Markup, html};

/// A curve keeps at most so many points: more would not be seen.
const MAX_POINTS: usize = 400;

/// The field of a chart: where it stands, and what its edges mean. The lower left corner is (0, 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chart {
    /// The left edge, in pixels.
    pub left: f64,
    /// The upper edge.
    pub top: f64,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// What stands at the right edge, above 0.
    pub max_x: f64,
    /// What stands at the upper edge, above 0.
    pub max_y: f64,
}

impl Chart {
    /// Where a point stands, in pixels; what is higher than the field, at its edge.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let share = |value: f64, max: f64| (value / max).clamp(0.0, 1.0);
        (self.left + self.width * share(x, self.max_x), self.top + self.height * (1.0 - share(y, self.max_y)))
    }

    /// A curve through these points, of many only some, the last among them; what is not finite is passed over.
    pub fn curve(&self, points: &[(f64, f64)], class: &str) -> Markup {
        let finite: Vec<&(f64, f64)> =
            points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        let stride = finite.len().div_ceil(MAX_POINTS).max(1);
        let kept = finite.iter().enumerate().filter(|(at, _)| at % stride == 0 || at + 1 == finite.len());
        let path: Vec<String> = kept
            .map(|(at, (x, y))| {
                let (x, y) = self.at(*x, *y);
                format!("{}{x:.1} {y:.1}", if at == 0 { "M" } else { "L" })
            })
            .collect();
        html! { path class={ "curve " (class) } d=(path.join("")) {} }
    }

    /// The axes, with round numbers beside and, if `steps`, below.
    pub fn axes(&self, steps: bool) -> Markup {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        html! {
            path class="axis" d={ "M" (self.left) " " (self.top) "V" (bottom) "H" (right) } {}
            @for tick in ticks(self.max_y) {
                @let y = self.at(0.0, tick).1;
                path class="grid" d={ "M" (self.left) " " (format!("{y:.1}")) "H" (right) } {}
                text class="tick" text-anchor="end" x=(self.left - 6.0) y=(format!("{:.1}", y + 4.0)) { (plain(tick)) }
            }
            @if steps {
                @for tick in ticks(self.max_x).into_iter().filter(|tick| tick.fract() == 0.0) {
                    text class="tick" text-anchor="middle" x=(format!("{:.1}", self.at(tick, 0.0).0)) y=(bottom + 16.0) { (plain(tick)) }
                }
            }
        }
    }
}

/// Round numbers from 0 to at most `max`, up to six of them.
fn ticks(max: f64) -> Vec<f64> {
    let power = 10f64.powf((max / 5.0).log10().floor());
    let unit = [1.0, 2.0, 5.0, 10.0].into_iter().map(|unit| unit * power).find(|unit| max / unit <= 5.0);
    let unit = unit.unwrap_or(max);
    (0..6).map(|at| f64::from(at) * unit).filter(|tick| *tick <= max * 1.000_001).collect()
}

/// A number of two or three digits as people write it.
pub fn plain(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        size if !(1e-4..1e6).contains(&size) => format!("{number:.1e}"),
        size => {
            let decimals = (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
            let text = format!("{number:.decimals$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHART: Chart = Chart { left: 10.0, top: 20.0, width: 100.0, height: 50.0, max_x: 4.0, max_y: 2.0 };

    #[test]
    fn points_stand_where_they_should_and_inside() {
        assert_eq!((CHART.at(0.0, 0.0), CHART.at(4.0, 2.0)), ((10.0, 70.0), (110.0, 20.0)));
        assert_eq!((CHART.at(2.0, 0.5), CHART.at(9.0, 9.0)), ((60.0, 57.5), (110.0, 20.0)));
        let curve = CHART.curve(&[(0.0, f64::NAN), (0.0, 1.0), (4.0, 2.0)], "loss").into_string();
        assert_eq!(curve, "<path class=\"curve loss\" d=\"M10.0 45.0L110.0 20.0\"></path>");
        let many: Vec<(f64, f64)> = (0..100_000).map(|at| (f64::from(at) / 25_000.0, 1.0)).collect();
        let curve = CHART.curve(&many, "loss").into_string();
        assert!(curve.matches('L').count() <= MAX_POINTS && curve.contains("L110.0 45.0\""), "{curve}");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(64.0), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!((ticks(1.0).len(), ticks(2.3), ticks(1e-3).len()), (6, vec![0.0, 0.5, 1.0, 1.5, 2.0], 6));
        let written = [0.0, 0.5, 0.0025, 1.0, 20.0, 12345.0, 2e-5, 3e7].map(plain);
        assert_eq!(written, ["0", "0.5", "0.0025", "1", "20", "12345", "2.0e-5", "3.0e7"]);
    }
}
