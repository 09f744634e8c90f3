//! Inputs that are held constant.

use super::*;
use crate::gradcheck::kinks::distance_to;

fn inputs() -> [Tensor; 2] {
    [Tensor::from([1.0, -2.0]), Tensor::from([0.5, 3.0])]
}

#[test]
fn what_is_held_is_a_constant_and_nothing_is_said_of_it() {
    let check = Gradcheck::new().input_names(["x", "layer.label"]).hold_constant(["label"]);
    let f = |v: &[Var]| {
        assert!(!v[1].requires_grad());
        (&v[0] - v[1].detach()).powi(2) // would be wrong by the label
    };
    for check in [check.clone(), check.clone().directions(3), check.f32_tolerance(1e-6)] {
        let report = check.run("loss", &inputs(), f).unwrap();
        let [x, label] = &report.inputs[..] else { panic!("{report}") };
        assert!(!x.held && x.certified > 0 && label.held && label.compared == 0, "{report}");
        assert!(report.to_string().ends_with("\n  layer.label  held constant"), "{report}");
    }
    assert!(gradcheck("loss", &inputs(), |v| (&v[0] - v[1].detach()).powi(2)).is_err());
}

/// A vjp that needs one input for the other's gradient keeps nothing for a constant.
#[test]
fn either_factor_can_be_held() {
    for (held, other) in [("input 0", 1), ("input 1", 0)] {
        let report = Gradcheck::new().hold_constant([held]).run("mul", &inputs(), |v| &v[0] * &v[1]).unwrap();
        assert_eq!((report.compared(), report.inputs[other].certified), (4, 2));
    }
    let wrong = |v: &[Var]| square(&v[0], |grad| grad.neg()) * &v[1];
    let failure = Gradcheck::new().hold_constant(["input 1"]).run("wrong", &inputs(), wrong).unwrap_err();
    assert!(
        failure.to_string().starts_with("gradcheck of `wrong`: 2 of 4 derivatives are wrong\n"),
        "{failure}"
    );
    assert!(Gradcheck::new().hold_constant(["input 0"]).run("wrong", &inputs(), wrong).is_ok());
}

#[test]
fn no_kink_moves_a_constant() {
    let check = Gradcheck::new().hold_constant(["input 1"]).kink("relu at 0", |x| distance_to(&x[0], 0.0));
    let f = |v: &[Var]| {
        assert_eq!(v[1].value().to_f64_vec(), [0.5, 3.0]);
        v[0].relu() * &v[1]
    };
    let [_, data] = inputs();
    assert!(check.run("relu", &[Tensor::from([0.0, 1.0]), data], f).unwrap().moved > 0);
}

#[test]
fn a_name_stands_for_the_end_of_a_path_and_for_no_other_word() {
    let check = Gradcheck::new().input_names(["max", "x"]).hold_constant(["x"]);
    let report = check.run("mul", &inputs(), |v| &v[0] * &v[1]).unwrap();
    assert_eq!(report.inputs.iter().map(|input| input.held).collect::<Vec<_>>(), [false, true]);
}

#[test]
#[should_panic(
    expected = "gradcheck of `mul`: no input is called \"y\", to be held constant; there are input 0, input 1"
)]
fn what_is_not_there_cannot_be_held() {
    let _ = Gradcheck::new().hold_constant(["y"]).run("mul", &inputs(), |v| &v[0] * &v[1]);
}

#[test]
#[should_panic(expected = "gradcheck of `mul`: there is no input to differentiate by")]
fn not_all_can_be_held() {
    let _ = Gradcheck::new().hold_constant(["input 0", "input 1"]).run("mul", &inputs(), |v| &v[0] * &v[1]);
}
