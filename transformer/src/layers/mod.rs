//! The parts of the model, from the whole to its parts: [`encoder`] and [`decoder`] (Vaswani et al. 2017, §3.1),
//! [`residual`] (§3.1, §5.4), [`attention`] (§3.2), [`masks`] (§3.2.3), [`feed_forward`] (§3.3), [`embed`] (§3.4),
//! [`positions`] (§3.5). What decoding remembers is [`cache`].

pub mod attention;
pub mod cache;
pub mod decoder;
pub mod embed;
pub mod encoder;
pub mod feed_forward;
pub mod masks;
pub mod positions;
pub mod residual;
