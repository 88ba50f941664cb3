//! Pseudonyms and releases on tables that are read by eye.

use std::cell::RefCell;
use std::rc::Rc;

use veilsum_anonymise::date::DateFormat;
use veilsum_prepare::report::Warning;
use veilsum_prepare::{Fitted, PrepareError, Runner, StepError};
use veilsum_table::types::{ColumnType, DateOrder};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Table, drive, recipe, run, run_with, secret};

#[test]
fn pseudonyms_are_consistent_and_dates_shift_together() {
    // No cell tells day from month: the type of the column does.
    let date = ColumnType::Date { order: DateOrder::DayMonthYear };
    let mut table = Table::new(
        &["patient", "name", "from", "to", "age"],
        &[
            &["P1", "Anna Meier", "2024-02-27", "1.3.2024", "40"],
            &["P2", "Urs Keller", "2024-01-01", "2.1.2024", "50"],
            &["P1", "Anna Meier", "2024-05-01", "", "40"],
        ],
    );
    table.types[3] = date;
    let steps = recipe(
        r#"[{"step": "pseudonymise", "study": "one", "person": ["patient"], "shift-days": 20, "columns": [
              {"column": "patient", "treatment": "identifier"}, {"column": "name", "treatment": "full-name"},
              {"column": "from", "treatment": {"date": null}}, {"column": "to", "treatment": {"date": null}},
              {"column": "age", "treatment": "drop"}]}]"#,
    );
    let done = run_with(&steps, &table, &secret()).unwrap();
    assert_eq!(done.table.header, ["patient", "name", "from", "to"]);
    let rows = &done.table.rows;
    assert_eq!(rows[0][..2], rows[2][..2]);
    assert_ne!(rows[0][0], rows[1][0]);
    assert!(rows[0][0] != "P1" && rows[0][1] != "Anna Meier");
    let days = |cell: &str| DateFormat::YearMonthDay.days(cell).unwrap();
    // 2024-02-27 is day 19780: both dates of the row shift alike.
    let shift = days(&rows[0][2]) - 19_780;
    assert!(shift != 0 && shift.abs() <= 20);
    let to = done.prepared.report[0].columns.iter().find(|column| column.name == "to").unwrap();
    let kind = to.before.as_ref().unwrap().moments.as_ref().unwrap();
    assert_eq!(veilsum_prepare::spelt(kind, 19_783.0).as_deref(), Some("01.03.2024"));
    assert_eq!(DateFormat::DayMonthYear.days(&rows[0][3]), Some(19_783 + shift));
    assert_eq!(days(&rows[2][2]), 19_844 + shift);
    assert_eq!(rows[2][3], "");
    // Another batch, with the file of the recipe and the same secret: the same fakes.
    let fitted = Fitted::from_json(done.prepared.fitted.to_json().as_bytes()).unwrap();
    let again =
        veilsum_prepare::Runner::again(&fitted, &table.header, &table.types, Some(&secret())).unwrap();
    assert_eq!(drive(again, &table).unwrap().table, done.table);
    let error = run(&steps, &table).unwrap_err();
    assert_eq!(error, PrepareError::Step { step: 1, name: "pseudonymise", fault: StepError::NoSecret });
}

