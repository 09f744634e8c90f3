//! Toy runs of the command in a folder of their own: some forty made-up pairs, a model of a few thousand parameters,
//! a step in a millisecond or two.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use cli::train::state;
use translate::Translator;

const RECIPE: &str = r#"
[data]
train = { pairs = ["train.tsv"] }
valid = { pairs = ["valid.tsv"] }
[text]
kind = "words"
[model]
d_model = 16
n_heads = 2
d_ff = 16
n_encoder_layers = 1
n_decoder_layers = 1
dropout = 0.1
max_len = 32
[training]
max_steps = 60
batch_tokens = 60
schedule = { kind = "constant", learning_rate = 0.01 }
save_every = 4
keep_checkpoints = 3
average = 2
log_every = 1000
[validation]
every = 3
bleu_every = 2
"#;

/// A folder with pairs and the recipe `r.toml`, in which commands run.
pub struct Toy {
    folder: tempfile::TempDir,
    set: Vec<String>,
}

impl Toy {
    /// The toy recipe with some keys set otherwise.
    pub fn new(set: &[&str]) -> Toy {
        let folder = tempfile::tempdir().unwrap();
        for (name, count, seed) in [("train.tsv", 40, 1), ("valid.tsv", 6, 2)] {
            fs::write(folder.path().join(name), pairs(count, seed)).unwrap();
        }
        fs::write(folder.path().join("r.toml"), RECIPE).unwrap();
        Toy { folder, set: set.iter().map(|text| text.to_string()).collect() }
    }

    /// The same folder, and one more key set otherwise.
    pub fn and_set(mut self, set: &str) -> Toy {
        self.set.push(set.to_string());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command with these arguments, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        self.in_folder(env!("CARGO_BIN_EXE_etudiant"), args)
    }

    /// Another program, as it would be started beside the recipe.
    pub fn in_folder(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The arguments of a run in the folder `out`, begun or gone on with.
    pub fn train_args<'a>(&'a self, out: &'a str) -> Vec<&'a str> {
        let mut args = vec!["train", "r.toml", "--resume", "--out", out];
        self.set.iter().for_each(|set| args.extend(["--set", set]));
        args
    }

    pub fn train(&self, out: &str) -> Command {
        self.command(&self.train_args(out))
    }

    /// What the folder of a run holds once nobody stops it.
    pub fn finish(&self, out: &str) -> Content {
        let output = self.train(out).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        content(&self.path(out))
    }
}

/// What a command said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The pairs of a language in which words are translated one by one and turned round.
fn pairs(count: usize, seed: u64) -> String {
    const WORDS: [(&str, &str); 8] = [
        ("un", "one"),
        ("deux", "two"),
        ("trois", "three"),
        ("quatre", "four"),
        ("cinq", "five"),
        ("six", "sixth"),
        ("sept", "seven"),
        ("huit", "eight"),
    ];
    let mut random = Random(seed);
    let mut pair = || {
        let words: Vec<_> = (0..2 + random.below(4)).map(|_| WORDS[random.below(8) as usize]).collect();
        let src: Vec<&str> = words.iter().map(|word| word.0).collect();
        let tgt: Vec<&str> = words.iter().rev().map(|word| word.1).collect();
        format!("{}\t{}\n", src.join(" "), tgt.join(" "))
    };
    (0..count).map(|_| pair()).collect()
}

/// SplitMix64 (Steele et al. 2014).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// The files of a run by name.
pub type Content = BTreeMap<String, Vec<u8>>;

/// All files of a run but those that tell the time: the lock has a process in it, TensorBoard's files and the log the
/// hour. Of `metrics.jsonl` everything else counts.
pub fn content(folder: &Path) -> Content {
    let mut content = Content::new();
    for path in files(folder) {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
        if name == "metrics.jsonl" {
            content.insert(name, timeless(&fs::read_to_string(path).unwrap()).into());
        } else if !["run.lock", "train.log"].contains(&&*name) && !name.starts_with("events.out.") {
            content.insert(name, fs::read(path).unwrap());
        }
    }
    content
}

/// Fails with the name of the first file that differs.
pub fn assert_same(found: &Content, expected: &Content, what: &str) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}: other files");
    for (name, bytes) in found {
        let readable = !name.ends_with(".safetensors");
        let text = |bytes| if readable { String::from_utf8_lossy(bytes) } else { "its bytes".into() };
        let (shown, instead) = (text(bytes), text(&expected[name]));
        assert!(bytes == &expected[name], "{what}: {name} differs:\n{shown}\ninstead of\n{instead}");
    }
}

/// The files in a folder and the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The lines of a `metrics.jsonl` without what depends on the clock.
fn timeless(lines: &str) -> String {
    let line = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let object = line.as_object_mut().unwrap();
        let timed = ["seconds", "tokens_per_second"].map(|key| object.remove(key).is_some());
        assert_eq!(timed, [object["kind"] == "train"; 2]);
        format!("{line}\n")
    };
    lines.lines().map(line).collect()
}

/// Every file that bears its final name can be read, whatever happened to the process that wrote it. Returns whether
/// a state is among them, and whether something half-written lies about.
pub fn assert_whole(folder: &Path) -> (bool, bool) {
    let (mut has_state, mut has_half) = (false, false);
    for path in files(folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with('.') {
            has_half = true;
        } else if name == "state.safetensors" {
            has_state = state::load(&path).unwrap().is_some();
        } else if name.ends_with(".safetensors") {
            Translator::open(&path).unwrap();
        }
    }
    (has_state, has_half)
}

/// How many lines the run in the folder has told of.
pub fn lines_told(folder: &Path) -> usize {
    let bytes = fs::read(folder.join("metrics.jsonl")).unwrap_or_default();
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

/// Waits until the run in the folder has told of so many lines, or is over; returns whether it is still going.
pub fn wait_for_lines(child: &mut Child, folder: &Path, lines: usize) -> bool {
    while lines_told(folder) < lines {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Sends a signal by its name.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status();
    assert!(sent.unwrap().success());
}
