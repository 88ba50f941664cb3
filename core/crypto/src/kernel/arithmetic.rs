//! The arithmetics there are, which of them this machine has, and the way into them.

use num_bigint::BigUint;

use super::residue::{Form, Moduli, Residues};
use super::{fma47, portable, simd24, wipe};

/// A way to multiply modulo large numbers. All compute the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Radix 2⁴⁷ in doubles with fused multiply-adds, in vector lanes: the fastest where there is SIMD.
    Fused,
    /// Radix 2²⁴ in doubles without fused multiply-adds, in vector lanes: for browsers without relaxed SIMD.
    Plain,
    /// 64-bit words without vectors: everywhere.
    Words,
}

impl Arithmetic {
    /// All, fastest first where they exist.
    pub const ALL: [Self; 3] = [Self::Fused, Self::Plain, Self::Words];

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.lanes().is_some()
    }

    /// The fastest of this machine.
    #[must_use]
    pub fn fastest() -> Self {
        Self::ALL.into_iter().find(|arithmetic| arithmetic.is_available()).unwrap_or(Self::Words)
    }

    /// Independent operations that are done at once; 1 if there are no vectors, `None` if it is not available.
    #[must_use]
    pub fn lanes(self) -> Option<usize> {
        match self {
            Self::Fused => multiply_add_is_fused().then_some(backend::LANES),
            Self::Plain => backend::has_plain().then_some(backend::LANES),
            Self::Words => Some(1),
        }
    }

    fn form(self) -> Form {
        match self {
            Self::Fused => fma47::FORM,
            Self::Plain => simd24::FORM,
            Self::Words => portable::FORM,
        }
    }
}

/// Whether this machine has a vector multiply-add that rounds once, found out by computing
/// `fma(1 + 2⁻³⁰, 1 + 2⁻³⁰, −(1 + 2⁻²⁹)) = 2⁻⁶⁰` with it.
///
/// Always `false` in a WebAssembly build without feature `relaxed-simd`: it has no such instruction.
#[must_use]
pub fn multiply_add_is_fused() -> bool {
    backend::is_fused()
}

/// One arithmetic with a modulus per lane.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) moduli: Moduli,
    tables: Tables,
}

/// What multiplication needs besides the moduli. That a variant exists shows that its instructions do.
#[derive(Debug)]
enum Tables {
    Fused(fma47::Tables),
    Plain(simd24::Tables),
    Words,
}

impl Engine {
    /// `moduli` fill the lanes, over and over; as many lanes as there are moduli if the arithmetic has no vectors.
    ///
    /// `None` if this machine does not have the arithmetic, if there are more moduli than lanes or none, or if they are
    /// too large for it. The moduli are odd and above 1.
    pub(super) fn new(arithmetic: Arithmetic, moduli: &[&BigUint]) -> Option<Self> {
        Self::with_components(arithmetic, moduli, 1)
    }

    /// [`Self::new`] modulo the squares of `moduli`: in vector arithmetic with two components per number, which is less
    /// work than with numbers that are twice as long.
    pub(super) fn of_squares(arithmetic: Arithmetic, moduli: &[&BigUint]) -> Option<Self> {
        if arithmetic == Arithmetic::Words {
            let mut squares: Vec<BigUint> = moduli.iter().map(|&modulus| modulus * modulus).collect();
            let engine = Self::new(arithmetic, &squares.iter().collect::<Vec<_>>());
            squares.iter_mut().for_each(wipe);
            return engine;
        }
        Self::with_components(arithmetic, moduli, 2)
    }

    fn with_components(arithmetic: Arithmetic, moduli: &[&BigUint], components: usize) -> Option<Self> {
        let lanes = match arithmetic {
            Arithmetic::Words => moduli.len(),
            Arithmetic::Fused | Arithmetic::Plain => arithmetic.lanes()?,
        };
        if moduli.is_empty() || moduli.len() > lanes {
            return None;
        }
        let values = moduli.iter().cycle().take(lanes).map(|&modulus| modulus.clone()).collect();
        let moduli = Moduli::new(arithmetic.form(), values, components)?;
        let tables = match arithmetic {
            Arithmetic::Fused => Tables::Fused(fma47::Tables::new(moduli.digits())),
            Arithmetic::Plain => Tables::Plain(simd24::Tables::new()),
            Arithmetic::Words => Tables::Words,
        };
        Some(Self { moduli, tables })
    }

    pub(super) const fn arithmetic(&self) -> Arithmetic {
        match self.tables {
            Tables::Fused(_) => Arithmetic::Fused,
            Tables::Plain(_) => Arithmetic::Plain,
            Tables::Words => Arithmetic::Words,
        }
    }

    /// `result = a·b/R` in every lane.
    pub(super) fn multiply(&self, result: &mut Residues, a: &Residues, b: &Residues) {
        self.run::<false>(result, a, b);
    }

    /// `result = a²/R` in every lane.
    pub(super) fn square(&self, result: &mut Residues, a: &Residues) {
        self.run::<true>(result, a, a);
    }

