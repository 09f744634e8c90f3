//! The report: one page that opens offline.
//!
//! It can be read without JavaScript. The script, `script.js`, makes it answer: it shows the numbers of another step, layer
//! or head in the pictures, and tells of every number where it comes from; `explain.js` knows how, by the rules of
//! [`origins`](mod@crate::origins).

mod controls;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::{DOCTYPE, PreEscaped, html};
use std::io::Write;

use crate::figures;
use crate::look::STYLE;
use crate::origins::origins;
use crate::recording::Recording;

const PAGE_STYLE: &str = include_str!("page.css");
const EXPLAIN: &str = include_str!("explain.js");
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
                style id="figure-style" { (PreEscaped(STYLE)) }
                style { (PreEscaped(PAGE_STYLE)) }
            }
            body {
                (controls::controls(recording))
                main {
                    h1 { (title) }
                    @for figure in figures::all(recording) { (figure.html()) }
                }
                script id="recording" type="application/gzip" { (packed(recording)) }
                script id="origins" type="application/json" { (PreEscaped(rules(recording))) }
                script { (PreEscaped(EXPLAIN)) }
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

/// Where every number comes from, as JSON that no markup can end.
fn rules(recording: &Recording) -> String {
    let json = serde_json::to_string(&origins(recording.about())).expect("origins have a JSON form");
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stays_small() {
        let page = page(crate::testing::toy());
        std::fs::write("/tmp/script14-toy.html", &page).unwrap();
        assert!(page.len() < 3_000_000, "{}", page.len());
    }
}
