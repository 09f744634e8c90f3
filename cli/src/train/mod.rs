//! `etudiant train`: a recipe in, a folder with a model out.
//!
//! A run is a loop of steps with three things between them, all counted in steps: validations, saves, and the wish
//! of someone to stop. Everything that decides what the next step does is in the state that a save writes (see
//! [`state`]), so a run that was killed goes on as if nothing had happened.

mod begin;
mod data;
mod prefetch;
mod run;
pub(crate) mod shell;
pub mod state;
mod stop;

use std::path::{Path, PathBuf};

use clap::Args;
use tensor::{DType, Seed};
use transformer::{Config, Transformer};
use translate::encode::vocab_sizes;
use translate::metrics::{bleu_of, bleu_options};

use crate::console::say;
use crate::error::Error;
use crate::recipe::Recipe;
use crate::run_folder::RunFolder;

use run::Run;
use shell::quoted;
use stop::stop_flag;

/// The options of `etudiant train`.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// The recipe; `etudiant config` prints one to start from
    pub config: PathBuf,
    /// Set a key of the recipe otherwise, for example --set training.max_steps=100; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Go on where the run in the folder was stopped; begin it if nothing was saved yet
    #[arg(long)]
    pub resume: bool,
    /// The folder for all that the run writes [default: runs/ and the recipe's name]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Drop and count faulty lines of the data instead of refusing them
    #[arg(long)]
    pub lenient: bool,
}

/// Trains by a recipe.
///
/// # Errors
/// [`Error::Input`] for what is wrong with the recipe, the data or the folder; [`Error::Diverged`] if losses are not
/// finite again and again; [`Error::Interrupted`] after Ctrl-C or SIGTERM, when the run is saved.
pub fn train(args: &TrainArgs) -> Result<(), Error> {
    let mut recipe = Recipe::load(&args.config, &args.set)?;
    let out = args.out.clone().unwrap_or_else(|| data::default_out(&args.config));
    let folder = RunFolder::open(&out)?;
    let saved = state::load(&folder.state())?;
    recipe.training.end_schedule(saved.as_ref().map(|saved| &saved.recipe.training));
    begin::check_may_go_on(&folder, saved.as_ref(), &recipe, args.resume)?;
    match &saved {
        Some(saved) => say(&format!("going on from step {}", saved.progress.step)),
        None if args.resume => say("nothing was saved yet: starting from step 0"),
        None => {}
    }
    recipe.warnings().iter().for_each(|warning| say(&format!("warning: {warning}")));
    let mut tell = |line: String| say(&line);
    let text = saved.as_ref().map(|saved| saved.text.clone());
    let data = data::prepare(&recipe, &folder, text, args.lenient, &mut tell)?;
    if saved.as_ref().is_some_and(|saved| saved.progress.data_checksum != data.checksum) {
        let problem = "the pairs for training or validation are not those that the run began with";
        return Err(Error::at(&folder.state(), format!("{problem}; restore them, or choose another --out")));
    }
    let config = Config::new(recipe.model.clone(), vocab_sizes(&data.text));
    let model = match &saved {
        Some(saved) => Transformer::from_named(&config, &saved.params, DType::F32)?,
        None => Transformer::new(&config, Seed::new(recipe.seed), DType::F32)?,
    };
    tell(format!("model: {} parameters", model.1.numel()));
    if recipe.validation.every > 0 && recipe.validation.bleu_every > 0 {
        tell(format!("validation BLEU, of greedy translations: {}", bleu_options(&data.text).signature()));
        if bleu_of(&data.text, &data.valid_references, &data.valid_references).score == 0.0 {
            tell(NO_FOUR_WORDS.into());
        }
    }
    begin::remove_models_after(&folder, saved.as_ref().map_or(0, |saved| saved.progress.step))?;
    write_recipe(&folder, &recipe)?;
    let (resume, state) = (resume_command(args, &out), folder.state());
    let mut run = Run::new(recipe, folder, data, model, saved)?;
    let stop = stop_flag()?;
    run.train(&stop, &resume).map_err(|error| match error {
        Error::Input(problem) => {
            let saved = if state.exists() { "What was saved before is whole; once" } else { "Once" };
            Error::Input(format!("{problem}. {saved} this is mended, go on with: {resume}"))
        }
        error => error,
    })
}

const NO_FOUR_WORDS: &str = "warning: no validation reference has four words, which BLEU needs: it will be 0, and with \
    validation.metric = \"bleu\" the model of the lowest loss is the best; give longer sentences, or judge by \
    validation.metric = \"loss\"";

fn write_recipe(folder: &RunFolder, recipe: &Recipe) -> Result<(), Error> {
    let text = recipe.to_toml();
    nn::atomic::write_atomically(folder.recipe(), |file| file.write_all(text.as_bytes()))?;
    Ok(())
}

/// The command that goes on with this run, fit for a shell.
fn resume_command(args: &TrainArgs, out: &Path) -> String {
    let mut words = vec!["etudiant".to_string(), "train".into(), args.config.display().to_string()];
    words.extend(args.set.iter().flat_map(|set| ["--set".into(), set.clone()]));
    words.extend(args.lenient.then(|| "--lenient".into()));
    words.extend(["--resume".into(), "--out".into(), out.display().to_string()]);
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
