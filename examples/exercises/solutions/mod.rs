//! One way to write each of them.

pub mod ch01_numbers;
pub mod ch02_multiply_add;
pub mod ch03_backward;
pub mod ch04_vjp;
pub mod ch05_gradcheck;
pub mod ch06_learning;
pub mod ch07_attention;
pub mod ch08_positions;
pub mod ch09_encoder_decoder;
pub mod ch10_training;
pub mod ch11_decoding;
pub mod ch12_beyond;
