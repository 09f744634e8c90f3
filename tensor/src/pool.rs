//! Memory that is used again.
//!
//! A training step makes the same large tensors as the step before. Given back to the system and asked for
//! anew, every 4 KB of them costs a page fault and a page of zeros, at a fraction of the speed that memory has;
//! here the step after the first finds them on the shelf. What is taken holds whatever it held, so that
//! nothing writes zeros where results are going to stand.
//!
//! The shelf does not make a program larger than it has been: what tensors hold and what lies on the shelf are
//! together at most what tensors have held at their peak (results that a kernel is just writing are counted once they
//! are a tensor). Until the program ends it stays about that large. Each dtype has a shelf of its own. Small tensors
//! (below 4 KB) are left to the allocator.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

/// Bytes from which on memory is kept.
const SMALLEST: usize = 1 << 12;

/// Elements whose memory a pool may keep.
pub trait Pooled: Copy + Default + Send + 'static {
    /// What debug builds fill memory with that is waiting for results: nothing that could pass for one.
    const POISON: Self;

    /// The pool of this type, if it has one.
    fn pool() -> Option<&'static Pool<Self>> {
        None
    }
}

/// Masks are small, and rare.
impl Pooled for bool {
    const POISON: bool = false;
}

macro_rules! pooled {
    ($T:ty) => {
        impl Pooled for $T {
            const POISON: $T = <$T>::NAN;

            fn pool() -> Option<&'static Pool<$T>> {
                static POOL: Pool<$T> = Pool::new();
                Some(&POOL)
            }
        }
    };
}

pooled!(f32);
pooled!(f64);

/// `len` elements of any value: who takes them writes every one.
pub fn take<T: Pooled>(len: usize) -> Vec<T> {
    let mut out = kept(len).unwrap_or_else(|| vec![T::default(); len]);
    if cfg!(debug_assertions) {
        out.fill(T::POISON);
    }
    out
}

/// `len` zeros.
pub fn take_zeroed<T: Pooled>(len: usize) -> Vec<T> {
    match kept(len) {
        Some(mut out) => {
            out.fill(T::default());
            out
        }
        None => vec![T::default(); len],
    }
}

/// Memory from the shelf, if there is some that fits.
fn kept<T: Pooled>(len: usize) -> Option<Vec<T>> {
    T::pool().filter(|_| len * size_of::<T>() >= SMALLEST)?.take(len)
}

/// A tensor's elements. Dropped, their memory goes to the pool.
#[doc(hidden)]
#[derive(Debug)]
pub struct Buffer<T: Pooled>(Vec<T>);

