//! Every arithmetic against `num-bigint`, on random numbers and where carries run furthest.
//!
//! Natively and in the browser; `VEILSUM_KERNEL_CASES` sets the products per size for a longer run.

use num_bigint::{BigInt, BigRng010, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Zero};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::arithmetic::Engine;
use super::residue::{PAD_FRONT, Residues};
use super::*;

/// Sizes of p² or n² in use, and n² of 3,072 bits.
const SIZES: [u64; 5] = [1_024, 2_048, 3_072, 4_096, 6_144];

#[expect(clippy::disallowed_methods, reason = "a setting of the tests")]
fn cases() -> usize {
    let wanted = if cfg!(target_arch = "wasm32") { None } else { std::env::var("VEILSUM_KERNEL_CASES").ok() };
    let usual = if cfg!(target_arch = "wasm32") { 1_000 } else { 10_000 };
    wanted.map_or(usual, |wanted| wanted.parse().expect("VEILSUM_KERNEL_CASES is a number"))
}

fn available() -> impl Iterator<Item = Arithmetic> {
    Arithmetic::ALL.into_iter().filter(|arithmetic| arithmetic.is_available())
}

fn power_of_two(exponent: u64) -> BigUint {
    BigUint::one() << exponent
}

/// A number below `2^bits` that is mostly long runs of ones and zeros.
fn runs(bits: u64, rng: &mut ChaCha8Rng) -> BigUint {
    let mut value = BigUint::ZERO;
    let mut position = 0;
    while position < bits {
        let length = (1 + u64::from(rng.next_u32() % 160)).min(bits - position);
        if rng.next_u32().is_multiple_of(2) {
            value |= (power_of_two(length) - 1u32) << position;
        }
        position += length;
    }
    value
}

/// An odd number of exactly `bits` bits of the given kind.
fn modulus(kind: usize, bits: u64, rng: &mut ChaCha8Rng) -> BigUint {
    let highest = power_of_two(bits - 1);
    let value = match kind % 6 {
        // ñ = n, and ñ = n·(2^94 − 1) or so, the largest multiple.
        0 => power_of_two(bits) - 1u32,
        1 => &highest + 1u32,
        2 => power_of_two(bits) - power_of_two(bits / 2) - 1u32,
        3 => runs(bits, rng),
        _ => rng.random_biguint(bits),
    };
    value | highest | BigUint::one()
}

/// A number up to n of the given kind.
fn operand(kind: usize, n: &BigUint, rng: &mut ChaCha8Rng) -> BigUint {
    let bits = n.bits();
    match kind % 10 {
        0 => n - 1u32,
        1 => runs(bits, rng) % n,
        2 => power_of_two(bits - 1) - 1u32,
        // All digits but the highest at −2⁴⁶, −2²³, or all at the other end.
        3 => lowest_digits(bits, 47),
        4 => lowest_digits(bits, 24),
        5 => repeated(bits, 47, &(power_of_two(46) - 1u32)),
        6 => repeated(bits, 24, &(power_of_two(23) - 1u32)),
        _ => rng.random_biguint_below(n),
    }
}

/// `2^(radix·k) − Σ 2^(radix − 1)·2^(radix·i)` over `i < k`, for the largest k that leaves it below `2^(bits − 1)`.
fn lowest_digits(bits: u64, radix: u64) -> BigUint {
    let digits = (bits - 2) / radix;
    power_of_two(radix * digits) - repeated(radix * digits + 1, radix, &power_of_two(radix - 1))
}

/// `Σ digit·2^(radix·i)` below `2^(bits − 1)`.
fn repeated(bits: u64, radix: u64, digit: &BigUint) -> BigUint {
    (0..(bits - 1) / radix).fold(BigUint::ZERO, |sum, position| sum + (digit << (radix * position)))
}

/// An engine with another modulus in every lane, and `R⁻¹` for each.
struct Bench {
    engine: Engine,
    inverses: Vec<BigUint>,
}

impl Bench {
    fn new(arithmetic: Arithmetic, moduli: &[BigUint]) -> Self {
        Self::of(Engine::new(arithmetic, &moduli.iter().collect::<Vec<_>>()).unwrap())
    }

