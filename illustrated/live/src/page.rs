//! The page as one file.

use illustrated::look::STYLE;
use illustrated::report;
use live::Settings;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// In the order in which they need each other, after those of the report.
const SCRIPTS: [&str; 9] = [
    include_str!("../web/ask.js"),
    include_str!("../web/settings.js"),
    include_str!("../web/expected.js"),
    include_str!("../web/keep.js"),
    include_str!("../web/tables.js"),
    include_str!("../web/values.js"),
    include_str!("../web/moments.js"),
    include_str!("../web/beside.js"),
    include_str!("../web/live.js"),
];

/// The page around the module.
pub fn page(module: &[u8]) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "A Transformer that learns while you watch" }
                style id="figure-style" { (PreEscaped(STYLE)) }
                style { (PreEscaped(report::style())) }
                style { (PreEscaped(include_str!("../web/live.css"))) }
            }
            body {
                (report::skips("chapters"))
                div id="bars" { (controls()) }
                main id="text" tabindex="-1" {
                    h1 { "A Transformer that learns while you watch" }
                    p {
                        "Everything on this page is computed on this page, by the program whose source you can read: the "
                        "article's two sentences, or your own, are learned from nothing, and every figure shows the numbers of "
                        "the moment, forward and backward. Click a number to see where it comes from."
                    }
                    p { (report::legend()) }
                    p class="keys" { (report::keys()) }
                    noscript { p { "It needs JavaScript and WebAssembly: the model runs in them." } }
                    p id="says" role="status" {}
                    (sentence())
                    (settings())
                    (tables())
                    p { output id="beside-says" {} }
                    iframe id="beside" hidden title="a run beside this one" {}
                    p id="which-loss" class="note" {}
                    div id="chapters" {}
                    section aria-labelledby="by-name" { (values()) }
                    p { button type="button" id="recording" { "Download the recording" } ": every number of this moment, as JSON." }
                }
                script id="module" type="application/wasm" { (report::packed(module)) }
                script id="defaults" type="application/json" { (PreEscaped(Settings::default().to_json().replace('<', "\\u003c"))) }
                script id="order" type="text/plain" { (PreEscaped(include_str!("../web/order.txt"))) }
                script id="worker" type="text/plain" { (PreEscaped(include_str!("../web/worker.js"))) }
                @for script in report::SCRIPTS.into_iter().chain(SCRIPTS) { script { (PreEscaped(script)) } }
            }
        }
    };
    markup.into_string()
}

/// How fast a run goes: steps a second, or nothing, and as readers see it.
const PACES: [(&str, &str); 3] = [("", "full speed"), ("10", "10 steps a second"), ("1", "1 step a second")];

/// What stays in sight: the run, the moment that is shown, and what cells show.
fn controls() -> Markup {
    html! {
        div id="run" class="page-controls" role="region" aria-label="The run" {
            button type="button" id="start" disabled { "Start" }
            button type="button" id="pause" hidden { "Pause" }
            button type="button" id="step" disabled { "One step" }
            button type="button" id="again" disabled { "Restart" }
            label { span { "speed " } select id="speed" {
                @for (pace, text) in PACES { option value=(pace) { (text) } }
            } }
            button type="button" id="back" disabled { "Go on from here" }
            span class="told" {
                output id="progress" {} " "
                output id="learned" {} " "
                output id="kept" title="This browser keeps the run: after a reload it goes on. Its moments are kept when it pauses." {}
            }
        }
        (report::controls(2))
    }
}

fn sentence() -> Markup {
    html! {
        form id="translate" {
            label { "Sentence " input id="sentence" type="text" autocomplete="off" maxlength="10000"; }
            label id="reference-label" { input id="reference" type="text" autocomplete="off" hidden placeholder="its translation, if you know it" aria-label="its translation, if you know it"; }
            button { "Translate and explain" }
            output id="said" {}
        }
    }
}

fn settings() -> Markup {
    html! {
        details id="settings-of-run" {
            summary { "Settings: sentences, model, training " output id="waiting" {} }
            form id="settings" {
                label class="wide" { span { "What is learned, a pair a line" } textarea name="pairs" rows="4" spellcheck="false" {} }
                label class="wide" { span { "What is held out, a pair a line: tried as training goes on, and not learned" } textarea name="held_out" rows="2" spellcheck="false" {} }
                p { button type="button" id="take-order" { "Take a list in which the order of words counts" } " 18 pairs and 6 held out: they show more than two sentences do." }
                label class="wide" { span { "What is tried and not learned, a sentence a line" } textarea name="tried" rows="2" spellcheck="false" {} }
                div id="fields" {}
                p {
                    button { "Begin with these" }
                    " " button type="button" id="link" { "Put them into the address" }
                    " " button type="button" id="save" disabled { "Save the model" }
                }
            }
            p {
                label { "Open a model that " code { "etudiant train" } " or this page saved, or drop it here: " input id="open" type="file" accept=".safetensors"; }
            }
            p { label { "The same run beside this one, with one thing changed; both begin anew: " select id="change" { option value="" { "none" } } } }
            p id="expected" class="note" role="status" {}
        }
    }
}

fn tables() -> Markup {
    html! {
        details id="answers" open {
            summary { "What it says as it learns" }
            div class="scrolls" tabindex="0" role="region" aria-label="answers" {
                table { thead { tr { th scope="col" { "sentence" } th scope="col" { "answers, earlier ones first" } } } tbody {} }
            }
            p id="held-out" class="note" {}
        }
        details id="runs" {
            summary { "Runs" }
            div class="scrolls" tabindex="0" role="region" aria-label="runs" {
                table {
                    thead { tr { @for name in ["", "changed", "steps", "loss", "held out", "curve", ""] { th scope="col" { (name) } } } }
                    tbody {}
                }
            }
        }
    }
}

fn values() -> Markup {
    html! {
        h2 id="by-name" { "Any value by its name" }
        p {
            "A box is a value or a gradient as it is recorded, a pixel a number: click one to see where it comes from. Words of a "
            "name narrow the choice, and * stands for anything: " code { "decoder cross_attn weights" } ", " code { "layers.0 *_proj" } "."
        }
        label { "Name " input id="query" type="search" autocomplete="off" spellcheck="false"; } " " output id="found" {}
        ul id="values" {}
    }
}
