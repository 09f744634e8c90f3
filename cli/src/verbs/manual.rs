//! `etudiant completions` and `etudiant man`: what shells and `man` are to know of the command line.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::console::print;
use crate::error::Error;

/// The options of `etudiant completions`.
#[derive(Args)]
#[command(after_help = "\
Where each shell looks for it:

    etudiant completions bash > ~/.local/share/bash-completion/completions/etudiant
    etudiant completions zsh > \"${fpath[1]}/_etudiant\"
    etudiant completions fish > ~/.config/fish/completions/etudiant.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The options of `etudiant man`.
#[derive(Args)]
#[command(after_help = "\
    etudiant man translate | man -l -
    etudiant man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The page of this verb, to standard output [default: that of the command]
    #[arg(value_name = "VERB", conflicts_with = "out")]
    verb: Option<String>,
    /// Write a page for the command, and one for each verb, to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the script that completes the words of `command`.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Error> {
    let (name, mut script) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints a manual page of `command`, or writes all of them.
pub(super) fn man(args: &ManArgs, mut command: Command) -> Result<(), Error> {
    if let Some(out) = &args.out {
        let written = fs::create_dir_all(out).and_then(|()| clap_mangen::generate_to(command, out));
        return written.map_err(|error| Error::at(out, format!("cannot write the manual: {error}")));
    }
    command.build(); // options of all verbs are those of each
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let page = match &args.verb {
        None => command,
        Some(verb) => command.find_subcommand(verb).cloned().ok_or_else(|| {
            Error::Input(format!("there is no verb `{verb}`; there are {}", verbs.join(", ")))
        })?,
    };
    let mut text = Vec::new();
    let rendered = Man::new(page).render(&mut text);
    rendered.map_err(|error| Error::Input(format!("cannot write the manual: {error}")))?;
    print(&String::from_utf8_lossy(&text))
}
