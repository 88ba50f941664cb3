//! Pseudonyms are consistent within a study, unlinkable across studies, and keep forms and relations.

use std::collections::HashSet;
use std::ops::ControlFlow;

use proptest::prelude::*;
use veilsum_anonymise::Table;
use veilsum_anonymise::date::DateFormat;
use veilsum_anonymise::national::Scheme;
use veilsum_anonymise::progress::unwatched;
use veilsum_anonymise::pseudonym::{
    Locale, Plan, PseudonymError, Pseudonymiser, StudyKey, StudySecret, Treatment, pseudonymise,
};
use zeroize::Zeroizing;

fn key(study: &str) -> StudyKey {
    StudyKey::derive(&StudySecret::from_bytes(&Zeroizing::new([7; 32])), study)
}

fn plan(treatments: &[Treatment], person: &[usize]) -> Plan {
    Plan { treatments: treatments.to_vec(), person: person.to_vec(), shift_days: 30, locale: Locale::English }
}

/// Frozen: a change here changes every study's pseudonyms.
#[test]
fn known_answers() {
    let key = key("trial");
    let mut fakes = Pseudonymiser::new(&key, Locale::English);
    let person = fakes.person(["P-0001"]);
    let made = [
        fakes.full_name(&person, "Ada Lovelace"),
        fakes.email(&person, "ada@lovelace.org"),
        fakes.phone("+44 20 7946 0018"),
        fakes.street("12 St James's Square"),
        fakes.city("London"),
        fakes.postcode("SW1Y 4JH"),
        fakes.identifier("P-0001"),
        fakes.identifier("550e8400-e29b-41d4-a716-446655440000"),
        fakes.national_number(Scheme::UkHealth, "943 476 5919"),
        person.date_shift(30).to_string(),
    ];
    let frozen: Vec<String> = serde_json::from_str(include_str!("vectors/pseudonyms.json")).unwrap();
    assert_eq!(made.to_vec(), frozen);
}

#[test]
fn another_study_or_secret_makes_other_fakes() {
    let other_secret = StudyKey::derive(&StudySecret::from_bytes(&Zeroizing::new([8; 32])), "trial");
    let keys = [key("trial"), key("trial "), other_secret];
    let fakes: Vec<HashSet<String>> = keys
        .iter()
        .map(|key| {
            let mut fakes = Pseudonymiser::new(key, Locale::English);
            (0..200).map(|at| fakes.identifier(&format!("patient{at:08}"))).collect()
        })
        .collect();
    assert!(
        fakes[0].is_disjoint(&fakes[1]) && fakes[0].is_disjoint(&fakes[2]) && fakes[1].is_disjoint(&fakes[2])
    );
    let person = Pseudonymiser::new(&keys[0], Locale::German).person(["x"]);
    let email = |key| Pseudonymiser::new(key, Locale::German).email(&person, "x@y.de");
    assert_ne!(email(&keys[0]).rsplit_once('@').unwrap().1, email(&keys[1]).rsplit_once('@').unwrap().1);
}

#[test]
fn a_table_keeps_people_and_intervals() {
    let names = ["patient", "name", "given", "mail", "phone", "admitted", "discharged", "note"];
    let rows = [
        ["17", "Lovelace, Ada", "ADA", "ada@x.org", "020 7946 0018", "2024-01-30", "2024-02-02", "a"],
        ["18", "Hopper, Grace", "GRACE", "grace@x.org", "020 7946 0019", "2024-03-01", "", "b"],
        ["17", "Lovelace, Ada", "ada", "ada@y.org", "020-7946-0018", "2024-05-30", "2024-06-02", "c"],
    ];
    let table = Table::from_rows(&names, rows).unwrap();
    use Treatment::{Drop, Email, FullName, GivenName, Identifier, Phone};
    let date = Treatment::Date(None);
    let plan = plan(&[Identifier, FullName, GivenName, Email, Phone, date, date, Drop], &[0]);
    let key = key("trial");
    let fake = pseudonymise(&table, &plan, &key, &mut unwatched()).unwrap();
    let cell = |row, column| fake.cell(row, column).unwrap();
    assert_eq!((fake.row_count(), fake.columns().len()), (3, 7));
    assert_eq!(cell(0, 0), cell(2, 0));
    assert_ne!(cell(0, 0), cell(1, 0));
    assert_eq!(cell(0, 1), cell(2, 1));
    let (family, given) = cell(0, 1).split_once(", ").unwrap();
    assert_eq!(cell(0, 2), given.to_uppercase());
    assert_eq!(cell(2, 2), given.to_lowercase());
    let letters = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphabetic(), "");
    for row in [0, 2] {
        assert!(cell(row, 3).starts_with(&format!("{}.{}.", letters(given), letters(family))));
    }
    assert_ne!(cell(0, 3), cell(2, 3), "two addresses stay two");
    let host = |row| cell(row, 3).rsplit_once('@').unwrap().1;
    assert_eq!(host(0), host(1));
    assert_ne!(host(0), host(2));
    assert_eq!(cell(0, 4).replace(' ', "-"), cell(2, 4), "the same number in other words");
    let days = |row, column| DateFormat::YearMonthDay.days(cell(row, column)).unwrap();
    assert_eq!((days(0, 6) - days(0, 5), days(2, 6) - days(2, 5)), (3, 3));
    assert_eq!(days(2, 5) - days(0, 5), 121, "2024-01-30 to 2024-05-30");
    assert_eq!(cell(1, 6), "");
    // A second file of the study, in another order.
    let second = Table::from_rows(&names, [rows[1], rows[0]]).unwrap();
    let second = pseudonymise(&second, &plan, &key, &mut unwatched()).unwrap();
    for column in 0..7 {
        assert_eq!(second.cell(1, column), fake.cell(0, column));
    }
}

