//! National numbers of persons: how they are built, and whether one is well-formed.

mod checks;

use serde::{Deserialize, Serialize};

/// A kind of national number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// United States: Social Security number, `AAA-GG-SSSS`; without check digit.
    UsSocialSecurity,
    /// United Kingdom: NHS number, 10 digits, modulo 11.
    UkHealth,
    /// France: NIR, 13 digits and a key modulo 97. (Not those of Corsica with 2A and 2B.)
    FrSocialSecurity,
    /// Spain: DNI, 8 digits and a letter modulo 23.
    EsIdentity,
    /// Netherlands: BSN, 9 digits, "eleven test".
    NlCitizen,
    /// Poland: PESEL, 11 digits with the date of birth.
    PlPesel,
    /// Sweden: personnummer, 10 digits with the date of birth, Luhn.
    SePersonal,
    /// Belgium: national register number, 11 digits with the date of birth, modulo 97.
    BeRegister,
    /// Germany: tax identification number, 11 digits, ISO 7064.
    DeTax,
    /// Italy: codice fiscale, 16 letters and digits.
    ItFiscal,
}

/// Digits that hold one number of a national number's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    digits: usize,
    from: u32,
    count: u32,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::UsSocialSecurity,
        Self::UkHealth,
        Self::FrSocialSecurity,
        Self::EsIdentity,
        Self::NlCitizen,
        Self::PlPesel,
        Self::SePersonal,
        Self::BeRegister,
        Self::DeTax,
        Self::ItFiscal,
    ];

    /// Country and name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UsSocialSecurity => "US Social Security number",
            Self::UkHealth => "UK NHS number",
            Self::FrSocialSecurity => "French social security number (NIR)",
            Self::EsIdentity => "Spanish identity number (DNI)",
            Self::NlCitizen => "Dutch citizen number (BSN)",
            Self::PlPesel => "Polish number (PESEL)",
            Self::SePersonal => "Swedish personal number",
            Self::BeRegister => "Belgian national register number",
            Self::DeTax => "German tax identification number",
            Self::ItFiscal => "Italian fiscal code",
        }
    }

    /// Whether a cell is such a number: its parts within range and its check digits right. Blanks, dots, hyphens and
    /// slashes are passed over.
    #[must_use]
    pub fn is_valid(self, cell: &str) -> bool {
        symbols(cell).is_some_and(|symbols| {
            if self == Self::ItFiscal {
                checks::is_fiscal_code(&symbols)
            } else {
                self.rank(&symbols).is_some()
            }
        })
    }

    /// How many random strings of such a length would pass, roughly: 1 in so many. Small numbers prove little.
    pub(crate) fn strictness(self) -> u32 {
        match self {
            Self::UsSocialSecurity => 1,
            Self::UkHealth | Self::NlCitizen => 11,
            Self::EsIdentity => 23,
            Self::PlPesel => 60,
            Self::SePersonal => 250,
            Self::DeTax => 260,
            Self::BeRegister => 1_500,
            Self::FrSocialSecurity => 4_000,
            Self::ItFiscal => 10_000,
        }
    }

    /// The ranges of the body, in front of the check digits; none for a code of letters.
    pub(crate) fn fields(self) -> &'static [Field] {
        const fn field(digits: usize, from: u32, count: u32) -> Field {
            Field { digits, from, count }
        }
        const YEAR: Field = field(2, 0, 100);
        const MONTH: Field = field(2, 1, 12);
        const DAY: Field = field(2, 1, 31);
        match self {
            Self::UsSocialSecurity => const { &[field(3, 1, 899), field(2, 1, 99), field(4, 1, 9_999)] },
            Self::UkHealth => const { &[field(9, 0, 1_000_000_000)] },
            Self::FrSocialSecurity => {
                const { &[field(1, 1, 2), YEAR, MONTH, field(2, 1, 99), field(3, 1, 990), field(3, 1, 999)] }
            }
            Self::EsIdentity | Self::NlCitizen => const { &[field(8, 0, 100_000_000)] },
            Self::PlPesel => const { &[YEAR, field(2, 1, 32), DAY, field(4, 0, 10_000)] },
            Self::SePersonal => const { &[YEAR, MONTH, DAY, field(3, 0, 1_000)] },
            Self::BeRegister => const { &[YEAR, MONTH, DAY, field(3, 1, 998)] },
            Self::DeTax => const { &[field(1, 1, 9), field(9, 0, 1_000_000_000)] },
            Self::ItFiscal => &[],
        }
    }

    /// Bodies there are, plausible or not.
    pub(crate) fn domain(self) -> u128 {
        self.fields().iter().map(|field| u128::from(field.count)).product()
    }

    /// Place of a well-formed number among all bodies, and which of two check digits it has (Belgium tells people
    /// born from 2000 on by theirs). `None` if it is not well-formed.
    pub(crate) fn rank(self, symbols: &[u8]) -> Option<(u128, bool)> {
        let (mut rank, mut at) = (0, 0);
        for field in self.fields() {
            let digits = symbols.get(at..at + field.digits)?;
            let mut number = 0;
            for digit in digits {
                number = number * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
            }
            let number = number.checked_sub(field.from).filter(|number| *number < field.count)?;
            rank = rank * u128::from(field.count) + u128::from(number);
            at += field.digits;
        }
        [false, true]
            .into_iter()
            .find(|later| self.unrank(rank, *later).as_deref() == Some(symbols))
            .map(|later| (rank, later))
    }

    /// The number at a place, check digits included; `None` if that body is not plausible.
    pub(crate) fn unrank(self, rank: u128, later: bool) -> Option<Vec<u8>> {
        let mut rest = rank;
        let mut parts: Vec<String> = Vec::new();
        for Field { digits, from, count } in self.fields().iter().rev() {
            let number = rest % u128::from(*count) + u128::from(*from);
            rest /= u128::from(*count);
            parts.push(format!("{number:0digits$}"));
        }
        let body: Vec<u8> = parts.into_iter().rev().flat_map(String::into_bytes).collect();
        let check = checks::check(self, &body, later)?;
        Some([body, check].concat())
    }
}

