//! Terms, rounds and outcomes as bytes: each is written in one way, and every other is refused.

use veilsum_joint::lead::{LeadError, Next, lead};
use veilsum_joint::outcome::Outcome;
use veilsum_joint::round::{Numbers, Round};
use veilsum_joint::terms::{Column, DocumentError, Family, Key, MAX_BYTES, MAX_FEATURES, Terms};
use veilsum_protocol::TrainingId;
use veilsum_train::rounds::{Contribution as Sums, RoundError};

use crate::support::{PROVEN, TRAINING, real, terms};

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), bound: real(64.5), decimals: 1 }
}

fn logistic() -> Terms {
    let classes = ["no".to_owned(), "yes".to_owned()];
    let family = Family::Logistic { label: "ill".to_owned(), classes, c: real(1.0) };
    terms(vec![column("age"), column("bmi")], family)
}

fn k_means() -> Terms {
    let family = Family::KMeans { clusters: 2, starts: 1, seed: 3, standardised: false };
    terms(vec![column("age"), column("bmi")], family)
}

fn linear() -> Terms {
    let family = Family::Linear { target: column("cost"), ridge: real(0.5) };
    terms(vec![column("age"), column("bmi")], family)
}

/// Moments of 30 rows with means 2 and −1 and deviations 3 and 0.5.
fn moments(terms: &Terms) -> Sums {
    let scaled = |number: f64, bound: f64| {
        let bits = veilsum_train::rounds::scale_bits(1_000.0 * bound).unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "numbers of a test")]
        let fixed = (number * 2.0_f64.powi(i32::try_from(bits).unwrap())).round() as i64;
        fixed
    };
    let columns = terms.columns().count();
    let sums = (0..columns).map(|at| scaled(if at == 0 { 60.0 } else { -30.0 }, 64.5));
    let squares = (0..columns).map(|at| scaled(if at == 0 { 390.0 } else { 37.5 }, 64.5 * 64.5));
    Sums { slots: [30, 3].into_iter().chain(sums).chain(squares).collect() }
}

fn first_round(terms: &Terms) -> Round {
    let Next::Round(round) = lead(TRAINING, terms, &[moments(terms)]).unwrap().next else { panic!() };
    round
}

/// Frozen: these bytes are read for ever.
const TERMS: &str = concat!(
    r#"{"format":"veilsum-training","version":1,"content":{"#,
    r#""nonce":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","name":"A training","key_holder":"University","#,
    r#""family":{"kind":"logistic","label":"ill","classes":["no","yes"],"c":"1"},"#,
    r#""features":[{"name":"age","bound":"64.5","decimals":1},{"name":"bmi","bound":"64.5","decimals":1}],"#,
    r#""owners":3,"most_rows":1000,"least_rows":10,"key":{"modulus":"MODULUS","proof":"PROOF"}}}"#,
);
const ROUND: &str = concat!(
    r#"{"format":"veilsum-training-round","version":1,"content":{"training":"77777777777777777777777777777777","#,
    r#""terms":"DIGEST","number":1,"numbers":{"kind":"coefficients","#,
    r#""standardisation":{"centres":["2","-1"],"scales":["3","0.5"]},"coefficients":["0","0","0"]}}}"#,
);

#[test]
fn version_one_is_frozen() {
    let Key { modulus, proof } = &*PROVEN;
    let frozen = TERMS.replace("MODULUS", modulus).replace("PROOF", proof);
    assert_eq!(String::from_utf8(logistic().to_bytes()).unwrap(), frozen);
    assert_eq!(Terms::from_bytes(frozen.as_bytes()).unwrap(), logistic());
    let frozen = ROUND.replace("DIGEST", &logistic().digest().to_string());
    let round = first_round(&logistic());
    assert_eq!(String::from_utf8(round.to_bytes()).unwrap(), frozen);
    assert_eq!(Round::from_bytes(TRAINING, &logistic(), frozen.as_bytes()).unwrap(), round);
    assert!(logistic().proven_key().is_ok());
}

#[test]
fn an_invitation_binds_the_terms() {
    let (terms, digest) = (logistic(), logistic().digest().to_string());
    assert_eq!(terms.training().to_string(), digest[..32]);
    let other_key = Key { proof: PROVEN.proof.replacen('0', "1", 1), ..PROVEN.clone() };
    for other in [
        Terms { nonce: "5b".repeat(16), ..logistic() },
        Terms { least_rows: 11, ..logistic() },
        Terms { key: other_key, ..logistic() },
    ] {
        assert_ne!(other.training(), terms.training());
    }
}

