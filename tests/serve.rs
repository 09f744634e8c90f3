//! The example `serve` under load: a hundred clients at once, nothing lost, and every answer that of the sentence alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nn::{Adam, Noam};
use tensor::{DType, Seed};
use text::{TextKind, TextModel, TextSettings};
use transformer::{Config, TrainOptions, Trainer, Transformer};
use translate::encode::{EncodedPair, vocab_sizes};
use translate::{About, Translator};

use crate::examples::built;

const CLIENTS: usize = 100;
const LINES_EACH: usize = 4;

const PAIRS: [(&str, &str); 4] = [
    ("un deux trois", "one two three"),
    ("deux", "two"),
    ("trois un", "three one"),
    ("un un deux", "one one two"),
];

/// A translator of a few words, trained a little, so that its sentences end at different lengths.
fn translator() -> Translator {
    let settings = TextSettings { kind: TextKind::Words, joint: false, ..TextSettings::default() };
    let text = TextModel::learn(&settings, PAIRS.into_iter()).unwrap();
    let pairs = PAIRS.map(|(src, tgt)| EncodedPair::encode(&text, src, tgt).pair);
    let model = Transformer::new(&Config::toy(vocab_sizes(&text)), Seed::new(1), DType::F32).unwrap();
    let schedule = Noam { factor: 0.05, d_model: 64, warmup_steps: 20 };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default()).unwrap();
    for epoch in 0..30 {
        trainer.train_epoch(&pairs, epoch, |_| std::ops::ControlFlow::Continue(())).unwrap();
    }
    Translator::new(trainer.model, trainer.params, text, About::default()).unwrap()
}

/// A server that is ended with the test, whatever becomes of that.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(translator: &Translator) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("model.safetensors");
        translator.save(&model).unwrap();
        let mut command = Command::new(built("serve"));
        let mut process = command.arg(&model).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("it says where it listens").to_string();
        Server { process, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The status and the body of the answer to a request with this body.
fn ask(address: &str, line: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}",
        line.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_string())
}

/// What client `client` asks as its request `i`: sentences of one to eight words.
fn line(client: usize, i: usize) -> String {
    let words = ["un", "deux", "trois"];
    let seed = Seed::new(7).derive_index((client * LINES_EACH + i) as u64);
    let word = |place: u64| words[(seed.derive_index(place).0 % 3) as usize];
    (0..1 + seed.0 % 8).map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_hundred_clients_at_once_have_each_the_answer_of_the_sentence_alone() {
    let translator = translator();
    let mut server = Server::start(&translator);
    let answers: Vec<Vec<(u16, String)>> = thread::scope(|scope| {
        let client = |client| {
            let address = &server.address;
            scope.spawn(move || (0..LINES_EACH).map(|i| ask(address, &line(client, i))).collect())
        };
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let mut different = std::collections::HashSet::new();
    for (client, answers) in answers.into_iter().enumerate() {
        for (i, (status, said)) in answers.into_iter().enumerate() {
            let alone = translator.translate(&[line(client, i)]).unwrap().remove(0);
            assert_eq!((status, &said), (200, &alone), "{}", line(client, i));
            different.insert(said);
        }
    }
    assert!(different.len() >= 5, "the clients ask for different things: {different:?}");
    assert_eq!(ask(&server.address, ""), (200, String::new()), "an empty line is an empty line");
    if cfg!(unix) {
        let number = server.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &number]).status().unwrap().success());
        assert!(server.process.wait().unwrap().success(), "it ends by itself when it is asked to");
    }
}
