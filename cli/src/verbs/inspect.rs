//! `etudiant inspect`: what is in a model file.
//!
//! A file is read whole and held to its checksum before anything of it is shown. What it is, its metadata say: a
//! model (also a checkpoint is one), the state of a run, or nothing, when another program wrote it.

mod json;
mod model;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod verified;

use std::path::PathBuf;

use clap::Args;

use self::model::ModelFile;
use self::state::State;
use self::verified::Verified;
use crate::console::{print, say, shown};
use crate::error::Error;

/// The options of `etudiant inspect`.
#[derive(Args)]
#[command(after_help = "\
For example, what a model learned from and how well it did; its tokens; and its recipe, to train it once more:

    etudiant inspect runs/numbers/model.safetensors
    etudiant inspect runs/numbers/model.safetensors --vocabulary | less
    etudiant inspect runs/numbers/model.safetensors --json | jq -r .recipe > again.toml")]
pub struct InspectArgs {
    /// A model, a checkpoint, the state.safetensors of a run, or a safetensors file of another program
    #[arg(value_name = "M")]
    file: PathBuf,
    /// Show every tensor with its shape, instead of sums by part
    #[arg(long)]
    params: bool,
    /// Show every token, instead of some
    #[arg(long)]
    vocabulary: bool,
    /// Print one JSON object, for programs; its tokens only with --vocabulary
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InspectArgs) -> Result<(), Error> {
    let verified = Verified::read(&args.file)?;
    let kind = Kind::of(&verified)?;
    if args.vocabulary && !matches!(kind, Kind::Model(_)) {
        say("warning: --vocabulary does nothing here: tokens are shown of models");
    }
    if args.params && args.json {
        say("warning: --params does nothing with --json, which has every tensor anyway");
    }
    if args.json {
        let object = match &kind {
            Kind::Model(model) => json::of_model(model, args.vocabulary),
            Kind::State(state) => json::of_state(state),
            Kind::Other => json::of_other(&verified),
        };
        return print(&format!("{:#}\n", json::with_file(object, &verified)));
    }
    print(&match &kind {
        Kind::Model(model) => model::text(&verified, model, args.params, args.vocabulary),
        Kind::State(state) => state::text(&verified, state, args.params),
        Kind::Other => other_text(&verified),
    })
}

/// What a file is.
enum Kind {
    Model(Box<ModelFile>),
    State(Box<State>),
    /// Tensors without more, or with what another program says of them.
    Other,
}

impl Kind {
    fn of(verified: &Verified) -> Result<Kind, Error> {
        let Verified { path, content, .. } = verified;
        match content.metadata.get("etudiant.kind") {
            None => Ok(Kind::Other),
            Some(kind) if kind.starts_with("state ") => Ok(Kind::State(State::of(path, content)?.into())),
            Some(_) => Ok(Kind::Model(ModelFile::of(path, content)?.into())),
        }
    }
}

fn other_text(verified: &Verified) -> String {
    let origin =
        if verified.checksum.is_some() { "tensors saved from Rust" } else { "tensors of another program" };
    let mut text = verified.title(origin);
    text += "\
There is no configuration and no vocabulary in it, so it is no model of `etudiant train` and cannot translate. Weights
of PyTorch's nn.Transformer can be taken over from Rust: see transformer::import.\n\n";
    for (key, value) in &verified.content.metadata {
        text += &format!("{} = {}\n", shown(key), shown(value));
    }
    text += &tables::tensors(&verified.tensors);
    let unread = verified.tensors.iter().filter(|tensor| tensor.problem.is_some()).count();
    if unread > 0 {
        text +=
            &format!("{unread} of them are of a dtype or rank that is shown here and not computed with\n");
    }
    text
}
