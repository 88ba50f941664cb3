//! One question to the cloud and its answer, as bytes; and what the page is told meanwhile.

use std::time::Duration;

use js_sys::Uint8Array;
use veilsum_protocol::api::scoring::{ScoreState, ScoreStatus, StartScore};
use veilsum_protocol::{ModelId, ScoreId};
use web_sys::Blob;

use super::tell;
use crate::abort::Abort;
use crate::api::{Api, How, Patience};
use crate::messages::Fault;
use crate::messages::workbench::{Progress, ScoringProgress, Step};
use crate::time::{Stopwatch, sleep};
use crate::vault::Vault;

const FIRST_LOOK: Duration = Duration::from_millis(60);
const LONGEST_LOOK: Duration = Duration::from_secs(2);
const CANCEL_LIMIT: Duration = Duration::from_secs(3);

/// Where a run stands. Times of the same step of several questions are added up.
pub(super) struct Course<'a> {
    vault: &'a Vault,
    progress: ScoringProgress,
}

impl<'a> Course<'a> {
    /// Run `run.0` of `run.1`, whose records are encoded.
    pub(super) fn begin(vault: &'a Vault, run: (u32, u32), encoding: f64) -> Self {
        let progress = ScoringProgress {
            run: run.0,
            runs: run.1,
            layer: None,
            step: Step::Encrypt,
            seconds: vec![(Step::Encode, encoding)],
            query_bytes: None,
            sample: None,
            share: None,
        };
        Self { vault, progress }
    }

    /// The layer that is asked next, from 1, and how many there are.
    pub(super) fn set_layer(&mut self, layer: Option<(usize, usize)>) {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        self.progress.layer = layer.map(|(layer, count)| (number(layer), number(count)));
    }

    /// Says what is done next.
    pub(super) fn reach(&mut self, step: Step) {
        self.progress.step = step;
        self.say(&self.progress);
    }

    /// Says how much of it is done.
    pub(super) fn share(&self, done: u64, total: u64) {
        self.say(&ScoringProgress { share: Some((done, total)), ..self.progress.clone() });
    }

    /// Adds seconds to a step.
    pub(super) fn spend(&mut self, step: Step, seconds: f64) {
        match self.progress.seconds.iter_mut().find(|(of, _)| *of == step) {
            Some((_, sum)) => *sum += seconds,
            None => self.progress.seconds.push((step, seconds)),
        }
    }

    /// What is sent.
    pub(super) fn show_query(&mut self, bytes: u64, sample: String) {
        self.progress.query_bytes = Some(bytes);
        self.progress.sample = Some(sample);
    }

    /// Seconds of each step.
    pub(super) fn seconds(self) -> Vec<(Step, f64)> {
        self.progress.seconds
    }

    fn say(&self, progress: &ScoringProgress) {
        tell(self.vault, &Progress::Scoring(progress.clone()));
    }
}

/// Whom a question goes to.
pub(super) struct Exchange<'a> {
    pub(super) api: &'a Api,
    pub(super) model: ModelId,
    pub(super) abort: &'a Abort,
}

impl Exchange<'_> {
    /// Sends a query, waits, and fetches the encrypted answer. If this is cancelled, the cloud is told.
    ///
    /// # Errors
    /// A [`Fault`] in words.
    pub(super) async fn run(
        &self,
        start: &StartScore,
        query: &[u8],
        course: &mut Course<'_>,
    ) -> Result<(ScoreStatus, Vec<u8>), Fault> {
        let outcome = self.compute(start, query, course).await;
        if outcome.is_err() && self.abort.is_aborted() {
            self.cancel(start.score).await;
        }
        let status = outcome?;
        course.reach(Step::Download);
        let watch = Stopwatch::start();
        let ScoreState::Done { answer_url } = &status.state else { return Err(gone()) };
        let answer = self.api.get_stored(answer_url, None, self.how()).await?;
        course.spend(Step::Download, watch.seconds());
        Ok((status, answer))
    }

    async fn compute(
        &self,
        start: &StartScore,
        query: &[u8],
        course: &mut Course<'_>,
    ) -> Result<ScoreStatus, Fault> {
        let mut watch = Stopwatch::start();
        self.send(start, query).await?;
        course.spend(Step::Upload, watch.lap());
        course.reach(Step::Cloud);
        let status = self.wait(start.score).await?;
        course.spend(Step::Cloud, watch.lap());
        Ok(status)
    }

    /// Announces the query and stores it, which starts the score.
    async fn send(&self, start: &StartScore, query: &[u8]) -> Result<(), Fault> {
        let mut status = self.api.start_score(self.model, start, self.how()).await?;
        let body = blob(query)?;
        let mut has_asked_anew = false;
        loop {
            let ScoreState::Waiting { url, headers, .. } = &status.state else { return Ok(()) };
            match self.api.put_object(url, headers, &body, self.how()).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_expired_url() && !has_asked_anew => {
                    has_asked_anew = true;
                    status = self.api.score(start.score, self.how()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits until the cloud has computed.
    async fn wait(&self, score: ScoreId) -> Result<ScoreStatus, Fault> {
        let mut pause = FIRST_LOOK;
        loop {
            self.abort.or(sleep(pause)).await?;
            pause = LONGEST_LOOK.min(pause.mul_f64(1.4));
            let status = self.api.score(score, self.how()).await?;
            match &status.state {
                ScoreState::Waiting { .. } | ScoreState::Running => {}
                ScoreState::Done { .. } => return Ok(status),
                ScoreState::Failed(failure) => return Err(Fault::new(&failure.code, &failure.message)),
                ScoreState::Cancelled => {
                    return Err(Fault::new("cancelled", "The scoring was cancelled. No score is shown."));
                }
            }
        }
    }

    /// Tells the cloud that nobody waits any more.
    async fn cancel(&self, score: ScoreId) {
        let abort = Abort::new();
        let how = How { patience: Patience::Brief, abort: &abort };
        let cancelled = std::pin::pin!(self.api.cancel_score(score, how));
        futures_util::future::select(cancelled, std::pin::pin!(sleep(CANCEL_LIMIT))).await;
    }

    const fn how(&self) -> How<'_> {
        How { patience: Patience::Brief, abort: self.abort }
    }
}

/// Bytes as a body.
pub(super) fn blob(bytes: &[u8]) -> Result<Blob, Fault> {
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    Blob::new_with_u8_array_sequence(&parts).map_err(|_| {
        Fault::new(
            "out-of-memory",
            "The browser has no space left for the encrypted records. Close other tabs, then try again.",
        )
    })
}

fn gone() -> Fault {
    Fault::new("no-answer-stored", "The encrypted scores are gone. Score the records again.")
}
