//! Memory that goes back to the system.

use crate::pool;

/// Gives the memory back to the system that no tensor holds, and returns how many bytes the [`pool`] had kept
/// of it.
///
/// For programs that have dropped something large for good, a model after its training say; whoever goes on as before
/// would have to ask for it again. Of what the allocator keeps for itself, a thing only the GNU C library can be told to
/// give back, everything goes that has stood free, whoever had it.
///
/// ```
/// use tensor::{DType, Tensor, trim};
///
/// drop(Tensor::zeros([1024, 1024], DType::F32));
/// assert!(trim() >= 4 << 20);
/// ```
pub fn trim() -> usize {
    let kept = pool::clear();
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    {
        use std::ffi::c_int;

        unsafe extern "C" {
            /// `malloc_trim(3)`: gives back free memory, but for `pad` bytes at the end of the heap.
            fn malloc_trim(pad: usize) -> c_int;
        }
        // SAFETY: this is the function's declaration in malloc.h. It gets no pointer, may be called at any time by any
        // thread, and touches only what nobody has allocated. Where another allocator serves the program, its own heap
        // is (almost) empty.
        unsafe { malloc_trim(0) };
    }
    kept
}
