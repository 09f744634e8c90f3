//! The plot: a small panel for each sweep, both axes logarithmic, all with the same times, so that slopes and
//! heights compare. Greys and colours are chosen to be read on white and on black.

use std::fmt::Write;

use crate::Row;

const WIDTH: f64 = 880.0;
/// The plotting area of a panel, and the room around it for labels.
const PANEL: [f64; 2] = [345.0, 210.0];
const LEFT: f64 = 74.0;
const TOP: f64 = 64.0;
const STRIDE: [f64; 2] = [438.0, 290.0];
const STYLE: &str = "<style>text{font:13px sans-serif;fill:#7d8590}.name{font-weight:bold}.end{text-anchor:end}\
    .middle{text-anchor:middle}path{fill:none;stroke-width:2}.grid{stroke:#7d8590;stroke-width:1;opacity:.3}\
    .step{stroke:#2f81f7}.dot{fill:#2f81f7}.arithmetic{stroke:#c77d1e;stroke-dasharray:5 4}</style>\n";

/// The SVG of these sweeps, two panels in a row.
pub fn figure(panels: &[(&str, Vec<Row>)]) -> String {
    let height = TOP + STRIDE[1] * panels.len().div_ceil(2) as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Time of a training step</title>\n{STYLE}"
    );
    legend(&mut out);
    let all = || panels.iter().flat_map(|(_, rows)| rows);
    let times = all().flat_map(|row| [1e3 * row.seconds, 1e3 * row.arithmetic]);
    let y = Scale::over(times, PANEL[1], 0.0);
    for (i, (name, rows)) in panels.iter().enumerate() {
        let [left, top] = [LEFT + STRIDE[0] * (i % 2) as f64, TOP + STRIDE[1] * (i / 2) as f64];
        let _ = writeln!(out, "<g transform=\"translate({left} {top})\">");
        panel(&mut out, name, rows, &y);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String) {
    let _ = writeln!(
        out,
        "<path class=\"step\" d=\"M{LEFT} 20h30\"/><text x=\"{}\" y=\"24\">a training step, ms</text>\n\
         <path class=\"arithmetic\" d=\"M{} 20h30\"/><text x=\"{}\" y=\"24\">its matrix products alone, at the \
         peak of multiply-adds</text>",
        LEFT + 38.0,
        LEFT + 200.0,
        LEFT + 238.0,
    );
}

fn panel(out: &mut String, name: &str, rows: &[Row], y: &Scale) {
    let [width, height] = PANEL;
    let x = Scale::over(rows.iter().map(|row| row.x as f64), 0.0, width);
    for tick in y.ticks() {
        let at = y.at(tick);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M0 {at:.1}H{width}\"/><text class=\"end\" x=\"-8\" y=\"{:.1}\">{}</text>",
            at + 4.0,
            number(tick)
        );
    }
    for row in rows {
        let (at, below, label) = (x.at(row.x as f64), height + 18.0, number(row.x as f64));
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{at:.1} 0V{height}\"/>\
             <text class=\"middle\" x=\"{at:.1}\" y=\"{below}\">{label}</text>"
        );
    }
    let _ = writeln!(
        out,
        "<text class=\"middle name\" x=\"{}\" y=\"{}\">{name}</text>\n\
         <text class=\"middle\" transform=\"translate(-56 {}) rotate(-90)\">ms</text>",
        width / 2.0,
        height + 40.0,
        height / 2.0
    );
    let mut line = |class: &str, seconds: fn(&Row) -> f64| {
        let place = |row: &Row| format!("{:.1} {:.1}", x.at(row.x as f64), y.at(1e3 * seconds(row)));
        let line = rows.iter().map(place).collect::<Vec<_>>().join("L");
        let _ = writeln!(out, "<path class=\"{class}\" d=\"M{line}\"/>");
    };
    line("arithmetic", |row| row.arithmetic);
    line("step", |row| row.seconds);
    for row in rows {
        let (at, height) = (x.at(row.x as f64), y.at(1e3 * row.seconds));
        let _ = writeln!(out, "<circle class=\"dot\" cx=\"{at:.1}\" cy=\"{height:.1}\" r=\"3.5\"/>");
    }
}

/// A logarithmic axis: numbers from `least` to `most` go to places from `from` to `to`.
struct Scale {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// An axis over all of `values`, with a little room at its ends.
    fn over(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Scale {
        let least = values.clone().fold(f64::INFINITY, f64::min) / 1.2;
        Scale { least, most: values.fold(0.0, f64::max) * 1.2, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * (value / self.least).ln() / (self.most / self.least).ln()
    }

    /// 1, 2 and 5 times the powers of ten.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let decades = self.least.log10().floor() as i32..=self.most.log10().ceil() as i32;
        let ticks = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(decade)));
        ticks.filter(|tick| (self.least..=self.most).contains(tick))
    }
}

/// A number as short as an axis needs it: 0.5, 512, 8k.
fn number(value: f64) -> String {
    match value >= 1000.0 && value % 1000.0 == 0.0 {
        true => format!("{}k", value / 1000.0),
        false => format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_string(),
    }
}
