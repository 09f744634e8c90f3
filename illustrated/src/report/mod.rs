//! The report: one page that opens offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::{DOCTYPE, PreEscaped, html};
use std::io::Write;

use crate::figures;
use crate::look::STYLE;
use crate::recording::Recording;

const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("script.js");

/// The page of a recording, as a file of HTML.
pub fn page(recording: &Recording) -> String {
    let about = recording.about();
    let title = format!("{}: an illustrated run", about.sentence);
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
                    @for figure in figures::all(recording) { (figure.html()) }
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
