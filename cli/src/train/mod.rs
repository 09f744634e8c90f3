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
mod start;
pub mod state;
mod stop;

use std::path::{Path, PathBuf};

use clap::Args;
use nn::Params;
use tensor::{DType, Seed};
use transformer::{Config, Transformer};
use translate::encode::vocab_sizes;
use translate::metrics::bleu_options;

use crate::console::counted;
use crate::error::Error;
use crate::model::Model;
use crate::recipe::{Recipe, TrainingSettings};
use crate::report::log::{Line, Log};
use crate::run_folder::RunFolder;

use data::Data;
use run::Run;
use shell::quoted;
use state::Saved;
use stop::stop_flag;

/// The options of `etudiant train`.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// The recipe; `etudiant config` prints one to start from
    pub config: PathBuf,
    /// Set a key of the recipe otherwise, for example --set training.max_steps=100; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Go on where the run in the folder was stopped; begin it if nothing was saved yet. The recipe.toml in a run's folder goes
    /// on with that run
    #[arg(long)]
    pub resume: bool,
    /// The folder for all that the run writes [default: runs/ and the recipe's name]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Drop and count faulty lines of the data instead of refusing them
    #[arg(long)]
    pub lenient: bool,
}

/// Trains by a recipe. `threads` is what `--threads` says: the command that goes on with the run says so too.
///
/// # Errors
/// [`Error::Input`] for what is wrong with the recipe, the data or the folder; [`Error::Diverged`] if losses are not
/// finite again and again; [`Error::Interrupted`] after Ctrl-C or SIGTERM, when the run is saved.
pub fn train(args: &TrainArgs, threads: Option<usize>) -> Result<(), Error> {
    let recipe = Recipe::load(&args.config, &args.set, None)?;
    let out = args.out.clone().unwrap_or_else(|| data::default_out(&args.config, args.resume));
    let folder = RunFolder::open(&out)?;
    let saved = state::load(&folder.state())?;
    let start = if saved.is_none() { start::open(&recipe)? } else { None };
    let mut recipe = whole_recipe(recipe, args, saved.as_ref(), start.as_ref())?;
    begin::check_may_go_on(&folder, saved.as_ref(), &recipe, args.resume)?;
    let mut told = Vec::new(); // in the log once the run is sure to begin
    let mut tell = |line: String| told.push(Line::say(&line));
    match &saved {
        Some(saved) => tell(format!("going on from step {}", saved.progress.step)),
        None if args.resume => tell("nothing was saved yet: starting from step 0".into()),
        None => {}
    }
    let text = match (&saved, &start) {
        (Some(saved), _) => Some(saved.text.clone()),
        (None, start) => start.as_ref().map(|model| model.translator.text().clone()),
    };
    let data = data::prepare(&recipe, &folder, text, args.lenient, &mut tell)?;
    if saved.as_ref().is_some_and(|saved| saved.progress.data_checksum != data.checksum) {
        let problem = "the pairs for training or validation are not those that the run began with";
        return Err(Error::at(&folder.state(), format!("{problem}; restore them, or choose another --out")));
    }
    let last_step = recipe.training.last_step(data.epoch_batches);
    recipe.training.end_schedule(last_step);
    tell(length(&recipe.training, data.epoch_batches));
    recipe.warnings(last_step).iter().for_each(|warning| tell(format!("warning: {warning}")));
    let config = Config::new(recipe.model.clone(), vocab_sizes(&data.text));
    let (model, mut params) = match (&saved, &start) {
        (Some(saved), _) => Transformer::from_named(&config, &saved.params, DType::F32)?,
        (None, Some(model)) => {
            tell(format!("starting from {}", recipe.training.start_from.display()));
            Transformer::from_named(&config, model.translator.params().as_ref(), DType::F32)?
        }
        (None, None) => Transformer::new(&config, Seed::new(recipe.seed), DType::F32)?,
    };
    start::freeze(&mut params, &recipe.training.freeze)?;
    tell(size(&params));
    if recipe.validation.every > 0 && recipe.validation.bleu_every > 0 {
        about_bleu(&data).into_iter().for_each(&mut tell);
    }
    begin::remove_models_after(&folder, saved.as_ref().map_or(0, |saved| saved.progress.step))?;
    write_recipe(&folder, &recipe)?;
    let (resume, state) = (resume_command(args, &out, threads), folder.state());
    let mut log = Log::open(&folder.log())?;
    told.iter().try_for_each(|line| log.write(line))?;
    let mut run = Run::new(recipe, folder, data, (model, params), saved, log)?;
    let stop = stop_flag(run.voice())?;
    run.train(&stop, &resume).map_err(|error| match error {
        Error::Input(problem) => {
            let saved = if state.exists() { "What was saved before is whole; once" } else { "Once" };
            Error::Input(format!("{problem}. {saved} this is mended, go on with: {resume}"))
        }
        error => error,
    })
}

