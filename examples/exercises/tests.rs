//! Every exercise can be solved, and no check takes what is none for a solution.

use crate::kit::{Outcome, outcome};
use crate::list::{CHAPTERS, exercises};

#[test]
fn every_solution_solves() {
    for exercise in exercises() {
        assert_eq!(outcome(exercise.solution), Outcome::Solved, "{}::{}", exercise.chapter, exercise.name);
    }
}

#[test]
fn every_mistake_is_found_and_told() {
    for exercise in exercises() {
        let found = outcome(exercise.mistake);
        let Outcome::Wrong(what) = found else { panic!("{}: {found:?}", exercise.name) };
        assert!(what.contains("expected") && what.contains("found"), "{}: {what}", exercise.name);
    }
}

/// Who has solved some of them has fewer `your_turn!`, and fewer that are not solved yet.
#[test]
fn what_is_not_solved_yet_is_said_to_be_so() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/exercises/yours/");
    for (chapter, _) in CHAPTERS {
        let text = std::fs::read_to_string(format!("{folder}{chapter}.rs")).unwrap();
        let of_chapter = || exercises().into_iter().filter(|exercise| exercise.chapter == chapter);
        let unsolved = of_chapter().filter(|exercise| outcome(exercise.yours) == Outcome::NotYet).count();
        assert_eq!(
            (of_chapter().count(), unsolved),
            (3, text.matches("    your_turn!(").count()),
            "{chapter}"
        );
    }
}

#[test]
fn a_panic_is_told_with_its_place() {
    let found = outcome(|| panic!("index 3 is outside"));
    let Outcome::Wrong(what) = found else { panic!("{found:?}") };
    assert!(what.starts_with("it stopped: index 3 is outside\nat ") && what.contains("tests.rs:"), "{what}");
}
