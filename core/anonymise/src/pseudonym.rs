//! Consistent fakes: the same name, phone number or identifier becomes the same fake one in every file of a study.
//!
//! Everything is a keyed function of the input: HMAC-SHA-256 picks names, format-preserving encryption (FF1,
//! NIST SP 800-38G, under AES-256) permutes identifiers. Who has no key cannot tell which fake belongs to whom, nor
//! link two studies; *who has the key can*. Pseudonyms lower the risk; the other columns may still tell who it is.

mod apply;
mod contact;
mod draw;
mod key;
mod labels;
mod name;
mod permute;
mod place;
mod shape;
mod words;

use std::sync::Arc;

pub use self::apply::{Plan, PseudonymError, Treatment, pseudonymise};
pub use self::key::{SECRET_BYTES, StudyKey, StudySecret};
pub use self::name::Locale;

use self::permute::Permuter;
use crate::national::{Scheme, symbols};

/// Makes the fakes of one study. Keeps permutations of small domains, at most some megabytes.
pub struct Pseudonymiser {
    key: Arc<StudyKey>,
    locale: Locale,
    given_names: Vec<&'static str>,
    family_names: Vec<&'static str>,
    permuter: Permuter,
}

/// One person: everything that belongs to them has the same fake name and the same shift of dates.
pub struct Person {
    key: Arc<StudyKey>,
    identity: Vec<u8>,
}

impl Pseudonymiser {
    /// Fakes of the study that the key is for. Keeps a copy of it, which is wiped when the last person is dropped.
    #[must_use]
    pub fn new(key: &StudyKey, locale: Locale) -> Self {
        let given_names = locale.given_names().lines().collect();
        let family_names = locale.family_names().lines().collect();
        let permuter = Permuter::new(key);
        Self { key: Arc::new(key.copied()), locale, given_names, family_names, permuter }
    }

    /// The person with these cells, such as a patient number. Upper and lower case and blanks do not count.
    #[must_use]
    pub fn person<'c>(&self, cells: impl IntoIterator<Item = &'c str>) -> Person {
        let mut identity = Vec::new();
        for cell in cells {
            let cell = normalised(cell);
            identity.extend_from_slice(&(cell.len() as u64).to_be_bytes());
            identity.extend_from_slice(cell.as_bytes());
        }
        Person { key: Arc::clone(&self.key), identity }
    }

    /// An identifier of the same form: digits stay digits, letters letters of the same case, everything else stays.
    /// Where letters and digits are mixed as in a UUID, they are mixed anew. Different identifiers stay different.
    ///
    /// An identifier that cannot be permuted (letters outside of ASCII, or more than about 120 bits of unlike
    /// characters) becomes `id-` and 26 characters, which differ but with probability 2⁻¹³⁰.
    pub fn identifier(&mut self, cell: &str) -> String {
        self.shaped(labels::IDENTIFIER, cell)
    }

    /// A postcode of the same form. Different postcodes stay different; which are neighbours is lost.
    pub fn postcode(&mut self, cell: &str) -> String {
        self.shaped(labels::POSTCODE, cell)
    }

    /// A national number of the same kind and punctuation, with right check digits. Different ones stay different.
    /// Sex and date of birth in it are made up. What is not well-formed stays so.
    pub fn national_number(&mut self, scheme: Scheme, cell: &str) -> String {
        if is_blank(cell) {
            return String::new();
        }
        let number = symbols(cell).and_then(|symbols| scheme.rank(&symbols));
        let Some((mut rank, later)) = number else {
            // Walk on while the fake happens to be well-formed: it could be another's.
            let mut fake = cell.to_owned();
            for _ in 0..permute::MAX_WALK {
                fake = self.shaped(labels::NATIONAL, &fake);
                if scheme == Scheme::ItFiscal || !scheme.is_valid(&fake) {
                    break;
                }
            }
            return fake;
        };
        for _ in 0..permute::MAX_WALK {
            rank = self.permuter.permute(labels::NATIONAL, scheme.domain(), rank);
            if let Some(fake) = scheme.unrank(rank, later) {
                return shape::write_over(cell, &fake);
            }
        }
        // Some percent of all bodies are plausible, so that this is not reached.
        String::new()
    }
}

impl Person {
    /// Days by which all of the person's dates are shifted: from −`days` to `days`, and not 0.
    #[must_use]
    pub fn date_shift(&self, days: u16) -> i64 {
        let days = u64::from(days.max(1));
        let drawn = self.draw(labels::DATE).below(2 * days);
        let drawn = i64::try_from(drawn).unwrap_or(0);
        let days = i64::try_from(days).unwrap_or(0);
        if drawn < days { drawn - days } else { drawn - days + 1 }
    }

    fn draw(&self, label: &str) -> draw::Draw {
        self.key.draw(label, &[&self.identity])
    }
}

/// Without blanks at the ends and double ones within, in lower case.
fn normalised(cell: &str) -> String {
    cell.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn is_blank(cell: &str) -> bool {
    crate::hierarchy::is_blank(cell)
}

/// Says nothing of the key.
impl std::fmt::Debug for Pseudonymiser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonymiser").field("locale", &self.locale).finish_non_exhaustive()
    }
}

/// Says nothing of the person.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").finish_non_exhaustive()
    }
}
