//! Where a word stands, as a vector: sines and cosines in the paper's form (Vaswani et al. 2017, §3.5) and in that of
//! tensor2tensor, the authors' code, which differs in order *and* in frequencies. They are formulas: nothing of them is
//! learned, and nothing is recorded.

use maud::html;
use tensor::{DType, Tensor};
use transformer::Positions;
use transformer::layers::positions::{concatenated, interleaved};

use crate::look::{Figure, Labels, Matrix, Place, Role, Sheet};
use crate::recording::Recording;

/// How many positions are shown as cells.
const N_POSITIONS: usize = 6;

/// Where the second form begins.
const SECOND: f64 = 520.0;

/// The width of the vectors whose products are drawn, and up to which distance.
const WIDE: (usize, usize) = (64, 40);

/// Both forms at d = 4, and the products of positions by distance.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let mut sheet = Sheet::new();
    let paper = interleaved(0..N_POSITIONS, 4, DType::F64);
    let halves = concatenated(0..N_POSITIONS, 4, DType::F64);
    let forms = [
        (
            0.0,
            "the paper: a sine, its cosine, the next …",
            &paper,
            ["sin", "cos", "sin", "cos"],
            "1/100",
            ["place 2i: sin(position / 10000^(2i / d))", "place 2i + 1: cos of the same"],
        ),
        (
            SECOND,
            "tensor2tensor: all sines, then cosines",
            &halves,
            ["sin", "sin", "cos", "cos"],
            "1/10000",
            ["place i: sin(position / 10000^(i / (d/2 − 1)))", "place d/2 + i: cos of the same"],
        ),
    ];
    for (x, name, table, columns, slow, formula) in forms {
        table_of(&mut sheet, x, name, table, &columns);
        let row: Vec<String> = (0..4).map(|col| format!("{:.4}", table.at(&[1, col]))).collect();
        let notes = [
            "d = 4: the first pair turns by 1 a position,".to_owned(),
            format!("the second by {slow}"),
            "position 1, to four decimals:".into(),
            row.join(", "),
        ];
        let formula = formula.map(|line| ("", line.to_owned()));
        for (at, (class, line)) in formula.into_iter().chain(notes.map(|line| ("note", line))).enumerate() {
            sheet.text(class, x + 4.0, 262.0 + 18.0 * at as f64, &line);
        }
    }
    products(&mut sheet, 400.0);
    let form = match recording.about().architecture.positions {
        Positions::Sinusoidal => "This model uses the paper's form.",
        Positions::SinusoidalConcatenated => "This model uses tensor2tensor's form.",
        Positions::Learned => "This model uses neither: its positions are learned.",
        Positions::None => "This model uses neither: it does not know where a word stands.",
    };
    let caption = format!(
        "These are formulas, not numbers of a run: nothing in them is learned. At position 1 the two forms differ not only in \
         order: the slow sine is {:.4} in the one, {:.4} in the other. {form}",
        paper.at(&[1, 2]),
        halves.at(&[1, 1]),
    );
    Some(sheet.into_figure("positions", "A position as a vector, in two forms", caption, Vec::new()))
}

fn table_of(sheet: &mut Sheet, x: f64, name: &str, table: &Tensor, columns: &[&str]) {
    let positions: Vec<String> = (0..N_POSITIONS).map(|at| format!("position {at}")).collect();
    let columns: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
    let matrix = Matrix {
        name: name.into(),
        role: Role::Words,
        place: Place::of(""),
        n_rows: N_POSITIONS,
        n_cols: columns.len(),
        labels: Labels::both(&positions, &columns),
    };
    sheet.put(&matrix.formula(|row, col| table.at(&[row, col]) as f32), x, 0.0);
}

