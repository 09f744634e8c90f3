//! `etudiant translate`: lines in, translations out.
//!
//! A thread reads lines while others are translated. What has arrived goes through the search together, up to
//! [`BATCH`](input::BATCH) lines: a file flows through in full batches, and who writes one line from a program and
//! waits has its answer before the next. At a terminal, `prompt.rs` asks for lines.

mod answer;
mod explain;
mod input;
mod options;
mod prompt;
mod session;

use std::io::{IsTerminal, stdin};

use tensor::Packing;

use self::answer::Form;
use self::input::{InputName, listen};
pub use self::options::TranslateArgs;
use self::session::Session;
use crate::console::say;
use crate::error::Error;
use crate::model::open_translator;
use crate::recipe::Recipe;
use crate::verbs::search::in_options;

pub(super) fn run(args: &TranslateArgs) -> Result<(), Error> {
    let translator = open_translator(&args.model)?;
    let translator = match args.explain {
        true => translator.with_packing(Packing::F32), // what is shown is computed from the parameters as they are
        false => args.ask.search.packed(translator),
    };
    let (align, file) = args.align_and_file()?;
    let opened = args.ask.open(&translator)?;
    let request = args.request(&translator, &opened)?.align(align.hard).attention(align.soft);
    let sampling = args.sampling.settings();
    match sampling.clone() {
        None => request.check(),
        Some(sampling) => request.clone().sample(sampling).check(),
    }
    .map_err(in_options::<TranslateArgs>)?;
    args.ask.tell_of_no_use(&translator);
    let name = InputName(file);
    let form = Form {
        numbered: args.n_best > 1 || args.alternatives.is_some(),
        scores: args.scores,
        align,
        json: args.json,
        moses: args.n_best_format.is_some(),
    };
    let explainer = args.explainer(&translator, &request)?;
    let session = Session::new(&translator, request, sampling, form, explainer, args.lenient, name.clone());
    if name.0.is_none() && stdin().is_terminal() {
        let recipe = Recipe::of_metadata(&translator.about().recipe).unwrap_or_default(); // one of a newer version
        say(&prompt::greeting(&recipe.data));
        return session.converse();
    }
    session.translate(&listen(name))
}
