use super::*;
use crate::testing::{checked_events, toy};

#[test]
fn the_numbers_are_those_of_the_recording() {
    let figure = draw(toy()).unwrap();
    let drawing = figure.drawing.into_string();
    let n_passes = toy().passes().len();
    assert_eq!(checked_events(toy(), &drawing), 3 * n_passes, "loss, nll and rate at each pass");
    assert!(
        drawing.contains("curve floor") && figure.caption.first().contains("= 0.421"),
        "{}",
        figure.caption.first()
    );
    let last = toy().steps().last().unwrap().loss;
    assert!(last > floor(toy().about()), "{last}");
}

#[test]
fn the_floor_is_the_loss_of_who_says_the_smoothed_target() {
    let about = About { smoothing: 0.1, tgt_vocab_size: 6, ..About::default() };
    let q: f64 = 0.1 / 6.0;
    let p = 0.9 + q;
    assert!((floor(&about) - (-p * p.ln() - 5.0 * q * q.ln())).abs() < 1e-12);
    assert_eq!(floor(&About::default()), 0.0);
}

fn step(step: u64, loss: f64) -> Event {
    Event::Step(Step { step, loss, nll: loss, learning_rate: 1e-4, grad_norm: 1.0, ..Step::default() })
}

#[test]
fn any_history_is_drawn() {
    assert!(draw(&Recording::new(About::default())).is_none());
    for losses in [vec![1.0], vec![0.0, 0.0], vec![f64::NAN], vec![f64::MAX, 1e-300], vec![1.0; 5000]] {
        let mut recording = Recording::new(About::default());
        losses.iter().zip(1..).for_each(|(loss, at)| recording.push(step(at, *loss)));
        let figure = draw(&recording).unwrap();
        let drawing = figure.drawing.into_string();
        assert!(figure.width <= 1080.0 && !drawing.contains("NaN\""), "{drawing}");
    }
}

/// Validations beside the steps are a curve of their own, of many without a square for each.
#[test]
fn what_is_held_out_is_drawn_beside_the_training() {
    let mut recording = Recording::new(About::default());
    (1..=200).for_each(|at| recording.push(step(at, 2.0 / at as f64)));
    for at in 0..=200 {
        let nll = if at == 7 { f64::NAN } else { 3.0 + (at as f64 - 50.0).abs() / 100.0 };
        recording.push(Event::Validated(Validated { step: at, nll, bleu: None }));
    }
    let figure = draw(&recording).unwrap();
    let (drawing, caption) = (figure.drawing.into_string(), figure.caption.first());
    assert!(!drawing.contains("NaN"), "{drawing}");
    assert_eq!(drawing.matches("mark validated").count(), 50);
    assert!(
        caption.contains(
            "held out, the negative log-likelihood went from 3.50 to 4.50; it was lowest after step 50: 3.00."
        ),
        "{caption}"
    );
}

#[test]
fn a_model_that_was_trained_elsewhere_shows_its_validations() {
    let mut recording = Recording::new(About { smoothing: 0.1, tgt_vocab_size: 6, ..About::default() });
    for (at, bleu) in [(500, None), (1000, Some(31.25))] {
        recording.push(Event::Validated(Validated { step: at, nll: 2.0 - at as f64 / 1e3, bleu }));
    }
    let figure = draw(&recording).unwrap();
    let drawing = figure.drawing.into_string();
    assert_eq!(checked_events(&recording, &drawing), 3);
    assert!(
        drawing.contains("31.25")
            && !drawing.contains("floor")
            && figure.caption.first().contains("perplexity of 2.7")
    );
}
