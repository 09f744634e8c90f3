//! One weight through a step of Adam: the formulas with its numbers (Kingma and Ba 2015, algorithm 1), and how its gradient,
//! its two moments and itself went.

mod weights;

use maud::{Markup, html};

use crate::look::chart::{Signed, plain};
use crate::look::formula::Formula;
use crate::look::matrix::Drawn;
use crate::look::text::cut;
use crate::look::{Axis, Caption, Control, Figure};
use crate::recording::{Followed, OptimizerRule, Recording};

use weights::{At, Weight, weights};

/// Where the numbers begin, and from one line to the next.
const NUMBERS: f64 = 276.0;
const LINE: f64 = 22.0;

/// The upper edge of the charts, their left edges and their size.
const TOP: f64 = 238.0;
const LEFT: [f64; 2] = [70.0, 590.0];
const SIZE: (f64, f64) = (420.0, 130.0);

/// The weight that the reader chooses, at the chosen step.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let rule = recording.about().optimizer.as_ref()?;
    let (betas, eps) = (rule.betas?, rule.eps?);
    let adam = Adam { betas, eps, decay: rule.weight_decay.filter(|_| rule.name == "AdamW") };
    let weights: Vec<Weight> = weights(recording);
    let passes = recording.passes();
    let shown: Vec<Vec<&At>> = weights.iter().map(|weight| weight.shown(&passes)).collect();
    let control = Control {
        name: "weight",
        label: "weight",
        choices: weights.iter().map(Weight::name).collect(),
        chosen: 0,
    };
    let text = |choice: usize, pass: usize| caption(rule, weights.get(choice)?, shown[choice].get(pass)?);
    let caption = match passes.len() {
        0 => Caption::over([Axis::of(&control)], |[choice]| text(choice, 0)),
        count => {
            Caption::over([Axis::passes(count), Axis::of(&control)], |[pass, choice]| text(choice, pass))
        }
    };
    let height = TOP + SIZE.1 + 24.0;
    let parts = weights.iter().enumerate().map(|(choice, weight)| {
        let of_passes = &shown[choice];
        let steps = of_passes.iter().enumerate().map(|(pass, at)| {
            let of_pass = if passes.is_empty() { String::new() } else { format!(" pass={pass}") };
            let is_off = choice > 0 || pass + 1 < of_passes.len();
            html! {
                g data-when={ "weight=" (choice) (of_pass) } class=[is_off.then_some("off")] {
                    (adam.lines(at)) (weight.marks(at))
                }
            }
        });
        html! {
            g data-when={ "weight=" (choice) } class=[(choice > 0).then_some("off")] { (weight.charts()) }
            @for step in steps { (step) }
        }
    });
    let drawing = html! { (adam.symbols()) @for part in parts { (part) } };
    Some(Figure::new(
        "followed-weight",
        format!("One weight through a step of {}", rule.name),
        caption?,
        Drawn::whole(drawing, 1060.0, height),
        vec![control],
    ))
}

/// The numbers of the rule.
struct Adam {
    betas: [f64; 2],
    eps: f64,
    decay: Option<f64>,
}

impl Adam {
    /// The formulas in symbols.
    fn symbols(&self) -> Markup {
        let decay = if self.decay.is_some() { "−η · λ · w − " } else { "−" };
        let lines = [
            "g, after clipping".to_owned(),
            "m ← β₁ · m + (1 − β₁) · g".into(),
            "v ← β₂ · v + (1 − β₂) · g²".into(),
            "m\u{302} = m / (1 − β₁^t)".into(),
            "v\u{302} = v / (1 − β₂^t)".into(),
            format!("Δ = {decay}η · m\u{302} / (√v\u{302} + ε)"),
            "w ← w + Δ".into(),
        ];
        html! { @for (line, text) in lines.iter().enumerate() { (Formula::at(0.0, y(line)).signs(text).markup()) } }
    }

