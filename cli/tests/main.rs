//! The promises of the command `etudiant`, each a module of this one binary; all of them run the command itself.
//!
//! | module | the promise |
//! |---|---|
//! | [`models`] | `average` makes what training makes, `inspect` tells what is there |
//! | [`benches`] | `bench` measures what it is asked to |
//! | [`translating`] | lines in, lines out; what translates, scores and evaluates says the same of the same text |
//! | [`illustrated`](mod@illustrated) | a recording holds what the model did, a report is one file that asks for no other |
//! | [`manual`] | shells and `man` know every verb and option |
//! | [`older`] | what version 0.1 wrote is read and gone on with |
//! | [`threads`] | a number of threads can be said, and a wrong one is told |
//! | [`data`] | the built-in corpus is of the sizes and the seed that are asked for |
//! | [`training`] | a run ends when it is asked to, tells what it does, and may begin from a model |
//! | [`resuming`] | a run that was stopped and gone on with is the run that never stopped, bit for bit |
//! | [`faults`] | after kills, full disks, damage, diverging: nothing saved is lost, or taken for whole if it is not |
//! | [`bad_input`] | whatever can be wrong with what the user gives is said in one paragraph, with exit code 2 |
//!
//! What they share is in [`common`]; the last four share the toy runs of [`runs`].

#[cfg(unix)]
mod bad_input;
mod benches;
mod common;
mod data;
#[cfg(unix)]
mod faults;
mod illustrated;
mod isa;
mod manual;
mod models;
mod older;
#[cfg(unix)]
mod quantizing;
mod resuming;
#[cfg(unix)]
mod runs;
mod threads;
#[cfg(unix)]
mod training;
mod translating;
