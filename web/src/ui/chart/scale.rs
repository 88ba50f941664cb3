//! Axes: a range of numbers with ticks at 1, 2 or 5 times a power of ten, and numbers as chart text.

use crate::ui::words::group_digits;

/// A range with ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// An axis that holds all `values`, with about `wanted` ticks. All values are finite.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, wanted: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low <= f64::EPSILON * high.abs().max(low.abs()) {
            let around = if high == 0.0 { 1.0 } else { high.abs() / 10.0 };
            (low, high) = (low - around, high + around);
        }
        // Halves, so that a range of nearly all floats does not overflow.
        let step = nice(2.0 * ((high / 2.0 - low / 2.0) / wanted.max(1.0)));
        // The next round number beyond the largest float is none.
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        Self { low: low.max(f64::MIN), high: high.min(f64::MAX), step }
    }

    /// The same, from exactly `low` to `high`: for edges of bins, which the axis should end at.
    pub(super) fn between(low: f64, high: f64, wanted: f64) -> Self {
        let rounded = Self::over([low, high], wanted);
        if high > low { Self { low, high, ..rounded } } else { rounded }
    }

    /// Where a value is drawn, if the axis goes from `start` to `end`.
    pub(super) fn place(&self, value: f64, start: f64, end: f64) -> f64 {
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        start + share.clamp(0.0, 1.0) * (end - start)
    }

    /// The ticks, ascending, with their texts.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let first = (self.low / self.step - 1e-9).ceil();
        let mut ticks = Vec::new();
        for number in 0..100_u32 {
            let value = (first + f64::from(number)) * self.step;
            if value > self.high + self.step * 1e-9 {
                break;
            }
            // Minus zero is no number for people.
            let value = if value.abs() < self.step * 1e-9 { 0.0 } else { value };
            ticks.push((value, self.text(value)));
        }
        ticks
    }

    fn text(&self, value: f64) -> String {
        let largest = self.low.abs().max(self.high.abs());
        let (unit, name) = match largest {
            1e15.. => return scientific(value),
            1e9.. => (1e9, " bn"),
            1e6.. => (1e6, " M"),
            _ if self.step < 1e-6 => return scientific(value),
            _ => (1.0, ""),
        };
        let decimals = decimals(self.step / unit);
        let name = if value == 0.0 { "" } else { name };
        format!("{}{name}", plain(&format!("{:.decimals$}", value / unit)))
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not less.
fn nice(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    // A power of ten that is too small to be a float.
    if power == 0.0 || !power.is_finite() {
        return rough;
    }
    let multiple = rough / power;
    let chosen = [1.0, 2.0, 5.0].into_iter().find(|nice| multiple <= nice + 1e-9).unwrap_or(10.0);
    chosen * power
}

/// Decimals that tell neighbouring ticks apart.
fn decimals(step: f64) -> usize {
    let mut decimals = 0;
    let mut scaled = step;
    while decimals < 9 && (scaled - scaled.round()).abs() > 1e-6 {
        scaled *= 10.0;
        decimals += 1;
    }
    decimals
}

/// A number in about four digits, for reading beside a mark.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e12).contains(&size) {
        return scientific(value);
    }
    let mut decimals = 3_usize;
    let mut power = 10.0;
    while decimals > 0 && size >= power {
        power *= 10.0;
        decimals -= 1;
    }
    let mut below = 1.0;
    while size < below && decimals < 9 {
        below /= 10.0;
        decimals += 1;
    }
    let text = format!("{value:.decimals$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    plain(trimmed)
}

/// All digits that tell a float from its neighbours.
pub(crate) fn full(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-7..1e17).contains(&size) { plain(&format!("{value}")) } else { scientific(value) }
}

fn scientific(value: f64) -> String {
    if value == 0.0 { "0".into() } else { format!("{value:.2e}").replacen('-', "−", 2) }
}

/// With a comma between thousands and a true minus.
fn plain(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("−", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let point = fraction.map_or_else(String::new, |fraction| format!(".{fraction}"));
    format!("{sign}{}{point}", group_digits(whole))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn texts(values: &[f64], wanted: f64) -> Vec<String> {
        Axis::over(values.iter().copied(), wanted).ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(texts(&[0.0, 9.3], 5.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&[-0.21, 0.34], 5.0), ["−0.4", "−0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(texts(&[0.0, 4_100_000.0], 5.0), ["0", "1 M", "2 M", "3 M", "4 M", "5 M"]);
        assert_eq!(texts(&[1_200.0, 3_900.0], 3.0), ["1,000", "2,000", "3,000", "4,000"]);
    }

    #[test]
    fn a_single_value_has_room_around_it() {
        let axis = Axis::over([5.0], 4.0);
        assert!(axis.place(5.0, 0.0, 100.0) > 20.0 && axis.place(5.0, 0.0, 100.0) < 80.0);
        assert!(Axis::over([], 4.0).ticks().len() > 2);
        assert!(Axis::over([f64::MIN, f64::MAX], 4.0).place(0.0, 0.0, 100.0).is_finite());
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(short(52_916.666_666), "52,917");
        assert_eq!(short(-0.012_345_678), "−0.01235");
        assert_eq!(short(0.999_96), "1");
        assert_eq!(short(4.0), "4");
        assert_eq!(short(1e20), "1.00e20");
        assert_eq!(full(0.1), "0.1");
        assert_eq!(full(-1_234.5), "−1,234.5");
    }
}
