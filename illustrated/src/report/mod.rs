//! The report: one page that opens offline, a chapter for each of the article's.
//!
//! It can be read without JavaScript. The script, `script.js`, begun by `report.js`, makes it answer: it shows the numbers of another step, layer
//! or head in the pictures (`draw.js`, `cell.js`), with the captions of that choice, lets arrow keys walk (`walk.js`), and opens a card for every number (`card.js`):
//! where it comes from, by the rules (`rules.js`) of [`origins`](mod@crate::origins), with the numbers of the recording
//! (`pass.js`).

mod about;
mod chapters;
#[cfg(test)]
mod claims_tests;
mod controls;
mod guide;
mod losses;
mod parts;
mod questions;
mod slips;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

use crate::figures;
use crate::look::{Caption, STYLE};
use crate::origins::origins;
use crate::recording::Recording;

use chapters::{CHAPTERS, Chapter};
pub use controls::controls;
pub use guide::{keys, legend, skips};

/// The style of a page of chapters, beside that of the figures.
pub fn style() -> String {
    include_str!("page.css").to_owned() + &timelines()
}

/// What makes a page of chapters answer, in the order in which they need each other. `openPage` begins it.
pub const SCRIPTS: [&str; 9] = [
    include_str!("rules.js"),
    include_str!("pass.js"),
    include_str!("dom.js"),
    include_str!("cell.js"),
    include_str!("draw.js"),
    include_str!("walk.js"),
    include_str!("card.js"),
    include_str!("files.js"),
    include_str!("script.js"),
];

/// The page of a recording, as a file of HTML.
pub fn page(recording: &Recording) -> String {
    let title = format!("“{}”, an illustrated run", recording.about().sentence);
    let body = Body::of(recording);
    let mut parts = Vec::new();
    let chapters = parts::taken_out(&body.html.0, &mut parts);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style id="figure-style" { (PreEscaped(STYLE)) }
                style { (PreEscaped(style())) }
            }
            body {
                (skips(&guide::first_numbers(recording)))
                (controls(recording.passes().len()))
                main id="text" tabindex="-1" {
                    h1 { (title) }
                    p {
                        "The figures of " cite { "The Illustrated Transformer" } " by Jay Alammar, which this page follows, drawn "
                        "from the numbers of a real model. Every number can be opened to see where it comes from."
                    }
                    p {
                        (legend())
                        (guide::weights(recording))
                    }
                    p class="controls keys" { (keys()) }
                    (PreEscaped(chapters))
                }
                script id="recording" type="application/gzip" { (packed(recording.to_json().as_bytes())) }
                script id="parts" type="application/gzip" { (packed(json(&parts).as_bytes())) }
                script id="captions" type="application/gzip" { (packed(json(&body.captions).as_bytes())) }
                script id="origins" type="application/json" { (PreEscaped(rules(recording))) }
                @for script in SCRIPTS.into_iter().chain([include_str!("report.js")]) { script { (PreEscaped(script)) } }
            }
        }
    };
    markup.into_string()
}

/// The chapters with their texts and figures, and before them the way to each.
pub struct Body {
    /// The page between its controls and its scripts.
    pub html: Markup,
    /// The captions that follow what readers choose, by the names of their figures.
    pub captions: BTreeMap<&'static str, Caption>,
}

impl Body {
    /// The body of a recording's page.
    pub fn of(recording: &Recording) -> Body {
        let (mut captions, unit) = (BTreeMap::new(), recording.about().unit());
        let html = html! {
            nav aria-label="chapters" {
                ol { @for chapter in CHAPTERS { li { a href={ "#" (chapter.address()) } { (chapter.title(unit)) } } } }
            }
            @for chapter in CHAPTERS {
                section aria-labelledby=(chapter.address()) {
                    h2 id=(chapter.address()) { (chapter.title(unit)) }
                    ((chapter.text)(recording))
                    @for figure in figures::of_chapter(chapter.id, recording) {
                        (figure.html())
                        @if !figure.caption.axes().is_empty() { ({ captions.insert(figure.id, figure.caption); "" }) }
                    }
                }
            }
        };
        Body { html, captions }
    }
}

/// As JSON.
fn json(texts: &impl Serialize) -> String {
    serde_json::to_string(texts).expect("texts have a JSON form")
}

/// Lets the list of chapters know which of them is being read.
fn timelines() -> String {
    let names: Vec<String> = CHAPTERS.iter().map(|chapter| format!("--{}", chapter.id)).collect();
    let scope = format!("body {{ timeline-scope: {}; }}\n", names.join(", "));
    let rule = |chapter: &Chapter| {
        let (id, address) = (chapter.id, chapter.address());
        format!(
            "section[aria-labelledby=\"{address}\"] {{ view-timeline-name: --{id}; }} \
             nav a[href=\"#{address}\"] {{ animation-timeline: --{id}; }}\n"
        )
    };
    CHAPTERS.iter().map(rule).fold(scope, |style, rule| style + &rule)
}