#[test]
fn every_family_is_read_as_it_was_written() {
    for terms in [logistic(), linear(), k_means()] {
        assert_eq!(Terms::from_bytes(&terms.to_bytes()).unwrap(), terms);
        let round = first_round(&terms);
        assert_eq!(Round::from_bytes(TRAINING, &terms, &round.to_bytes()).unwrap(), round);
        assert_eq!(terms.slot_count(0), moments(&terms).slots.len());
        for other in [logistic(), linear(), k_means()] {
            let of_other = Round { terms: other.digest(), ..round.clone() };
            let read = Round::from_bytes(TRAINING, &other, &of_other.to_bytes());
            assert_eq!(read.is_ok(), other == terms, "{read:?}");
        }
    }
}

#[test]
fn other_bytes_are_refused() {
    let good = logistic().to_bytes();
    for length in 0..good.len() {
        assert!(Terms::from_bytes(&good[..length]).is_err());
    }
    let text = String::from_utf8(good.clone()).unwrap();
    let refused =
        |from: &str, to: &str| Terms::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err();
    let what = "the terms of a training";
    assert_eq!(refused("veilsum-training", "veilsum-model"), DocumentError::Other { what });
    let newer = DocumentError::UnknownVersion { what, actual: 2, newest: 1 };
    assert_eq!(refused("\"version\":1", "\"version\":2"), newer);
    assert_eq!(refused(",\"owners\"", ", \"owners\""), DocumentError::NotCanonical { what });
    assert!(matches!(refused("\"owners\":3", "\"owners\":3,\"more\":1"), DocumentError::Unreadable { .. }));
    assert!(matches!(refused("\"64.5\"", "\"64.50\""), DocumentError::Unreadable { .. }));
    assert!(matches!(refused("\"64.5\"", "\"NaN\""), DocumentError::Unreadable { .. }));
    let long = vec![b' '; MAX_BYTES + 1];
    assert!(matches!(Terms::from_bytes(&long), Err(DocumentError::TooLong { .. })));
}

