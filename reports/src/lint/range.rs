//! Intervals of real numbers: what a rounded number may have been before it was rounded.

/// Slack of comparisons, relative to the size of the numbers: sums of decimal fractions are not exact in binary.
const SLACK: f64 = 1e-9;

/// All values from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// Smallest value.
    pub(crate) low: f64,
    /// Largest value.
    pub(crate) high: f64,
}

impl Range {
    /// One value.
    pub(crate) fn exactly(value: f64) -> Range {
        Range { low: value, high: value }
    }

    /// All values no farther than `half` from `value`.
    pub(crate) fn around(value: f64, half: f64) -> Range {
        Range { low: value - half, high: value + half }
    }

    /// Whether some value is in both. Ends that differ by binary rounding alone meet.
    pub(crate) fn meets(self, other: Range) -> bool {
        let slack = SLACK
            * [self.low, self.high, other.low, other.high].map(f64::abs).into_iter().fold(0.0, f64::max);
        self.low <= other.high + slack && other.low <= self.high + slack
    }

    /// Whether every value of it is below every value of the other.
    pub(crate) fn below(self, other: Range) -> bool {
        self.high < other.high && !self.meets(other)
    }

    /// How far `value` is outside; 0 inside. Negative below.
    pub(crate) fn distance(self, value: f64) -> f64 {
        (value - self.high).max(0.0) + (value - self.low).min(0.0)
    }

    /// All differences.
    pub(crate) fn minus(self, other: Range) -> Range {
        Range { low: self.low - other.high, high: self.high - other.low }
    }

    /// All sums.
    pub(crate) fn plus(self, other: Range) -> Range {
        Range { low: self.low + other.low, high: self.high + other.high }
    }

    /// All multiples by a factor.
    pub(crate) fn times(self, factor: f64) -> Range {
        let ends = (self.low * factor, self.high * factor);
        Range { low: ends.0.min(ends.1), high: ends.0.max(ends.1) }
    }

    /// All quotients, if both are positive.
    pub(crate) fn over(self, other: Range) -> Option<Range> {
        let fits = self.low >= 0.0 && other.low > 0.0;
        fits.then(|| Range { low: self.low / other.high, high: self.high / other.low })
    }

    /// All means; `None` for no ranges at all.
    pub(crate) fn mean(ranges: &[Range]) -> Option<Range> {
        let sum = ranges.iter().copied().reduce(Range::plus)?;
        Some(sum.times(1.0 / ranges.len() as f64))
    }

    /// The range with its ends farther apart.
    pub(crate) fn widened(self, by: f64) -> Range {
        Range { low: self.low - by, high: self.high + by }
    }

    /// The middle.
    pub(crate) fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// In words, with so many decimals: one number if both ends read the same.
    pub(crate) fn words(self, decimals: usize, unit: &str) -> String {
        let print = |value: f64| {
            let text = format!("{value:.decimals$}");
            // A rounded zero has no sign.
            let zero = text.starts_with('-') && text.chars().all(|c| matches!(c, '-' | '0' | '.'));
            let text = if zero { text[1..].to_owned() } else { text.replace('-', "−") };
            format!("{text}{unit}")
        };
        let (low, high) = (print(self.low), print(self.high));
        if low == high { low } else { format!("{low} to {high}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Range;

    fn inside(range: Range, share: f64) -> f64 {
        range.low + (range.high - range.low) * share
    }

    proptest! {
        #[test]
        fn arithmetic_holds_every_result(
            a in 0.0..100.0_f64, b in 0.1..100.0_f64, half in 0.0..0.05_f64, share in 0.0..=1.0_f64, other in 0.0..=1.0_f64,
        ) {
            let (x, y) = (Range::around(a.max(half), half), Range::around(b, half));
            let (p, q) = (inside(x, share), inside(y, other));
            prop_assert!(x.minus(y).meets(Range::exactly(p - q)));
            prop_assert!(x.plus(y).meets(Range::exactly(p + q)));
            prop_assert!(x.over(y).expect("positive").meets(Range::exactly(p / q)));
            prop_assert!(x.times(-2.0).meets(Range::exactly(-2.0 * p)));
            prop_assert!(Range::mean(&[x, y]).expect("two").meets(Range::exactly((p + q) / 2.0)));
            prop_assert!(x.meets(y) || x.below(y) || y.below(x));
            prop_assert!(!(x.below(y) && x.meets(y)));
        }
    }

    #[test]
    fn touching_ends_meet_in_spite_of_binary_fractions() {
        let sum = Range::exactly(0.1).plus(Range::exactly(0.2));
        assert!(sum.meets(Range::exactly(0.3)));
        assert!(!sum.meets(Range::exactly(0.300_001)));
    }

    #[test]
    fn distances_have_the_side() {
        let range = Range { low: 80.3, high: 80.7 };
        assert!((range.distance(88.7) - 8.0).abs() < 1e-9);
        assert!((range.distance(80.0) + 0.3).abs() < 1e-9);
        assert_eq!(range.distance(80.5).to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn words_have_one_number_where_one_will_do() {
        assert_eq!(Range { low: 80.34, high: 80.78 }.words(1, " %"), "80.3 % to 80.8 %");
        assert_eq!(Range { low: 0.71, high: 0.712 }.words(2, ""), "0.71");
        assert_eq!(Range::exactly(-0.4).words(1, ""), "−0.4");
        assert_eq!(Range::exactly(-0.01).words(1, ""), "0.0");
    }
}