/// Bytes, gzipped and in letters that a page can hold.
///
/// # Panics
/// Never: memory takes what is written to it.
pub fn packed(bytes: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
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
    use crate::recording::About;
    use crate::testing::{attribute, recorded, recorded_of, toy};

    #[test]
    fn the_page_stays_small() {
        let page = page(toy());
        assert!(page.len() < 3_000_000, "{}", page.len());
    }

    #[test]
    fn every_figure_has_a_chapter() {
        let page = page(toy());
        for figure in figures::all(toy()) {
            assert_eq!(page.matches(&format!("<figure id=\"{}\"", figure.id)).count(), 1, "{}", figure.id);
        }
    }

    /// What a script of the page unpacks.
    fn unpacked(page: &str, id: &str) -> serde_json::Value {
        let start = page.find(&format!("<script id=\"{id}\"")).expect("it is in the page");
        let packed = page[start..].split_once('>').unwrap().1.split_once('<').unwrap().0;
        let packed = STANDARD.decode(packed).unwrap();
        serde_json::from_reader(flate2::read::GzDecoder::new(&packed[..])).unwrap()
    }

    /// A text for each of 30 words, 6 layers and 8 heads, of each pass: they are much alike, and are packed.
    #[test]
    fn captions_of_a_large_model_stay_small() {
        let large = |model: &mut transformer::Architecture| {
            (model.d_model, model.n_heads, model.n_encoder_layers, model.n_decoder_layers) = (32, 8, 6, 6);
        };
        let body = Body::of(&crate::testing::recorded_of(large, 30, 60));
        let count: usize = body.captions.values().map(|caption| caption.texts().len()).sum();
        let size = packed(json(&body.captions).as_bytes()).len();
        assert!(count > 30 * 6 * 8 && size < 100_000, "{count} captions in {size} bytes");
    }

    /// The first text of each figure stands in the page, those of all choices are packed beside the recording.
    #[test]
    fn the_page_has_the_captions_of_every_choice() {
        let page = page(toy());
        let packed = unpacked(&page, "captions");
        for figure in figures::all(toy()) {
            let text = html! { span class="caption" { (figure.caption.first()) } }.into_string();
            assert!(page.contains(&text), "{}", figure.id);
            let follows = !figure.caption.axes().is_empty();
            let expected = follows.then(|| serde_json::to_value(&figure.caption).unwrap());
            assert_eq!(packed.get(figure.id), expected.as_ref(), "{}", figure.id);
        }
    }

    /// Without JavaScript, there is nothing to press that does not answer.
    #[test]
    fn what_only_a_script_obeys_is_hidden_until_it_runs() {
        let page = page(toy());
        let controls = &page[page.find("<div id=\"controls\"").expect("it has passes")..];
        assert!(controls[..controls.find('>').unwrap()].ends_with(" hidden"));
        assert!(page.contains("html:not(.live) .controls { display: none; }"));
        let passes = toy().passes().len();
        assert!(controls.contains(&format!(
            "id=\"time\" min=\"0\" max=\"{}\" value=\"{}\"",
            passes - 1,
            passes - 1
        )));
    }

    /// An address leads to one place, in whatever page there is.
    #[test]
    fn every_name_of_an_address_is_used_once() {
        let pre = |model: &mut transformer::Architecture| model.norm = transformer::NormPlacement::Pre;
        let nothing = Recording::new(About::default());
        let others =
            [&recorded(pre, 4), &recorded_of(|_| (), 5, 200), &nothing].map(|one| Body::of(one).html.0);
        for page in others.into_iter().chain([page(toy())]) {
            let tags = page.split('<').filter_map(|tag| attribute(tag.split('>').next()?, "id"));
            let mut ids: Vec<String> = tags.collect();
            ids.sort_unstable();
            let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(ids.len() > 20 && twice.is_empty(), "{twice:?}");
            for link in page.split(" href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(ids.iter().any(|id| id == link), "{link} leads nowhere");
            }
        }
    }

    /// Once, and only where there are any.
    #[test]
    fn pieces_of_words_are_told_of() {
        let mut recording = Recording::new(About { pieces: true, ..toy().about().clone() });
        toy().events()[1..].iter().for_each(|event| recording.push(event.clone()));
        let told =
            |recording: &Recording| page(recording).matches("stands for the space before a word").count();
        assert_eq!((told(&recording), told(toy())), (1, 0));
        let page = page(&recording);
        for heading in ["<h2", "<text class=\"head\"", "<text class=\"word\""] {
            let named = page.split(heading).skip(1).filter_map(|rest| rest.split(['>', '<']).nth(1));
            let worded: Vec<_> = named.filter(|name| name.contains("word")).collect();
            assert!(page.contains(heading) && worded.is_empty(), "{worded:?}");
        }
        assert!(page.contains(">Where a piece stands<"));
    }

    #[test]
    fn the_rules_in_the_page_are_those_of_the_model() {
        let page = page(toy());
        let start = page.find("<script id=\"origins\"").expect("it has origins");
        let json = page[start..].split_once('>').unwrap().1.split_once('<').unwrap().0;
        let found: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(found, serde_json::to_value(origins(toy().about())).unwrap());
        assert_eq!(found["encoder.layers.0.self_attn.scores"]["rule"], "scores");
    }

    /// A page with one pass has no time to choose, and one with none has nothing to show.
    #[test]
    fn there_are_no_controls_without_a_choice() {
        let mut recording = Recording::new(toy().about().clone());
        assert!(!page(&recording).contains("id=\"controls\""));
        let pass = toy().last_pass().unwrap();
        recording.push(crate::recording::Event::Pass(pass.head().clone()));
        let page = page(&recording);
        assert!(page.contains("id=\"controls\"") && !page.contains("id=\"time\""));
    }
}
