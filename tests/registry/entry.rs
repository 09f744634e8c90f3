//! What the registry knows of an operation.

use std::fmt;
use std::rc::Rc;

use autograd::Var;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tensor::Tensor;

use crate::registry::walk::always;

/// An operation, or something made of operations.
pub type Function = Rc<dyn Fn(&[Var]) -> Var>;

/// One use of an operation: everything that determines its result.
#[derive(Clone)]
pub struct Case {
    /// What is not a tensor: axes, masks, labels, seeds. For a person to read.
    pub parameters: String,
    /// In f64, in any layout.
    pub inputs: Vec<Tensor>,
    /// The operation. It takes the dtype from its inputs.
    pub function: Function,
    /// The same from smaller operations.
    pub composed: Option<Function>,
}

impl Case {
    /// The operation with these parameters at these inputs.
    pub fn new(
        parameters: impl Into<String>,
        inputs: impl Into<Vec<Tensor>>,
        function: impl Fn(&[Var]) -> Var + 'static,
    ) -> Case {
        let (parameters, inputs) = (parameters.into(), inputs.into());
        Case { parameters, inputs, function: Rc::new(function), composed: None }
    }

    /// With its composed form.
    pub fn composed(self, function: impl Fn(&[Var]) -> Var + 'static) -> Case {
        Case { composed: Some(Rc::new(function)), ..self }
    }
}

/// The parameters, and of each input its numbers and its strides if they are not the usual ones.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.parameters)?;
        for (i, x) in self.inputs.iter().enumerate() {
            let strides =
                if x.is_contiguous() { String::new() } else { format!(", strides {}", x.strides()) };
            writeln!(f, "input {i}{strides}: {x:.6}")?;
        }
        Ok(())
    }
}

/// An entry of the registry.
#[derive(Clone)]
pub struct Operation {
    /// Method, name on the tape, and row of the table.
    pub name: &'static str,
    /// The inputs in which it is linear, or linear and a constant, while the others stay. Its cases then
    /// have whole numbers, so that nothing is rounded and both sides of an equation are equal.
    pub linear_in: &'static [usize],
    /// What to try it on.
    pub cases: BoxedStrategy<Case>,
    /// Numbers of its formula.
    pub formula: Option<Formula>,
    /// Why it has neither such numbers nor PyTorch's.
    pub no_reference: Option<&'static str>,
    composes: bool,
}

/// What a function of one element is at some places: `[x, f(x), f'(x)]`, from a formula that was evaluated
/// elsewhere with more digits than a double has. The places are numbers that f32 has too.
#[derive(Clone, Copy)]
pub struct Formula {
    /// The operation.
    pub function: fn(&Var) -> Var,
    /// What it is.
    pub numbers: &'static [[f64; 3]],
}

impl Operation {
    /// An operation that is linear in nothing.
    pub fn new(name: &'static str, cases: impl Strategy<Value = Case> + 'static) -> Operation {
        let cases = cases.boxed();
        Operation { name, linear_in: &[], cases, formula: None, no_reference: None, composes: true }
    }

    /// Linear in these inputs, of which some may be optional.
    pub fn linear_in(self, inputs: &'static [usize]) -> Operation {
        Operation { linear_in: inputs, ..self }
    }

    /// It cannot be made from smaller ones.
    pub fn primitive(self) -> Operation {
        Operation { composes: false, ..self }
    }

    /// Numbers of its formula, for `parity`: [`Formula`].
    pub fn by_formula(self, function: fn(&Var) -> Var, numbers: &'static [[f64; 3]]) -> Operation {
        Operation { formula: Some(Formula { function, numbers }), ..self }
    }

    /// Nobody else's numbers are there to compare with, neither PyTorch's nor a formula's, for this reason. Then
    /// it needs a composed form, or nothing would say what it is.
    pub fn without_reference(self, why: &'static str) -> Operation {
        Operation { no_reference: Some(why), ..self }
    }

    /// Whether it cannot be made from smaller ones.
    pub fn is_primitive(&self) -> bool {
        !self.composes
    }

    /// Whether some of its cases have several inputs.
    pub fn takes_several(&self) -> bool {
        let mut runner = TestRunner::new(always(1));
        let mut n_inputs = || self.cases.new_tree(&mut runner).unwrap().current().inputs.len();
        (0..64).any(|_| n_inputs() > 1)
    }

    /// The same entry with another function in the place of the operation: one that is wrong, to see
    /// whether the properties find out.
    pub fn replaced(self, replace: impl Fn(&Case) -> Function + 'static) -> Operation {
        let cases = self.cases.prop_map(move |case| Case { function: replace(&case), ..case }).boxed();
        Operation { cases, ..self }
    }
}
