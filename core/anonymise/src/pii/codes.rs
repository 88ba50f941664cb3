//! Numbers with check digits that are no national numbers.

use crate::national::symbols;

/// Whether 13 to 19 digits pass Luhn's check and begin like a card's.
pub(super) fn is_card_number(cell: &str) -> bool {
    let Some(digits) = symbols(cell).filter(|symbols| symbols.iter().all(u8::is_ascii_digit)) else {
        return false;
    };
    (13..=19).contains(&digits.len()) && is_issued(&digits) && luhn(&digits)
}

/// Visa, Mastercard, American Express, Discover, JCB, Diners.
fn is_issued(digits: &[u8]) -> bool {
    let prefix = |length: usize| {
        digits[..length].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    digits[0] == b'4'
        || matches!(prefix(2), 34 | 36..=39 | 51..=55 | 65)
        || matches!(prefix(3), 300..=305)
        || matches!(prefix(4), 2_221..=2_720 | 3_528..=3_589 | 6_011)
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a cell is an IBAN: two letters, two check digits, up to 30 letters and digits, modulo 97 = 1 [ISO 13616].
pub(super) fn is_iban(cell: &str) -> bool {
    let Some(symbols) = symbols(cell).filter(|symbols| (15..=34).contains(&symbols.len())) else {
        return false;
    };
    let (head, body) = symbols.split_at(4);
    if !head[..2].iter().all(u8::is_ascii_uppercase) || !head[2..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let remainder = body.iter().chain(head).fold(0_u32, |remainder, symbol| match symbol {
        b'0'..=b'9' => (remainder * 10 + u32::from(symbol - b'0')) % 97,
        _ => (remainder * 100 + u32::from(symbol - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_cards_pass_and_a_wrong_digit_does_not() {
        for card in [
            "4111 1111 1111 1111",
            "5555555555554444",
            "3782-822463-10005",
            "6011111111111117",
            "30569309025904",
        ] {
            assert!(is_card_number(card), "{card}");
            let wrong = format!("{}{}", &card[..card.len() - 1], if card.ends_with('9') { '0' } else { '9' });
            assert!(!is_card_number(&wrong), "{wrong}");
        }
        for other in ["0000000000000000", "411111111111", "4111x11111111111", "", "9111111111111111"] {
            assert!(!is_card_number(other), "{other}");
        }
    }

    #[test]
    fn published_ibans_pass_and_a_wrong_digit_does_not() {
        for iban in
            ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "fr14 2004 1010 0505 0001 3m02 606"]
        {
            assert!(is_iban(iban), "{iban}");
            assert!(!is_iban(&iban.replacen('0', "1", 1).replacen('8', "7", 1)), "{iban}");
        }
        assert!(!is_iban("DE89") && !is_iban("") && !is_iban("1234567890123456"));
    }
}
