//! Exact worst cases: between which integers a value lies, whatever the record.

/// All integers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The smallest.
    pub low: i128,
    /// The largest, not below `low`.
    pub high: i128,
}

impl Interval {
    /// One integer alone.
    #[must_use]
    pub const fn point(value: i128) -> Self {
        Self { low: value, high: value }
    }

    /// The largest magnitude.
    #[must_use]
    pub fn magnitude(self) -> u128 {
        self.low.unsigned_abs().max(self.high.unsigned_abs())
    }

    /// Bits of the largest magnitude: every |value| is below `2^bits`.
    #[must_use]
    pub fn bits(self) -> u32 {
        u128::BITS - self.magnitude().leading_zeros()
    }

    /// All sums; `None` beyond 127 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self { low: self.low.checked_add(other.low)?, high: self.high.checked_add(other.high)? })
    }

    /// All multiples by `factor`; `None` beyond 127 bits.
    #[must_use]
    pub fn times(self, factor: i64) -> Option<Self> {
        let ends = [self.low.checked_mul(factor.into())?, self.high.checked_mul(factor.into())?];
        Some(Self { low: ends[0].min(ends[1]), high: ends[0].max(ends[1]) })
    }

    /// All squares; `None` beyond 127 bits.
    #[must_use]
    pub fn square(self) -> Option<Self> {
        let largest = i128::try_from(self.magnitude()).ok()?;
        let smallest = if self.low > 0 { self.low } else { self.high.min(0) };
        Some(Self { low: smallest.checked_mul(smallest)?, high: largest.checked_mul(largest)? })
    }

    /// `constant + Σ weightᵢ·inputᵢ` over all inputs; `None` beyond 127 bits. Inputs vary independently.
    #[must_use]
    pub fn linear(weights: &[i64], constant: i128, inputs: &[Self]) -> Option<Self> {
        weights
            .iter()
            .zip(inputs)
            .try_fold(Self::point(constant), |sum, (&weight, input)| sum.plus(input.times(weight)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_exactly_what_is_possible(
            ends in prop::array::uniform4(-20_i128..20),
            weights in prop::array::uniform2(-9_i64..9),
            constant in -50_i128..50,
        ) {
            let interval = |a: i128, b: i128| Interval { low: a.min(b), high: a.max(b) };
            let (x, y) = (interval(ends[0], ends[1]), interval(ends[2], ends[3]));
            let values = (x.low..=x.high).flat_map(|x| (y.low..=y.high).map(move |y| (x, y)));
            let sums: Vec<_> =
                values.map(|(x, y)| constant + x * i128::from(weights[0]) + y * i128::from(weights[1])).collect();
            let exact =
                Interval { low: *sums.iter().min().unwrap(), high: *sums.iter().max().unwrap() };
            prop_assert_eq!(Interval::linear(&weights, constant, &[x, y]), Some(exact));
            let squares: Vec<_> = (x.low..=x.high).map(|x| x * x).collect();
            let exact =
                Interval { low: *squares.iter().min().unwrap(), high: *squares.iter().max().unwrap() };
            prop_assert_eq!(x.square(), Some(exact));
        }
    }

    #[test]
    fn refuses_what_needs_more_than_127_bits() {
        let wide = Interval { low: -(1 << 64), high: 1 << 64 };
        assert_eq!(wide.times(i64::MAX).and_then(|wide| wide.plus(wide)), None);
        assert_eq!(wide.square(), None);
        assert_eq!(Interval::point(i128::MIN).square(), None);
        assert_eq!(Interval::point(i128::MAX).plus(Interval::point(1)), None);
        assert_eq!(wide.bits(), 65);
    }
}
