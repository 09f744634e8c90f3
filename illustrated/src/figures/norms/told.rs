//! What is told of a step of the optimizer.

use crate::look::chart::plain;
use crate::recording::{Norms, Recording, Step};

/// What the step did, as it was measured; what the optimizer has to do with it, if its name is known.
pub(super) fn caption(recording: &Recording, step: &Step) -> String {
    let parameters = &recording.about().parameters;
    // The least and the largest root mean square of a parameter's numbers.
    let range = |of: fn(&Norms) -> f64| {
        let each = step.norms.iter().zip(parameters);
        let rms =
            each.map(|(norms, one)| of(norms) / (one.count().max(1) as f64).sqrt()).filter(|rms| *rms > 0.0);
        rms.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), rms| (least.min(rms), most.max(rms)))
    };
    let (gradients, updates) = (range(|norms| norms.gradient), range(|norms| norms.update));
    let [by_gradient, by_update] = [gradients, updates].map(|(least, most)| most / least);
    let rule = recording.about().optimizer.as_ref().map_or("", |rule| rule.name.as_str());
    let because = match rule {
        "Adam" | "AdamW" if by_update < by_gradient => {
            format!(
                ": {rule} divides each gradient by its own recent size, which brings updates closer together"
            )
        }
        "Adam" | "AdamW" => {
            format!(
                ": {rule} divides each gradient by its own recent size, but does not bring them together here"
            )
        }
        "" => String::new(),
        rule => format!(". The optimizer is {rule}"),
    };
    let compared = if by_gradient.is_finite() && by_update.is_finite() && updates.1 > 0.0 {
        let rate = step.learning_rate;
        let rates = if rate > 0.0 {
            let [least, most] = [updates.0, updates.1].map(|rms| plain(rms / rate));
            format!(
                " Counted in learning rates, the numbers of a parameter moved by {least} to {most} (root mean square)."
            )
        } else {
            String::new()
        };
        format!(
            " Per number, the largest gradient is {} times the smallest, the largest update {} times{because}.{rates}",
            plain(by_gradient),
            plain(by_update),
        )
    } else {
        String::new()
    };
    format!(
        "Step {}, learning rate {}: the norm of each parameter before, of its gradient, and of what was added to it; those that \
         changed most for their size stand first.{compared}",
        step.step,
        plain(step.learning_rate),
    )
}

#[cfg(test)]
mod tests {
    use crate::figures::norms::update;
    use crate::recording::{About, Event, Norms, OptimizerRule, Parameter, Recording, Step};

    /// What is said of the optimizer is what is known of it, and the numbers are measured.
    #[test]
    fn the_caption_tells_what_was_measured() {
        let caption = |name: Option<&str>, updates: [f64; 2]| {
            let optimizer =
                name.map(|name| Box::new(OptimizerRule { name: name.into(), ..OptimizerRule::default() }));
            let parameter = |name: &str| Parameter { name: name.into(), shape: vec![4] };
            let parameters = vec![parameter("a.weight"), parameter("b.weight")];
            let mut recording = Recording::new(About { optimizer, parameters, ..About::default() });
            let norms = [1.0, 8.0].into_iter().zip(updates);
            let norms = norms.map(|(gradient, update)| Norms { gradient, weight: 1.0, update }).collect();
            recording.push(Event::Step(Step { step: 1, learning_rate: 0.5, norms, ..Step::default() }));
            update(&recording).unwrap().caption.first().to_owned()
        };
        let adam = caption(Some("Adam"), [1.0, 2.0]);
        assert!(adam.contains("is 8 times the smallest, the largest update 2 times: Adam divides"), "{adam}");
        assert!(
            adam.contains(
                "closer together. Counted in learning rates, the numbers of a parameter moved by 1 to 2 (root"
            ),
            "{adam}"
        );
        assert!(caption(Some("AdamW"), [1.0, 9.0]).contains("does not bring them together here"));
        assert!(caption(Some("Sgd"), [1.0, 8.0]).contains("update 8 times. The optimizer is Sgd."));
        let unknown = caption(None, [1.0, 8.0]);
        assert!(
            unknown.contains("update 8 times. Counted in learning rates") && !unknown.contains("Adam"),
            "{unknown}"
        );
        assert!(!caption(None, [0.0, 0.0]).contains("Per number"));
    }
}