    fn of_squares(arithmetic: Arithmetic, moduli: &[BigUint]) -> Self {
        Self::of(Engine::of_squares(arithmetic, &moduli.iter().collect::<Vec<_>>()).unwrap())
    }

    fn of(engine: Engine) -> Self {
        let radix = power_of_two(engine.moduli.radix_bits() as u64);
        let inverses = engine.moduli.values().iter().map(|n| radix.modinv(n).unwrap()).collect();
        Self { engine, inverses }
    }

    fn expected(&self, lane: usize, a: &BigUint, b: &BigUint) -> BigUint {
        a * b % self.modulus(lane) * &self.inverses[lane] % self.modulus(lane)
    }

    fn modulus(&self, lane: usize) -> &BigUint {
        &self.engine.moduli.values()[lane]
    }
}

fn lanes(arithmetic: Arithmetic) -> usize {
    let three = BigUint::from(3u32);
    Batch::with_arithmetic(arithmetic, &[&three, &three]).unwrap().lanes()
}

/// Products and squares of `count` lanes of operands, results as operands again.
fn check_products(arithmetic: Arithmetic, bits: u64, count: usize, rng: &mut ChaCha8Rng) {
    let lanes = lanes(arithmetic);
    for start in (0..count).step_by(64 * lanes) {
        let moduli: Vec<BigUint> = (0..lanes).map(|lane| modulus(start / 64 + lane, bits, rng)).collect();
        check_bench(&Bench::new(arithmetic, &moduli), start / lanes, rng, operand);
    }
}

/// The same modulo squares of numbers of `bits` bits.
fn check_products_modulo_squares(arithmetic: Arithmetic, bits: u64, count: usize, rng: &mut ChaCha8Rng) {
    let lanes = lanes(arithmetic);
    for start in (0..count).step_by(64 * lanes) {
        let roots: Vec<BigUint> = (0..lanes).map(|lane| modulus(start / 64 + lane, bits, rng)).collect();
        let bench = Bench::of_squares(arithmetic, &roots);
        // Each component at its extremes, as well as the whole.
        check_bench(&bench, start / lanes, rng, |kind, n, rng| {
            let root = n.sqrt();
            let [first, second] = [operand(kind, &root, rng), operand(kind / 3, &root, rng)];
            if kind % 5 == 0 { operand(kind, n, rng) } else { (second * &root + first) % n }
        });
    }
}

/// 64 rounds of products and squares.
fn check_bench(
    bench: &Bench,
    first_kind: usize,
    rng: &mut ChaCha8Rng,
    operand: impl Fn(usize, &BigUint, &mut ChaCha8Rng) -> BigUint,
) {
    let engine = &bench.engine;
    let moduli = engine.moduli.values();
    let mut product = engine.moduli.zero();
    for kind in first_kind..first_kind + 64 {
        let a: Vec<_> = moduli.iter().enumerate().map(|(lane, n)| operand(kind + lane, n, rng)).collect();
        let b: Vec<_> =
            moduli.iter().enumerate().map(|(lane, n)| operand(kind / 10 + lane, n, rng)).collect();
        let [x, y] = [&a, &b].map(|integers| engine.moduli.residues(integers));
        engine.multiply(&mut product, &x, &y);
        let products = engine.moduli.integers(&product);
        // The result as an operand: balanced digits, and negative half of the time.
        let mut square = engine.moduli.zero();
        engine.square(&mut square, &product);
        let squares = engine.moduli.integers(&square);
        let mut mixed = engine.moduli.zero();
        engine.multiply(&mut mixed, &square, &product);
        let mixed = engine.moduli.integers(&mixed);
        engine.square(&mut product, &x);
        let operand_squares = engine.moduli.integers(&product);
        for lane in 0..moduli.len() {
            let (a, b) = (&a[lane], &b[lane]);
            let context = || format!("{:?}, lane {lane}, {a} {b}", engine.moduli);
            assert_eq!(products[lane], bench.expected(lane, a, b), "{}", context());
            assert_eq!(operand_squares[lane], bench.expected(lane, a, a), "{}", context());
            let square = bench.expected(lane, &products[lane], &products[lane]);
            assert_eq!(squares[lane], square, "{}", context());
            assert_eq!(mixed[lane], bench.expected(lane, &square, &products[lane]), "{}", context());
        }
    }
}