    fn run<const SQUARE: bool>(&self, result: &mut Residues, a: &Residues, b: &Residues) {
        let (digits, length) = (self.moduli.digits(), self.moduli.residue_len());
        let friendly = &self.moduli.friendly;
        for residues in [&*result, a, b] {
            assert_eq!(residues.words.len(), length, "residues of another batch");
        }
        assert_eq!(friendly.words.len(), self.moduli.component_len(), "N has one component");
        let (result, operands) =
            (&mut result.words, [&friendly.words, &a.words, &b.words].map(Vec::as_slice));
        let is_square = self.moduli.components() == 2;
        // SAFETY, for all four: `with_components` has asked for the instructions and has made as many lanes as the backend
        // has and the tables for this number of digits; all lengths were compared above with those of such residues. The
        // form limits the number of digits.
        match &self.tables {
            // SAFETY: as said.
            Tables::Fused(tables) if is_square => unsafe {
                backend::fused_modulo_square::<SQUARE>(tables, digits, result, operands);
            },
            // SAFETY: as said.
            Tables::Fused(tables) => unsafe { backend::fused::<SQUARE>(tables, digits, result, operands) },
            // SAFETY: as said.
            Tables::Plain(tables) if is_square => unsafe {
                backend::plain_modulo_square::<SQUARE>(tables, digits, result, operands);
            },
            // SAFETY: as said.
            Tables::Plain(tables) => unsafe { backend::plain::<SQUARE>(tables, digits, result, operands) },
            Tables::Words => {
                let [friendly, a, b] = operands.map(|words| words.chunks_exact(digits));
                for (((result, friendly), a), b) in
                    result.chunks_exact_mut(digits).zip(friendly).zip(a).zip(b)
                {
                    portable::multiply(friendly, result, a, b);
                }
            }
        }
    }
}

/// The arithmetics, compiled for an instruction set. The functions are unsafe to call where the processor does not have
/// it, or with residues of other lengths than the functions of [`fma47`] and [`simd24`] ask for.
macro_rules! compiled {
    ($feature:literal, $simd:ty; $($arithmetic:ident::$function:ident as $name:ident),*) => {
        $(
            #[target_feature(enable = $feature)]
            pub(super) unsafe fn $name<const SQUARE: bool>(
                tables: &$arithmetic::Tables,
                digits: usize,
                result: &mut [u64],
                [friendly, a, b]: [&[u64]; 3],
            ) {
                // SAFETY: this function is compiled for the instruction set; the rest is promised by the caller.
                unsafe { $arithmetic::$function::<$simd, SQUARE>(tables, digits, friendly, result, a, b) }
            }
        )*
    };
}

/// The arithmetics that this build cannot reach.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", feature = "relaxed-simd", target_feature = "simd128")
)))]
macro_rules! missing {
    ($($arithmetic:ident::$name:ident),*) => {$(
        pub(super) unsafe fn $name<const SQUARE: bool>(
            _: &$arithmetic::Tables,
            _: usize,
            _: &mut [u64],
            _: [&[u64]; 3],
        ) {
            unreachable!("no engine is made for instructions that are not there");
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
mod backend {
    use crate::kernel::simd::avx2::Avx2;
    use crate::kernel::simd::{self, Simd};
    use crate::kernel::{fma47, simd24};

    pub(super) const LANES: usize = Avx2::LANES;
    compiled!("avx2,fma", Avx2; fma47::multiply as fused, fma47::multiply_modulo_square as fused_modulo_square, simd24::multiply as plain, simd24::multiply_modulo_square as plain_modulo_square);

    pub(super) fn has_plain() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    pub(super) fn is_fused() -> bool {
        #[target_feature(enable = "avx2,fma")]
        fn compute() -> bool {
            // SAFETY: this function is compiled for the instruction set.
            unsafe { simd::is_fused::<Avx2>() }
        }
        // SAFETY: the instruction set was detected.
        has_plain() && unsafe { compute() }
    }
}

#[cfg(target_arch = "aarch64")]
mod backend {
    use crate::kernel::simd::neon::Neon;
    use crate::kernel::simd::{self, Simd};
    use crate::kernel::{fma47, simd24};

    pub(super) const LANES: usize = Neon::LANES;
    compiled!("neon", Neon; fma47::multiply as fused, fma47::multiply_modulo_square as fused_modulo_square, simd24::multiply as plain, simd24::multiply_modulo_square as plain_modulo_square);

    pub(super) const fn has_plain() -> bool {
        cfg!(target_feature = "neon")
    }

    pub(super) fn is_fused() -> bool {
        // SAFETY: the whole build is compiled for the instruction set.
        has_plain() && unsafe { simd::is_fused::<Neon>() }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod backend {
    #[cfg(feature = "relaxed-simd")]
    use crate::kernel::simd;
    use crate::kernel::simd::Simd;
    #[cfg(feature = "relaxed-simd")]
    use crate::kernel::simd::relaxed::Relaxed;
    use crate::kernel::simd::simd128::Simd128;
    use crate::kernel::{fma47, simd24};

    pub(super) const LANES: usize = Simd128::LANES;
    compiled!("simd128", Simd128; simd24::multiply as plain, simd24::multiply_modulo_square as plain_modulo_square);
    #[cfg(feature = "relaxed-simd")]
    compiled!("simd128,relaxed-simd", Relaxed; fma47::multiply as fused, fma47::multiply_modulo_square as fused_modulo_square);
    #[cfg(not(feature = "relaxed-simd"))]
    missing!(fma47::fused, fma47::fused_modulo_square);

    pub(super) const fn has_plain() -> bool {
        true
    }

    #[cfg(feature = "relaxed-simd")]
    pub(super) fn is_fused() -> bool {
        #[target_feature(enable = "simd128,relaxed-simd")]
        fn compute() -> bool {
            // SAFETY: a module with these instructions runs only where they exist.
            unsafe { simd::is_fused::<Relaxed>() }
        }
        compute()
    }

    #[cfg(not(feature = "relaxed-simd"))]
    pub(super) const fn is_fused() -> bool {
        false
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
mod backend {
    use crate::kernel::{fma47, simd24};

    pub(super) const LANES: usize = 1;
    missing!(fma47::fused, fma47::fused_modulo_square, simd24::plain, simd24::plain_modulo_square);

    pub(super) const fn has_plain() -> bool {
        false
    }

    pub(super) const fn is_fused() -> bool {
        false
    }
}