    /// The same lines in numbers.
    fn lines(&self, at: &At) -> Markup {
        let Adam { betas: [beta1, beta2], eps, decay } = *self;
        let of = at.of;
        let setting = |name: &str| format!("0.about.optimizer.{name}");
        let line = |number: usize| Formula::at(NUMBERS, y(number)).signs("= ");
        let beta = |line: Formula, number: usize| {
            line.number([beta1, beta2][number], &setting(&format!("betas.{number}")))
        };
        let moment = |number: usize, field: &str, moments: [f64; 2], power: &str| {
            let line = beta(line(number + 1), number).signs(" · ");
            let line = line.number(moments[0], &at.field(&format!("{field}.0"))).signs(" + (1 − ");
            let line = beta(line, number).signs(") · ").number(of.gradient, &at.field("gradient"));
            line.signs(&format!("{power} = ")).number(moments[1], &at.field(&format!("{field}.1")))
        };
        let corrected = |number: usize, field: &str, after: f64| {
            let line = line(number + 3).number(after, &at.field(&format!("{field}.1"))).signs(" / (1 − ");
            let line = beta(line, number).signs("^").number(of.t as f64, &at.field("t")).signs(") = ");
            line.number(of.corrected[number], &at.field(&format!("corrected.{number}")))
        };
        let rate = |line: Formula| {
            line.number(at.step.learning_rate, &format!("{}.step.learning_rate", at.event)).signs(" · ")
        };
        let mut update = line(5).signs("−");
        if let Some(decay) = decay {
            update = rate(update).number(decay, &setting("weight_decay")).signs(" · ");
            update = update.number(of.weight[0], &at.field("weight.0")).signs(" − ");
        }
        let update = rate(update).number(of.corrected[0], &at.field("corrected.0")).signs(" / (√");
        let update = update.number(of.corrected[1], &at.field("corrected.1")).signs(" + ");
        let update = update.number(eps, &setting("eps")).signs(") = ");
        let weight = line(6).number(of.weight[0], &at.field("weight.0")).signs(" + ");
        let weight = weight.number(of.update, &at.field("update")).signs(" = ");
        let lines = [
            line(0).number(of.gradient, &at.field("gradient")),
            moment(0, "first_moment", of.first_moment, ""),
            moment(1, "second_moment", of.second_moment, "²"),
            corrected(0, "first_moment", of.first_moment[1]),
            corrected(1, "second_moment", of.second_moment[1]),
            update.number(of.update, &at.field("update")),
            weight.number(of.weight[1], &at.field("weight.1")),
        ];
        html! {
            text class="head" x="0" y="16" { "step " (at.step.step) ", t = " (of.t) }
            @for line in &lines { (line.markup()) }
        }
    }
}

/// The base line of a line of formulas.
fn y(line: usize) -> f64 {
    42.0 + LINE * line as f64
}

/// A curve: its name, its class, and its number at a step.
type Curve = (&'static str, &'static str, fn(&Followed) -> f64);

/// The curves of the two charts.
const CURVES: [&[Curve]; 2] = [
    &[
        ("g", "gradient", |of| of.gradient),
        ("m", "first-moment", |of| of.first_moment[1]),
        ("√v", "second-moment", |of| of.second_moment[1].max(0.0).sqrt()),
    ],
    &[("the weight", "weight", |of| of.weight[1])],
];

impl Weight<'_> {
    fn name(&self) -> String {
        let Followed { parameter, index, .. } = self.steps[0].of;
        format!("{parameter} {index:?}")
    }

    /// The points of a curve.
    fn points(&self, of: fn(&Followed) -> f64) -> Vec<(f64, f64)> {
        self.steps.iter().map(|at| (at.step.step as f64, of(at.of))).collect()
    }

    fn charts(&self) -> Markup {
        html! {
            @for (curves, left) in CURVES.iter().zip(LEFT) {
                @let points: Vec<_> = curves.iter().map(|(.., of)| self.points(*of)).collect();
                @let chart = Signed::of(&points, [left, TOP], SIZE);
                @for (at, (name, class, _)) in curves.iter().enumerate() {
                    @let x = left + 70.0 * at as f64;
                    path class={ "curve " (class) } d={ "M" (x) " " (TOP - 18.0) "h24" } {}
                    text class="note" x=(x + 30.0) y=(TOP - 14.0) { (name) }
                }
                (chart.axes())
                @for (points, (_, class, _)) in points.iter().zip(*curves) { (chart.curve(points, class)) }
            }
            text class="label" x="150" y="16" { (cut(&self.name(), 820.0)) }
        }
    }

    /// Marks on the curves at a step.
    fn marks(&self, at: &At) -> Markup {
        html! {
            @for (curves, left) in CURVES.iter().zip(LEFT) {
                @let points: Vec<_> = curves.iter().map(|(.., of)| self.points(*of)).collect();
                @let chart = Signed::of(&points, [left, TOP], SIZE);
                @for (_, class, of) in curves.iter() {
                    @let (x, y) = chart.at(at.step.step as f64, of(at.of));
                    circle class={ "mark " (class) } cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3.5" {}
                }
            }
        }
    }
}

