//! Makes the page.

fn main() {}