#[test]
fn a_plan_can_be_kept() {
    let treatments = [
        Treatment::NationalNumber(Scheme::UkHealth),
        Treatment::Date(Some(DateFormat::DayMonthYear)),
        Treatment::FullName,
    ];
    let plan = plan(&treatments, &[0]);
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"treatments":[{"national-number":"uk-health"},{"date":"day-month-year"},"full-name"],"#,
            r#""person":[0],"shift_days":30,"locale":"english"}"#
        )
    );
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn without_a_person_the_same_cell_gets_the_same_fake() {
    let table =
        Table::from_rows(&["name"], [["Ada Lovelace"], ["Grace Hopper"], ["ada  lovelace"], [""]]).unwrap();
    let fake = pseudonymise(&table, &plan(&[Treatment::FullName], &[]), &key("t"), &mut unwatched()).unwrap();
    let cells: Vec<&str> = (0..4).map(|row| fake.cell(row, 0).unwrap()).collect();
    assert_eq!(cells[0].to_lowercase(), cells[2]);
    assert_ne!(cells[0], cells[1]);
    assert_eq!(cells[3], "");
}

#[test]
fn refuses_with_the_place() {
    use Treatment::Identifier;
    let date = Treatment::Date(None);
    let table = Table::from_rows(&["id", "day"], [["1", "2024-01-01"], ["", "2024-01-02"]]).unwrap();
    let run = |plan: &Plan| pseudonymise(&table, plan, &key("t"), &mut unwatched()).unwrap_err();
    assert_eq!(run(&plan(&[Identifier], &[0])), PseudonymError::TreatmentCount { expected: 2, actual: 1 });
    assert_eq!(run(&plan(&[Identifier, date], &[5])), PseudonymError::NoSuchColumn { column: 5 });
    assert_eq!(
        run(&plan(&[Identifier, date], &[])),
        PseudonymError::NobodysDates { column: "day".to_owned() }
    );
    assert_eq!(run(&plan(&[Identifier, date], &[0])), PseudonymError::Nobody { row: 2 });
    assert_eq!(run(&plan(&[date, Identifier], &[1])), PseudonymError::NotDates { column: "id".to_owned() });
    assert_eq!(run(&Plan { shift_days: 0, ..plan(&[Identifier, date], &[0]) }), PseudonymError::NoShift);
    let stopped =
        pseudonymise(&table, &plan(&[Identifier; 2], &[]), &key("t"), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(PseudonymError::Cancelled(_))));
}

#[test]
fn every_short_identifier_has_its_own_fake() {
    let key = key("trial");
    let mut fakes = Pseudonymiser::new(&key, Locale::English);
    for digits in 1..5_usize {
        let all: Vec<String> =
            (0..10_usize.pow(u32::try_from(digits).unwrap())).map(|n| format!("{n:0digits$}")).collect();
        let made: HashSet<String> = all.iter().map(|id| fakes.identifier(id)).collect();
        assert_eq!(made, all.into_iter().collect(), "a permutation of all of them");
    }
    let hex: Vec<String> =
        (0..4_096).map(|n| format!("a{n:03x}")).chain((0..4_096).map(|n| format!("7{n:03x}"))).collect();
    let made: HashSet<String> = hex.iter().map(|id| fakes.identifier(id)).collect();
    assert_eq!(made.len(), hex.len());
    let phones: HashSet<String> = (0..3_000).map(|n| fakes.phone(&format!("+1 555 {n:04}"))).collect();
    assert_eq!(phones.len(), 3_000);
    assert!(phones.iter().all(|phone| phone.starts_with("+1 ") && phone.len() == 11));
}

