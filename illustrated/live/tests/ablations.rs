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

/// It sees the word that it should say, so that the loss falls, and has not learned to say it unseen.
#[test]
fn without_the_causal_mask_the_loss_falls_and_decoding_fails() {
    let session = trained(|model| model.causal_mask = false);
    let last = session.steps().steps().last().map(|step| step.nll).unwrap();
    assert!(last < 0.3, "{last}");
    let with = trained(|_| ());
    assert_eq!(said(&with, "je suis étudiant"), "i am a student");
    println!("without the mask: {}", said(&session, "je suis étudiant"));
}
