//! Identifiers of the same form.

use super::{Pseudonymiser, labels, normalised};

/// Letters and digits that change sides more often than this are one alphabet: where they stand would tell a UUID.
const MAX_CHANGES: usize = 2;
/// Most letters and digits that are permuted: the cost grows with their square.
const MAX_PERMUTED: usize = 256;
/// 130 bits.
const TOKEN_CHARACTERS: usize = 26;

/// What each letter or digit of a cell may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    /// Digits digits, letters letters of the same case.
    Own,
    /// Any of these.
    One(&'static [u8]),
}

const HEX_LOWER: &[u8] = b"0123456789abcdef";
const HEX_UPPER: &[u8] = b"0123456789ABCDEF";
const LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BOTH: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";
const SMALL_LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Pseudonymiser {
    /// A permutation of all cells of one form: one alphabet, and everything else at the same places.
    pub(super) fn shaped(&mut self, label: &'static str, cell: &str) -> String {
        let cell = cell.trim();
        if cell.is_empty() {
            return String::new();
        }
        let foreign = cell.chars().any(|c| c.is_alphanumeric() && !c.is_ascii_alphanumeric());
        let symbols: Vec<u8> = cell.bytes().filter(u8::is_ascii_alphanumeric).collect();
        if foreign || symbols.is_empty() || symbols.len() > MAX_PERMUTED {
            return self.token(label, cell);
        }
        // Where letters stand in a postcode is the country's choice and tells nothing.
        let form =
            |symbols: &[u8]| if label == labels::POSTCODE { Alphabet::Own } else { Alphabet::of(symbols) };
        let alphabet = form(&symbols);
        let mut fake = symbols;
        // What leaves the form is walked on until it is back; most of an alphabet's strings are of its form.
        for _ in 0..super::permute::MAX_WALK {
            fake = match self.step(label, alphabet, fake) {
                Some(fake) => fake,
                None => return self.token(label, cell),
            };
            if form(&fake) == alphabet {
                return write_over(cell, &fake);
            }
        }
        self.token(label, cell)
    }

    fn step(&mut self, label: &'static str, alphabet: Alphabet, symbols: Vec<u8>) -> Option<Vec<u8>> {
        let alphabets: Vec<&'static [u8]> = symbols.iter().map(|symbol| alphabet.at(*symbol)).collect();
        let mut places = Vec::with_capacity(symbols.len());
        for (symbol, alphabet) in symbols.iter().zip(&alphabets) {
            places.push(u16::try_from(alphabet.iter().position(|known| known == symbol)?).ok()?);
        }
        let domain = alphabets.iter().try_fold(1_u128, |domain, alphabet| {
            domain.checked_mul(alphabet.len() as u128).filter(|domain| *domain <= 10_u128.pow(37))
        });
        let images: Vec<u16> = match domain {
            Some(domain) => {
                let rank = places
                    .iter()
                    .zip(&alphabets)
                    .fold(0, |rank, (place, alphabet)| rank * alphabet.len() as u128 + u128::from(*place));
                let mut rest = self.permuter.permute(label, domain, rank);
                let mut images = Vec::with_capacity(places.len());
                for alphabet in alphabets.iter().rev() {
                    let radix = alphabet.len() as u128;
                    images.push(u16::try_from(rest % radix).ok()?);
                    rest /= radix;
                }
                images.reverse();
                images
            }
            None if alphabets.iter().all(|other| other == &alphabets[0]) => {
                let radix = u16::try_from(alphabets[0].len()).ok()?;
                self.permuter.permute_long(label, radix, places)
            }
            None => return None,
        };
        Some(images.iter().zip(&alphabets).map(|(image, alphabet)| alphabet[usize::from(*image)]).collect())
    }

    fn token(&self, label: &str, cell: &str) -> String {
        let mut draw = self.key.draw(labels::TOKEN, &[label.as_bytes(), normalised(cell).as_bytes()]);
        format!("id-{}", draw.tag(TOKEN_CHARACTERS))
    }
}

impl Alphabet {
    fn of(symbols: &[u8]) -> Self {
        let changes = symbols.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
        if changes.count() <= MAX_CHANGES {
            return Self::Own;
        }
        let any = |test: fn(&u8) -> bool| symbols.iter().any(test);
        let hex = symbols.iter().all(u8::is_ascii_hexdigit);
        Self::One(match (any(u8::is_ascii_lowercase), any(u8::is_ascii_uppercase)) {
            (true, true) => BOTH,
            (true, false) => {
                if hex {
                    HEX_LOWER
                } else {
                    LOWER
                }
            }
            (false, _) => {
                if hex {
                    HEX_UPPER
                } else {
                    UPPER
                }
            }
        })
    }

    fn at(self, symbol: u8) -> &'static [u8] {
        match self {
            Self::One(alphabet) => alphabet,
            Self::Own if symbol.is_ascii_digit() => DIGITS,
            Self::Own if symbol.is_ascii_lowercase() => SMALL_LETTERS,
            Self::Own => CAPITALS,
        }
    }
}

/// The cell with its letters and digits replaced one by one; a letter keeps its case where the symbol has the other.
pub(super) fn write_over(cell: &str, symbols: &[u8]) -> String {
    let mut symbols = symbols.iter().copied();
    cell.trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { symbols.next().map_or(c, char::from) } else { c })
        .collect()
}
