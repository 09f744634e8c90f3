//! What a reader can choose for the whole page. Only a script can obey, so only a script shows it.

use maud::{Markup, html};

use super::losses;

/// What the cells show: the value of the attribute, and the choice as readers see it.
const MODES: [(&str, &str); 3] = [("values", "values"), ("gradients", "gradients"), ("both", "both")];

/// Which of the passes is shown, the last of them first, and what the cells show.
pub fn controls(n_passes: usize) -> Markup {
    let Some(last) = n_passes.checked_sub(1) else { return html! {} };
    html! {
        div id="controls" class="page-controls" role="region" aria-label="Controls of all figures" hidden {
            @if last > 0 {
                div class="time" {
                    label for="time" { "after step" }
                    button type="button" id="previous" aria-label="previous step" { "‹" }
                    input type="range" id="time" min="0" max=(last) value=(last) step="1";
                    button type="button" id="next" aria-label="next step" { "›" }
                }
            }
            span class="told" { output id="now" for="time" {} " " (losses::link("which loss?")) }
            fieldset class="mode" {
                legend { "show" }
                @for (mode, label) in MODES {
                    label { input type="radio" name="mode" value=(mode) checked[mode == "both"]; " " (label) }
                }
            }
            p id="pointed" {}
        }
    }
}
