//! What a tape can be told to look at on the way: numbers that are not finite, gradients of the wrong shape, the clock.

use tensor::Tensor;

use super::{Nodes, Tape};
use crate::non_finite::NonFinite;
use crate::profile::{Clock, Profile};
use crate::wrong_shape::WrongShape;

impl Tape {
    /// Looks at everything recorded from now on, and at the gradients on the way back, for NaN and
    /// infinity. Costs a pass over every result, and over every gradient each time that something is added to it;
    /// without it nothing is looked at.
    ///
    /// ```
    /// # use {autograd::Tape, tensor::Tensor};
    /// let tape = Tape::new();
    /// tape.watch_non_finite();
    /// let x = tape.var(Tensor::from([4.0, 0.0]));
    /// let loss = x.sqrt().sum(.., false);   // finite, but the root of 0 has no derivative
    /// assert!(tape.first_non_finite().is_none());
    /// loss.backward();
    /// let found = tape.first_non_finite().unwrap().to_string();
    /// assert_eq!(found, "the gradient of input 0 of `sqrt` (%1), [2], is inf at [1]");
    /// ```
    pub fn watch_non_finite(&self) {
        self.list.borrow_mut().watching = true;
    }

    /// The first number that was not finite since the tape was told to watch.
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        self.list.borrow().first_non_finite.borrow().clone()
    }

    /// Takes the time of every operation recorded from now on, and of the way back through any, until
    /// [`Tape::take_profile`]. Starts anew if it was profiling. Costs two looks at the clock for each; without it no
    /// clock is looked at.
    ///
    /// # Panics
    /// Where there is no [clock](tensor::clock).
    #[track_caller]
    pub fn start_profile(&self) {
        self.list.borrow_mut().clock = Some(Clock::start());
    }

    /// Where the time went since [`Tape::start_profile`], as [`profile`](mod@crate::profile) explains, and the
    /// end of profiling. Empty if the tape was not profiling.
    pub fn take_profile(&self) -> Profile {
        self.list.borrow_mut().clock.take().map(Clock::into_profile).unwrap_or_default()
    }

    /// Whether the tape is profiling. The time so far goes to no operation then.
    pub(crate) fn restart_clock(&self) -> bool {
        let mut list = self.list.borrow_mut();
        list.clock.as_mut().map(Clock::restart).is_some()
    }

    /// Gives the time since the last event to the way back through the node at `place`.
    pub(crate) fn note_backward(&self, place: usize) {
        let Nodes { nodes, clock, .. } = &mut *self.list.borrow_mut();
        if let Some(clock) = clock {
            clock.differentiated(nodes[place].name);
        }
    }

    /// Lets a check report gradients of the wrong shape, which are left out then.
    pub(crate) fn note_wrong_shapes(&self) {
        self.list.borrow_mut().noting_shapes = true;
    }

    /// The first gradient of the wrong shape that was noted.
    pub(crate) fn first_wrong_shape(&self) -> Option<WrongShape> {
        self.list.borrow().first_wrong_shape.borrow().clone()
    }
}

impl Nodes {
    /// Notes a gradient of the wrong shape, or panics.
    #[track_caller]
    pub(super) fn refuse(&self, wrong: WrongShape) {
        assert!(self.noting_shapes, "{wrong}");
        self.first_wrong_shape.borrow_mut().get_or_insert(wrong);
    }

    /// If watching, notes the first number of `tensor` that is not finite, unless one was found before.
    pub(super) fn look_at(
        &self,
        tensor: &Tensor,
        operation: &'static str,
        place: usize,
        gradient_of: Option<usize>,
    ) {
        if self.watching && self.first_non_finite.borrow().is_none() && !tensor.all_finite() {
            self.first_non_finite.replace(NonFinite::find(tensor, operation, place, gradient_of));
        }
    }
}
