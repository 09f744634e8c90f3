//! What one switches off does what is said of it.

use live::{Session, Settings};
use transformer::{Architecture, Positions};

fn trained(change: impl FnOnce(&mut Architecture)) -> Session {
    let mut settings = Settings::default();
    change(&mut settings.model);
    let mut session = Session::begin(settings).unwrap();
    session.train(100).unwrap();
    session
}

fn said(session: &Session, line: &str) -> String {
    session.translate(&[line.to_owned()]).unwrap().remove(0)
}

#[test]
fn without_positions_every_order_of_the_words_says_the_same() {
    let session = trained(|model| model.positions = Positions::None);
    let orders = ["je suis étudiant", "étudiant suis je", "suis étudiant je"];
    let all: Vec<String> = orders.iter().map(|line| said(&session, line)).collect();
    assert_eq!(all[0], "i am a student");
    assert!(all.iter().all(|other| *other == all[0]), "{all:?}");
}

/// How many of six pairs a model that learned them translates otherwise, and its loss in training.
fn wrong_and_loss(seed: u64, causal_mask: bool) -> (usize, f64) {
    let pairs = [
        ("merci", "thanks"),
        ("je suis étudiant", "i am a student"),
        ("je suis professeur", "i am a teacher"),
        ("tu es étudiant", "you are a student"),
        ("elle lit un livre rouge", "she reads a red book"),
        ("il fait très beau ce matin", "the weather is very nice this morning"),
    ];
    let mut settings = Settings { seed, ..Settings::default() };
    settings.pairs = pairs.map(|(src, tgt)| (src.to_owned(), tgt.to_owned())).to_vec();
    settings.model.causal_mask = causal_mask;
    let mut session = Session::begin(settings).unwrap();
    session.train(100).unwrap();
    let wrong = pairs.iter().filter(|(src, tgt)| said(&session, src) != *tgt).count();
    (wrong, session.steps().steps().last().unwrap().nll)
}

/// A model without the mask sees the word that it should say, so that its loss falls as low, and has not learned to say it
/// unseen. Of six sentences it says some wrong; the two of the default are so few that it may say both right.
#[test]
fn without_the_causal_mask_the_loss_falls_and_decoding_fails() {
    let mut wrong_without = 0;
    for seed in 1..=3 {
        let (wrong, loss) = wrong_and_loss(seed, true);
        assert!(wrong == 0 && loss < 0.2, "seed {seed}: {wrong} wrong, the loss is {loss}");
        let (wrong, loss) = wrong_and_loss(seed, false);
        assert!(loss < 0.2, "seed {seed} without the mask: the loss is {loss}");
        wrong_without += wrong;
    }
    assert!(wrong_without >= 2, "without the mask {wrong_without} of 18 sentences are wrong");
}
