//! How many tests ran, read from what libtest and its twins print.

/// Numbers of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Ignored.
    pub skipped: u64,
}

impl Tally {
    /// One check that is no test program.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// Counts another run too.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Tests that ran.
    pub fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// Adds up the closing lines in `output`:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub fn read(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let Some((_, counts)) = line.split_once("test result: ") else { continue };
            tally.passed += count_before(counts, " passed");
            tally.failed += count_before(counts, " failed");
            tally.skipped += count_before(counts, " ignored");
        }
        tally
    }
}

/// The number that stands directly before `word`.
fn count_before(counts: &str, word: &str) -> u64 {
    let Some((before, _)) = counts.split_once(word) else { return 0 };
    let digits = before.rsplit(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_all_closing_lines() {
        let output = "running 3 tests\n\
            test a ... ok\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out\n";
        assert_eq!(Tally::read(output), Tally { passed: 15, failed: 2, skipped: 1 });
    }

    #[test]
    fn output_without_a_closing_line_counts_nothing() {
        assert_eq!(Tally::read("test a ... ok\nno tests to run!\n").ran(), 0);
    }
}
