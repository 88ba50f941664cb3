//! Faults: what people are told when something fails.

use crate::abort::Aborted;
use crate::messages::Fault;

impl Fault {
    /// A fault with its stable code and its sentence.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned(), detail: None }
    }

    /// Adds the technical detail.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl From<Aborted> for Fault {
    fn from(_: Aborted) -> Self {
        Self::new("cancelled", "Cancelled. What is stored already is kept.")
    }
}

/// An error's words as a sentence: a capital letter in front, a full stop at the end.
pub(crate) fn sentence(error: &dyn core::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let mut sentence: String = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => return text,
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::sentence;

    #[test]
    fn errors_become_sentences() {
        assert_eq!(
            sentence(&"the key is damaged; use another copy"),
            "The key is damaged; use another copy."
        );
        assert_eq!(sentence(&"Choose it again."), "Choose it again.");
        assert_eq!(sentence(&""), "");
    }
}
