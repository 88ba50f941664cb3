//! The canary scan: does anything that the cloud stores, receives or logs hold something that must stay in the browser?

use std::fmt;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;

use crate::recorder::Exchange;
use crate::stack::StoredFile;

/// Shortest marker: shorter ones turn up in ciphertext by chance.
pub const SHORTEST: usize = 5;

/// Something that must not be found, in all the forms that it is looked for in.
#[derive(Debug, Clone)]
pub struct Marker {
    what: String,
    forms: Vec<Form>,
}

#[derive(Debug, Clone)]
struct Form {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Marker {
    /// Bytes, looked for raw, in hex and in base64.
    ///
    /// # Panics
    /// If there are fewer than [`SHORTEST`].
    #[must_use]
    pub fn bytes(what: impl Into<String>, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= SHORTEST, "a marker of {} bytes turns up by chance", bytes.len());
        let mut forms = vec![
            Form { name: "raw", bytes: bytes.to_vec() },
            Form { name: "hex", bytes: hex::encode(bytes).into_bytes() },
            Form { name: "upper hex", bytes: hex::encode_upper(bytes).into_bytes() },
        ];
        for offset in 0..3 {
            forms.push(Form { name: "base64", bytes: base64_inside(bytes, offset, &STANDARD_NO_PAD) });
            forms.push(Form { name: "base64url", bytes: base64_inside(bytes, offset, &URL_SAFE_NO_PAD) });
        }
        Self { what: what.into(), forms }
    }

    /// Text, looked for also in UTF-16, in JSON and in URLs.
    ///
    /// # Panics
    /// If it has fewer than [`SHORTEST`] bytes.
    #[must_use]
    pub fn text(what: impl Into<String>, text: &str) -> Self {
        let mut marker = Self::bytes(what, text.as_bytes());
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        marker.forms.push(Form { name: "UTF-16", bytes: utf16 });
        let in_url: String = text.bytes().map(in_url).collect();
        let in_json = serde_json::Value::from(text).to_string();
        for (name, form) in [("in a URL", in_url), ("in JSON", in_json.trim_matches('"').to_owned())] {
            if form != text {
                marker.forms.push(Form { name, bytes: form.into_bytes() });
            }
        }
        marker
    }

    /// A cell: its text, and the number of `10^-scale` that is encrypted for it, as integers of both byte orders and
    /// as floats.
    ///
    /// # Panics
    /// If the cell or its integer is too short to be told from chance.
    #[must_use]
    pub fn number(what: impl Into<String>, cell: &str, scaled: i64) -> Self {
        let mut marker = Self::text(what, cell);
        let significant = |bytes: &[u8; 8]| {
            let used = 8 - (scaled.unsigned_abs().leading_zeros() / 8) as usize;
            assert!(used >= SHORTEST, "the integer {scaled} turns up by chance");
            bytes[..used].to_vec()
        };
        let little = scaled.to_le_bytes();
        let mut integer = significant(&little);
        marker.forms.push(Form { name: "little-endian integer", bytes: integer.clone() });
        integer.reverse();
        marker.forms.push(Form { name: "big-endian integer", bytes: integer });
        if let Ok(float) = cell.parse::<f64>() {
            marker.forms.push(Form { name: "little-endian float", bytes: float.to_le_bytes().to_vec() });
            marker.forms.push(Form { name: "big-endian float", bytes: float.to_be_bytes().to_vec() });
        }
        marker
    }
}

/// The letters that every base64 text has in it which holds `bytes` after `offset` (mod 3) others.
fn base64_inside(bytes: &[u8], offset: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let padded = [&vec![0; offset][..], bytes].concat();
    let encoded = engine.encode(&padded);
    // Letters that also depend on the bytes before or after are left out.
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.as_bytes()[first..last].to_vec()
}

fn in_url(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// A place where nothing may be found.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    bytes: Vec<u8>,
}

impl Place {
    /// The name, address, headers and body of a request.
    #[must_use]
    pub fn request(exchange: &Exchange) -> Self {
        let head = format!("{} {}\n{}\n", exchange.method, exchange.url, exchange.headers);
        let name = format!("request {} {}", exchange.method, exchange.url);
        Self { name, bytes: [head.as_bytes(), &exchange.body].concat() }
    }

    /// A file of the stack, with its name: an object, or a log.
    #[must_use]
    pub fn file(file: &StoredFile) -> Self {
        Self {
            name: format!("file {}", file.path),
            bytes: [file.path.as_bytes(), b"\n", &file.bytes].concat(),
        }
    }
}

/// A marker where it must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The marker.
    pub what: String,
    /// How it was written.
    pub form: &'static str,
    /// Where it was.
    pub place: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}) in {}", self.what, self.form, self.place)
    }
}

/// Looks for every form of every marker in every place.
#[must_use]
pub fn scan(places: &[Place], markers: &[Marker]) -> Vec<Finding> {
    let mut found = Vec::new();
    for marker in markers {
        for form in &marker.forms {
            let finder = memmem::Finder::new(&form.bytes);
            for place in places.iter().filter(|place| finder.find(&place.bytes).is_some()) {
                found.push(Finding { what: marker.what.clone(), form: form.name, place: place.name.clone() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &[u8] = b"Zeppelin-7731";

    fn place(bytes: impl Into<Vec<u8>>) -> Place {
        Place { name: "here".to_owned(), bytes: bytes.into() }
    }

    fn forms_found(place: Place, marker: Marker) -> Vec<&'static str> {
        scan(&[place], &[marker]).into_iter().map(|finding| finding.form).collect()
    }

    #[test]
    fn finds_base64_at_every_alignment() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = STANDARD.encode([before.as_bytes(), SECRET, after.as_bytes()].concat());
                let found = forms_found(place(text), Marker::bytes("secret", SECRET));
                assert!(found.contains(&"base64"), "{before:?} {after:?}");
            }
        }
    }

    #[test]
    fn finds_raw_bytes_and_hex() {
        assert_eq!(forms_found(place([b"..", SECRET].concat()), Marker::bytes("secret", SECRET)), ["raw"]);
        let upper = hex::encode_upper(SECRET);
        assert_eq!(forms_found(place(upper), Marker::bytes("secret", SECRET)), ["upper hex"]);
    }

    #[test]
    fn finds_numbers_as_they_would_be_computed_with() {
        let marker = || Marker::number("cell", "-481516234.2", -4_815_162_342);
        assert_eq!(
            forms_found(place((-4_815_162_342_i64).to_le_bytes()), marker()),
            ["little-endian integer"]
        );
        assert_eq!(forms_found(place((-4_815_162_342_i64).to_be_bytes()), marker()), ["big-endian integer"]);
        assert_eq!(forms_found(place((-481_516_234.2_f64).to_be_bytes()), marker()), ["big-endian float"]);
    }

    #[test]
    fn finds_text_in_urls_and_json() {
        let marker = || Marker::text("column", "blood \"pressure\"");
        assert_eq!(forms_found(place("?c=blood%20%22pressure%22"), marker()), ["in a URL"]);
        assert_eq!(forms_found(place(r#"{"c":"blood \"pressure\""}"#), marker()), ["in JSON"]);
    }

    #[test]
    fn nothing_is_found_in_something_else() {
        assert_eq!(scan(&[place(vec![0x5a; 10_000])], &[Marker::bytes("secret", SECRET)]), []);
    }
}
