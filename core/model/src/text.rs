//! Numbers that JSON cannot hold exactly, as text.

use serde::{Deserialize, Serialize};

/// A finite float, written with as few digits as give it back.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Real(f64);

/// An integer of up to 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Wide(pub i128);

/// The text is not a number as it would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number is not written as it should be")]
pub struct TextError;

impl Real {
    /// Takes a finite number; `None` for any other.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        // −0 is written as 0.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl From<Real> for String {
    fn from(real: Real) -> Self {
        real.0.to_string()
    }
}

impl TryFrom<String> for Real {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        let real = text.parse().ok().and_then(Self::new).ok_or(TextError)?;
        if String::from(real) == text { Ok(real) } else { Err(TextError) }
    }
}

impl From<Wide> for String {
    fn from(wide: Wide) -> Self {
        wide.0.to_string()
    }
}

impl TryFrom<String> for Wide {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        let wide = text.parse().map(Self).map_err(|_| TextError)?;
        if String::from(wide) == text { Ok(wide) } else { Err(TextError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_what_it_writes() {
        for number in [0.0, -0.0, 0.1, 1e-300, 1.0 / 3.0, -12_345.678, f64::MAX] {
            let real = Real::new(number).unwrap();
            assert_eq!(Real::try_from(String::from(real)), Ok(real));
        }
        for text in ["", "1.0", "+1", "inf", "NaN", "-0", "1e5", " 1", "01"] {
            assert_eq!(Real::try_from(text.to_owned()), Err(TextError), "{text}");
        }
        for text in ["", "1.0", "+1", "-0", "01", "170141183460469231731687303715884105728"] {
            assert_eq!(Wide::try_from(text.to_owned()), Err(TextError), "{text}");
        }
        assert_eq!(Wide::try_from(i128::MIN.to_string()), Ok(Wide(i128::MIN)));
    }
}
