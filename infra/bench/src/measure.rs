//! Measuring by turns: ours, peer, ours, peer, so that whatever else the machine does meets all alike.

use std::time::Duration;
#[cfg(feature = "native")]
use std::time::Instant;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one operation and size, of all contestants together.
    pub time: Duration,
    /// Fewest turns of each.
    pub rounds: usize,
    /// Keys that each makes. How long that takes is luck, so few say nothing.
    pub keys: usize,
}

impl Patience {
    pub const FULL: Self = Self { time: Duration::from_secs(8), rounds: 7, keys: 9 };
    pub const QUICK: Self = Self { time: Duration::from_secs(2), rounds: 3, keys: 3 };
}

/// Shortest turn: long enough for the clock, short enough to find quiet moments.
#[cfg(feature = "native")]
const TURN: Duration = Duration::from_millis(5);

/// One who can do the operation.
#[cfg(feature = "native")]
pub struct Contestant<'a> {
    pub name: &'static str,
    /// Whether it is a way of ours.
    pub ours: bool,
    /// Operations in one call.
    operations: u32,
    /// Does so many calls and tells the processor time.
    run: Box<dyn FnMut(u32) -> anyhow::Result<Duration> + 'a>,
}

#[cfg(feature = "native")]
impl<'a> Contestant<'a> {
    /// A way of ours; `call` does `operations`.
    pub fn ours(name: &'static str, operations: usize, call: impl FnMut() + 'a) -> Self {
        Self { ours: true, ..Self::peer(name, operations, call) }
    }

    /// A peer in this process.
    pub fn peer(name: &'static str, operations: usize, mut call: impl FnMut() + 'a) -> Self {
        Self::elsewhere(name, operations, move |calls| {
            let start = processor_time();
            (0..calls).for_each(|_| call());
            Ok(processor_time().saturating_sub(start))
        })
    }

    /// A peer in another process, which tells how long it took.
    pub fn elsewhere(
        name: &'static str,
        operations: usize,
        run: impl FnMut(u32) -> anyhow::Result<Duration> + 'a,
    ) -> Self {
        let operations = u32::try_from(operations).unwrap_or(u32::MAX);
        Self { name, ours: false, operations, run: Box::new(run) }
    }
}

/// The times of one contestant.
#[derive(Debug, Clone)]
pub struct Times {
    pub name: String,
    pub ours: bool,
    /// Microseconds per operation, one for each turn.
    pub samples: Vec<f64>,
}

impl Times {
    pub fn minimum(&self) -> f64 {
        self.samples.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn median(&self) -> f64 {
        let mut samples = self.samples.clone();
        samples.sort_by(f64::total_cmp);
        let [low, high] = [samples.len().saturating_sub(1) / 2, samples.len() / 2];
        samples.get(low).zip(samples.get(high)).map_or(f64::NAN, |(low, high)| low.midpoint(*high))
    }
}

/// Lets all take turns of equal length, until the patience is at its end.
///
/// A turn is at least one call of the slowest, so that being interrupted hits nobody more than others.
#[cfg(feature = "native")]
pub fn interleave(contestants: &mut [Contestant<'_>], patience: &Patience) -> anyhow::Result<Vec<Times>> {
    let mut single = Vec::with_capacity(contestants.len());
    for contestant in &mut *contestants {
        // The first call fills caches and tables.
        (contestant.run)(1)?;
        single.push((contestant.run)(1)?);
    }
    let turn = single.iter().copied().max().unwrap_or_default().max(TURN);
    let calls: Vec<u32> = single.iter().map(|single| calls(turn, *single)).collect();
    rounds(contestants, &calls, |round, elapsed| round < patience.rounds || elapsed < patience.time)
}

/// Lets all take `patience.keys` turns of one call: for operations whose time is luck.
#[cfg(feature = "native")]
pub fn draw(contestants: &mut [Contestant<'_>], patience: &Patience) -> anyhow::Result<Vec<Times>> {
    let calls = vec![1; contestants.len()];
    rounds(contestants, &calls, |round, _| round < patience.keys)
}

#[cfg(feature = "native")]
fn rounds(
    contestants: &mut [Contestant<'_>],
    calls: &[u32],
    more: impl Fn(usize, Duration) -> bool,
) -> anyhow::Result<Vec<Times>> {
    let mut times: Vec<Times> = contestants
        .iter()
        .map(|contestant| Times {
            name: contestant.name.to_owned(),
            ours: contestant.ours,
            samples: Vec::new(),
        })
        .collect();
    let begin = Instant::now();
    let mut round = 0;
    while more(round, begin.elapsed()) {
        for ((contestant, times), calls) in contestants.iter_mut().zip(&mut times).zip(calls) {
            let taken = (contestant.run)(*calls)?;
            let operations = f64::from(*calls) * f64::from(contestant.operations);
            times.samples.push(taken.as_secs_f64() * 1e6 / operations);
        }
        round += 1;
    }
    Ok(times)
}

/// How many calls of length `single` fill a turn.
#[cfg(feature = "native")]
fn calls(turn: Duration, single: Duration) -> u32 {
    let calls = turn.as_nanos().checked_div(single.as_nanos()).unwrap_or(1);
    u32::try_from(calls).unwrap_or(u32::MAX).max(1)
}

/// Time that this thread has had a processor: what others on the machine take does not count.
#[cfg(feature = "native")]
fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimum_and_median_are_of_the_samples() {
        let times = |samples: &[f64]| Times { name: String::new(), ours: true, samples: samples.to_vec() };
        assert_eq!(times(&[5.0, 1.0, 3.0]).minimum(), 1.0);
        assert_eq!(times(&[5.0, 1.0, 3.0]).median(), 3.0);
        assert_eq!(times(&[4.0, 1.0, 2.0, 9.0]).median(), 3.0);
        assert!(times(&[]).median().is_nan());
    }
}