#[test]
fn national_numbers_stay_well_formed_and_different() {
    let key = key("trial");
    let mut fakes = Pseudonymiser::new(&key, Locale::English);
    for (scheme, cell) in [
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
        let mut seen = HashSet::from([cell.to_owned()]);
        let mut fake = cell.to_owned();
        // The fake of a fake, and so on: a permutation comes back to its start before it repeats anything else.
        for _ in 0..200 {
            fake = fakes.national_number(scheme, &fake);
            assert!(scheme.is_valid(&fake), "{} {fake}", scheme.name());
            let form = |text: &str| {
                text.replace(|c: char| c.is_ascii_digit(), "0").replace(char::is_alphabetic, "A")
            };
            assert_eq!(form(&fake), form(cell));
            assert!(seen.insert(fake.clone()));
        }
        let wrong = fakes.national_number(scheme, "000-00-0000");
        assert!(!scheme.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn fakes_of_fakes_never_meet() {
    let key = key("trial");
    let mut fakes = Pseudonymiser::new(&key, Locale::French);
    let cells: Vec<String> =
        (0..2_000_u32).map(|n| format!("{:08x}-{:04x}", n.wrapping_mul(0x9e37_79b9), n)).collect();
    let made: HashSet<String> = cells.iter().map(|cell| fakes.identifier(cell)).collect();
    assert_eq!(made.len(), cells.len());
}

proptest! {
    #[test]
    fn identifiers_keep_their_form(cell in "[A-Z]{0,3}[-/ ]?[0-9]{1,12}") {
        let key = key("trial");
        let mut fakes = Pseudonymiser::new(&key, Locale::English);
        let fake = fakes.identifier(&cell);
        let form = |text: &str| -> String {
            text.trim().chars().map(|c| if c.is_ascii_digit() { '0' } else if c.is_ascii_uppercase() { 'A' } else { c }).collect()
        };
        prop_assert_eq!(form(&fake), form(&cell));
        prop_assert_eq!(&fake, &fakes.identifier(&cell));
    }

    #[test]
    fn phones_keep_their_form(code in prop::sample::select(vec!["+44 ", "+1-", "0049 ", "0", "+358", ""]), rest in "[1-9][0-9]{2}[0-9 ]{3,7}[0-9]{3}") {
        let key = key("trial");
        let mut fakes = Pseudonymiser::new(&key, Locale::English);
        let cell = format!("{code}{rest}");
        let fake = fakes.phone(&cell);
        let form = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
        prop_assert_eq!(form(&fake), form(&cell));
        prop_assert!(fake.starts_with(code), "{} {}", fake, cell);
    }

    /// No text makes it panic, and a cell that says something never stays away.
    #[test]
    fn any_text_has_a_fake(cell in "\\PC{0,40}") {
        let key = key("trial");
        let mut fakes = Pseudonymiser::new(&key, Locale::Italian);
        let person = fakes.person([cell.as_str()]);
        let made = [
            fakes.identifier(&cell),
            fakes.phone(&cell),
            fakes.postcode(&cell),
            fakes.street(&cell),
            fakes.city(&cell),
            fakes.email(&person, &cell),
            fakes.full_name(&person, &cell),
            fakes.national_number(Scheme::PlPesel, &cell),
            fakes.national_number(Scheme::ItFiscal, &cell),
        ];
        for fake in made {
            prop_assert_eq!(fake.is_empty(), cell.trim().is_empty());
        }
    }

    #[test]
    fn shifts_lie_within_and_are_never_nothing(who in "[a-z0-9]{1,8}", days in 1_u16..400) {
        let key = key("trial");
        let shift = Pseudonymiser::new(&key, Locale::English).person([who.as_str()]).date_shift(days);
        prop_assert!(shift != 0 && shift.abs() <= i64::from(days));
    }
}

#[test]
fn shifts_are_spread_evenly() {
    let key = key("trial");
    let fakes = Pseudonymiser::new(&key, Locale::English);
    let mut counts = [0_u32; 7];
    for at in 0..6_000 {
        let shift = fakes.person([at.to_string().as_str()]).date_shift(3);
        counts[usize::try_from(shift + 3).unwrap()] += 1;
    }
    assert_eq!(counts[3], 0);
    // 1,000 expected; five standard deviations are 145.
    assert!(
        counts.iter().enumerate().all(|(at, count)| at == 3 || count.abs_diff(1_000) < 145),
        "{counts:?}"
    );
}

#[test]
fn secrets_are_not_printed() {
    let secret = StudySecret::from_bytes(&Zeroizing::new([0x41; 32]));
    let key = StudyKey::derive(&secret, "trial");
    let fakes = Pseudonymiser::new(&key, Locale::English);
    let person = fakes.person(["Ada"]);
    let printed = format!("{secret:?} {key:?} {fakes:?} {person:?}");
    assert!(!printed.contains("65") && !printed.contains("41") && !printed.contains("Ada"), "{printed}");
    let table = Table::from_rows(&["name"], [["Ada"]]).unwrap();
    assert!(!format!("{table:?} {:?}", table.columns()).contains("Ada"));
}
