//! What the modules share: the command itself, and a model that it trained.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// What a command that has ended left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// The output of a command that did what it should.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// The output of such a command as JSON, an object a line.
    #[track_caller]
    pub fn json(self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The message of a command that was given something wrong.
    #[track_caller]
    pub fn problem(self) -> String {
        assert_eq!(self.code, Some(2), "{} {}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }
}

/// Where the tests write.
const FOLDERS: &str = env!("CARGO_TARGET_TMPDIR");

/// `etudiant` with these arguments, parted by spaces (those in the name of [`FOLDERS`] part nothing), its standard
/// streams piped; not started yet.
pub fn etudiant(args: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_etudiant"));
    let args = args.replace(FOLDERS, "\0");
    command.args(args.split(' ').map(|arg| arg.replace('\0', FOLDERS)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `etudiant` to its end with this standard input.
pub fn run(args: &str, input: impl AsRef<[u8]>) -> Ended {
    let mut child = etudiant(args).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.as_ref());
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).ok()); // it may have ended without reading
        end_of(child)
    })
}

/// Waits for the end of a command.
pub fn end_of(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder for a test, under the one for build products; removed when dropped.
pub fn folder() -> TempDir {
    tempfile::tempdir_in(FOLDERS).unwrap()
}

/// A file in `folder`.
pub fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

/// The bytes of a gzip file.
pub fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const DIGITS: [(&str, &str); 10] = [
    ("zéro", "zero"),
    ("un", "one"),
    ("deux", "two"),
    ("trois", "three"),
    ("quatre", "four"),
    ("cinq", "five"),
    ("six", "six"),
    ("sept", "seven"),
    ("huit", "eight"),
    ("neuf", "nine"),
];

/// The digits of `number` as words, in French and in English.
pub fn digits(number: usize) -> (String, String) {
    let words: Vec<_> = number.to_string().bytes().map(|byte| DIGITS[usize::from(byte - b'0')]).collect();
    let side = |of: fn(&(&'static str, &'static str)) -> &'static str| {
        words.iter().map(of).collect::<Vec<_>>().join(" ")
    };
    (side(|pair| pair.0), side(|pair| pair.1))
}

/// The longest sentence, in tokens, that the toy reads.
pub const TOY_MAX_LEN: usize = 12;

/// A small recipe: the words of digits, one to three of them, and some steps of training.
pub fn toy_recipe(folder: &Path, steps: u64) -> String {
    let (src, tgt): (Vec<String>, Vec<String>) = (0..1000).step_by(3).map(digits).unzip();
    let (src, tgt) = (file(folder, "toy.fr", src.join("\n")), file(folder, "toy.en", tgt.join("\n")));
    let recipe = format!(
        "[data]\ntrain = {{ source = [{src:?}], target = [{tgt:?}] }}\n\
         [text]\nkind = \"bpe\"\nvocab_size = 320\n\
         [model]\nd_model = 32\nn_heads = 2\nd_ff = 32\nn_encoder_layers = 1\nn_decoder_layers = 2\n\
         dropout = 0.0\nmax_len = {TOY_MAX_LEN}\n\
         [training]\nmax_steps = {steps}\nbatch_tokens = 256\naverage = 0\n\
         schedule = {{ kind = \"constant\", learning_rate = 0.003 }}\n\
         [validation]\nevery = 0\n\
         [search]\nbeam = 3\n"
    );
    file(folder, "toy.toml", recipe)
}

/// The path of a model that half knows the words of digits, trained once for all tests.
pub fn toy() -> &'static str {
    static TOY: OnceLock<(TempDir, String)> = OnceLock::new();
    let train = || {
        let folder = folder();
        let recipe = toy_recipe(folder.path(), 150);
        let out = folder.path().join("run");
        run(&format!("train {recipe} --out {}", out.display()), "").ok();
        (folder, out.join("model.safetensors").display().to_string())
    };
    &TOY.get_or_init(train).1
}