/// Letters (in upper case) and digits of a cell, without blanks and punctuation; `None` if it holds anything else.
pub(crate) fn symbols(cell: &str) -> Option<Vec<u8>> {
    let mut symbols = Vec::with_capacity(cell.len());
    for c in cell.trim().chars() {
        match c {
            ' ' | '.' | '-' | '/' | '\u{a0}' => {}
            c if c.is_ascii_alphanumeric() => symbols.push(u8::try_from(c.to_ascii_uppercase()).ok()?),
            _ => return None,
        }
    }
    (!symbols.is_empty()).then_some(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published examples.
    const KNOWN: [(Scheme, &str); 13] = [
        (Scheme::UsSocialSecurity, "078-05-1120"),
        (Scheme::UkHealth, "943 476 5919"),
        (Scheme::FrSocialSecurity, "2 55 08 14 168 025 38"),
        (Scheme::EsIdentity, "12345678Z"),
        (Scheme::NlCitizen, "111222333"),
        (Scheme::PlPesel, "44051401359"),
        (Scheme::PlPesel, "02070803628"),
        (Scheme::SePersonal, "811228-9874"),
        (Scheme::BeRegister, "85.07.30-033.28"),
        (Scheme::BeRegister, "17 07 30 033 84"),
        (Scheme::DeTax, "86 095 742 719"),
        (Scheme::DeTax, "47036892816"),
        (Scheme::ItFiscal, "RSSMRA85T10A562S"),
    ];

    #[test]
    fn known_numbers_are_well_formed() {
        for (scheme, cell) in KNOWN {
            assert!(scheme.is_valid(cell), "{} {cell}", scheme.name());
        }
    }

    #[test]
    fn one_wrong_digit_is_found() {
        for (scheme, cell) in KNOWN.into_iter().filter(|(scheme, _)| *scheme != Scheme::UsSocialSecurity) {
            let at = cell.rfind(|c: char| c.is_ascii_digit()).unwrap();
            let digit = cell.as_bytes()[at] - b'0';
            for other in (0..10).filter(|other| *other != digit) {
                let wrong = format!("{}{other}{}", &cell[..at], &cell[at + 1..]);
                assert!(!scheme.is_valid(&wrong), "{} {wrong}", scheme.name());
            }
        }
    }

    #[test]
    fn ranks_lead_back() {
        for (scheme, cell) in KNOWN.into_iter().filter(|(scheme, _)| *scheme != Scheme::ItFiscal) {
            let symbols = symbols(cell).unwrap();
            let (rank, later) = scheme.rank(&symbols).unwrap();
            assert!(rank < scheme.domain());
            assert_eq!(scheme.unrank(rank, later), Some(symbols));
        }
    }

    #[test]
    fn refuses_impossible_parts() {
        for (scheme, cell) in [
            (Scheme::UsSocialSecurity, "666-12-3456"),
            (Scheme::UsSocialSecurity, "900-12-3456"),
            (Scheme::UsSocialSecurity, "123-00-4567"),
            (Scheme::NlCitizen, "000000000"),
            (Scheme::PlPesel, "44153101350"),
            (Scheme::UkHealth, "943476591"),
            (Scheme::UkHealth, "ü434765919"),
            (Scheme::EsIdentity, ""),
        ] {
            assert!(!scheme.is_valid(cell), "{cell}");
        }
    }
}