/// What is said of a weight at a step.
fn caption(rule: &OptimizerRule, weight: &Weight, at: &At) -> Option<String> {
    let first = weight.steps.first()?;
    let moved = at.of.update / at.step.learning_rate;
    let moved = if moved.is_finite() {
        format!(", {} times the learning rate", plain(moved.abs()))
    } else {
        String::new()
    };
    let decay =
        if rule.name == "AdamW" { " AdamW first takes a share of the weight itself away." } else { "" };
    Some(format!(
        "In step {} a gradient of {} moves this weight by {}{moved}: m is a mean of its gradients, v of their squares, both over the \
         last steps, and the weight goes by the one over the root of the other, times the learning rate.{decay} Before step {} the weight was {}, after this step it is \
         {}.",
        at.step.step,
        plain(at.of.gradient),
        plain(at.of.update),
        first.step.step,
        plain(first.of.weight[0]),
        plain(at.of.weight[1]),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event, Step};
    use crate::testing::{attribute, checked_events, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        let (n_passes, n_weights) = (toy().passes().len(), toy().steps()[0].followed.len());
        let per_step = 1 + 2 * 5 + 2 * 4 + 5 + 3;
        assert_eq!(checked_events(toy(), &drawing), n_passes * n_weights * per_step);
        assert_eq!(figure.controls[0].choices.len(), n_weights);
        assert!(
            figure.caption.first().starts_with("In step 64 a gradient of "),
            "{}",
            figure.caption.first()
        );
    }

    /// What is shown at a step of the page is the step of training before it; at the beginning, the first.
    #[test]
    fn one_step_of_one_weight_is_shown_at_a_time() {
        let drawing = draw(toy()).unwrap().drawing.into_string();
        for (number, pass) in toy().passes().iter().enumerate() {
            let (after, condition) = (pass.head().step, format!("\"weight=1 pass={number}\""));
            let group = drawing.split(&condition).nth(1).unwrap();
            assert!(group.contains(&format!(">step {}, t = ", after.max(1))), "{condition}");
        }
        let shown = drawing.split("<g ").skip(1).filter(|group| !group.contains("class=\"off\""));
        let shown: Vec<String> =
            shown.filter_map(|group| attribute(&format!(" {group}"), "data-when")).collect();
        let last = format!("weight=0 pass={}", toy().passes().len() - 1);
        assert_eq!(shown, ["weight=0", &last]);
    }

    #[test]
    fn adamw_takes_its_share_of_the_weight_first() {
        let mut recording = Recording::new(toy().about().clone());
        let rule = *toy().about().optimizer.clone().unwrap();
        let rule = OptimizerRule { name: "AdamW".into(), weight_decay: Some(0.25), ..rule };
        recording.set_optimizer(Some(rule));
        recording.push(Event::Step(toy().steps()[1].clone()));
        let figure = draw(&recording).unwrap();
        let drawing = figure.drawing.into_string();
        assert_eq!(checked_events(&recording, &drawing), 4 * (1 + 2 * 5 + 2 * 4 + 5 + 3 + 3));
        assert!(drawing.contains("−η · λ · w − η") && drawing.contains(">0.25<"), "{drawing}");
        assert!(figure.title.ends_with("AdamW") && drawing.contains("data-when=\"weight=0\""));
    }

    #[test]
    fn any_step_is_drawn_or_is_not() {
        assert!(draw(&Recording::new(About::default())).is_none());
        let mut recording = Recording::new(toy().about().clone());
        assert!(draw(&recording).is_none(), "no step");
        recording.push(Event::Step(Step::default()));
        assert!(draw(&recording).is_none(), "no weight");
        let of = Followed { gradient: 0.0, corrected: [0.0; 2], ..toy().steps()[0].followed[0].clone() };
        let huge = Followed { weight: [f64::MAX; 2], gradient: f64::MIN, index: vec![9, 9], ..of.clone() };
        for followed in [vec![of.clone()], vec![huge, of]] {
            recording.push(Event::Step(Step { followed, ..Step::default() }));
            let drawing = draw(&recording).unwrap().drawing.into_string();
            assert!(!drawing.contains("NaN\"") && checked_events(&recording, &drawing) > 0, "{drawing}");
        }
    }
}