impl<T: Pooled> Buffer<T> {
    pub(crate) fn new(data: Vec<T>) -> Buffer<T> {
        if let Some(pool) = T::pool().filter(|_| is_kept(&data)) {
            let freed = pool.lock().enter(data.capacity());
            drop(freed); // with the shelf open again
        }
        Buffer(data)
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Pooled> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Pooled> Drop for Buffer<T> {
    fn drop(&mut self) {
        if let Some(pool) = T::pool().filter(|_| is_kept(&self.0)) {
            pool.lock().leave(std::mem::take(&mut self.0));
        }
    }
}

fn is_kept<T>(data: &Vec<T>) -> bool {
    data.capacity() * size_of::<T>() >= SMALLEST
}

/// The shelf of one element type.
pub struct Pool<T>(Mutex<Shelf<T>>);

/// What a [`Pool`] guards. Sizes are numbers of elements.
struct Shelf<T> {
    /// The oldest first.
    kept: VecDeque<Vec<T>>,
    /// The elements of `kept`.
    shelved: usize,
    /// What tensors hold.
    held: usize,
    /// The most that they have held.
    peak: usize,
}

impl<T: Pooled> Pool<T> {
    const fn new() -> Self {
        Pool(Mutex::new(Shelf { kept: VecDeque::new(), shelved: 0, held: 0, peak: 0 }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shelf<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it is locked
    }

    fn take(&self, len: usize) -> Option<Vec<T>> {
        let (found, freed) = self.lock().find(len);
        drop(freed); // giving memory back takes time, and the shelf is open again
        let mut out = found?;
        out.resize(len, T::default()); // writes only what was never written
        Some(out)
    }
}

impl<T: Copy> Shelf<T> {
    /// The youngest that fits without wasting more than an eighth: what was dropped last may still be in cache.
    /// Where none fits, room is made for as much new memory.
    /// Also returns what is no longer kept.
    fn find(&mut self, len: usize) -> (Option<Vec<T>>, Vec<Vec<T>>) {
        let fits = |kept: &Vec<T>| (len..=len + len / 8).contains(&kept.capacity());
        let found = self.kept.iter().rposition(fits).and_then(|place| self.kept.remove(place));
        match found {
            Some(found) => {
                self.shelved -= found.capacity();
                (Some(found), Vec::new())
            }
            None => (None, self.make_room(len)),
        }
    }

    /// Notes that a tensor holds `capacity` more, and returns what is no longer kept.
    fn enter(&mut self, capacity: usize) -> Vec<Vec<T>> {
        self.held += capacity;
        self.peak = self.peak.max(self.held);
        self.make_room(0)
    }

    /// Shelves what a tensor held.
    fn leave(&mut self, data: Vec<T>) {
        self.held -= data.capacity();
        self.shelved += data.capacity();
        self.kept.push_back(data);
    }

    /// Takes the oldest off the shelf until `len` more may be held.
    fn make_room(&mut self, len: usize) -> Vec<Vec<T>> {
        let mut freed = Vec::new();
        while self.held + self.shelved + len > self.peak {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.shelved -= oldest.capacity();
            freed.push(oldest);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf() -> Shelf<f32> {
        Shelf { kept: VecDeque::new(), shelved: 0, held: 0, peak: 0 }
    }

    /// A tensor of `len` numbers comes and goes.
    fn pass(shelf: &mut Shelf<f32>, len: usize) {
        let data = shelf.find(len).0.unwrap_or_else(|| Vec::with_capacity(len));
        shelf.enter(data.capacity());
        shelf.leave(data);
    }

    #[test]
    fn what_was_dropped_is_found_again_and_the_youngest_first() {
        let mut shelf = shelf();
        let data = [vec![1.0; 100], vec![2.0; 100], vec![3.0; 50]];
        data.iter().for_each(|data| assert!(shelf.enter(data.capacity()).is_empty()));
        data.into_iter().for_each(|data| shelf.leave(data));
        let mut find = |len| shelf.find(len).0.map(|data| data[0]);
        assert_eq!(find(100), Some(2.0));
        assert_eq!(find(89), Some(1.0), "an eighth may be wasted");
        assert_eq!((find(44), find(51)), (None, None), "not more, and no less");
        assert_eq!(find(45), Some(3.0));
        assert_eq!((shelf.shelved, shelf.held, shelf.peak), (0, 0, 250));
    }

    #[test]
    fn the_shelf_holds_no_more_than_tensors_did_at_their_peak() {
        let mut shelf = shelf();
        pass(&mut shelf, 100);
        pass(&mut shelf, 60); // does not fit beside what is kept
        assert_eq!(shelf.kept.iter().map(Vec::capacity).collect::<Vec<_>>(), [60]);
        pass(&mut shelf, 40); // does
        assert_eq!(shelf.kept.iter().map(Vec::capacity).collect::<Vec<_>>(), [60, 40]);
        pass(&mut shelf, 20); // the oldest makes room
        assert_eq!(shelf.kept.iter().map(Vec::capacity).collect::<Vec<_>>(), [40, 20]);
        assert_eq!((shelf.shelved, shelf.held, shelf.peak), (60, 0, 100));
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
}
