//! `etudiant bench`: how fast this machine trains and translates.
//!
//! The work is made up: random ids, all sentences of one length, a model that knows nothing. It takes as long as real
//! work of the same sizes, and needs no data. Finer tools are the benches of the repository.

use clap::{Args, Subcommand, ValueEnum};
use nn::{Adam, Constant};
use tensor::{DType, Precision, Seed};
use transformer::search::MaxLen;
use transformer::search::batches::search_in_batches;
use transformer::search::beam::BeamOptions;
use transformer::{Batch, Config, TrainOptions, Trainer, Transformer, VocabSizes};

use self::work::{MAX_TOKENS, made_up, median, seconds, time, tokens};
use super::common::within;
use super::preset::Preset;
use super::weights::Weights;
use crate::console::{counted, print, say};
use crate::error::Error;
use crate::recipe::settings::PrecisionSettings;

mod decode;
mod work;

/// The options of `etudiant bench`.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Say which machine can train what, and how long it will take: a recipe of 4,000 steps takes 4,000 times the step that is
shown, if a step has as many tokens. For example:

    etudiant bench small --batch 64 --len 32
    etudiant bench tiny --seconds 10 --threads 1
    etudiant bench decode base --beam 4 --batch 1"
)]
pub struct BenchArgs {
    #[command(subcommand)]
    part: Option<Part>,
    /// The sizes of the model
    #[arg(value_enum, default_value_t = Preset::Tiny)]
    preset: Preset,
    /// Seconds for each of the three measurements (training, greedy decoding, beam search); a fifth more warms up
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Tokens of the vocabulary
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = within::<u32>(5..=200_000))]
    vocab_size: u32,
    /// Sentences in a batch
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = tokens())]
    batch: u32,
    /// Tokens of a sentence, on either side
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = tokens())]
    len: u32,
    /// What layers multiply as the model is trained; see `training.precision` of a recipe
    #[arg(long, value_enum, default_value_t = PrecisionSettings::F32)]
    precision: PrecisionSettings,
    /// How weights are kept as the model translates: fewer bytes are read sooner
    #[arg(long, value_enum, default_value_t = Weights::F32)]
    weights: Weights,
}

/// A part of it that is measured by itself.
#[derive(Subcommand)]
enum Part {
    /// How fast this machine translates, every translation being of the same length
    Decode(decode::DecodeArgs),
}

pub(super) fn run(args: &BenchArgs) -> Result<(), Error> {
    if let Some(Part::Decode(args)) = &args.part {
        return decode::run(args);
    }
    if args.batch.checked_mul(args.len).is_none_or(|tokens| tokens > MAX_TOKENS) {
        let (batch, len) = (args.batch, args.len);
        return Err(Error::Input(format!(
            "--batch {batch} --len {len}: a batch may have {MAX_TOKENS} tokens, on either side"
        )));
    }
    let config = args.preset.config(VocabSizes::Shared(args.vocab_size as usize));
    print(&setting(args, &config))?;
    let pairs = made_up(args.batch, args.len, args.vocab_size);

    say(&format!("training for {} s ...", args.seconds));
    let mut trainer = trainer(&config, args.precision.into())?;
    let batches = [Batch::new(&pairs, config.decoder_start, 0)?];
    let steps = time(args.seconds, || Ok(trainer.train_step(&batches).map(drop)?))?;
    let (step, tokens) = (median(&steps), (args.batch * args.len) as f64);
    let memory = std::fs::read_to_string("/proc/self/status").ok();
    let memory = memory.as_deref().and_then(peak_memory_mb);
    let memory = memory.map_or(String::new(), |mb| format!(", peak memory {mb:.0} MB"));
    print(&format!(
        "training  median {:.2} ms a step (min {:.2}, {} steps), {:.0} target tokens/s{memory}\n",
        1e3 * step,
        1e3 * steps[0],
        steps.len(),
        tokens / step,
    ))?;

    let params = trainer.params.prepacked(args.weights.into());
    let sources: Vec<Vec<u32>> = pairs.into_iter().map(|pair| pair.src).collect();
    for (name, beam_size) in [("greedy", 1), ("beam 5", 5)] {
        say(&format!("decoding ({name}) for {} s ...", args.seconds));
        let max_len = MaxLen { beyond_source: 0 };
        let options = BeamOptions { beam_size, max_len, ..BeamOptions::default() };
        let mut tokens = 0;
        let rounds = time(args.seconds, || {
            let found = search_in_batches(&trainer.model, &params, &sources, &options, |_| ())?;
            tokens = found.iter().flatten().map(|best| best.ids.len()).sum();
            Ok(())
        })?;
        let round = median(&rounds);
        let sentences = sources.len() as f64 / round;
        print(&format!(
            "{name:8}  {sentences:.1} sentences/s, {:.0} tokens/s (median of {} rounds)\n",
            tokens as f64 / round,
            rounds.len(),
        ))?;
    }
    Ok(())
}

/// The machine and the work, in two lines; a third if the program was built to be debugged.
fn setting(args: &BenchArgs, config: &Config) -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu_name(&cpuinfo).map_or(String::new(), |name| format!("{name}, "));
    let threads = tensor::threads::count();
    let preset = args.preset.to_possible_value().map_or(String::new(), |value| value.get_name().into());
    let BenchArgs { vocab_size, batch, len, .. } = args;
    let parameters = config.n_parameters();
    let debug = if cfg!(debug_assertions) { "a debug build: with --release it is faster\n" } else { "" };
    format!(
        "{cpu}{}, étudiant {}\n\
         {preset}: {parameters} parameters, a vocabulary of {vocab_size}; {} of {len} + {len} tokens\n\
         {debug}",
        counted(threads as u64, "thread", "threads"),
        env!("CARGO_PKG_VERSION"),
        counted(u64::from(*batch), "sentence", "sentences"),
    )
}

fn trainer(config: &Config, precision: Precision) -> Result<Trainer<Adam, Constant>, Error> {
    let model = Transformer::new(config, Seed::new(1), DType::F32)?;
    let options = TrainOptions { precision, ..TrainOptions::default() };
    Ok(Trainer::new(model, Adam::default(), Constant { learning_rate: 1e-4 }, options)?)
}

/// The processor's name in the text of `/proc/cpuinfo`.
fn cpu_name(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

/// The most memory this process has had, in MB of 2^20 bytes, in the text of `/proc/self/status`.
fn peak_memory_mb(status: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_of_itself_is_understood_or_left_out() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A: Chip 3\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(cpu_name(cpuinfo), Some("A: Chip 3"));
        assert_eq!(cpu_name("processor\t: 0\nFeatures\t: fp\n"), None);
        assert_eq!(peak_memory_mb("Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t  2048 kB\n"), Some(2.0));
        assert_eq!(peak_memory_mb("VmHWM:\n"), None);
    }
}
