//! `println!` and `print!` for lessons: as those of std, which panic when nobody reads on, but they end the program instead.
//! `cargo run --release --example e01_backward | head -3` shows three lines and no more.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::process;

macro_rules! print {
    ($($text:tt)*) => { crate::console::write(format_args!($($text)*)) };
}

macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

/// Writes to standard output. A reader that has gone is no error, but nothing is left to do; any other failure is one.
pub fn write(text: Arguments) {
    match io::stdout().write_fmt(text) {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            eprintln!("error: standard output: {error}");
            process::exit(1);
        }
    }
}