#[test]
fn terms_out_of_range_name_the_field() {
    let field = |change: &dyn Fn(&mut Terms)| {
        let mut terms = logistic();
        change(&mut terms);
        match Terms::from_bytes(&terms.to_bytes()) {
            Err(DocumentError::OutOfRange { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(field(&|terms| terms.nonce.clear()), "nonce");
    assert_eq!(field(&|terms| terms.nonce.make_ascii_uppercase()), "nonce");
    assert_eq!(field(&|terms| terms.name = " ".to_owned()), "name");
    assert_eq!(field(&|terms| terms.key_holder = "x".repeat(201)), "key_holder");
    assert_eq!(field(&|terms| terms.features = Vec::new()), "features");
    assert_eq!(field(&|terms| terms.features[1].name = "age".to_owned()), "features");
    assert_eq!(field(&|terms| terms.features[1].name = "ill".to_owned()), "features");
    let many = (0..=MAX_FEATURES).map(|at| column(&at.to_string())).collect::<Vec<_>>();
    assert_eq!(field(&|terms| terms.features.clone_from(&many)), "features");
    for owners in [0, 1, 65] {
        assert_eq!(field(&|terms| terms.owners = owners), "owners");
    }
    assert_eq!(field(&|terms| terms.least_rows = 1), "least_rows");
    assert_eq!(field(&|terms| terms.most_rows = 29), "most_rows");
    assert_eq!(field(&|terms| terms.most_rows = u64::MAX), "most_rows");
    assert_eq!(field(&|terms| terms.features[0].bound = real(0.0)), "bound");
    assert_eq!(field(&|terms| terms.features[0].bound = real(-1.0)), "bound");
    // Squares of a thousand such numbers do not fit.
    assert_eq!(field(&|terms| terms.features[0].bound = real(1e12)), "most_rows");
    assert_eq!(field(&|terms| terms.features[0].decimals = 16), "decimals");
    assert_eq!(field(&|terms| terms.key.proof.make_ascii_uppercase()), "key");
    assert_eq!(field(&|terms| terms.key.proof.truncate(10)), "key");
    assert_eq!(field(&|terms| terms.key.modulus = "f".repeat(5_000)), "key");
    let with = |family: Family| field(&move |terms: &mut Terms| terms.family = family.clone());
    let classes = |negative: &str, positive: &str| [negative.to_owned(), positive.to_owned()];
    let label = || "ill".to_owned();
    assert_eq!(
        with(Family::Logistic { label: label(), classes: classes("a", "a"), c: real(1.0) }),
        "classes"
    );
    assert_eq!(with(Family::Logistic { label: label(), classes: classes("", "a"), c: real(1.0) }), "classes");
    assert_eq!(with(Family::Logistic { label: label(), classes: classes("b", "a"), c: real(0.0) }), "c");
    assert_eq!(with(Family::Linear { target: column("y"), ridge: real(-1.0) }), "ridge");
    let k_means = |clusters, starts| Family::KMeans { clusters, starts, seed: 1, standardised: true };
    assert_eq!(with(k_means(1, 1)), "clusters");
    assert_eq!(with(k_means(2, 0)), "starts");
    // The most that there may be.
    let mut largest = logistic();
    largest.features = many[..MAX_FEATURES].to_vec();
    assert_eq!(Terms::from_bytes(&largest.to_bytes()).unwrap().slot_count(1), 2 + 126 + 126 * 127 / 2);
}

#[test]
fn a_round_of_another_training_or_shape_is_refused() {
    let (terms, round) = (logistic(), first_round(&logistic()));
    let read = |round: &Round| Round::from_bytes(TRAINING, &terms, &round.to_bytes());
    let other = TrainingId::from_bytes([1; 16]);
    let field = |round: Round| match read(&round) {
        Err(DocumentError::OutOfRange { field, .. }) => field,
        read => panic!("{read:?}"),
    };
    assert_eq!(field(Round { training: other, ..round.clone() }), "training");
    assert_eq!(field(Round { terms: linear().digest(), ..round.clone() }), "terms");
    assert_eq!(field(Round { number: 51, ..round.clone() }), "number");
    assert_eq!(field(Round { number: 0, ..round.clone() }), "numbers");
    assert_eq!(field(Round { numbers: Numbers::Moments, ..round.clone() }), "numbers");
    let Numbers::Coefficients { standardisation, coefficients } = &round.numbers else { panic!() };
    for length in [0, 2, 4] {
        let coefficients = vec![real(0.0); length];
        let numbers = Numbers::Coefficients { standardisation: standardisation.clone(), coefficients };
        assert_eq!(field(Round { numbers, ..round.clone() }), "numbers");
    }
    let mut flat = standardisation.clone();
    flat.scales[1] = real(0.0);
    let numbers = Numbers::Coefficients { standardisation: flat, coefficients: coefficients.clone() };
    assert_eq!(field(Round { numbers, ..round }), "numbers");
}

#[test]
fn totals_that_lead_nowhere_say_so() {
    let terms = logistic();
    let refused = |totals: &[Sums]| lead(TRAINING, &terms, totals).unwrap_err();
    let mut constant = moments(&terms);
    // The sum of squares of a column that is 2 in all 30 rows.
    constant.slots[4] = constant.slots[4] / 390 * 120;
    assert_eq!(refused(&[constant]), LeadError::Constant { column: "age".to_owned() });
    let mut few = moments(&terms);
    few.slots[0] = 29;
    let reason = RoundError::TooFewRows { least: 30, actual: 29 };
    assert_eq!(refused(&[few]), LeadError::Round { round: 0, reason });
    let mut lacking = moments(&terms);
    lacking.slots[1] = 2;
    let reason = RoundError::OwnersMismatch { expected: 3, actual: 2 };
    assert_eq!(refused(&[lacking]), LeadError::Round { round: 0, reason });
    let short = Sums { slots: vec![30, 3] };
    let reason = RoundError::WrongShape { expected: 6, actual: 2 };
    assert_eq!(refused(std::slice::from_ref(&short)), LeadError::Round { round: 0, reason });
    let reason = RoundError::WrongShape { expected: 11, actual: 2 };
    assert_eq!(refused(&[moments(&terms), short]), LeadError::Round { round: 1, reason });
}

#[test]
fn an_outcome_of_another_training_is_refused() {
    let terms = linear();
    // A solved regression, and then one total too many.
    let bits = veilsum_train::rounds::scale_bits(1_000.0 * 32.0 * 32.0).unwrap();
    let unit = 1_i64 << bits;
    let products = Sums { slots: vec![30, 3, 30 * unit, 0, 30 * unit, 15 * unit, -6 * unit, 30 * unit] };
    let totals = [moments(&terms), products.clone()];
    let Next::Finished(outcome) = lead(TRAINING, &terms, &totals).unwrap().next else { panic!() };
    let bytes = outcome.to_bytes();
    assert_eq!(Outcome::from_bytes(TRAINING, &terms, &bytes).unwrap(), outcome);
    assert!(Outcome::from_bytes(TrainingId::from_bytes([1; 16]), &terms, &bytes).is_err());
    assert!(Outcome::from_bytes(TRAINING, &logistic(), &bytes).is_err());
    assert!(Outcome::from_bytes(TRAINING, &terms, &bytes[1..]).is_err());
    let totals = [moments(&terms), products.clone(), products];
    assert_eq!(lead(TRAINING, &terms, &totals).unwrap_err(), LeadError::AfterEnd);
}
