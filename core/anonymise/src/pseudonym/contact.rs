//! Phone numbers and e-mail addresses.

use super::{Person, Pseudonymiser, is_blank, labels, normalised};

/// Country codes of two digits; 1 and 7 have one, all others three (ITU-T E.164).
const TWO_DIGIT_CODES: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];
/// 50 bits: among a million addresses two are the same with probability 4 · 10⁻⁴.
const TAG_CHARACTERS: usize = 10;
/// 40 bits.
const DOMAIN_CHARACTERS: usize = 8;

impl Pseudonymiser {
    /// A phone number with the same country code, number of digits and punctuation. Different numbers stay different.
    /// The fake one may be somebody else's real number: do not call it.
    pub fn phone(&mut self, cell: &str) -> String {
        let cell = cell.trim();
        let digits: Vec<u8> = cell.bytes().filter(u8::is_ascii_digit).collect();
        let text = String::from_utf8_lossy(&digits);
        if cell.chars().any(char::is_alphabetic) || digits.is_empty() {
            return self.shaped(labels::PHONE, cell);
        }
        let kept = if cell.starts_with('+') {
            country_code(&text)
        } else if text.starts_with("00") && digits.len() > 8 {
            2 + country_code(&text[2..])
        } else {
            usize::from(digits[0] == b'0')
        };
        // The first digit behind the code stays 0 or not 0, which is what tells many numbers' kinds apart.
        let kept = kept + digits.iter().skip(kept).take_while(|digit| **digit == b'0').count();
        let free = digits.len() - kept;
        if free > 36 {
            return self.shaped(labels::PHONE, cell);
        }
        let Some(power) = u32::try_from(free).ok().and_then(|free| free.checked_sub(1)) else {
            // Nothing but a code and zeros.
            return cell.to_owned();
        };
        let unit = 10_u128.pow(power);
        let number = digits[kept..].iter().fold(0, |number, digit| number * 10 + u128::from(digit - b'0'));
        let fake = self.permuter.permute(labels::PHONE, 9 * unit, number - unit) + unit;
        super::shape::write_over(cell, &[&digits[..kept], fake.to_string().as_bytes()].concat())
    }

    /// `given.family.tag@domain.example`: with the person's fake name, a tag that differs for every address, and a
    /// domain that is the same for every address of one domain. Nobody can receive mail there (RFC 2606).
    #[must_use]
    pub fn email(&self, person: &Person, cell: &str) -> String {
        if is_blank(cell) {
            return String::new();
        }
        let address = normalised(cell);
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let given = letters(&self.given_name(person, "Xx"));
        let family = letters(&self.family_name(person, "Xx"));
        let tag = self.key.draw(labels::EMAIL, &[address.as_bytes()]).tag(TAG_CHARACTERS);
        let domain = self.key.draw(labels::DOMAIN, &[domain.as_bytes()]).tag(DOMAIN_CHARACTERS);
        format!("{given}.{family}.{tag}@{domain}.example")
    }
}

/// Digits of the country code that a number starts with.
fn country_code(digits: &str) -> usize {
    let length = match digits.get(..2) {
        _ if digits.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGIT_CODES.contains(&two) => 2,
        _ => 3,
    };
    length.min(digits.len())
}

/// A name in the letters that every mail system takes.
fn letters(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        plain.push_str(match c {
            'a'..='z' => {
                plain.push(c);
                continue;
            }
            'ä' => "ae",
            'ö' | 'œ' => "oe",
            'ü' => "ue",
            'ß' => "ss",
            'à' | 'á' | 'â' | 'ã' | 'å' => "a",
            'ç' => "c",
            'è' | 'é' | 'ê' | 'ë' => "e",
            'ì' | 'í' | 'î' | 'ï' => "i",
            'ñ' => "n",
            'ò' | 'ó' | 'ô' | 'õ' => "o",
            'ù' | 'ú' | 'û' => "u",
            'ý' | 'ÿ' => "y",
            _ => "",
        });
    }
    if plain.is_empty() { "x".to_owned() } else { plain }
}
