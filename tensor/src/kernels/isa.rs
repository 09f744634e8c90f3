//! Which vector instructions are used: [`Isa`], chosen once, while the program runs.
//!
//! The widest that the processor has are. The variable `ETUDIANT_ISA` narrows the choice to `avx512`, `avx2`, `neon`,
//! `simd128` or `portable`: results in f32 are the same bits, which is what it is for; tests hold every path that a machine
//! has to that. (Where there are no fused multiply-adds, products are rounded otherwise; and those in f64 are a library's, which
//! asks the processor itself.)

use std::env;
use std::sync::OnceLock;

/// The variable that narrows the choice.
pub const VARIABLE: &str = "ETUDIANT_ISA";

/// A set of vector instructions that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 512 bits, of x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256 bits and fused multiply-adds, of x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 128 bits, of every aarch64.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// 128 bits, of WebAssembly.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    /// What every processor of the kind has that the program was compiled for.
    Portable,
}

impl Isa {
    /// What this processor has, the widest first.
    #[must_use]
    pub fn available() -> Vec<Isa> {
        let has: &[(Isa, bool)] = &[
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, has_avx2() && is_x86_feature_detected!("avx512f")),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, has_avx2()),
            #[cfg(target_arch = "aarch64")]
            (Isa::Neon, true),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            (Isa::Simd128, true),
            (Isa::Portable, true),
        ];
        has.iter().filter(|(_, has)| *has).map(|(isa, _)| *isa).collect()
    }

    /// The name that `ETUDIANT_ISA` knows it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => "neon",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128 => "simd128",
            Isa::Portable => "portable",
        }
    }
}

/// Whether there are 256 bits and fused multiply-adds.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The instructions in use.
///
/// # Panics
/// If `ETUDIANT_ISA` is none that this processor has; [`check`] says so without.
#[inline]
#[must_use]
pub fn current() -> Isa {
    static CURRENT: OnceLock<Isa> = OnceLock::new();
    *CURRENT.get_or_init(|| check().unwrap_or_else(|problem| panic!("{problem}")))
}

/// The instructions that `ETUDIANT_ISA` asks for, or the widest.
///
/// # Errors
/// If it asks for none that this processor has.
pub fn check() -> Result<Isa, String> {
    choose(env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned()).as_deref())
}

fn choose(asked: Option<&str>) -> Result<Isa, String> {
    let available = Isa::available();
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(available[0]) };
    let names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
    available.iter().copied().find(|isa| isa.name() == asked).ok_or_else(|| {
        format!(
            "{VARIABLE} is {asked:?}; this processor has {}, and without the variable the first is used",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_narrows_the_choice_to_what_there_is() {
        let available = Isa::available();
        assert_eq!((choose(None), choose(Some(""))), (Ok(available[0]), Ok(available[0])));
        for isa in available {
            assert_eq!(choose(Some(isa.name())), Ok(isa));
        }
        let problem = choose(Some("mmx")).unwrap_err();
        assert!(
            problem.starts_with("ETUDIANT_ISA is \"mmx\"; this processor has ")
                && problem.contains("portable")
        );
    }
}
