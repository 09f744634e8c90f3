//! Memory that is used again.
//!
//! A training step makes the same large tensors as the step before. Given back to the system and asked for
//! anew, every 4 KB of them costs a page fault and a page of zeros, at a fraction of the speed that memory has;
//! here the step after the first finds them on the shelf. What is taken holds whatever it held, so that
//! nothing writes zeros where results are going to stand.
//!
//! The shelf does not make a program larger than it has been of late: what tensors hold and what lies on the shelf are
//! together at most what tensors have held at their recent peak (results that a kernel is just writing are counted once
//! they are a tensor). Time is counted in memory, not in seconds: a peak is forgotten once tensors of so many times its
//! size have been made that a training step would have come to it again. Then the oldest goes to the allocator, which
//! gives large blocks back to the system. Who drops much and then rests, or wants the small ones to go back as well,
//! calls [`trim`](crate::trim).
//!
//! Each dtype has a shelf of its own, sorted by size. Small tensors (below 4 KB) are left to the allocator.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes from which on memory is kept.
const SMALLEST: usize = 1 << 12;

/// A period is over when tensors were made in it that are together so many times as large as the recent peak; one that
/// the next has not come to again is forgotten. The steps of the benchmarks make 2 to 5 times what they hold at their
/// peak. Where a step makes more than this, at most one part in so many of what it takes may have to be new.
const TURNOVER: usize = 8;

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

/// Gives everything that is kept to the allocator, and returns how many bytes that was.
pub fn clear() -> usize {
    fn of<T: Pooled>() -> usize {
        T::pool().map_or(0, Pool::clear)
    }
    of::<f32>() + of::<f64>()
}

/// Memory from the shelf, if there is some that fits.
fn kept<T: Pooled>(len: usize) -> Option<Vec<T>> {
    pool_for::<T>(len)?.take(len)
}

/// The pool that keeps memory of so many elements.
fn pool_for<T: Pooled>(len: usize) -> Option<&'static Pool<T>> {
    T::pool().filter(|_| len * size_of::<T>() >= SMALLEST)
}

/// A tensor's elements. Dropped, their memory goes to the pool.
#[doc(hidden)]
#[derive(Debug)]
pub struct Buffer<T: Pooled>(Vec<T>);

impl<T: Pooled> Buffer<T> {
    pub(crate) fn new(data: Vec<T>) -> Buffer<T> {
        if let Some(pool) = pool_for::<T>(data.capacity()) {
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
        if let Some(pool) = pool_for::<T>(self.0.capacity()) {
            pool.lock().leave(std::mem::take(&mut self.0));
        }
    }
}

/// The shelf of one element type.
pub struct Pool<T>(Mutex<Shelf<T>>);

impl<T: Pooled> Pool<T> {
    const fn new() -> Self {
        Pool(Mutex::new(Shelf::new()))
    }

    fn lock(&self) -> MutexGuard<'_, Shelf<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it is locked
    }

    fn take(&self, len: usize) -> Option<Vec<T>> {
        let (found, freed) = self.lock().find(len);
        drop(freed); // giving memory back takes time, and the shelf is open again
        let mut out = found?;
        out.resize(len, T::default()); // writes only what was never written
        Some(out)
    }

    /// Gives back what is shelved, and returns how many bytes that was.
    fn clear(&self) -> usize {
        let freed = self.lock().clear();
        freed.iter().map(Vec::capacity).sum::<usize>() * size_of::<T>()
    }
}

/// What a [`Pool`] guards. Sizes are numbers of elements.
struct Shelf<T> {
    /// What lies here, by its size; of one size, the youngest first.
    kept: BTreeMap<(usize, Reverse<u64>), Vec<T>>,
    /// The sizes of what lies here, the oldest first.
    ages: BTreeMap<u64, usize>,
    /// How many have come.
    came: u64,
    /// What lies here.
    shelved: usize,
    /// What tensors hold.
    held: usize,
    /// The most that they have held in the period before this one, and in this one.
    peaks: [usize; 2],
    /// What the tensors that were made in this period held.
    made: usize,
}

impl<T> Shelf<T> {
    const fn new() -> Self {
        let peaks = [0; 2];
        Shelf { kept: BTreeMap::new(), ages: BTreeMap::new(), came: 0, shelved: 0, held: 0, peaks, made: 0 }
    }

    /// The smallest that fits, if it wastes no more than an eighth; of one size the youngest, which may still be in
    /// cache. Where none fits, room is made for as much new memory. Also returns what is no longer kept.
    fn find(&mut self, len: usize) -> (Option<Vec<T>>, Vec<Vec<T>>) {
        let youngest = Reverse(u64::MAX);
        match self.kept.range((len, youngest)..).next() {
            Some((&(capacity, Reverse(age)), _)) if capacity - len <= len / 8 => {
                (Some(self.remove(capacity, age)), Vec::new())
            }
            _ => (None, self.make_room(len)),
        }
    }

    /// Notes that a tensor holds `capacity` more, and returns what is no longer kept.
    fn enter(&mut self, capacity: usize) -> Vec<Vec<T>> {
        self.held += capacity;
        self.made += capacity;
        self.peaks[1] = self.peaks[1].max(self.held);
        if self.made / TURNOVER >= self.peak() {
            self.peaks = [self.peaks[1], self.held];
            self.made = 0;
        }
        self.make_room(0)
    }

    /// Shelves what a tensor held.
    fn leave(&mut self, data: Vec<T>) {
        let capacity = data.capacity();
        self.held -= capacity;
        self.shelved += capacity;
        self.kept.insert((capacity, Reverse(self.came)), data);
        self.ages.insert(self.came, capacity);
        self.came += 1;
    }

    fn remove(&mut self, capacity: usize, age: u64) -> Vec<T> {
        self.shelved -= capacity;
        self.ages.remove(&age);
        self.kept.remove(&(capacity, Reverse(age))).expect("both books list what is kept")
    }

    /// The most that tensors have held lately.
    fn peak(&self) -> usize {
        self.peaks[0].max(self.peaks[1])
    }

    /// Takes the oldest off the shelf until `len` more may be held.
    fn make_room(&mut self, len: usize) -> Vec<Vec<T>> {
        let mut freed = Vec::new();
        while self.held + self.shelved + len > self.peak() {
            let Some((&age, &capacity)) = self.ages.first_key_value() else { break };
            freed.push(self.remove(capacity, age));
        }
        freed
    }

    /// Takes everything off the shelf and forgets what was held.
    fn clear(&mut self) -> Vec<Vec<T>> {
        self.peaks = [self.held; 2];
        self.made = 0;
        self.make_room(0)
    }
}

#[cfg(test)]
mod tests;
