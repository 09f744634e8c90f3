//! What is said of a figure, for every choice that it depends on.

use serde::Serialize;

use super::control::Control;

/// What is said where a choice has nothing to be told of.
const UNRECORDED: &str = "What this figure tells of was not recorded here.";

/// What a text depends on: a control of its figure, or which pass is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// The control's name, or [`Axis::PASS`].
    pub name: &'static str,
    /// How many choices there are.
    pub count: usize,
    /// The one that is shown first.
    pub first: usize,
}

impl Axis {
    /// The name of the axis of passes; its choices are their numbers, from 0.
    pub const PASS: &str = "pass";

    /// Which of so many passes is shown, at first the last.
    pub fn passes(count: usize) -> Axis {
        Axis { name: Axis::PASS, count, first: count.saturating_sub(1) }
    }

    /// How a control stands.
    pub fn of(control: &Control) -> Axis {
        Axis { name: control.name, count: control.choices.len(), first: control.chosen }
    }
}

/// A text for every choice of what it depends on, and of nothing else: a figure has many controls, and most say little.
///
/// ```
/// use illustrated::look::caption::{Axis, Caption};
///
/// let head = Axis { name: "head", count: 3, first: 1 };
/// let text = |[pass, head]: [usize; 2]| Some(format!("Head {head} in pass {pass}."));
/// let caption = Caption::over([Axis::passes(2), head], text).unwrap();
/// assert_eq!(caption.first(), "Head 1 in pass 1.");
/// assert_eq!(caption.text(&[("pass", 0), ("head", 2), ("layer", 7)]), "Head 2 in pass 0.");
/// assert_eq!(Caption::from("What is so anyway.").first(), "What is so anyway.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caption {
    of: Vec<Axis>,
    /// Of all choices, those of the last axis next to each other.
    texts: Vec<String>,
}

impl Caption {
    /// The text of each choice, one for each axis. Where there is none, that is said.
    ///
    /// Returns nothing if there is none for what is shown first.
    pub fn over<const N: usize>(
        of: [Axis; N],
        text: impl Fn([usize; N]) -> Option<String>,
    ) -> Option<Caption> {
        let count = of.iter().map(|axis| axis.count).product();
        let choices = |mut at: usize| {
            let mut chosen = [0; N];
            for (choice, axis) in chosen.iter_mut().zip(&of).rev() {
                (*choice, at) = (at % axis.count, at / axis.count);
            }
            chosen
        };
        text(of.each_ref().map(|axis| axis.first)).filter(|_| count > 0)?;
        let texts = (0..count).map(|at| text(choices(at)).unwrap_or_else(|| UNRECORDED.into())).collect();
        Some(Caption { of: of.into(), texts })
    }

    /// What it depends on.
    pub fn axes(&self) -> &[Axis] {
        &self.of
    }

    /// The texts of all choices, those of the last axis next to each other.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The text of these choices; an axis that is not named stands as at first.
    ///
    /// # Panics
    /// If there is no such choice.
    #[track_caller]
    pub fn text(&self, chosen: &[(&str, usize)]) -> &str {
        let place = self.of.iter().fold(0, |place, axis| {
            let choice =
                chosen.iter().find(|(name, _)| *name == axis.name).map_or(axis.first, |(_, choice)| *choice);
            assert!(choice < axis.count, "{}: no choice {choice} of {}", axis.name, axis.count);
            place * axis.count + choice
        });
        &self.texts[place]
    }

    /// The text that is shown first.
    pub fn first(&self) -> &str {
        self.text(&[])
    }
}

impl<T: Into<String>> From<T> for Caption {
    /// A text that depends on nothing.
    fn from(text: T) -> Caption {
        Caption { of: Vec::new(), texts: vec![text.into()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_text_for_every_choice() {
        let layer = Axis { name: "layer", count: 3, first: 0 };
        let caption = Caption::over([layer.clone(), Axis::passes(2)], |[layer, pass]| {
            (layer < 2).then(|| format!("{layer} {pass}"))
        });
        let caption = caption.unwrap();
        assert_eq!(caption.texts()[..4], ["0 0", "0 1", "1 0", "1 1"]);
        assert_eq!((caption.texts().len(), &*caption.texts()[5]), (6, UNRECORDED));
        assert_eq!((caption.first(), caption.text(&[("layer", 1)])), ("0 1", "1 1"));
        assert!(Caption::over([layer], |[layer]| (layer > 0).then(String::new)).is_none());
        assert!(Caption::over([Axis::passes(0)], |_| Some(String::new())).is_none());
    }
}
