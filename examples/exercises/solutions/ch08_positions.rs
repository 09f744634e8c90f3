//! Solutions of chapter 8.

pub fn sinusoid(position: usize, column: usize, d_model: usize) -> f64 {
    let angle = position as f64 * frequency(column / 2, d_model);
    if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }
}

pub fn turn(hand: [f64; 2], angle: f64) -> [f64; 2] {
    let ([sin, cos], (sin_angle, cos_angle)) = (hand, angle.sin_cos());
    [sin * cos_angle + cos * sin_angle, cos * cos_angle - sin * sin_angle]
}

/// `sin a sin b + cos a cos b = cos(b - a)`
pub fn similarity(distance: usize, d_model: usize) -> f64 {
    (0..d_model / 2).map(|pair| (distance as f64 * frequency(pair, d_model)).cos()).sum()
}

fn frequency(pair: usize, d_model: usize) -> f64 {
    10000f64.powf(-2.0 * pair as f64 / d_model as f64)
}
