//! The seam to JavaScript: numbers go through functions, everything else through memory that both sides see.
//!
//! ```js
//! const write = (bytes, room) => new Uint8Array(memory.buffer, room(bytes.length), bytes.length).set(bytes);
//! write(requestAsUtf8, request_room); write(bytesOfIt, bytes_room);
//! answer(); // then json_start() and json_len(), bytes_start() and bytes_len()
//! ```
//!
//! Nothing here is `unsafe` but the names that the functions must keep: memory is allocated and read by Rust; JavaScript
//! writes into it between two calls, when nothing of Rust looks at it.

use std::cell::RefCell;

use crate::answer::Answer;
use crate::request::Live;

#[derive(Default)]
struct Seam {
    live: Live,
    request: Vec<u8>,
    bytes: Vec<u8>,
    json: String,
    answer: Answer,
}

thread_local! {
    static SEAM: RefCell<Seam> = RefCell::default();
}

fn with<T>(seen: impl FnOnce(&mut Seam) -> T) -> T {
    SEAM.with(|seam| seen(&mut seam.borrow_mut()))
}

fn room(vec: &mut Vec<u8>, len: usize) -> *mut u8 {
    *vec = vec![0; len];
    vec.as_mut_ptr()
}

/// Where the next request is to be written, as UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn request_room(len: usize) -> *mut u8 {
    with(|seam| room(&mut seam.request, len))
}

/// Where the bytes that belong to it are to be written.
#[unsafe(no_mangle)]
pub extern "C" fn bytes_room(len: usize) -> *mut u8 {
    with(|seam| room(&mut seam.bytes, len))
}

/// Answers the request.
#[unsafe(no_mangle)]
pub extern "C" fn answer() {
    with(|seam| {
        let (request, bytes) = (std::mem::take(&mut seam.request), std::mem::take(&mut seam.bytes));
        seam.answer = seam.live.answer(&String::from_utf8_lossy(&request), &bytes);
        seam.json = seam.answer.json.to_string();
    });
}

/// Where the answer begins, as JSON in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn json_start() -> *const u8 {
    with(|seam| seam.json.as_ptr())
}

/// How many bytes it has.
#[unsafe(no_mangle)]
pub extern "C" fn json_len() -> usize {
    with(|seam| seam.json.len())
}

/// Where the bytes that belong to it begin.
#[unsafe(no_mangle)]
pub extern "C" fn bytes_start() -> *const u8 {
    with(|seam| seam.answer.bytes.as_ptr())
}

/// How many they are.
#[unsafe(no_mangle)]
pub extern "C" fn bytes_len() -> usize {
    with(|seam| seam.answer.bytes.len())
}

thread_local! {
    static PANIC: RefCell<String> = RefCell::default();
}

/// Once, before the first request: what a panic says is kept, for it cannot be told once the module has stopped.
#[unsafe(no_mangle)]
pub extern "C" fn begin() {
    std::panic::set_hook(Box::new(|info| PANIC.with(|said| *said.borrow_mut() = info.to_string())));
}

/// Where what a panic said begins, as UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn panic_start() -> *const u8 {
    PANIC.with(|said| said.borrow().as_ptr())
}

/// How many bytes it has.
#[unsafe(no_mangle)]
pub extern "C" fn panic_len() -> usize {
    PANIC.with(|said| said.borrow().len())
}