/// The recipe with what the run goes on from, or the model that it starts from, says of it.
fn whole_recipe(
    mut recipe: Recipe,
    args: &TrainArgs,
    saved: Option<&Saved>,
    start: Option<&Model>,
) -> Result<Recipe, Error> {
    let theirs = saved.map(|saved| &saved.recipe).or(start.map(|model| &model.recipe));
    if let Some(theirs) = theirs.filter(|_| !recipe.training.start_from.as_os_str().is_empty()) {
        recipe = Recipe::load(&args.config, &args.set, Some(theirs))?;
        start::check_fits(&recipe.training.start_from, theirs, &recipe)?;
    }
    match saved {
        Some(saved) => recipe.training.end_schedule_as(&saved.recipe.training),
        None if recipe.training.max_epochs == 0 => recipe.training.end_schedule(recipe.training.max_steps),
        None => {} // how many steps that is, the data will tell
    } // the folder's recipe.toml, which may be of this run, has it
    Ok(recipe)
}

/// What there is to say of the BLEU of validations before the first one.
fn about_bleu(data: &Data) -> Vec<String> {
    let signature = bleu_options(&data.text).signature();
    let mut lines = vec![format!("validation BLEU, of greedy translations: {signature}")];
    if !data.bleu_judges {
        lines.push(NO_FOUR_WORDS.into());
    }
    lines
}

const NO_FOUR_WORDS: &str = "warning: no validation reference has four words, which BLEU needs: it counts as 0, and with \
    validation.metric = \"bleu\" the model of the lowest loss is the best; give longer sentences, or judge by \
    validation.metric = \"loss\"";

/// How long an epoch and the run are.
fn length(training: &TrainingSettings, epoch_batches: u64) -> String {
    let last_step = training.last_step(epoch_batches);
    let epoch_steps = epoch_batches.div_ceil(training.accumulate as u64);
    let epochs = last_step as f64 / epoch_steps as f64;
    let by = if last_step < training.max_steps { "max_epochs" } else { "max_steps" };
    format!(
        "an epoch is {}, {}; the run ends after step {last_step}, {epochs:.1} epochs (training.{by})",
        counted(epoch_batches, "batch", "batches"),
        counted(epoch_steps, "step", "steps"),
    )
}

/// How many numbers the model has, and how many of them are trained.
fn size(params: &Params) -> String {
    let frozen = params.iter().filter(|&(id, ..)| !params.is_trainable(id));
    let frozen: usize = frozen.map(|(_, _, value)| value.numel()).sum();
    let all = params.numel();
    match frozen {
        0 => format!("model: {all} parameters"),
        frozen => format!("model: {all} parameters, of which {frozen} are frozen (training.freeze)"),
    }
}

fn write_recipe(folder: &RunFolder, recipe: &Recipe) -> Result<(), Error> {
    let text = recipe.to_toml();
    nn::atomic::write_atomically(folder.recipe(), |file| file.write_all(text.as_bytes()))?;
    Ok(())
}

/// The command that goes on with this run, fit for a shell.
fn resume_command(args: &TrainArgs, out: &Path, threads: Option<usize>) -> String {
    let mut words = vec!["etudiant".to_string(), "train".into(), args.config.display().to_string()];
    words.extend(args.set.iter().flat_map(|set| ["--set".into(), set.clone()]));
    words.extend(args.lenient.then(|| "--lenient".into()));
    words.extend(threads.into_iter().flat_map(|count| ["--threads".into(), count.to_string()]));
    words.extend(["--resume".into(), "--out".into(), out.display().to_string()]);
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
