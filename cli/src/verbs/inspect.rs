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

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use nn::checkpoint::{self, Checkpoint};
use serde_json::Value;

use self::state::State;
use super::print;
use crate::error::Error;
use crate::model::Model;

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
    if args.json {
        return print(&format!("{:#}\n", json::of(&verified, &kind, args.vocabulary)));
    }
    print(&match &kind {
        Kind::Model(model) => model::text(&verified, model, args),
        Kind::State(state) => state::text(&verified, state, args),
        Kind::Other => other_text(&verified),
    })
}

/// A file whose bytes agree with its checksum, if it has one.
struct Verified<'a> {
    path: &'a Path,
    bytes: u64,
    checksum: Option<String>,
    content: Checkpoint,
}

impl Verified<'_> {
    fn read(path: &Path) -> Result<Verified<'_>, Error> {
        let content = checkpoint::load(path)?;
        let (bytes, checksum) =
            head(path).map_err(|error| Error::at(path, format!("cannot read the file: {error}")))?;
        Ok(Verified { path, bytes, checksum, content })
    }

    /// `runs/a/model.safetensors: WHAT (model 1, 24,320 bytes, checksum 5d1f00c3 verified)`, and an empty line.
    fn title(&self, what: &str) -> String {
        let kind = self.content.metadata.get("etudiant.kind").map_or("safetensors", String::as_str);
        let checksum = match &self.checksum {
            Some(digits) => format!("checksum {digits} verified"),
            None => "no checksum to verify".to_string(),
        };
        let bytes = tables::grouped(self.bytes as usize);
        format!("{}: {what} ({kind}, {bytes} bytes, {checksum})\n\n", self.path.display())
    }
}

/// The length of a file that was read already, and its checksum, which [`checkpoint::load`] verifies and keeps to
/// itself.
fn head(path: &Path) -> io::Result<(u64, Option<String>)> {
    let mut file = File::open(path)?;
    let mut len = [0; 8];
    file.read_exact(&mut len)?;
    let mut header = Vec::new();
    (&mut file).take(u64::from_le_bytes(len)).read_to_end(&mut header)?;
    let header: Value = serde_json::from_slice(&header).map_err(io::Error::from)?;
    let checksum = header["__metadata__"]["etudiant.checksum"].as_str().map(str::to_string);
    Ok((file.metadata()?.len(), checksum))
}

/// What a file is.
enum Kind {
    Model(Box<Model>),
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
            Some(_) => Ok(Kind::Model(Model::of(path, content)?.into())),
        }
    }
}

fn other_text(verified: &Verified) -> String {
    let Checkpoint { tensors, metadata } = &verified.content;
    let origin =
        if verified.checksum.is_some() { "tensors saved from Rust" } else { "tensors of another program" };
    let mut text = verified.title(origin);
    text += "\
There is no configuration and no vocabulary in it, so it is no model of `etudiant train` and cannot translate. Weights
of PyTorch's nn.Transformer can be taken over from Rust: see transformer::import.\n\n";
    for (key, value) in metadata {
        text += &format!("{} = {}\n", tables::shown(key), tables::shown(value));
    }
    text + &tables::tensors(tensors)
}
