//! What `web/expected.js` says of each change, tried with two seeds.

use std::sync::LazyLock;

use live::settings::Rule;
use live::{Session, Settings};
use transformer::{NormPlacement, Positions};

type Pairs = Vec<(String, String)>;
type Change = fn(&mut Settings);

/// The list in which the order of words counts: what is learned, and what is held out.
fn order() -> (Pairs, Pairs) {
    let (learned, held_out) = include_str!("../web/order.txt").trim().split_once("\n\n").unwrap();
    let pairs = |lines: &str| -> Pairs {
        let parted = lines.lines().map(|line| line.split_once(" = ").unwrap());
        parted.map(|(src, tgt)| (src.to_owned(), tgt.to_owned())).collect()
    };
    (pairs(learned), pairs(held_out))
}

/// A run of 100 steps.
struct Tried {
    sharpness: f64,
    loss: f64,
    nll: f64,
    right: usize,
    right_of_held_out: usize,
}

fn tried(settings: Settings) -> Tried {
    let mut session = Session::begin(settings).unwrap();
    session.train(100).unwrap();
    let right = |pairs: &Pairs| {
        let lines: Vec<String> = pairs.iter().map(|(src, _)| src.clone()).collect();
        let said = session.translate(&lines).unwrap();
        said.iter().zip(pairs).filter(|(said, (_, tgt))| *said == tgt).count()
    };
    let (right, right_of_held_out) = (right(&session.settings().pairs), right(&session.settings().held_out));
    let (loss, nll) = session.steps().steps().last().map(|step| (step.loss, step.nll)).unwrap();
    Tried { sharpness: sharpness(&mut session), loss, nll, right, right_of_held_out }
}

/// The two sentences and the list, with seeds 1 and 2.
fn both(change: Change) -> [(Tried, Tried); 2] {
    [1, 2].map(|seed| {
        let (pairs, held_out) = order();
        let toy = Settings { seed, ..Settings::default() };
        let list = Settings { pairs, held_out, ..toy.clone() };
        let [toy, list] = [toy, list].map(|mut settings| {
            change(&mut settings);
            tried(settings)
        });
        (toy, list)
    })
}

fn held_out_right(all: &[(Tried, Tried); 2]) -> usize {
    all.iter().map(|(_, list)| list.right_of_held_out).sum()
}

/// The largest weight of a row of attention, on average, at the beginning.
fn sharpness(session: &mut Session) -> f64 {
    let recording = session.view(0, false).unwrap();
    let pass = recording.last_pass().unwrap();
    let weights = pass.value("encoder.layers.0.self_attn.weights").unwrap();
    let rows: Vec<f32> =
        weights.data.chunks(weights.shape[2]).map(|row| row.iter().copied().fold(0.0, f32::max)).collect();
    f64::from(rows.iter().sum::<f32>()) / rows.len() as f64
}

/// The usual settings.
static USUAL: LazyLock<[(Tried, Tried); 2]> = LazyLock::new(|| both(|_| {}));

#[test]
fn all_pairs_are_learned_as_it_is() {
    let (learned, held_out) = order();
    assert_eq!((learned.len(), held_out.len()), (18, 6));
    assert!(USUAL.iter().all(|(toy, list)| (toy.right, list.right) == (2, 18)));
}

#[test]
fn another_norm_one_head_and_one_layer_are_about_as_fast() {
    let changes: [(&str, Change); 3] = [
        ("norm before the sublayer", |settings| settings.model.norm = NormPlacement::Pre),
        ("one head", |settings| settings.model.n_heads = 1),
        ("one layer", |settings| (settings.model.n_encoder_layers, settings.model.n_decoder_layers) = (1, 1)),
    ];
    for (name, change) in changes {
        for ((toy, list), (usual_toy, usual_list)) in both(change).iter().zip(&*USUAL) {
            assert_eq!((toy.right, list.right), (2, 18), "{name}");
            let far = (toy.loss - usual_toy.loss).abs().max((list.loss - usual_list.loss).abs());
            assert!(far < 0.01, "{name}: the loss differs by {far}");
        }
    }
}

#[test]
fn without_scaling_and_with_a_high_rate_less_of_what_is_held_out_is_right() {
    let unscaled = both(|settings| settings.model.scale_scores = false);
    let hot = both(|settings| settings.learning_rate *= 10.0);
    for all in [&unscaled, &hot] {
        assert!(all.iter().all(|(toy, list)| (toy.right, list.right) == (2, 18)));
        assert!(held_out_right(all) < held_out_right(&USUAL), "{} of 12", held_out_right(all));
    }
    for ((toy, _), (usual, _)) in unscaled.iter().zip(&*USUAL) {
        let (sharp, usual) = (toy.sharpness, usual.sharpness);
        assert!(sharp > usual + 0.05, "{sharp}, {usual}");
    }
}

#[test]
fn without_mask_or_positions_the_list_is_not_learned() {
    for ((toy, list), (usual_toy, usual_list)) in
        both(|settings| settings.model.causal_mask = false).iter().zip(&*USUAL)
    {
        let far = (toy.loss - usual_toy.loss).abs().max((list.loss - usual_list.loss).abs());
        assert!(far < 0.01 && list.right <= 1, "without the mask {} of 18, the loss {far} off", list.right);
    }
    for (toy, list) in &both(|settings| settings.model.positions = Positions::None) {
        assert_eq!((toy.right, list.right), (2, 12), "without positions");
    }
}

#[test]
fn gradient_descent_is_slow_and_without_smoothing_the_loss_falls_to_nothing() {
    for ((toy, list), (usual, _)) in both(|settings| settings.optimizer = Rule::Sgd).iter().zip(&*USUAL) {
        assert!((1.8..2.6).contains(&(toy.loss / usual.loss)), "{}, {}", toy.loss, usual.loss);
        assert_eq!(list.right, 0);
    }
    for ((toy, list), (usual, _)) in both(|settings| settings.smoothing = 0.0).iter().zip(&*USUAL) {
        assert_eq!((toy.right, list.right), (2, 18));
        assert!(toy.loss < 0.01 && list.loss < 0.01 && usual.nll > 0.08);
    }
}