/// The dot products of one position with those further on, as two lines over the distance.
fn products(sheet: &mut Sheet, top: f64) {
    let (d_model, furthest) = WIDE;
    let (left, width, height) = (48.0, 900.0, 180.0);
    let most = d_model as f64 / 2.0;
    let y = |product: f64| top + 28.0 + (1.0 - product / most) * height;
    let x = |distance: usize| left + distance as f64 * width / furthest as f64;
    let name = [
        "the product of two positions by distance,",
        &format!("d = {d_model}: the same wherever they stand"),
    ];
    name.iter().zip([0.0, 18.0]).for_each(|(line, below)| sheet.text("strong", 4.0, top + below, line));
    let top = top + 18.0;
    let forms = [
        (interleaved(0..furthest + 1, d_model, DType::F64), "graph", "the paper"),
        (concatenated(0..furthest + 1, d_model, DType::F64), "graph other", "tensor2tensor (dashed)"),
    ];
    for level in [0.0, most / 2.0, most] {
        sheet.text("note end", left - 8.0, y(level) + 4.0, &format!("{level:.0}"));
        let grid =
            html! { path class="fold-line" d=(format!("M{left} {0:.1} H{1}", y(level), left + width)) {} };
        sheet.markup(grid, left + width, y(level));
    }
    for distance in (0..=furthest).step_by(10) {
        sheet.text("note middle", x(distance), top + height + 48.0, &distance.to_string());
    }
    let (middle, below) = (left + width / 2.0, top + height + 66.0);
    sheet.text("note middle", middle, below, "distance between the two positions");
    let (x_of_name, y_of_name) = (12.0, y(most / 2.0));
    let name = html! {
        text class="note middle turned" x=(x_of_name) y=(y_of_name) transform=(format!("rotate(-90 {x_of_name} {y_of_name})")) { "product" }
    };
    sheet.markup(name, left, below);
    for (at, (table, class, name)) in forms.iter().enumerate() {
        let points: Vec<String> = by_distance(table)
            .iter()
            .enumerate()
            .map(|(distance, &product)| format!("{:.1},{:.1}", x(distance), y(product)))
            .collect();
        sheet.markup(html! { polyline class=(class) points=(points.join(" ")) {} }, left + width, y(0.0));
        let line = top + 44.0 + at as f64 * 22.0;
        let key = html! { path class=(class) d=(format!("M700 {line} H740")) {} };
        sheet.markup(key, 740.0, line);
        sheet.text("", 748.0, line + 4.0, name);
    }
}

/// The dot products of row 0 with each row of a table.
fn by_distance(table: &Tensor) -> Vec<f64> {
    let product = |row: usize| (0..table.dim(1)).map(|col| table.at(&[0, col]) * table.at(&[row, col])).sum();
    (0..table.dim(0)).map(product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;
    use crate::testing::{recorded, toy};

    #[test]
    fn position_1_is_what_each_form_makes_of_it() {
        let drawing = draw(toy()).unwrap().drawing.into_string();
        assert!(drawing.contains(">0.8415, 0.5403, 0.0100, 1.0000<"), "{drawing}");
        assert!(drawing.contains(">0.8415, 0.0001, 0.5403, 1.0000<"));
        assert!(
            !drawing.contains("class=\"cell") && !drawing.contains("data-path"),
            "no recording's numbers"
        );
        assert_eq!(drawing.matches("class=\"plain ").count(), 2 * 6 * 4);
    }

    #[test]
    fn products_depend_on_the_distance_alone() {
        for table in [interleaved(0..30, 64, DType::F64), concatenated(0..30, 64, DType::F64)] {
            let from = |start: usize| by_distance(&table.slice(0, start..start + 10));
            for (a, b) in from(0).into_iter().zip(from(17)) {
                assert!((a - b).abs() < 1e-10);
            }
            assert!((from(3)[0] - 32.0).abs() < 1e-10 && from(3)[5] < 32.0);
        }
    }

    #[test]
    fn the_model_says_which_form_it_uses() {
        assert!(
            draw(&Recording::new(About::default())).unwrap().caption.first().contains("the paper's form")
        );
        let learned = recorded(|model| model.positions = Positions::Learned, 2);
        assert!(draw(&learned).unwrap().caption.first().contains("are learned"));
    }
}
