//! The command `etudiant`: what it is asked is in [`Verb`], what it does in the crate `cli`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, CommandFactory, FromArgMatches, Parser};
use cli::Error;
use cli::console::say;
use cli::recipe::key_of_option;
use cli::threads;
use cli::verbs::Verb;

/// Trains translation models on plain CPUs, and translates with them
///
/// Begin with no data of your own:
///
///     etudiant train recipes/numbers-fr-en.toml --out runs/numbers
///     echo "quatre-vingt-dix-sept" | etudiant translate --model runs/numbers/model.safetensors
///
/// With your own: `etudiant config > my.toml`, name your files in it, `etudiant train my.toml`.
///
/// Exit codes: 0 done; 2 something in the command, a recipe or a file is wrong; 3 training diverged; 130 stopped by
/// Ctrl-C or SIGTERM, saved, and ready to go on with --resume.
#[derive(Parser)]
#[command(name = "etudiant", version, verbatim_doc_comment, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
    /// Threads to work with; results are the same bits for any number [default: RAYON_NUM_THREADS, else one for each
    /// processor]
    #[arg(long, global = true, value_name = "N", value_parser = threads::parse)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let Command { verb, threads } = parse();
    let isa = tensor::isa::check().map_err(Error::Input);
    match isa.and_then(|_| threads::set(threads)).and_then(|()| verb.run(threads, Command::command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let kind = if matches!(error, Error::Interrupted(_)) { "" } else { "error: " };
            say(&format!("{kind}{error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

/// The same command, to which what begins like a negative number is one, so that an option says in which range it would be
/// right.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let with_numbers = |arg: Arg| {
        let takes_values = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_values)
    };
    command.mut_args(with_numbers).mut_subcommands(with_negative_numbers)
}

/// What the command line asks for. Options that training does not have are keys of the recipe, and told of as such.
fn parse() -> Command {
    let verbs = with_negative_numbers(Command::command());
    let asked = verbs.clone().try_get_matches().and_then(|matches| Command::from_arg_matches(&matches));
    asked.unwrap_or_else(|mut error| {
        let is_verb = |word: &OsString| verbs.find_subcommand(word).is_some();
        let is_training = std::env::args_os().skip(1).find(is_verb).is_some_and(|verb| verb == "train");
        let asked = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(option)) => key_of_option(option),
            _ => None,
        };
        if let (true, ErrorKind::UnknownArgument, Some(key)) = (is_training, error.kind(), asked) {
            let tip = format!("the recipe says that, in its key {key}; or set it here: --set {key}=VALUE");
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        error.exit()
    })
}
