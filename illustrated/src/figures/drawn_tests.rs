//! What is drawn is what was recorded, and nothing stands outside or on another.

use transformer::{Config, NormPlacement, Pair, VocabSizes};

use super::{all, attention_matrices, explorer, self_attention};
use crate::look::Figure;
use crate::look::text::text_width;
use crate::recording::{About, Event, Recording};
use crate::testing::{attribute, checked, recorded_pair, toy};

fn number(tag: &str, name: &str) -> f64 {
    attribute(tag, name).and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// Holds the number of every cell to the recording. Returns how many there were, and how many were masked.
#[track_caller]
fn hold(figure: &Figure, recording: &Recording) -> (usize, usize) {
    let drawing = figure.drawing.clone().into_string();
    (checked(recording, &drawing), drawing.matches(">masked<").count())
}

/// A text that is shown: left, right, baseline.
struct Text {
    text: String,
    left: f64,
    right: f64,
    y: f64,
}

/// The texts of a figure that are shown and stand upright, those in cells excepted.
fn texts(figure: &Figure) -> Vec<Text> {
    let svg = figure.drawing.clone().into_string();
    let (mut groups, mut found) = (vec![(0.0, 0.0, true)], Vec::new());
    for tag in svg.split('<').skip(1) {
        let &(x, y, shown) = groups.last().unwrap();
        let class = attribute(tag, "class").unwrap_or_default();
        if tag.starts_with("g ") || tag.starts_with("g>") {
            let moved = attribute(tag, "transform");
            let moved = moved.as_deref().and_then(|text| text.strip_prefix("translate("));
            let moved: Vec<f64> = moved
                .map(|text| text.trim_end_matches(')').split(' ').map(|part| part.parse().unwrap()).collect())
                .unwrap_or(vec![0.0, 0.0]);
            let hides = ["off", "cell", "fold"].iter().any(|name| class.split(' ').any(|one| one == *name));
            groups.push((x + moved[0], y + moved[1], shown && !hides));
        } else if tag.starts_with("/g") {
            groups.pop();
        } else if tag.starts_with("text") && shown && !class.contains("turned") {
            let text = tag.split('>').nth(1).unwrap().replace("&lt;", "<").replace("&gt;", ">");
            let size = if class.contains("scale") { 0.72 } else { 0.88 };
            let (at, width) = (x + number(tag, "x"), text_width(&text) * size);
            let is = |names: &[&str]| names.iter().any(|name| class.split(' ').any(|one| one == *name));
            let left = if is(&["end", "beside", "scale"]) || tag.contains("text-anchor=\"end\"") {
                at - width
            } else if is(&["middle", "above", "operator"]) {
                at - width / 2.0
            } else {
                at
            };
            found.push(Text { text, left, right: left + width, y: y + number(tag, "y") });
        }
    }
    found
}

#[track_caller]
fn hold_layout(figure: &Figure) {
    let texts = texts(figure);
    for (at, one) in texts.iter().enumerate() {
        let inside =
            one.left > -4.0 && one.right < figure.width + 6.0 && one.y > 0.0 && one.y <= figure.height;
        assert!(inside, "{}: {:?} at {}..{}, {}", figure.id, one.text, one.left, one.right, one.y);
        for other in &texts[at + 1..] {
            let apart = one.right < other.left + 2.0
                || other.right < one.left + 2.0
                || (one.y - other.y).abs() > 10.0;
            assert!(apart, "{}: {:?} and {:?} stand on each other", figure.id, one.text, other.text);
        }
    }
}

/// Who scrolls a wide drawing on a phone sees each line of text whole, and need not scroll along it.
#[test]
fn no_line_is_wider_than_a_phone() {
    let recording = recorded(&config(8, 2), 30, true);
    let all = all(toy()).into_iter().chain(all(&recording));
    let texts = all.flat_map(|figure| texts(&figure).into_iter().map(move |text| (figure.id, text)));
    let wide = texts.filter(|(_, text)| text.right - text.left > 328.0);
    let wide: Vec<String> = wide.map(|(id, text)| format!("{id}: {}", text.text)).collect();
    assert_eq!(wide, [""; 0]);
}

/// A model that nobody trained, of these sizes, and a sentence of so many words.
fn recorded(config: &Config, n_words: usize, with_parameters: bool) -> Recording {
    let words =
        ["le", "gouvernement", "学生", "anticonstitutionnellement", "å", "студент", "a<b"].map(String::from);
    let ids = |n: usize| (0..n).map(|at| at as u32 % 7).collect::<Vec<u32>>();
    recorded_pair(config, &words, &Pair { src: ids(n_words), tgt: ids(n_words + 1) }, with_parameters)
}

fn config(n_heads: usize, n_layers: usize) -> Config {
    Config::toy(VocabSizes::Shared(7)).with(|model| {
        (model.d_model, model.d_ff, model.n_heads, model.max_len) = (4 * n_heads, 24, n_heads, 64);
        (model.n_encoder_layers, model.n_decoder_layers) = (n_layers, n_layers);
    })
}

#[test]
fn every_number_is_the_recordings() {
    let figures = all(toy());
    let counts: Vec<(&str, usize)> =
        figures.iter().map(|figure| (figure.id, hold(figure, toy()).0)).collect();
    let least = [
        ("stacks", 0),
        ("embedding", 36),
        ("feed-forward", 36),
        ("self-attention", 20),
        ("attention-matrices", 60),
        ("heads", 60),
        ("attention-explorer", 49),
    ];
    for (id, least) in least {
        assert!(counts.iter().any(|(other, count)| *other == id && *count >= least), "{id}: {counts:?}");
    }
}

#[test]
fn what_the_decoder_may_not_see_is_masked() {
    let figure = explorer::draw(toy()).unwrap();
    assert_eq!(hold(&figure, toy()).1, 5 * 4 / 2);
    let open = config(2, 1).with(|model| model.causal_mask = false);
    let recording = recorded(&open, 3, false);
    assert_eq!(hold(&explorer::draw(&recording).unwrap(), &recording).1, 0);
}

#[test]
fn every_line_is_drawn_or_counted() {
    let svg = explorer::draw(toy()).unwrap().drawing.into_string();
    let weights = toy().last_pass().unwrap().value("encoder.layers.1.self_attn.weights").unwrap();
    let last = toy().passes().len() - 1;
    for head in 0..4 {
        let group =
            svg.split(&format!("data-when=\"kind=0 layer=1 lines{head}=1 pass={last}\"")).nth(1).unwrap();
        let group = group.split("</g>").next().unwrap();
        let faint = weights.data[head * 9..head * 9 + 9].iter().filter(|weight| **weight < 0.05).count();
        assert_eq!(group.matches('L').count(), 9 - faint, "head {head}");
        let told =
            if faint == 0 { "9 lines".into() } else { format!("{} of 9 lines; {faint} below", 9 - faint) };
        assert!(group.contains(&format!("head {head}: {told}")), "{group}");
    }
}

#[test]
fn nothing_stands_outside_or_on_another() {
    all(toy()).iter().for_each(hold_layout);
}

#[test]
fn models_and_sentences_of_any_size_are_drawn() {
    for (config, n_words, with_parameters) in [
        (config(1, 1), 1, true),
        (config(8, 2), 30, false),
        (config(12, 5).with(|model| model.norm = NormPlacement::Pre), 7, true),
    ] {
        let recording = recorded(&config, n_words, with_parameters);
        let figures = all(&recording);
        assert!(figures.len() >= 7, "{:?}", figures.iter().map(|figure| figure.id).collect::<Vec<_>>());
        for figure in &figures {
            hold(figure, &recording);
            hold_layout(figure);
            assert!(
                !figure.svg().contains("a<b") && figure.width < 1800.0,
                "{}: {}",
                figure.id,
                figure.width
            );
        }
    }
}

/// Of a recording without scores, the steps that show them are left out, and all the others are drawn.
#[test]
fn scores_are_drawn_where_they_were_recorded() {
    let mut without = Recording::new(toy().about().clone());
    let is_score = |event: &Event| matches!(event, Event::Value(array) if array.path.ends_with("scores"));
    for event in toy().events().iter().skip(1).filter(|event| !is_score(event)) {
        without.push(event.clone());
    }
    let counted = |draw: fn(&Recording) -> Option<Figure>, recording: &Recording| {
        let figure = draw(recording).unwrap();
        hold_layout(&figure);
        hold(&figure, recording).0
    };
    for (draw, scores) in [(self_attention::draw as fn(&_) -> _, 6), (attention_matrices::draw, 9)] {
        assert_eq!(counted(draw, &without) + scores, counted(draw, toy()));
    }
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let ids = |recording: &Recording| all(recording).iter().map(|figure| figure.id).collect::<Vec<_>>();
    let formulas = ids(&Recording::new(About::default())); // which need no numbers but their own
    assert!(formulas.iter().all(|id| id.starts_with("position")), "{formulas:?}");
    let about = Recording::new(toy().about().clone());
    assert_eq!(ids(&about), [&["stacks"], &formulas[..]].concat());
}
