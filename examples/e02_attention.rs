//! Lesson 2: self-attention, by hand, as matrices, and as one operation.
//!
//!     cargo run --release --example e02_attention
//!
//! Self-attention lets each word of a sentence gather something from all words of it. *The Illustrated
//! Transformer* explains it in six steps on the sentence "Thinking Machines"; here the same steps run on
//! real numbers, three times: with loops over plain arrays, with matrices, with the fused operation that
//! the model uses. The three must agree. (Vaswani et al. 2017, §3.2.1: softmax(Q K^T / sqrt(d_k)) V.)

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use etudiant::autograd::Var;
use etudiant::tensor::Tensor;
use etudiant::tensor::ops::attention::{AttentionSpec, attention_weights};

const WORDS: [&str; 2] = ["Thinking", "Machines"];

// A word comes as a vector of d_model = 4 numbers. In a model, training finds these numbers and those of the
// three matrices; ours are chosen so that you can check the products in your head.
const X: [[f64; 4]; 2] = [[1.0, 0.0, 1.0, 2.0], [0.0, 2.0, 1.0, -1.0]];
const W_QUERY: [[f64; 3]; 4] = [[0.0, 0.0, 0.5], [0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.0, 0.0, 0.5]];
const W_KEY: [[f64; 3]; 4] = [[1.0, -0.5, 0.5], [0.5, 1.0, 0.0], [1.0, 0.5, 0.0], [0.0, 1.0, 0.5]];
const W_VALUE: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.0, 1.0]];

fn main() {
    let divisor = 3.0_f64.sqrt(); // sqrt(d_k): keys have 3 numbers here, 64 in the paper

    println!("Word by word, steps 1 to 6\n");
    let by_hand = Tensor::from(word_by_word(divisor)); // [2, 3]

    // The same as matrices: one row per word, and all words at once.
    let x = Tensor::from(X); // [2, 4]
    let query = x.matmul(&Tensor::from(W_QUERY)); // [2, 3]
    let key = x.matmul(&Tensor::from(W_KEY)); // [2, 3]
    let value = x.matmul(&Tensor::from(W_VALUE)); // [2, 3]
    let scores = query.matmul(&key.transpose(0, 1)); // [2, 2], row: who asks, column: who is asked
    let weights = scores.mul_scalar(1.0 / divisor).softmax(-1); // [2, 2], each row sums to 1
    let context = weights.matmul(&value); // [2, 3]

    println!("The same as matrices, a row for each word\n");
    show("Q = X W_Q (step 1)", &query);
    show("K = X W_K (step 1)", &key);
    show("V = X W_V (step 1)", &value);
    show("scores = Q K^T (step 2), row i column j: word i's query with word j's key", &scores);
    show(&format!("weights = softmax(scores / {divisor:.3}) (steps 3 and 4), each row sums to 1"), &weights);
    show("Z = weights V (steps 5 and 6)", &context);

    // The same as one operation. It takes a batch of sentences, so our one sentence gets a batch axis; and it
    // divides the columns among n_heads heads, of which we have one. On a tape it is one entry, with one vjp.
    let [query, key, value] = [&query, &key, &value].map(|x| Var::constant(x.unsqueeze(0))); // [1, 2, 3]
    let spec = AttentionSpec { n_heads: 1, scale: 1.0 / divisor, mask: None, dropout: None };
    let fused = query.attention(&key, &value, &spec);
    let fused_context = fused.value().squeeze(0); // [2, 3]
    let fused_weights = attention_weights(query.value(), key.value(), &spec).reshape([2, 2]); // one sentence, one head

    println!("The same by one call of Var::attention\n");
    show("Z", &fused_context);
    // Not `==`: sums taken in another order round differently.
    for (what, lhs, rhs) in [
        ("Z word by word and Z from matrices", &by_hand, &context),
        ("Z from matrices and Z fused", &context, &fused_context),
        ("the weights from matrices and fused", &weights, &fused_weights),
    ] {
        let difference = (lhs - rhs).powi(2).max(.., false).item().sqrt();
        println!("  largest difference between {what:35}  {difference:?}");
        assert!(difference < 1e-14, "{what} differ by {difference}");
    }

    println!("  All three agree; what is left is rounding.\n");

    attention_to_itself(&weights);

    println!(
        "Try:  set the divisor to 1.0, then to 10.0. Which gives the sharper weights? In the paper a
      score is a sum of 64 products, which spreads 8 times as wide as one product does. Undivided,
      it would let softmax give nearly everything to one word, and pass hardly any gradient.
Read: autograd/src/ops/attention.rs, its vjp, and in its tests the composed form;
      then run the lesson on several heads: cargo run --release --example e05_heads"
    );
}

