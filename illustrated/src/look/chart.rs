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

/// A chart of numbers that may be below 0: its edges are the least and the largest of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signed {
    chart: Chart,
    low: f64,
}

impl Signed {
    /// The chart that these curves fill, with its upper left corner and its width and height.
    pub fn of(curves: &[Vec<(f64, f64)>], [left, top]: [f64; 2], (width, height): (f64, f64)) -> Signed {
        let finite = |number: &f64| number.is_finite();
        let ys = || curves.iter().flatten().map(|(_, y)| y.clamp(-1e30, 1e30)).filter(finite);
        let max_x = curves.iter().flatten().map(|(x, _)| *x).filter(finite).fold(1.0, f64::max);
        let (low, high) = (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        let max_y = (high - low).max(1e-6 * high.abs()).max(1e-30);
        Signed { chart: Chart { left, top, width, height, max_x, max_y }, low }
    }

    /// Where a point stands, in pixels.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        self.chart.at(x, y - self.low)
    }

    /// As [`Chart::curve`].
    pub fn curve(&self, points: &[(f64, f64)], class: &str) -> Markup {
        let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, y - self.low)).collect();
        self.chart.curve(&points, class)
    }

    /// The edges with the numbers that they stand for, a line at 0, and round numbers of steps below.
    pub fn axes(&self) -> Markup {
        let Chart { left, top, width, height, max_x, max_y } = self.chart;
        let (bottom, zero) = (top + height, self.at(0.0, 0.0).1);
        let has_zero = self.low <= 0.0 && self.low + max_y >= 0.0;
        let ends = [(self.low + max_y, top), (self.low, bottom)];
        let is_apart = has_zero && ends.iter().all(|(_, y)| (y - zero).abs() > 14.0);
        let zero_tick = is_apart.then_some((0.0, zero));
        html! {
            path class="axis" d={ "M" (left) " " (top) "V" (bottom) "H" (left + width) } {}
            @if has_zero { path class="axis" d={ "M" (left) " " (format!("{zero:.1}")) "H" (left + width) } {} }
            @for (number, y) in ends.into_iter().chain(zero_tick) {
                text class="tick" text-anchor="end" x=(left - 6.0) y=(format!("{:.1}", y + 4.0)) { (plain(number)) }
            }
            @for tick in ticks(max_x).into_iter().filter(|tick| tick.fract() == 0.0) {
                text class="tick" text-anchor="middle" x=(format!("{:.1}", self.at(tick, 0.0).0)) y=(bottom + 16.0) { (plain(tick)) }
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
    fn a_chart_reaches_from_the_least_number_to_the_largest() {
        let curves = [vec![(1.0, -2.0), (4.0, f64::NAN)], vec![(2.0, 6.0)]];
        let chart = Signed::of(&curves, [10.0, 20.0], (100.0, 40.0));
        assert_eq!(
            [chart.at(0.0, -2.0), chart.at(4.0, 6.0), chart.at(2.0, 0.0)],
            [(10.0, 60.0), (110.0, 20.0), (60.0, 50.0)]
        );
        let axes = chart.axes().into_string();
        assert!(
            [">6<", ">-2<"].iter().all(|tick| axes.contains(tick)) && axes.contains("M10 50.0H110"),
            "{axes}"
        );
        for none in [vec![], vec![(1.0, 3.0)], vec![(1.0, f64::INFINITY)]] {
            let chart = Signed::of(std::slice::from_ref(&none), [10.0, 20.0], (100.0, 40.0));
            let markup = chart.axes().into_string() + &chart.curve(&none, "loss").into_string();
            assert!(!markup.contains("NaN"), "{markup}");
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(64.0), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!((ticks(1.0).len(), ticks(2.3), ticks(1e-3).len()), (6, vec![0.0, 0.5, 1.0, 1.5, 2.0], 6));
        let written = [0.0, 0.5, 0.0025, 1.0, 20.0, 12345.0, 2e-5, 3e7].map(plain);
        assert_eq!(written, ["0", "0.5", "0.0025", "1", "20", "12345", "2.0e-5", "3.0e7"]);
    }
}