#[test]
fn products_of_1024_bits() {
    check_products_of_size(0);
}

#[test]
fn products_of_2048_bits() {
    check_products_of_size(1);
}

#[test]
fn products_of_3072_bits() {
    check_products_of_size(2);
}

#[test]
fn products_of_4096_bits() {
    check_products_of_size(3);
}

#[test]
fn products_of_6144_bits() {
    check_products_of_size(4);
}

fn check_products_of_size(size: usize) {
    for arithmetic in available() {
        check_products(arithmetic, SIZES[size], cases(), &mut ChaCha8Rng::seed_from_u64(size as u64));
    }
}

/// Roots of p² and n² in use.
#[test]
fn products_modulo_squares() {
    for (seed, bits) in (20..).zip([512, 1_024, 1_536, 2_048, 3_072]) {
        for arithmetic in available() {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            check_products_modulo_squares(arithmetic, bits, cases(), &mut rng);
        }
    }
}

#[test]
fn products_modulo_squares_of_odd_sizes() {
    let mut rng = ChaCha8Rng::seed_from_u64(30);
    let odd = [2, 3, 24, 25, 46, 47, 48, 63, 64, 65, 93, 94, 95, 191, 192, 1_000, 1_531, 3_100];
    for arithmetic in available() {
        for bits in odd.into_iter().chain((513..3_072).step_by(161)) {
            check_products_modulo_squares(arithmetic, bits, cases() / 100, &mut rng);
        }
    }
}

#[test]
fn products_of_odd_sizes() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let odd = [2, 3, 24, 25, 46, 47, 48, 63, 64, 65, 93, 94, 95, 191, 192, 1_000, 1_531, 6_200, 6_290];
    let sizes = odd.into_iter().chain((1_025..6_144).step_by(283));
    for arithmetic in available() {
        for bits in sizes.clone() {
            check_products(arithmetic, bits, cases() / 100, &mut rng);
        }
    }
}

/// A digit of a lane, of any sign and size that the arithmetic allows.
fn set_digit(residues: &mut Residues, lanes: usize, lane: usize, position: usize, digit: i64) {
    residues.words[(PAD_FRONT + position) * lanes + lane] = (digit as f64).to_bits();
}

/// The integer in a lane, without the conversion under test.
#[expect(clippy::cast_possible_truncation, reason = "digits are integers below 2⁵³")]
fn signed(residues: &Residues, lanes: usize, lane: usize, digits: usize, radix_bits: usize) -> BigInt {
    (0..digits).fold(BigInt::ZERO, |sum, position| {
        let digit = f64::from_bits(residues.words[(PAD_FRONT + position) * lanes + lane]) as i64;
        sum + (BigInt::from(digit) << (radix_bits * position))
    })
}

