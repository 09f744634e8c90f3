//! Which of two models is the better one.

use translate::Validated;

use super::*;

#[test]
fn of_equal_bleu_the_lower_loss_is_better_and_without_bleu_nothing_is() {
    let is_better = |new: (f64, Option<f64>), best: (f64, Option<f64>)| {
        let validated = |(nll, bleu)| Validated { step: 1, nll, bleu };
        ValidationMetric::Bleu.prefers(&validated(new), Some(&validated(best)))
    };
    for bleu in [0.0, 31.4] {
        assert!(is_better((2.0, Some(bleu)), (3.0, Some(bleu))));
        assert!(
            !is_better((3.0, Some(bleu)), (2.0, Some(bleu)))
                && !is_better((2.0, Some(bleu)), (2.0, Some(bleu)))
        );
        assert!(is_better((9.0, Some(bleu + 0.1)), (2.0, Some(bleu))), "BLEU comes first");
        assert!(!is_better((1.0, Some(bleu)), (2.0, Some(bleu + 0.1))));
        assert!(!is_better((1.0, None), (2.0, Some(bleu))), "it was not taken");
        assert!(!is_better((f64::NAN, Some(bleu)), (2.0, Some(bleu))));
        assert!(is_better((2.0, Some(bleu)), (2.0, Some(f64::NAN))), "nothing is as bad");
        assert!(!is_better((1.0, Some(f64::NAN)), (2.0, None)));
        assert!(is_better((2.0, Some(bleu)), (f64::NAN, Some(bleu))));
    }
}
