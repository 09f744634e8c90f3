use super::*;
use crate::random::Seed;

impl Shelf<f32> {
    /// What the books say is what lies here, each in its class, and no more than is allowed.
    #[track_caller]
    fn check(&self) {
        let by_size =
            self.kept.iter().map(|(&(capacity, Reverse(age)), data)| (age, capacity, data.capacity()));
        let mut by_age: Vec<_> = by_size.collect();
        by_age.sort_unstable();
        assert!(by_age.iter().all(|(_, noted, capacity)| noted == capacity));
        assert!(
            self.ages.iter().eq(by_age.iter().map(|(age, capacity, _)| (age, capacity))),
            "both books agree"
        );
        assert_eq!(self.ages.values().sum::<usize>(), self.shelved);
        assert!(self.held + self.shelved <= self.peak(), "more than at the recent peak");
    }

    /// A tensor of `len` numbers is made. Also returns whether its memory is new.
    fn make(&mut self, len: usize) -> (Vec<f32>, bool) {
        let found = self.find(len).0;
        let is_new = found.is_none();
        let data = found.unwrap_or_else(|| Vec::with_capacity(len));
        self.enter(data.capacity());
        self.check();
        (data, is_new)
    }

    /// Tensors of these lengths are made and then dropped, as in a training step. Returns how many
    /// were new.
    fn step(&mut self, lens: impl IntoIterator<Item = usize>) -> usize {
        let (made, new): (Vec<_>, Vec<_>) = lens.into_iter().map(|len| self.make(len)).unzip();
        made.into_iter().for_each(|data| self.leave(data));
        self.check();
        new.into_iter().filter(|&is_new| is_new).count()
    }

    /// The capacities of what lies here, the oldest first.
    fn capacities(&self) -> Vec<usize> {
        self.ages.values().copied().collect()
    }
}

#[test]
fn what_was_dropped_is_found_again_the_smallest_that_fits_and_of_one_size_the_youngest() {
    let mut shelf = Shelf::new();
    let data = [vec![1.0f32; 100], vec![2.0; 100], vec![3.0; 95], vec![4.0; 50], vec![5.0; 108]];
    data.iter().for_each(|data| assert!(shelf.enter(data.capacity()).is_empty()));
    data.into_iter().for_each(|data| shelf.leave(data));
    let mut find = |len| shelf.find(len).0.map(|data| data[0]);
    assert_eq!(find(95), Some(3.0), "no larger one");
    assert_eq!(find(100), Some(2.0));
    assert_eq!((find(44), find(51)), (None, None), "a bit more than an eighth wasted, and one too few");
    assert_eq!(find(96), Some(1.0), "an eighth may be wasted");
    assert_eq!((find(96), find(45)), (Some(5.0), Some(4.0)));
    assert_eq!((shelf.shelved, shelf.held, shelf.peak()), (0, 0, 453));
    shelf.check();
}

#[test]
fn the_shelf_holds_no_more_than_tensors_did_at_their_peak() {
    let mut shelf = Shelf::new();
    shelf.step([96]);
    shelf.step([60]); // does not fit beside what is kept
    assert_eq!(shelf.capacities(), [60]);
    shelf.step([36]); // does
    assert_eq!(shelf.capacities(), [60, 36]);
    shelf.step([20]); // the oldest makes room
    assert_eq!(shelf.capacities(), [36, 20]);
    assert_eq!((shelf.shelved, shelf.held, shelf.peak()), (56, 0, 96));
}

#[test]
fn equal_steps_need_new_memory_only_once() {
    let mut shelf = Shelf::new();
    let lens = || (0..10).map(|i| 104 << i);
    let (model, _) = shelf.make(53_248); // lives on
    assert_eq!(shelf.step(lens()), 10);
    let made_per_step: usize = lens().sum();
    for step in 0..10 * TURNOVER {
        assert_eq!(shelf.step(lens()), 0, "after {step} steps");
    }
    assert!(10 * TURNOVER * made_per_step > 4 * TURNOVER * shelf.peak(), "over several periods");
    assert_eq!((shelf.held, shelf.shelved), (model.capacity(), made_per_step));
}

#[test]
fn what_is_not_needed_again_goes_back() {
    let mut shelf = Shelf::new();
    shelf.step([1024; 400]);
    assert_eq!(shelf.shelved, 400 * 1024);
    let most = 3 * TURNOVER * 400 * 1024 / 2048; // steps of 2048 numbers, in two periods and a bit
    let needed = (0..most).position(|_| {
        shelf.step([512; 4]);
        shelf.shelved <= 2048
    });
    assert!(needed.is_some_and(|steps| steps > 100), "neither at once nor never: {needed:?}");
}

#[test]
fn many_steps_of_all_sizes_do_not_pile_up() {
    let mut shelf = Shelf::new();
    let mut largest = 0;
    for step in 0..500 {
        let seed = Seed::new(1).derive_index(step);
        let len = |i| 10 + (seed.derive_index(i).0 % 950) as usize;
        largest = largest.max((0..20).map(len).sum());
        shelf.step((0..20).map(len));
        assert!(
            shelf.shelved <= largest + largest / 8,
            "of what is wasted an eighth at most, after {step} steps"
        );
    }
}

#[test]
fn trimmed_it_holds_nothing_and_allows_what_is_held() {
    let mut shelf = Shelf::new();
    let (model, _) = shelf.make(72);
    shelf.step([104, 30]);
    let freed: Vec<_> = shelf.clear().iter().map(Vec::capacity).collect();
    assert_eq!(freed, [104, 30]);
    assert_eq!((shelf.shelved, shelf.held, shelf.peak()), (0, 72, 72));
    shelf.leave(model);
    assert_eq!(shelf.capacities(), [72]);
    shelf.check();
}

#[test]
fn memory_comes_back_with_the_length_asked_for() {
    for len in [0, 1, SMALLEST / 4 - 1, SMALLEST / 4, 5000, 4999, 4500, 5000] {
        assert_eq!(take::<f32>(len).len(), len);
        let zeros = take_zeroed::<f32>(len);
        assert_eq!(zeros, vec![0.0; len]);
        drop(Buffer::new(vec![1.0f32; len])); // what the next one may find
    }
    assert_eq!(take::<bool>(5000), vec![false; 5000]);
}
