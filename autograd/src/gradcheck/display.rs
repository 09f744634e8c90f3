//! How reports and failures are said.

use std::fmt;

use crate::gradcheck::outputs::output_name;
use crate::gradcheck::report::{
    Doubt, Fault, GradcheckFailure, GradcheckReport, InputReport, Method, Mismatch,
};

impl fmt::Display for GradcheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, compared, seed) = (&self.name, self.compared(), self.seed);
        let method = match self.method {
            Method::FullJacobian => "derivatives (the full Jacobian)".to_string(),
            Method::Directions(count) => format!("slopes ({count} random directions for each input)"),
        };
        write!(f, "gradcheck of `{name}`: {compared} {method}, seed {}", seed.0)?;
        write!(f, "\nworst relative error {:.1e}", self.worst_relative_error())?;
        if self.moved > 0 {
            write!(f, "; moved {} time(s) to get away from a kink", self.moved)?;
        }
        let width = self.inputs.iter().map(|input| input.name.len()).max().unwrap_or(0);
        for input in &self.inputs {
            let InputReport { name, held, certified, zero, excused, worst_relative_error, .. } = input;
            if *held {
                write!(f, "\n  {name:width$}  held constant")?;
                continue;
            }
            write!(f, "\n  {name:width$}  {certified:>6} certified  {zero:>6} zero  {excused:>6} excused")?;
            match certified {
                0 => write!(f, "  nothing shown but zeros")?,
                _ => write!(f, "  worst {worst_relative_error:.1e}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { input_name, input_index, relative_error, .. } = self;
        match (&self.output_index, self.output) {
            (Some(index), output) => write!(f, "d {}{}", output_name(output), brackets(index))?,
            (None, None) => write!(f, "d (weighted sum of the output)")?,
            (None, output) => write!(f, "d (weighted sum of {})", output_name(output))?,
        }
        let [analytic, numeric] = [self.analytic, self.numeric].map(digits);
        let index = brackets(input_index);
        write!(f, " / d {input_name}{index} is {analytic} by backward but {numeric} by central differences")?;
        if let Some(noise) = self.noise {
            write!(f, ", which change by {noise:.1e} with the step")?;
        }
        write!(f, " (relative error {relative_error:.1e})")?;
        match &self.doubt {
            Some(doubt) => write!(f, "; {doubt}"),
            None if self.unreached => {
                write!(f, "; no gradient arrives there: was it detached, or does a vjp leave it out?")
            }
            None if self.kink => {
                write!(f, "; there is a corner here: if it belongs there, name it with Gradcheck::kink")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (remedy, steadier) = match self {
            Doubt::NotFinite { steadier } => {
                write!(f, "the function is not finite within the step")?;
                ("move the input away from there", *steadier)
            }
            Doubt::TooNoisy { noise, steadier } => {
                write!(f, "the differences are too noisy, they change by {noise:.1e} with the step")?;
                ("take away what is large and constant, or bring the input nearer to 1", *steadier)
            }
            Doubt::TooWide { steadier } => {
                write!(f, "the function is another within the step than here")?;
                ("", Some(*steadier))
            }
            Doubt::TooSmall { steadier } => {
                write!(f, "the step is so small that the input does not move")?;
                ("bring the input nearer to 1", *steadier)
            }
        };
        match steadier {
            Some(step) => write!(f, ": set Gradcheck::step({step:e}), where they hold still"),
            None => write!(f, ", and at no other: {remedy}"),
        }
    }
}

/// The index, of which a scalar has none.
fn brackets(index: &[usize]) -> String {
    if index.is_empty() { String::new() } else { format!("{index:?}") }
}

/// Ten digits, of which differences have no more; with a power of ten where zeros would fill the line.
fn digits(x: f64) -> String {
    let x = format!("{x:.9e}").parse().unwrap_or(x);
    let is_plain = x == 0.0 || !x.is_finite() || (1e-6..1e12).contains(&x.abs());
    if is_plain { format!("{x}") } else { format!("{x:e}") }
}

const NOTHING_TO_COMPARE: &str = "the outputs or the inputs have no elements, so there is nothing to compare; where that \
    may be, say so with Gradcheck::allow_empty";

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Mismatch { inputs, worst } => mismatches(f, inputs, worst, ["is wrong", "are wrong"]),
            Fault::Undecided { inputs, some } => {
                let cannot = "cannot be checked by differences; they need not be wrong";
                mismatches(f, inputs, some, [cannot, cannot])
            }
            Fault::NoGradient => write!(f, "no output requires a gradient; was it detached?"),
            Fault::NothingToCompare => f.write_str(NOTHING_TO_COMPARE),
            Fault::NothingCertified { input, excused } => write!(
                f,
                "all {excused} derivatives by {input} are so small that the absolute tolerance excuses them, so \
                 nothing was shown; scale the output up, choose a smaller Gradcheck::atol, or if they are zero \
                 but for rounding say so with Gradcheck::may_vanish"
            ),
            Fault::WrongShape(found) => write!(f, "{found}"),
            Fault::NonFinite(found) => write!(f, "{found}"),
            Fault::AtKink { kink, distance, margin } => write!(
                f,
                "the inputs are {distance:.1e} from the kink `{kink}`, and nothing was found near them that \
                 is {margin:.1e} away"
            ),
            Fault::LayoutMatters { error } => write!(
                f,
                "on contiguous copies of the inputs the function gives another value (relative error {error:.1e})"
            ),
            Fault::ValueNotRepeatable { difference } => not_repeatable(f, None, *difference),
            Fault::GradientNotRepeatable { input, difference } => not_repeatable(f, Some(input), *difference),
            Fault::InputMutated { input } => write!(f, "{input} was changed by the function or its vjp"),
            Fault::ZeroCotangent { input, index, gradient } => write!(
                f,
                "where the gradient of the output is zero, that of {input}{} is {gradient} by backward",
                brackets(index)
            ),
            Fault::NotLinear { equation, input, error } => write!(
                f,
                "the vjp is not linear: {equation} does not hold for {input} (relative error {error:.1e})"
            ),
            Fault::NotAccumulated { input, uses, error } => write!(
                f,
                "used {uses} times, {input} does not get {uses} times its gradient (relative error {error:.1e})"
            ),
            Fault::NotDoublePrecision { output, dtype } => write!(
                f,
                "on inputs in f64 the {output} is in {dtype}, of which differences see too little; keep to f64"
            ),
            Fault::SinglePrecision { what, error, tolerance, made_by } => {
                write!(
                    f,
                    "the {what} in f32 differs from that in f64 by {error:.1e}, which is more than {tolerance:.1e}"
                )?;
                made_by.iter().try_for_each(|found| write!(f, "; in f32 {found}"))
            }
            Fault::NotSinglePrecision { what, dtype } => {
                write!(f, "on inputs in f32 the {what} is in {dtype}, or has another shape than in f64")
            }
        }
    }
}

