//! Columns that say who people are are found, and others are left alone.

#[path = "support/census.rs"]
mod census;

use census::Sequence;
use proptest::prelude::*;
use veilsum_anonymise::Table;
use veilsum_anonymise::national::Scheme;
use veilsum_anonymise::pii::{Kind, Recommendation, asks, inspect, inspect_cells};
use veilsum_anonymise::pseudonym::{Locale, Pseudonymiser, StudyKey, StudySecret, Treatment};
use zeroize::Zeroizing;

/// 60 different cells.
fn column(make: impl Fn(u64, &mut Sequence) -> String) -> Vec<String> {
    let mut sequence = Sequence(5);
    (0..60).map(|at| make(at, &mut sequence)).collect()
}

fn found(name: &str, cells: &[String]) -> Option<(Kind, f64)> {
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    inspect_cells(name, &cells).first().map(|finding| (finding.kind, finding.confidence))
}

fn fakes<T>(make: impl Fn(&mut Pseudonymiser, &str) -> T) -> Vec<T> {
    let key = StudyKey::derive(&StudySecret::from_bytes(&Zeroizing::new([1; 32])), "pii");
    let mut fakes = Pseudonymiser::new(&key, Locale::English);
    (0..60).map(|at| make(&mut fakes, &at.to_string())).collect()
}

#[test]
fn direct_identification_is_found_without_the_name() {
    let names = fakes(|fakes, at| fakes.full_name(&fakes.person([at]), "Ada Lovelace"));
    let emails = fakes(|fakes, at| fakes.email(&fakes.person([at]), "a@b.org"));
    let streets = fakes(|fakes, at| fakes.street(at).replace(char::is_alphabetic, "x") + " Road");
    let phones = column(|_, sequence| format!("+49 30 {:07}", sequence.below(10_000_000)));
    let uuids = column(|_, sequence| {
        let word = sequence.next();
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            word >> 32,
            word >> 16 & 0xffff,
            word >> 4 & 0xfff,
            word & 0xfff,
            sequence.next() >> 16
        )
    });
    let numbers = column(|at, _| format!("{}", 10_001 + at));
    let addresses = column(|at, sequence| format!("10.0.{at}.{}", sequence.below(256)));
    for (kind, cells) in [
        (Kind::Name, names),
        (Kind::Email, emails),
        (Kind::Address, streets),
        (Kind::Phone, phones),
        (Kind::Identifier, uuids),
        (Kind::Identifier, numbers),
        (Kind::IpAddress, addresses),
    ] {
        let (actual, confidence) = found("x", &cells).unwrap_or_else(|| panic!("{kind:?} is not found"));
        assert_eq!(actual, kind, "{cells:?}");
        assert!(confidence >= 0.5, "{kind:?} {confidence}");
    }
}

#[test]
fn numbers_with_check_digits_are_told_apart() {
    for (scheme, known) in [
        (Scheme::UsSocialSecurity, "078-05-1120"),
        (Scheme::UkHealth, "943 476 5919"),
        (Scheme::FrSocialSecurity, "2 55 08 14 168 025 38"),
        (Scheme::EsIdentity, "12345678Z"),
        (Scheme::NlCitizen, "111222333"),
        (Scheme::PlPesel, "44051401359"),
        (Scheme::SePersonal, "811228-9874"),
        (Scheme::BeRegister, "85.07.30-033.28"),
        (Scheme::DeTax, "86 095 742 719"),
    ] {
        let key = StudyKey::derive(&StudySecret::from_bytes(&Zeroizing::new([1; 32])), "pii");
        let mut fakes = Pseudonymiser::new(&key, Locale::English);
        let mut cell = known.to_owned();
        let cells: Vec<String> = (0..60)
            .map(|_| {
                cell = fakes.national_number(scheme, &cell);
                cell.clone()
            })
            .collect();
        let (kind, confidence) = found("x", &cells).unwrap();
        assert_eq!(kind, Kind::NationalNumber(scheme));
        assert!(confidence > 0.7, "{confidence}");
    }
    let cards = ["4111 1111 1111 1111", "5555555555554444", "378282246310005"].map(str::to_owned);
    assert_eq!(found("x", &cards).unwrap().0, Kind::CardNumber);
    let accounts = ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"].map(str::to_owned);
    assert_eq!(found("x", &accounts).unwrap().0, Kind::Iban);
    let codes = ["RSSMRA85T10A562S"].map(str::to_owned);
    assert_eq!(found("x", &codes).unwrap().0, Kind::NationalNumber(Scheme::ItFiscal));
}

