//! Files that are cut short or have a bit changed: always an error that names the file.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;

use cli::train::state;
use translate::Translator;

use crate::runs::Toy;

/// A run of one step with the smallest of models.
fn tiny_run() -> Toy {
    let toy = Toy::new(&[
        "training.max_steps=1",
        "training.average=0",
        "model.d_model=2",
        "model.n_heads=1",
        "model.d_ff=1",
        "validation.every=0",
    ]);
    toy.finish("run");
    toy
}

/// What reading a file comes to.
type Load = fn(&Path) -> Result<bool, cli::Error>;

const KINDS: [(&str, Load); 2] = [
    ("model.safetensors", |path| Ok(Translator::open(path).map(|_| true)?)),
    ("state.safetensors", |path| state::load(path).map(|saved| saved.is_some())),
];

/// `check` of both kinds of files side by side; returns what it counted.
fn both(toy: &Toy, check: fn(&Path, Load, &[u8]) -> usize) -> usize {
    thread::scope(|scope| {
        let checks = KINDS.map(|(name, load)| {
            let path = toy.path("run").join(name);
            scope.spawn(move || {
                let bytes = fs::read(&path).unwrap();
                assert!(load(&path).unwrap());
                let count = check(&path, load, &bytes);
                assert!(fs::read(&path).unwrap() == bytes && load(&path).unwrap());
                count
            })
        });
        checks.map(|check| check.join().unwrap()).iter().sum()
    })
}

fn assert_refused(path: &Path, load: Load, what: std::fmt::Arguments) {
    match load(path) {
        Ok(_) => panic!("{}: {what}, and it was read", path.display()),
        Err(error) => {
            assert!(
                error.exit_code() == 2 && error.to_string().contains(&*path.to_string_lossy()),
                "{error}"
            );
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let cuts = both(&tiny_run(), |path, load, bytes| {
        let file = File::options().write(true).open(path).unwrap();
        for len in (0..bytes.len()).rev() {
            file.set_len(len as u64).unwrap();
            assert_refused(path, load, format_args!("cut off after {len} bytes"));
        }
        fs::write(path, bytes).unwrap();
        bytes.len()
    });
    println!("truncations refused: {cuts} of {cuts}");
}

#[test]
fn any_single_bit_that_is_not_as_it_was_is_noticed() {
    let flips = both(&tiny_run(), |path, load, bytes| {
        let file = File::options().write(true).open(path).unwrap();
        for (place, &byte) in bytes.iter().enumerate() {
            for bit in 0..8 {
                file.write_all_at(&[byte ^ (1 << bit)], place as u64).unwrap();
                assert_refused(path, load, format_args!("bit {bit} of byte {place} changed"));
            }
            file.write_all_at(&[byte], place as u64).unwrap();
        }
        8 * bytes.len()
    });
    println!("single-bit flips noticed: {flips} of {flips}");
}
