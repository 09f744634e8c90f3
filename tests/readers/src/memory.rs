//! How much memory reading takes.
//!
//! A file can announce anything. Whoever takes memory for what is announced, before it is there, can be brought down by a
//! few bytes. So all that is alive at once while a reader works is counted, what it gives back included, and must stay
//! below [`AT_REST`] and a multiple of the bytes that there are to read, which each target states where it reads: it is about
//! twice what the worst of inputs took that were made to take much.

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a reader may take of however little: the blocks that files are read in, and what is made once in a process.
pub const AT_REST: usize = 2 << 20;

/// What `read` gives, and how many bytes more than before were alive at once meanwhile, on any thread.
pub fn measured<T>(read: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let found = read();
    (found, ALLOCATOR.peak_usage().saturating_sub(before))
}

/// What `read` gives, which must take no more than `multiple` times `len` bytes.
///
/// # Panics
/// If it takes more.
#[track_caller]
pub fn within<T>(multiple: usize, len: usize, read: impl FnOnce() -> T) -> T {
    let (found, taken) = measured(read);
    check(multiple, len, taken);
    found
}

/// Whether `taken` bytes are within `multiple` times `len`.
///
/// # Panics
/// If they are not.
#[track_caller]
pub fn check(multiple: usize, len: usize, taken: usize) {
    let allowed = AT_REST + multiple * len;
    assert!(taken <= allowed, "reading {len} bytes took {taken} bytes at once, more than {allowed}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alive_at_once_is_counted_and_too_much_is_refused() {
        let twice = || drop([1, 2].map(|_| vec![1u8; 10 * AT_REST]));
        let (_, taken) = measured(twice);
        assert!((20 * AT_REST..21 * AT_REST).contains(&taken), "{taken}");
        let one_by_one = || [1, 2].map(|_| vec![1u8; 10 * AT_REST].len());
        assert!((10 * AT_REST..11 * AT_REST).contains(&measured(one_by_one).1));
        within(10, 2 * AT_REST, twice);
        assert!(std::panic::catch_unwind(|| within(10, AT_REST, twice)).is_err());
    }
}