/// The value, or the gradient of an input, is another in a second run.
fn not_repeatable(f: &mut fmt::Formatter<'_>, input: Option<&str>, difference: f64) -> fmt::Result {
    match input {
        None => write!(f, "the function gives another value when it runs again (by {difference:.1e}); ")?,
        Some(input) => {
            write!(f, "the gradient of {input} is another when backward runs again (by {difference:.1e}); ")?
        }
    }
    write!(f, "give what is random a fixed seed, or if that much may be, say so with Gradcheck::nondet_tol")
}

/// How many are wrong, by which input, and the worst.
fn mismatches(
    f: &mut fmt::Formatter<'_>,
    inputs: &[InputReport],
    worst: &[Mismatch],
    [one, several]: [&str; 2],
) -> fmt::Result {
    let total = |count: fn(&InputReport) -> usize| inputs.iter().map(count).sum::<usize>();
    let (wrong, compared) = (total(|input| input.wrong), total(|input| input.compared));
    write!(f, "{wrong} of {compared} derivatives {}", if wrong == 1 { one } else { several })?;
    let inputs: Vec<&InputReport> = inputs.iter().filter(|input| !input.held).collect();
    if inputs.len() > 1 {
        let part = |input: &InputReport| format!("{} of {} by {}", input.wrong, input.compared, input.name);
        let parts: Vec<String> =
            inputs.iter().filter(|input| input.wrong > 0).map(|input| part(input)).collect();
        let others = if parts.len() < inputs.len() { ", none by the others" } else { "" };
        write!(f, ": {}{others}", parts.join(", "))?;
    }
    worst.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))
}

impl fmt::Display for GradcheckFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GradcheckFailure { name, fault, seed } = self;
        write!(f, "gradcheck of `{name}`: {fault}\n(seed {}; Gradcheck::seed repeats it)", seed.0)
    }
}

impl fmt::Debug for GradcheckFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