#[test]
fn a_release_is_k_anonymous_and_says_what_it_costs() {
    let mut table = Table::new(
        &["zip", "age", "born", "illness"],
        &[
            &["13053", "28", "1997-05-19", "flu"],
            &["13068", "29", "1997-05-20", "asthma"],
            &["13053", "21", "1998-10-01", "flu"],
            &["14850", "52", "1970-07-20", "flu"],
            &["14853", "57", "1970-07-21", "angina"],
            &["14850", "55", "1970-10-28", "asthma"],
        ],
    );
    table.types[2] = ColumnType::Date { order: DateOrder::YearMonthDay };
    let steps = |method: &str| {
        recipe(&format!(
            r#"[{{"step": "release", "risk-threshold": 0.4, "method": {method}, "models": [
                  {{"kind": "k-anonymity", "k": 3}}, {{"kind": "distinct-diversity", "column": "illness", "l": 2}}],
                "quasi-identifiers": [{{"column": "zip", "generalise": {{"kind": "postcodes"}}}},
                  {{"column": "age", "generalise": {{"kind": "automatic"}}}},
                  {{"column": "born", "generalise": {{"kind": "dates"}}}}]}}]"#
        ))
    };
    for method in [r#"{"kind": "partition"}"#, r#"{"kind": "search", "suppression": 0.0}"#] {
        let done = run(&steps(method), &table).unwrap();
        assert_eq!(done.table.column("illness"), table.column("illness"));
        let classes: Vec<&[String]> = done.table.rows.iter().map(|row| &row[..3]).collect();
        assert!(classes.iter().all(|class| classes.iter().filter(|other| *other == class).count() >= 3));
        assert_eq!(done.table.types[2], ColumnType::Plain);
        let privacy = done.prepared.report[0].privacy.as_ref().unwrap();
        assert_eq!((privacy.loss_before.smallest_class, privacy.risk_before.prosecutor.highest), (1, 1.0));
        assert!(privacy.loss_after.smallest_class >= 3 && privacy.risk_after.prosecutor.highest <= 1.0 / 3.0);
        assert_eq!(privacy.risk_after.prosecutor.share_at_risk, 0.0);
        assert_eq!(privacy.loss_after.suppressed, 0);
    }
}

/// The first days of twelve months, as an American writes them; with the day first they are twelve days of January. Then
/// three dates of the next year.
#[test]
fn dates_are_read_as_their_column_is() {
    let rows: Vec<[String; 2]> =
        (1..=15).map(|at| [format!("{:02}/01/{}", at.min(12), 2_024 + at / 13), "P".to_owned()]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let untold = Table::new(&["day", "who"], &rows);
    let told = |order| {
        let mut table = untold.clone();
        table.types[0] = ColumnType::Date { order };
        table
    };
    let doubt = [Warning::AmbiguousDates { column: "day".to_owned() }];

    for (method, generalise) in [("search", "dates"), ("search", "automatic"), ("partition", "dates")] {
        let suppression = if method == "search" { r#","suppression":0"# } else { "" };
        let steps = recipe(&format!(
            r#"[{{"step":"release","risk-threshold":0.5,"method":{{"kind":"{method}"{suppression}}},
                "models":[{{"kind":"k-anonymity","k":3}}],
                "quasi-identifiers":[{{"column":"day","generalise":{{"kind":"{generalise}"}}}}]}}]"#
        ));
        let with_day_first = run(&steps, &told(DateOrder::DayMonthYear)).unwrap();
        let with_month_first = run(&steps, &told(DateOrder::MonthDayYear)).unwrap();
        if method == "search" {
            assert_eq!(
                with_day_first.table.column("day")[..13],
                [&["2024-01"; 12][..], &["2025-01"]].concat()
            );
            assert_eq!(with_month_first.table.column("day")[2..4], ["2024-Q1", "2024-Q2"]);
        }
        assert_eq!(with_month_first.prepared.report[0].warnings, []);
        let guessed = run(&steps, &untold).unwrap();
        assert_eq!(guessed.table.rows, with_day_first.table.rows);
        assert_eq!(guessed.prepared.report[0].warnings, doubt);
    }

    let steps = recipe(
        r#"[{"step":"pseudonymise","study":"s","person":["who"],"shift-days":20,
             "columns":[{"column":"day","treatment":{"date":null}}]}]"#,
    );
    let days = |order, form: DateFormat| {
        let done = run_with(&steps, &told(order), &secret()).unwrap();
        assert_eq!(done.prepared.report[0].warnings, []);
        let read = |cell: &&str| form.days(cell).unwrap();
        (done.table.column("day").iter().map(read).collect::<Vec<_>>(), done.table)
    };
    let (by_month, _) = days(DateOrder::MonthDayYear, DateFormat::MonthDayYear);
    let (by_day, day_first) = days(DateOrder::DayMonthYear, DateFormat::DayMonthYear);
    // 1 January and 1 February are 31 days apart, 1 and 2 January one, by whatever they are shifted.
    assert_eq!((by_month[1] - by_month[0], by_day[1] - by_day[0]), (31, 1));
    let guessed = run_with(&steps, &untold, &secret()).unwrap();
    assert_eq!(guessed.table.rows, day_first.rows);
    assert_eq!(guessed.prepared.report[0].warnings, doubt);
}