#[test]
fn quasi_identifiers_do_not_ask_but_are_told() {
    let births =
        column(|at, sequence| format!("{}-0{}-1{}", 1930 + at, 1 + sequence.below(9), sequence.below(10)));
    let (kind, confidence) = found("date_of_birth", &births).unwrap();
    assert!(kind == Kind::BirthDate && confidence > 0.9);
    let zips = column(|at, _| format!("0{:04}", at * 7));
    assert!(
        inspect_cells("zip", &zips.iter().map(String::as_str).collect::<Vec<_>>())
            .iter()
            .any(|f| f.kind == Kind::Postcode && f.confidence > 0.9)
    );
    let codes = column(|at, _| format!("SW{} {}AA", at % 20, at % 9));
    assert_eq!(found("x", &codes).unwrap().0, Kind::Postcode);
    let mut births: Vec<&str> = births.iter().map(String::as_str).collect();
    births[7] = "unknown";
    let findings = inspect_cells("dob", &births);
    assert!(!asks(&findings) && findings[0].recommendation == Recommendation::Generalise);
}

#[test]
fn measurements_and_categories_are_left_alone() {
    let weights = column(|_, sequence| format!("{}.{}", 40 + sequence.below(60), sequence.below(10)));
    let ages = column(|_, sequence| (18 + sequence.below(70)).to_string());
    let salaries = column(|_, sequence| (1_000 + sequence.below(90_000)).to_string());
    let visits = column(|at, _| format!("2024-{:02}-{:02}", 1 + at % 12, 1 + at % 28));
    let words = column(|at, _| ["low", "middle", "high"][usize::try_from(at % 3).unwrap()].to_owned());
    for (name, cells) in [
        ("weight", weights),
        ("age", ages),
        ("salary", salaries),
        ("visit", visits),
        ("risk", words),
        ("x", vec![]),
    ] {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let findings = inspect_cells(name, &cells);
        assert!(!asks(&findings), "{name}: {findings:?}");
    }
    for (column, findings) in census::table(2_000, 1).columns().iter().zip(inspect(&census::table(2_000, 1)))
    {
        assert!(!asks(&findings), "{}: {findings:?}", column.name());
    }
}

#[test]
fn the_diabetes_sample_does_not_ask() {
    let file = include_str!("../../table/tests/fixtures/diabetes.csv");
    let mut lines = file.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let table = Table::from_rows(&names, lines).unwrap();
    for (column, findings) in table.columns().iter().zip(inspect(&table)) {
        assert!(!asks(&findings), "{}: {findings:?}", column.name());
    }
}

#[test]
fn a_finding_says_how_many_and_what_to_do() {
    let cells = ["ada@lovelace.org", "grace@hopper.mil", "unknown"];
    let findings = inspect_cells("mail", &cells);
    assert_eq!(findings[0].kind, Kind::Email);
    assert_eq!(findings[0].recommendation, Recommendation::Pseudonym(Treatment::Email));
    assert_eq!(
        findings[0].sentence,
        "2 of 3 cells looked at could be e-mail addresses, and the column's name says so. Replace it with pseudonyms, \
         or leave it out."
    );
    assert!(findings.iter().all(|finding| !finding.sentence.contains("ada")));
}

proptest! {
    #[test]
    fn any_text_can_be_looked_at(name in "\\PC{0,20}", cells in prop::collection::vec("\\PC{0,30}", 0..20)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for finding in inspect_cells(&name, &cells) {
            prop_assert!((0.0..=1.0).contains(&finding.confidence));
        }
    }
}
