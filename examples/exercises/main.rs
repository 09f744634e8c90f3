//! The exercises of the book, `etudiant::book`: which of them are solved, and what is wrong with the others.
//!
//!     cargo run --example exercises         # all chapters at a glance
//!     cargo run --example exercises -- 3    # the third, in detail
//!
//! Yours are the files in `yours/`. A function is to be completed where it says `your_turn!`. What it is held to stands in
//! `checks/`, and one way to write it in `solutions/`.

use std::process::ExitCode;

#[macro_use]
mod kit;
mod checks;
mod list;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod solutions;
#[cfg(test)]
mod tests;
mod yours;

use kit::{Outcome, outcome};
use list::{CHAPTERS, Exercise, exercises};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => at_a_glance(),
        [chapter] => match chapter.parse::<usize>() {
            Ok(number) if (1..=CHAPTERS.len()).contains(&number) => in_detail(number),
            _ => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: exercises [CHAPTER]    a chapter is a number from 1 to {}", CHAPTERS.len());
    ExitCode::from(2)
}

/// A line for each chapter.
fn at_a_glance() {
    println!("The exercises of etudiant::book: (x) solved, (!) wrong, ( ) not solved yet\n");
    let (mut solved, all) = (0, exercises());
    for (chapter, title) in CHAPTERS {
        let of_chapter = all.iter().filter(|exercise| exercise.chapter == chapter);
        let marks = of_chapter.map(|exercise| {
            let outcome = outcome(exercise.yours);
            solved += usize::from(outcome == Outcome::Solved);
            format!(" {}", mark(&outcome))
        });
        println!("{:>4}  {:26}{}", number(chapter), title, marks.collect::<String>());
    }
    println!("\n{solved} of {} are solved.", all.len());
    println!("One chapter, with what is expected: cargo run --example exercises -- 1");
}

/// Each exercise of a chapter, and what is wrong with it.
fn in_detail(chapter: usize) {
    let (name, title) = CHAPTERS[chapter - 1];
    let exercises: Vec<Exercise> =
        exercises().into_iter().filter(|exercise| exercise.chapter == name).collect();
    println!("Chapter {chapter}, {title}: examples/exercises/yours/{name}.rs\n");
    for exercise in &exercises {
        let outcome = outcome(exercise.yours);
        let says = match &outcome {
            Outcome::Solved => "solved".to_string(),
            Outcome::NotYet => "not solved yet".to_string(),
            Outcome::Wrong(what) => format!("not yet right\n        {}", what.replace('\n', "\n        ")),
        };
        println!("{} {:26} {says}", mark(&outcome), exercise.name);
    }
    println!("\nWhat they are held to: examples/exercises/checks/{name}.rs");
    println!("The chapter: cargo doc --no-deps --open, then book::{name}");
}

fn mark(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "(x)",
        Outcome::NotYet => "( )",
        Outcome::Wrong(_) => "(!)",
    }
}

/// The number in the name of a chapter.
fn number(chapter: &str) -> &str {
    chapter[2..4].trim_start_matches('0')
}
