//! The book keeps its form, and what it names exists. (That its code runs and its links lead somewhere, rustdoc checks.)

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The name of each chapter and its text, in the order of the book.
fn chapters() -> Vec<(String, String)> {
    let book = fs::read_to_string(format!("{ROOT}/src/book.rs")).unwrap();
    let names = book.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let chapter = |name: &str| {
        let text = fs::read_to_string(format!("{ROOT}/src/book/{name}.rs")).unwrap();
        assert!(book.contains(&format!("]({name}) |")), "the table of the book has no {name}");
        (name.to_string(), text)
    };
    names.map(chapter).collect()
}

/// What is visible of each piece of code.
fn excerpts(text: &str) -> Vec<Vec<&str>> {
    let mut excerpts = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in text.lines().filter_map(|line| line.strip_prefix("//!")) {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(kind), None) => open = Some(vec![kind]),
            (Some(_), Some(_)) => excerpts.extend(open.take()),
            (None, Some(excerpt)) if !line.starts_with(" # ") => excerpt.push(line),
            _ => {}
        }
    }
    excerpts
}

#[test]
fn every_chapter_has_an_aim_code_a_figure_exercises_and_a_way_on() {
    let chapters = chapters();
    assert_eq!(chapters.len(), 12);
    for (i, (name, text)) in chapters.iter().enumerate() {
        assert!(name.starts_with(&format!("ch{:02}_", i + 1)), "{name}");
        let figure = format!("#![doc = include_str!(\"ch{:02}.svg\")]", i + 1);
        let command = format!("`cargo run --example exercises -- {}`", i + 1);
        let file = format!("`examples/exercises/yours/{name}.rs`");
        for part in ["\n//! **Aim:** ", &figure, "\n//! # Exercises\n", &command, &file, "\n//! # Read on\n"]
        {
            assert!(text.contains(part), "{name} has no {part:?}");
        }
    }
}

#[test]
fn excerpts_are_short_and_run() {
    for (name, text) in chapters() {
        let excerpts = excerpts(&text);
        assert!(excerpts.len() >= 2, "{name} has {} pieces of code", excerpts.len());
        for excerpt in excerpts {
            assert!(["", "text"].contains(&excerpt[0]), "{name}: a piece of code that is {}", excerpt[0]);
            assert!(excerpt.len() <= 21, "{name}: {} lines from {:?} on", excerpt.len() - 1, excerpt[1]);
        }
    }
}

#[test]
fn the_exercises_of_a_chapter_are_the_functions_of_its_file() {
    for (name, text) in chapters() {
        let after = text.split("# Exercises").nth(1).unwrap().split("# Read on").next().unwrap();
        let told: Vec<&str> = (1..=3)
            .map(|i| after.split(&format!("\n//! {i}. `")).nth(1).unwrap().split('`').next().unwrap())
            .collect();
        let yours = fs::read_to_string(format!("{ROOT}/examples/exercises/yours/{name}.rs")).unwrap();
        let written: Vec<&str> =
            yours.split("\npub fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
        assert_eq!(told, written, "{name}");
    }
}

#[test]
fn files_that_the_book_names_exist() {
    let mut count = 0;
    for (name, text) in chapters() {
        let quoted = text.split('`').skip(1).step_by(2);
        let is_path = |word: &&str| !word.contains(' ') && (word.ends_with(".rs") || word.ends_with(".md"));
        for path in quoted.filter(|word| is_path(word) || word.ends_with('/')) {
            assert!(Path::new(ROOT).join(path).exists(), "{name} names {path}, which is not there");
            count += 1;
        }
    }
    assert!(count > 20, "{count} files are named");
}

/// In a page of Markdown a picture ends at its first blank line.
#[test]
fn figures_can_stand_in_a_page_and_be_read_aloud() {
    for i in 1..=12 {
        let figure = fs::read_to_string(format!("{ROOT}/src/book/ch{i:02}.svg")).unwrap();
        for part in ["<figure class=\"book\">\n<svg ", "aria-label=\"", "<figcaption>", "</figure>\n"] {
            assert!(figure.contains(part), "figure {i} has no {part:?}");
        }
        assert!(!figure.contains("\n\n"), "figure {i} has a blank line");
    }
}

/// Without it a link to another crate leads nowhere when that crate's pages are written later, as cargo likes to do.
#[test]
fn links_to_other_crates_lead_there_in_whatever_order_pages_are_written() {
    let facade = fs::read_to_string(format!("{ROOT}/src/lib.rs")).unwrap();
    let crates = facade.lines().filter_map(|line| line.strip_prefix("pub use ")?.strip_suffix(';'));
    for name in crates {
        let root = fs::read_to_string(format!("{ROOT}/{name}/src/lib.rs")).unwrap();
        assert!(root.contains("\n#![doc(html_root_url = \"..\")]\n"), "{name}");
    }
}
