//! What the API says about a job.

use veilsum_e2e::liar::Lie;
use veilsum_protocol::JobId;
use veilsum_protocol::api::{JobState, JobStatus};
use veilsum_protocol::job::Failure;

use super::kind;
use crate::jobs::{Kind, Shows, Tamper, Told, answer_url};
use crate::judge::RIGHT;

pub const KINDS: &[Kind] = &[
    kind("job-points-to-another-jobs-answer", Shows::Bytes, &["WrongJob"], |tamper| {
        let answer_url = answer_url(&tamper.stage.world.other_job);
        status(tamper, move |status| status.state = JobState::Done { answer_url: answer_url.clone() })
    }),
    kind("job-points-to-an-earlier-answer", Shows::Bytes, &["WrongJob"], |tamper| {
        let answer_url = answer_url(&tamper.stage.world.jobs[tamper.below(2)]);
        status(tamper, move |status| status.state = JobState::Done { answer_url: answer_url.clone() })
    }),
    kind("job-points-to-a-manifest", Shows::Bytes, &["Wire"], |tamper| {
        let answer_url = tamper.stage.sibling_detail.entry.manifest_url.clone();
        status(tamper, move |status| status.state = JobState::Done { answer_url: answer_url.clone() })
    }),
    kind("job-is-said-to-have-failed", Shows::Bytes, &["made-up"], |tamper| {
        let failure =
            Failure { code: "made-up".to_owned(), message: "It rains.".to_owned(), row_group: Some(7) };
        status(tamper, move |status| status.state = JobState::Failed(failure.clone()))
    }),
    kind("job-is-said-to-be-cancelled", Shows::Bytes, &["cancelled"], |tamper| {
        status(tamper, |status| status.state = JobState::Cancelled)
    }),
    kind("job-with-wrong-counts", Shows::Same, &[RIGHT], |tamper| {
        let wrong = u32::try_from(tamper.below(1_000)).expect("a small number");
        status(tamper, move |status| {
            status.evaluated = wrong;
            status.row_groups = wrong + 1;
            status.job = JobId::from_bytes([9; 16]);
        })
    }),
    kind("job-withholds-objects-and-steps", Shows::Same, &[RIGHT], |tamper| {
        status(tamper, |status| {
            status.objects.clear();
            status.steps.clear();
        })
    }),
    kind("job-status-is-garbage", Shows::Bytes, &["NotUnderstood"], |tamper| {
        let keep = tamper.below(60);
        vec![Told::to_owner(place(tamper), Lie::changed(move |truth| truth[..keep].to_vec()))]
    }),
    kind("job-gone", Shows::Bytes, &["status 404"], |tamper| vec![Told::to_owner(place(tamper), Lie::Gone)]),
    kind("answer-gone", Shows::Bytes, &["status 404"], |tamper| {
        vec![Told::to_owner(format!("j/{}/answer", tamper.job), Lie::Gone)]
    }),
];

fn place(tamper: &Tamper<'_>) -> String {
    format!("/jobs/{}", tamper.job)
}

/// Whatever the API says of the job is changed.
fn status(tamper: &Tamper<'_>, change: impl Fn(&mut JobStatus) + Send + Sync + 'static) -> Vec<Told> {
    let lie = Lie::changed(move |truth| {
        let mut status: JobStatus = serde_json::from_slice(truth).expect("what the API says");
        change(&mut status);
        serde_json::to_vec(&status).expect("JSON")
    });
    vec![Told::to_owner(place(tamper), lie)]
}