/// The six steps with loops over arrays, printed. Gives the vector z of each word.
fn word_by_word(divisor: f64) -> [[f64; 3]; 2] {
    // Step 1: each word's vector times three matrices gives its query (what it looks for), its key (what it
    // is found by) and its value (what it gives to those who find it).
    let query = X.map(|x| times(x, W_QUERY));
    let key = X.map(|x| times(x, W_KEY));
    let value = X.map(|x| times(x, W_VALUE));
    println!("  {:26} {:>27} {:>27}", "The words are", WORDS[0], WORDS[1]);
    println!("  {:26} {:>27} {:>27}", "   vector  x", row(&X[0]), row(&X[1]));
    for (name, [first, second]) in [("query   q", query), ("key     k", key), ("value   v", value)] {
        println!("  1  {name:23} {:>27} {:>27}", row(&first), row(&second));
    }

    let mut contexts = [[0.0; 3]; 2];
    for (i, q) in query.into_iter().enumerate() {
        println!("\n  {:26} {:>27} {:>27}", format!("{} asks:", WORDS[i]), WORDS[0], WORDS[1]);
        // Step 2: the dot product says how well this query fits each word's key.
        let scores = key.map(|k| q[0] * k[0] + q[1] * k[1] + q[2] * k[2]);
        let scaled = scores.map(|score| score / divisor); // step 3
        let exponentials = scaled.map(f64::exp);
        let sum: f64 = exponentials.iter().sum();
        let weights = exponentials.map(|e| e / sum); // step 4, softmax: positive numbers that sum to 1
        let weighted = [0, 1].map(|j| value[j].map(|v| weights[j] * v)); // step 5
        contexts[i] = [0, 1, 2].map(|d| weighted[0][d] + weighted[1][d]); // step 6
        println!("  2  {:23} {:27.2} {:27.2}", "score q . k", scores[0], scores[1]);
        println!("  3  {:23} {:27.2} {:27.2}", format!("divided by {divisor:.3}"), scaled[0], scaled[1]);
        println!("  4  {:23} {:27.2} {:27.2}", "weight, by softmax", weights[0], weights[1]);
        println!("  5  {:23} {:>27} {:>27}", "weight * v", row(&weighted[0]), row(&weighted[1]));
        println!("  6  {:23} {:>27}", "z, their sum", row(&contexts[i]));
    }
    println!();
    contexts
}

/// Prints whether each word attends most to itself.
fn attention_to_itself(weights: &Tensor) {
    println!("Does a word attend most to itself?\n");
    for (i, most) in weights.argmax(-1).into_iter().map(|j| j as usize).enumerate() {
        let verdict = if most == i { "yes" } else { "no" };
        let (own, largest) = (weights.at(&[i, i]), weights.at(&[i, most]));
        println!("  {}: {verdict:3}  {own:.2} to itself, most ({largest:.2}) to {}", WORDS[i], WORDS[most]);
    }
    println!(
        "
  The article expects a word to attend most to itself, if not to itself alone. The word that it
  works out does. But nothing in the formula makes it so: a query meets the key of its own word as
  it meets any other, and the two came out of different matrices. Training decides. In the
  article's own picture of \"it\", the word gives little to itself.
"
    );
}

/// A row times a matrix: column j of the result is the dot product with column j of the matrix.
fn times(x: [f64; 4], matrix: [[f64; 3]; 4]) -> [f64; 3] {
    [0, 1, 2].map(|j| (0..4).map(|i| x[i] * matrix[i][j]).sum())
}

/// Numbers in brackets, aligned.
fn row(numbers: &[f64]) -> String {
    let cells: Vec<String> = numbers.iter().map(|number| format!("{number:5.2}")).collect();
    format!("[{}]", cells.join(" "))
}

/// A matrix under its name.
fn show(name: &str, matrix: &Tensor) {
    println!("  {name}  {}\n", format!("{matrix:.2}").replace('\n', "\n    "));
}
