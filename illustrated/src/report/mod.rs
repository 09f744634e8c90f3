//! The report: one page that opens offline, a chapter for each of the article's.

mod about;
mod chapters;
mod questions;
mod slips;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::{DOCTYPE, PreEscaped, html};
use std::io::Write;

use crate::look::{Figure, STYLE};
use crate::recording::Recording;

use chapters::{CHAPTERS, Chapter};

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of a recording, as a file of HTML.
pub fn page(recording: &Recording) -> String {
    let title = format!("“{}”, an illustrated run", recording.about().sentence);
    let chapters: Vec<(&Chapter, Vec<Figure>)> =
        CHAPTERS.iter().map(|chapter| (chapter, chapter.figures(recording))).collect();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(PAGE_STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    p {
                        "The figures of " cite { "The Illustrated Transformer" } " by Jay Alammar, which this page follows, drawn "
                        "from the numbers of a real model. Every number can be opened to see where it comes from."
                    }
                    nav aria-label="chapters" {
                        ol { @for (chapter, _) in &chapters { li { a href={ "#" (chapter.id) } { (chapter.title) } } } }
                    }
                    @for (chapter, figures) in &chapters {
                        section aria-labelledby=(chapter.id) {
                            h2 id=(chapter.id) { (chapter.title) }
                            ((chapter.text)(recording))
                            @for figure in figures { (figure.html()) }
                        }
                    }
                }
                script id="recording" type="application/gzip" { (packed(recording)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

/// The recording, gzipped and in letters that a page can hold.
fn packed(recording: &Recording) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(recording.to_json().as_bytes()).and_then(|()| encoder.finish());
    STANDARD.encode(packed.expect("memory takes what is written to it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stays_small() {
        let page = page(crate::testing::toy());
        std::fs::write("/tmp/toy.html", &page).unwrap();
        assert!(page.len() < 3_000_000, "{}", page.len());
    }
}
