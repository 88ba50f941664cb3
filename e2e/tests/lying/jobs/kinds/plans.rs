//! Plans, as the functions read them: another question is answered than was asked.

use veilsum_e2e::liar::Lie;
use veilsum_protocol::answer::Answer;
use veilsum_protocol::plan::Plan;

use super::kind;
use crate::jobs::{Kind, Shows, Tamper, Told};

const WRONG_PLAN: &[&str] = &["WrongPlan"];
const REFUSED: &[&str] = &["Refused"];

pub const KINDS: &[Kind] = &[
    kind("plan-asks-for-other-columns", Shows::Number, WRONG_PLAN, |tamper| {
        let plan = with_other_columns(tamper);
        vec![told(tamper, &plan)]
    }),
    kind("plan-asks-for-other-columns-and-is-dressed-up", Shows::Number, REFUSED, |tamper| {
        let plan = with_other_columns(tamper);
        vec![told(tamper, &plan), dressed_up(tamper)]
    }),
    kind("plan-asks-for-one-column-only", Shows::Number, REFUSED, |tamper| {
        let mut plan = plan(tamper);
        let one = plan.aggregates[tamper.below(plan.aggregates.len())].clone();
        plan.aggregates.fill(one);
        vec![told(tamper, &plan), dressed_up(tamper)]
    }),
    kind("plan-asks-another-dataset", Shows::Plaintext, WRONG_PLAN, |tamper| {
        let mut plan = plan(tamper);
        plan.dataset = tamper.stage.world.sibling.manifest.dataset;
        vec![told(tamper, &plan)]
    }),
    kind("plan-asks-another-dataset-and-is-dressed-up", Shows::Plaintext, REFUSED, |tamper| {
        let mut plan = plan(tamper);
        plan.dataset = tamper.stage.world.sibling.manifest.dataset;
        vec![told(tamper, &plan), dressed_up(tamper)]
    }),
    kind("plan-leaves-out-a-row-group", Shows::Bytes, &["row-group-unusable"], |tamper| {
        let mut plan = plan(tamper);
        plan.row_groups.remove(tamper.below(plan.row_groups.len()));
        vec![told(tamper, &plan)]
    }),
    kind("plan-names-another-key", Shows::Bytes, &["row-group-unusable"], |tamper| {
        let mut plan = plan(tamper);
        plan.modulus = tamper.stage.world.foreign_key.to_hex();
        vec![told(tamper, &plan)]
    }),
    kind("plan-is-garbage", Shows::Bytes, &["plan-invalid"], |tamper| {
        let bytes = plan(tamper).to_bytes();
        let length = tamper.below(bytes.len());
        vec![Told::to_functions(place(tamper), Lie::Other(bytes[..length].to_vec()))]
    }),
];

fn plan(tamper: &Tamper<'_>) -> Plan {
    tamper.honest().job.planned.plan.clone().expect("the honest job has a plan")
}

/// The same columns in another order.
fn with_other_columns(tamper: &mut Tamper<'_>) -> Plan {
    let mut plan = plan(tamper);
    let by = 1 + tamper.below(plan.aggregates.len() - 1);
    plan.aggregates.rotate_left(by);
    plan
}

fn place(tamper: &Tamper<'_>) -> String {
    format!("j/{}/plan", tamper.job)
}

fn told(tamper: &Tamper<'_>, plan: &Plan) -> Told {
    Told::to_functions(place(tamper), Lie::Other(plan.to_bytes()))
}

/// The answer claims to be one to the plan that was sent.
fn dressed_up(tamper: &Tamper<'_>) -> Told {
    let digest = plan(tamper).digest();
    let change = move |truth: &[u8]| {
        let mut answer = Answer::from_bytes(truth).expect("what combine stored");
        answer.aggregates.plan = digest;
        answer.to_bytes()
    };
    Told::to_owner(format!("j/{}/answer", tamper.job), Lie::changed(change))
}