#[test]
fn digits_at_their_limits_multiply_exactly() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for (arithmetic, radix_bits, limit) in
        [(Arithmetic::Fused, 47, 1_i64 << 46), (Arithmetic::Plain, 24, (1 << 23) + (1 << 8))]
    {
        if !arithmetic.is_available() {
            continue;
        }
        let lanes = lanes(arithmetic);
        for (size, bits) in SIZES.into_iter().chain([6_290]).enumerate() {
            let moduli: Vec<BigUint> = (0..lanes).map(|lane| modulus(size + lane, bits, &mut rng)).collect();
            let bench = Bench::new(arithmetic, &moduli);
            let (engine, digits) = (&bench.engine, bench.engine.moduli.digits());
            for pattern in 0..40_usize {
                let [mut x, mut y] = [engine.moduli.zero(), engine.moduli.zero()];
                for (number, residues) in [&mut x, &mut y].into_iter().enumerate() {
                    for position in 0..digits {
                        for lane in 0..lanes {
                            let digit = match pattern + 5 * number {
                                0 | 5 => limit,
                                1 | 6 => -limit,
                                2 | 7 => limit * (1 - 2 * i64::from(position % 2 == 1)),
                                3 | 8 => limit - i64::from(position % 3 == 0),
                                // Products of half a digit: what rounding loses is largest, and of one sign.
                                10 | 12 => limit,
                                11 => -limit,
                                13 => [limit / 2, 1][position % 2],
                                15 | 16 => 1,
                                17 => 1 - 2 * i64::from(position % 2 == 1),
                                _ => [limit, -limit, limit - 1, 1 - limit, 0][rng.next_u32() as usize % 5],
                            };
                            set_digit(residues, lanes, lane, position, digit);
                        }
                    }
                }
                let [mut product, mut square] = [engine.moduli.zero(), engine.moduli.zero()];
                engine.multiply(&mut product, &x, &y);
                engine.square(&mut square, &x);
                for lane in 0..lanes {
                    let integer = |residues| signed(residues, lanes, lane, digits, radix_bits);
                    let n = BigInt::from_biguint(Sign::Plus, bench.modulus(lane).clone());
                    let radix = BigInt::one() << (radix_bits * digits);
                    let [a, b] = [integer(&x), integer(&y)];
                    for (result, exact) in [(&product, &a * &b), (&square, &a * &a)] {
                        let difference: BigInt = integer(result) * &radix - exact;
                        assert!(difference.mod_floor(&n).is_zero(), "{arithmetic:?} {bits} {pattern}");
                        let digit =
                            |position| f64::from_bits(result.words[(PAD_FRONT + position) * lanes + lane]);
                        assert!((0..digits).all(|position| digit(position).abs() <= limit as f64));
                    }
                }
            }
        }
    }
}

