//! Exercises of chapter 8, `etudiant::book::ch08_positions`. Write your code where it says `your_turn!`.

/// Exercise 1: The number in one column of the paper's table: the sine in even columns, the cosine in odd ones. The
/// two columns of a pair have the same frequency.
///
/// `column / 2` rounds down, `column % 2` is the rest, `10000f64.powf(x)` a power, and `position as f64` converts.
pub fn sinusoid(position: usize, column: usize, d_model: usize) -> f64 {
    your_turn!(position, column, d_model)
}

/// Exercise 2: The hand of a clock, `[sin a, cos a]`, turned by `angle` further: `[sin(a + angle), cos(a +
/// angle)]`. You are not told a. The sums of angles that you learned at school, or a rotation, are all it takes.
pub fn turn(hand: [f64; 2], angle: f64) -> [f64; 2] {
    your_turn!(hand, angle)
}

/// Exercise 3: The product of the rows of two places that are `distance` words apart, summed over all columns of
/// the table.
///
/// For one pair of columns it is `sin a sin b + cos a cos b`. What is that, if b is a plus something?
pub fn similarity(distance: usize, d_model: usize) -> f64 {
    your_turn!(distance, d_model)
}
