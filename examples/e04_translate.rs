//! One file that translates: a model, its parameters and its text are made, saved, opened and asked by two threads.
//!
//!     cargo run --release --example e04_translate
//!     cargo run --release --example e04_translate -- runs/numbers/model.safetensors "vingt et un"

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::env::args_os;
use std::error::Error;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use etudiant::nn::{Adam, Noam};
use etudiant::tensor::{DType, Seed};
use etudiant::text::{TextKind, TextModel, TextSettings};
use etudiant::transformer::{Config, TrainOptions, Trainer, Transformer};
use etudiant::translate::encode::{EncodedPair, vocab_sizes};
use etudiant::translate::{About, Translator};

const PAIRS: [(&str, &str); 2] = [("Je suis étudiant", "I am a student"), ("Merci", "Thanks")];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = args_os().skip(1).map(OsString::into_string).collect::<Result<Vec<String>, OsString>>();
    let arguments = arguments.map_err(|bytes| format!("{bytes:?} is not UTF-8"))?;
    if let [path, sentences @ ..] = &arguments[..] {
        return ask(&Translator::open(path)?, sentences);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    train_and_save(&path)?;

    // A translator is one value, and a file is all it takes.
    let translator = Translator::open(&path)?;
    folder.close()?;
    ask(&translator, &["Je suis étudiant".to_string(), "Merci".into(), "Je suis merci".into()])?;

    // Threads share it, and none waits for the other.
    let heard = thread::scope(|scope| {
        let asked = [(); 2].map(|()| scope.spawn(|| translator.translate(&["Je suis étudiant", "Merci"])));
        asked.map(|thread| thread.join().expect("translating does not panic"))
    });
    let [first, second] = heard.map(|said| said.map(|said| said.join(", ")));
    assert_eq!(first.as_ref().ok(), second.as_ref().ok());
    println!("\nBoth threads heard: {}", first?);
    Ok(())
}

/// Two translations of each sentence, best first, and where their words come from.
fn ask(translator: &Translator, sentences: &[String]) -> Result<(), Box<dyn Error>> {
    for (sentence, found) in
        sentences.iter().zip(translator.request().n_best(2).align(true).translate(sentences)?)
    {
        println!("{sentence}");
        for translation in found.translations {
            let links = translation.alignment.unwrap_or_default();
            println!("  {:8.3}  {}   {links:?}", translation.log_prob, translation.text);
        }
    }
    Ok(())
}

/// Text first, then a model for its vocabularies, then both in one file.
fn train_and_save(path: &Path) -> Result<(), Box<dyn Error>> {
    let settings = TextSettings { kind: TextKind::Words, joint: false, ..TextSettings::default() };
    let text = TextModel::learn(&settings, PAIRS.into_iter())?;
    let pairs = PAIRS.map(|(src, tgt)| EncodedPair::encode(&text, src, tgt).pair);
    let config = Config::toy(vocab_sizes(&text));
    let model = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let schedule = Noam { factor: 0.05, d_model: config.architecture.d_model, warmup_steps: 20 };
    let mut trainer = Trainer::new(model, Adam::default(), schedule, TrainOptions::default())?;
    for epoch in 0..64 {
        trainer.train_epoch(&pairs, epoch, |_| ControlFlow::Continue(()))?;
    }
    Ok(Translator::new(trainer.model, trainer.params, text, About::default())?.save(path)?)
}
