//! Memory for what is kept and read again and again from end to end: the weights that were packed for using a model.
//!
//! A processor looks up, for each page of 4 KB that it reads, where that page is, and fetches ahead no further than to its end. In
//! pages of 2 MB it hardly ever has to, which is worth a quarter of the time of a translation (docs/performance.md). Linux
//! gives them to who asks and whose memory begins at a multiple of their size; elsewhere this is memory like any other. A
//! small matrix would waste most of such a page, so matrices stand one behind the other in large chunks.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The size of a large page.
const PAGE: usize = 2 << 20;
/// The size of a chunk, or more for what is larger. Of its pages the system gives those that are written to.
const CHUNK: usize = 8 * PAGE;
/// Where matrices begin: at a cache line.
const LINE: usize = 64;

/// Numbers that do not change, in large pages if there are any. The memory is free again when all that stands in the
/// same chunk is dropped.
pub struct Pages<T> {
    chunk: Arc<Chunk>,
    /// Where it begins, in bytes, and how many numbers it has.
    begin: usize,
    len: usize,
    numbers: PhantomData<T>,
}

struct Chunk {
    data: NonNull<u8>,
    layout: Layout,
    /// How many bytes are in use, from the beginning on.
    used: Mutex<usize>,
}

// SAFETY: a chunk owns its memory. It is written to by who has just taken a piece, which nobody else has, and else only read.
unsafe impl Send for Chunk {}
// SAFETY: as above; taking a piece is locked.
unsafe impl Sync for Chunk {}

/// The chunk that has room, if it has not been dropped.
static CURRENT: Mutex<Weak<Chunk>> = Mutex::new(Weak::new());

impl<T: Copy + Send + Sync + 'static> Pages<T> {
    /// The same numbers.
    pub fn of(numbers: &[T]) -> Pages<T> {
        const { assert!(align_of::<T>() <= LINE) }
        let (chunk, begin) = room(size_of_val(numbers));
        let pages: Pages<T> = Pages { chunk, begin, len: numbers.len(), numbers: PhantomData };
        // SAFETY: `room` gave so many bytes from a line on, which are nobody else's, and a slice overlaps nothing that was
        // just given.
        unsafe { pages.data().copy_from_nonoverlapping(numbers.as_ptr(), numbers.len()) };
        pages
    }
}

impl<T> Pages<T> {
    fn data(&self) -> *mut T {
        // SAFETY: the piece is inside of the chunk: `of` alone makes pieces, of what `room` gave. An empty one may begin where the
        // chunk ends.
        unsafe { self.chunk.data.add(self.begin) }.cast().as_ptr()
    }
}

impl<T> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `of` wrote so many numbers there, which nobody changes and which stay until the chunk is dropped.
        unsafe { slice::from_raw_parts(self.data(), self.len) }
    }
}

/// A chunk, and where `bytes` of it begin that are nobody else's.
fn room(bytes: usize) -> (Arc<Chunk>, usize) {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner); // a chunk is whole, whatever panicked
    if let Some(chunk) = current.upgrade()
        && let Some(begin) = chunk.take(bytes)
    {
        return (chunk, begin);
    }
    let chunk = Arc::new(Chunk::new(bytes));
    let begin = chunk.take(bytes).expect("a chunk was made for it");
    *current = Arc::downgrade(&chunk);
    (chunk, begin)
}

impl Chunk {
    /// A chunk with room for so many bytes.
    fn new(bytes: usize) -> Chunk {
        let size = bytes.max(CHUNK).checked_next_multiple_of(PAGE);
        let layout = size.and_then(|size| Layout::from_size_align(size, PAGE).ok());
        let layout = layout.expect("a size that memory can have");
        // SAFETY: the layout is not of size 0.
        let Some(data) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        ask_for_large_pages(data, layout.size());
        Chunk { data, layout, used: Mutex::new(0) }
    }

    /// Where so many bytes begin that were free, if there are.
    fn take(&self, bytes: usize) -> Option<usize> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = *used;
        let end = begin.checked_add(bytes)?.checked_next_multiple_of(LINE)?;
        (end <= self.layout.size()).then(|| {
            *used = end;
            begin
        })
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and no piece of it is left.
        unsafe { dealloc(self.data.as_ptr(), self.layout) }
    }
}

/// Tells the system that pages of this memory may be large. It may do without, and then nothing is different.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
fn ask_for_large_pages(data: NonNull<u8>, len: usize) {
    use std::ffi::{c_int, c_void};

    const MADV_HUGEPAGE: c_int = 14; // of sys/mman.h

    unsafe extern "C" {
        /// `madvise(2)`: how memory is going to be used.
        fn madvise(addr: *mut c_void, len: usize, advice: c_int) -> c_int;
    }
    // SAFETY: this is the function's declaration in sys/mman.h. The memory is ours from its first to its last page, and this
    // advice changes nothing that stands in it.
    unsafe { madvise(data.as_ptr().cast(), len, MADV_HUGEPAGE) };
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
fn ask_for_large_pages(_: NonNull<u8>, _: usize) {}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn numbers_are_as_they_were_and_stay_so_beside_others() {
        let of = |len: usize, first: usize| (0..len).map(|i| (first + i) as f32).collect::<Vec<_>>();
        let numbers = [of(3, 0), of(0, 5), of(CHUNK / 4 - 20, 7), of(1000, 1), of(CHUNK / 4 + 1, 2)];
        let kept: Vec<Pages<f32>> = thread::scope(|scope| {
            let made = numbers.each_ref().map(|numbers| scope.spawn(|| Pages::of(numbers)));
            made.map(|made| made.join().unwrap()).into()
        });
        for (kept, numbers) in kept.iter().zip(&numbers) {
            assert_eq!(**kept, **numbers);
            assert!(kept.begin.is_multiple_of(LINE));
        }
        drop(kept);
        assert_eq!(*Pages::of(&[1u16, 2, 3]), [1, 2, 3]);
    }

    #[test]
    fn a_chunk_is_filled_and_goes_when_nothing_stands_in_it() {
        let chunk = Arc::new(Chunk::new(1));
        assert_eq!(chunk.take(1), Some(0));
        assert_eq!(chunk.take(LINE), Some(LINE));
        assert_eq!(chunk.take(CHUNK), None);
        assert_eq!(chunk.take(CHUNK - 2 * LINE), Some(2 * LINE));
        assert_eq!((chunk.take(1), chunk.take(0)), (None, Some(CHUNK)));
        assert_eq!(chunk.take(usize::MAX), None);
        let piece = Pages::<u8> { chunk, begin: 0, len: 0, numbers: PhantomData };
        let seen = Arc::downgrade(&piece.chunk);
        drop(piece);
        assert!(seen.upgrade().is_none());
    }
}