#[test]
fn fakes_that_stand_for_several_cells_are_told_of() {
    let cells: Vec<[String; 2]> =
        (0..300).map(|at| [format!("P{at}"), format!("Anna{} Meier{}", at % 20, at / 20)]).collect();
    let rows: Vec<Vec<&str>> = cells.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let table = Table::new(&["id", "name"], &rows);
    for person in ["", r#""id""#] {
        let warnings = |treatment: &str, table: &Table| {
            let steps = recipe(&format!(
                r#"[{{"step":"pseudonymise","study":"s","locale":"italian","person":[{person}],
                     "columns":[{{"column":"name","treatment":"{treatment}"}}]}}]"#
            ));
            let done = run_with(&steps, table, &secret()).unwrap();
            let mut fakes = done.table.column("name");
            fakes.sort_unstable();
            fakes.dedup();
            (fakes.len(), done.prepared.report[0].warnings.clone())
        };
        let (different, told) = warnings("full-name", &table);
        let [Warning::SharedFakes { column, cells, fakes, shared }] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!((column.as_str(), *cells, *fakes), ("name", 300, different));
        assert!(different < 300 && *shared >= 1 && *shared <= 300 - different);
        assert_eq!(warnings("identifier", &table), (300, Vec::new()));
        // One name of many people is no clash.
        let mut of_one = table.clone();
        of_one.rows.iter_mut().for_each(|row| row[1] = "Anna Meier".to_owned());
        assert_eq!(warnings("full-name", &of_one).1, []);
    }
}

#[test]
fn how_far_the_steps_are_that_need_all_rows_is_told() {
    let rows: Vec<[String; 2]> = (0..400).map(|at| [at.to_string(), (at * 7 % 31).to_string()]).collect();
    let (header, types) = (["a".to_owned(), "b".to_owned()], [ColumnType::Plain, ColumnType::Plain]);
    let steps = recipe(
        r#"[{"step":"impute","columns":["a"],"filling":{"kind":"nearest","k":2,"by":["b"]}},
            {"step":"release","risk-threshold":0.2,"method":{"kind":"partition"},
             "models":[{"kind":"k-anonymity","k":3}],
             "quasi-identifiers":[{"column":"a","generalise":{"kind":"numbers"}}]}]"#,
    );
    let told = Rc::new(RefCell::new(Vec::new()));
    let list = Rc::clone(&told);
    let mut runner = Runner::new(&steps, &header, &types, None).unwrap();
    assert!(runner.holds_rows());
    runner.on_progress(move |done| list.borrow_mut().push(done));
    runner.next_pass().unwrap();
    for (number, row) in (1..).zip(&rows) {
        runner.row(number, row, &mut |_, _| {}).unwrap();
    }
    assert!(told.borrow().is_empty());
    runner.end_pass(&mut |_, _| {}).unwrap();
    let told = told.borrow();
    assert!(told.is_sorted(), "{told:?}");
    assert_eq!((told.first(), told.last()), (Some(&0.0), Some(&1.0)));
    for (low, high) in [(0.0, 0.5), (0.5, 1.0)] {
        assert!(told.iter().any(|done| low < *done && *done < high), "{told:?}");
    }
}