/// Both components, with all digits at their limits that a number below ñ can have there.
#[test]
fn digits_at_their_limits_multiply_exactly_modulo_squares() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for (arithmetic, radix_bits, friendly_digits, limit) in
        [(Arithmetic::Fused, 47, 2, 1_i64 << 46), (Arithmetic::Plain, 24, 4, (1 << 23) + (1 << 8))]
    {
        if !arithmetic.is_available() {
            continue;
        }
        let lanes = lanes(arithmetic);
        for (size, bits) in [512, 1_024, 1_536, 2_048, 3_072, 6_290].into_iter().enumerate() {
            let roots: Vec<BigUint> = (0..lanes).map(|lane| modulus(size + lane, bits, &mut rng)).collect();
            let bench = Bench::of_squares(arithmetic, &roots);
            let (engine, digits) = (&bench.engine, bench.engine.moduli.digits());
            let second = bench.engine.moduli.component_len() / lanes;
            let component = |residues: &Residues, start: usize, lane: usize| {
                let words = residues.words[start * lanes..].to_vec();
                signed(&Residues { words }, lanes, lane, digits, radix_bits)
            };
            for pattern in 0..20_usize {
                let [mut x, mut y] = [engine.moduli.zero(), engine.moduli.zero()];
                for (number, residues) in [&mut x, &mut y].into_iter().enumerate() {
                    for position in 0..(usize::try_from(bits).unwrap() - 2) / radix_bits {
                        for lane in 0..lanes {
                            for (which, start) in [0, second].into_iter().enumerate() {
                                let digit = match pattern + 3 * number + 7 * which {
                                    0 | 3 | 8 => limit,
                                    1 | 7 | 11 => -limit,
                                    2 | 9 | 12 => limit * (1 - 2 * i64::from(position % 2 == 1)),
                                    // Products of half a digit.
                                    13 | 20 => limit,
                                    14 | 21 => -limit,
                                    16 | 23 | 17 | 24 => 1,
                                    _ => {
                                        [limit, -limit, limit - 1, 1 - limit, 0][rng.next_u32() as usize % 5]
                                    }
                                };
                                set_digit(residues, lanes, lane, start + position, digit);
                            }
                        }
                    }
                }
                let [mut product, mut square] = [engine.moduli.zero(), engine.moduli.zero()];
                engine.multiply(&mut product, &x, &y);
                engine.square(&mut square, &x);
                for lane in 0..lanes {
                    let friendly = component(&engine.moduli.friendly, 0, lane);
                    let multiple: BigInt = (friendly << (radix_bits * friendly_digits)) - 1;
                    let integer = |residues| {
                        component(residues, 0, lane) + component(residues, second, lane) * &multiple
                    };
                    let n = BigInt::from_biguint(Sign::Plus, bench.modulus(lane).clone());
                    let radix = BigInt::one() << (radix_bits * digits);
                    let [a, b] = [integer(&x), integer(&y)];
                    for (result, exact) in [(&product, &a * &b), (&square, &a * &a)] {
                        let difference: BigInt = integer(result) * &radix - exact;
                        assert!(difference.mod_floor(&n).is_zero(), "{arithmetic:?} {bits} {pattern}");
                        for start in [0, second] {
                            let magnitude = component(result, start, lane).magnitude().clone();
                            assert!(magnitude <= *multiple.magnitude(), "a component beyond ñ");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn padding_stays_zero() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for arithmetic in available().filter(|&arithmetic| arithmetic != Arithmetic::Words) {
        let n = modulus(5, 2_048, &mut rng);
        let bench = Bench::new(arithmetic, &[n]);
        let moduli = &bench.engine.moduli;
        let lanes = moduli.lanes();
        let operands: Vec<_> = (0..lanes).map(|lane| operand(9, bench.modulus(lane), &mut rng)).collect();
        let x = moduli.residues(&operands);
        let mut product = moduli.zero();
        bench.engine.multiply(&mut product, &x, &x);
        for residues in [&x, &product, &moduli.friendly, &moduli.radix_square] {
            let (front, rest) = residues.words.split_at(PAD_FRONT * lanes);
            assert!(front.iter().chain(&rest[moduli.digits() * lanes..]).all(|&word| word == 0));
        }
    }
}

#[test]
fn integers_survive_montgomery_form() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for arithmetic in available() {
        for bits in [2, 64, 700, 2_048] {
            let [p, q] = [modulus(5, bits, &mut rng), modulus(0, bits + 13, &mut rng)];
            let batch = Batch::with_arithmetic(arithmetic, &[&p, &q]).unwrap();
            let integers: Vec<_> = (0..batch.lanes()).map(|_| rng.random_biguint(bits + 300)).collect();
            let residues = batch.to_montgomery(&integers);
            let back = batch.from_montgomery(&residues);
            let doubled = batch.multiply_integers(&residues, &integers);
            for lane in 0..batch.lanes() {
                assert_eq!(batch.modulus(lane), if lane % 2 == 0 { &p } else { &q });
                assert_eq!(back[lane], &integers[lane] % batch.modulus(lane));
                assert_eq!(doubled[lane], integers[lane].pow(2) % batch.modulus(lane));
            }
            // Lanes without an integer are 0.
            assert!(batch.from_montgomery(&batch.to_montgomery([]))[0].is_zero());
        }
    }
}

#[test]
fn powers_agree_with_num_bigint() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for arithmetic in available() {
        for bits in [3, 65, 1_024, 2_048, 3_100] {
            let moduli = [modulus(4, bits, &mut rng), modulus(3, bits, &mut rng)];
            let batch = Batch::with_arithmetic(arithmetic, &moduli.each_ref()).unwrap();
            let exponents = [0u32, 1, 2, 31, 32].map(BigUint::from);
            let exponents = exponents
                .into_iter()
                .chain([5, 16, 64, 65, 96, 97, 320, 321].map(|bits| power_of_two(bits) - 1u32));
            let exponents: Vec<_> =
                exponents.chain([rng.random_biguint(bits), runs(bits, &mut rng)]).collect();
            for (index, exponent) in exponents.iter().enumerate() {
                let bases: Vec<_> = (0..batch.lanes())
                    .map(|lane| operand(index + lane, batch.modulus(lane), &mut rng))
                    .collect();
                let residues = batch.to_montgomery(&bases);
                let other = &exponents[(index + 3) % exponents.len()];
                let secret = batch.from_montgomery(&batch.power(&residues, &[exponent, other]));
                let public = batch.from_montgomery(&batch.power_vartime(&residues, exponent));
                for lane in 0..batch.lanes() {
                    let expected = |exponent: &BigUint| bases[lane].modpow(exponent, batch.modulus(lane));
                    assert_eq!(public[lane], expected(exponent), "{arithmetic:?} {bits} {index} {lane}");
                    assert_eq!(secret[lane], expected(if lane % 2 == 0 { exponent } else { other }));
                }
            }
        }
    }
}

#[test]
fn products_agree_with_repeated_multiplication() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for arithmetic in available() {
        for bits in [2, 1_024, 4_096] {
            let n = modulus(4, bits, &mut rng);
            let batch = Batch::with_arithmetic(arithmetic, &[&n]).unwrap();
            for count in (0..14).chain([97, 256]) {
                // Larger than the modulus too.
                let factors: Vec<_> =
                    (0..count).map(|index| operand(index, &n, &mut rng) + &n * (index % 3)).collect();
                let expected = factors.iter().fold(BigUint::one(), |product, factor| product * factor % &n);
                assert_eq!(batch.product_vartime(&factors), expected, "{arithmetic:?} {bits} {count}");
            }
        }
    }
}

#[test]
fn fixed_bases_agree_with_powers() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for arithmetic in available() {
        let moduli = [modulus(4, 600, &mut rng), modulus(3, 599, &mut rng)];
        let [p, q] = &moduli;
        for (moduli, exponent_bits) in [(vec![p, q], 100), (vec![p], 7), (vec![q], 6), (vec![p, q], 1)] {
            let batch = Batch::with_arithmetic(arithmetic, &moduli).unwrap();
            let bases: Vec<_> = moduli.iter().map(|n| operand(9, n, &mut rng)).collect();
            let scales: Vec<_> = moduli.iter().map(|n| operand(8, n, &mut rng)).collect();
            let mut reports = Vec::new();
            let table = FixedBase::new(
                &batch,
                &bases.iter().collect::<Vec<_>>(),
                &scales.iter().collect::<Vec<_>>(),
                exponent_bits,
                &mut |done, of| reports.push((done, of)),
            );
            assert!(reports.is_sorted() && reports.last().is_some_and(|(done, of)| done == of));
            for _ in 0..20 {
                let exponents: Vec<_> =
                    (0..batch.lanes()).map(|_| rng.random_biguint(exponent_bits)).collect();
                let powers = table.power_once(&batch, &exponents.iter().collect::<Vec<_>>());
                let powers = batch.from_montgomery(&powers);
                for lane in 0..batch.lanes() {
                    let (n, which) = (batch.modulus(lane), lane % moduli.len());
                    let expected = bases[which].modpow(&exponents[lane], n) * &scales[which] % n;
                    assert_eq!(powers[lane], expected);
                }
            }
        }
    }
}

#[test]
fn refuses_moduli_that_do_not_fit() {
    for arithmetic in available() {
        let error = |moduli: &[&BigUint]| Batch::with_arithmetic(arithmetic, moduli).err();
        let [one, three, four, five] = [1u32, 3, 4, 5].map(BigUint::from);
        assert_eq!(error(&[&three, &one]), Some(ModulusError::TooSmall));
        assert_eq!(error(&[&four]), Some(ModulusError::Even));
        assert_eq!(error(&[]), Some(ModulusError::NoArithmetic));
        assert_eq!(error(&[&three, &five]), None);
        if arithmetic != Arithmetic::Words {
            assert_eq!(error(&[&three; 5]), Some(ModulusError::NoArithmetic));
            assert_eq!(error(&[&(power_of_two(8_000) - 1u32)]), Some(ModulusError::NoArithmetic));
        }
    }
    // Whatever is too large for vectors goes by words.
    assert_eq!(Batch::new(&[&(power_of_two(8_000) - 1u32)]).unwrap().arithmetic(), Arithmetic::Words);
}

#[test]
#[should_panic(expected = "residues of another batch")]
fn residues_of_another_size_are_refused() {
    let [small, large] =
        [power_of_two(100) - 1u32, power_of_two(1_000) - 1u32].map(|n| Batch::new(&[&n]).unwrap());
    let _ = large.multiplied(large.one(), small.one());
}

#[test]
fn a_fused_multiply_add_is_found_where_it_must_be() {
    // What every processor of this kind has; elsewhere the answer is free.
    #[cfg(target_arch = "x86_64")]
    assert_eq!(multiply_add_is_fused(), is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"));
    #[cfg(target_arch = "aarch64")]
    assert!(multiply_add_is_fused());
    #[cfg(all(target_arch = "wasm32", not(feature = "relaxed-simd")))]
    assert!(!multiply_add_is_fused());
    assert_eq!(Arithmetic::Fused.is_available(), multiply_add_is_fused());
    #[cfg(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128")))]
    assert!(Arithmetic::Plain.is_available());
    assert!(Arithmetic::Words.is_available());
}

#[test]
fn takes_odd_moduli_above_one_only() {
    for value in [0u32, 1] {
        assert_eq!(Modulus::new(&BigUint::from(value)).err(), Some(ModulusError::TooSmall));
    }
    assert_eq!(Modulus::new(&BigUint::from(10u32)).err(), Some(ModulusError::Even));
    assert!(Modulus::new(&BigUint::from(3u32)).is_ok());
}

#[test]
fn reduces_factors_of_any_size() {
    let modulus = Modulus::new(&BigUint::from(1_000_003u32)).unwrap();
    let huge = power_of_two(4_000);
    let expected = &huge * &huge % 1_000_003u32;
    assert_eq!(modulus.multiply(&huge, &huge), expected);
    assert_eq!(modulus.product([&huge, &huge]), expected);
    assert_eq!(modulus.product([&huge]), &huge % 1_000_003u32);
}

#[test]
fn an_empty_product_is_one() {
    let modulus = Modulus::new(&BigUint::from(15u32)).unwrap();
    assert_eq!(modulus.product([]), BigUint::one());
}

#[test]
fn powers_agree_with_repeated_multiplication() {
    let modulus = Modulus::new(&BigUint::from(1_000_003u32)).unwrap();
    let base = BigUint::from(77_777u32);
    let mut expected = BigUint::one();
    for exponent in 0..50u32 {
        assert_eq!(modulus.pow_vartime(&base, &BigUint::from(exponent)), expected);
        assert_eq!(modulus.pow_secret(&base, &BigUint::from(exponent)), expected);
        expected = modulus.multiply(&expected, &base);
    }
}

#[test]
fn wiping_clears_every_digit_in_place() {
    for bits in [1, 63, 64, 65, 128, 1_024, 3_000] {
        let mut value: BigUint = power_of_two(bits) - 1u32;
        let digits = value.iter_u64_digits().len();
        // The first of the two steps: same length, all digits zero but the top bit of the last.
        let mut mask = BigUint::ZERO;
        mask.set_bit(bits - 1, true);
        let mut halfway = value.clone();
        halfway &= &mask;
        assert_eq!(halfway.iter_u64_digits().len(), digits);
        assert_eq!(halfway.count_ones(), 1);
        wipe(&mut value);
        assert!(value.is_zero());
    }
    let mut zero = BigUint::ZERO;
    wipe(&mut zero);
    assert!(zero.is_zero());
}

#[test]
fn debug_shows_only_the_size() {
    let value = BigUint::from(0xdead_beef_u32);
    let modulus = Modulus::new(&value).unwrap();
    assert_eq!(format!("{modulus:?}"), "Modulus(32 bits)");
    let batch = Batch::with_arithmetic(Arithmetic::Words, &[&value]).unwrap();
    assert_eq!(format!("{batch:?}"), "Batch(Words, Moduli([32] bits, 2 digits of 64 bits))");
    assert_eq!(format!("{:?}", batch.one()), "Residues(hidden)");
}
