//! An owner's table that does not fit the terms, told in words.

use veilsum_joint::rows::RowsError;
use veilsum_joint::terms::{Column, Family, Terms};

use crate::support::{Table, real, terms};

fn table(header: &str, row: impl Fn(usize) -> String, rows: usize) -> Table {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    Table { names: cells(header), rows: (0..rows).map(|at| cells(&row(at))).collect() }
}

fn column(name: &str) -> Column {
    Column { name: name.to_owned(), bound: real(10.0), decimals: 0 }
}

fn agreed() -> Terms {
    let classes = ["no".to_owned(), "yes".to_owned()];
    terms(vec![column("a"), column("b")], Family::Logistic { label: "ill".to_owned(), classes, c: real(1.0) })
}

fn class(at: usize) -> &'static str {
    if at.is_multiple_of(3) { "yes" } else { "no" }
}

fn refused(table: &Table) -> RowsError {
    table.own_rows(&agreed()).unwrap_err()
}

#[test]
fn columns_are_found_by_name_and_rows_with_blanks_left_out() {
    let shuffled = table("more,ill,b,a", |at| format!("text,{},{at},{}", class(at), at % 5), 10);
    let rows = shuffled.own_rows(&agreed()).unwrap();
    assert_eq!((rows.row_count(), rows.dropped()), (10, 0));
    assert_eq!(rows.features().rows().nth(7).unwrap(), [2.0, 7.0]);
    assert_eq!(rows.is_positive().iter().filter(|yes| **yes).count(), 4);
    let blank = |at: usize| match at {
        3 => ",1,yes".to_owned(),
        5 => "1,,no".to_owned(),
        8 => "1,1,".to_owned(),
        _ => format!("1,{},{}", at % 7, class(at)),
    };
    let rows = table("a,b,ill", blank, 13).own_rows(&agreed()).unwrap();
    assert_eq!((rows.row_count(), rows.dropped(), rows.is_positive().len()), (10, 3, 10));
}

#[test]
fn too_few_whole_rows_are_refused() {
    let few = table("a,b,ill", |at| format!("{at},1,{}", class(at)), 9);
    let error = refused(&few);
    assert_eq!(error, RowsError::TooFewRows { least: 10, actual: 9 });
    assert_eq!(
        error.to_string(),
        "the table has 9 whole rows, and each owner takes part with at least 10: sums over fewer tell too much of each \
         row. Choose a table with more rows"
    );
    let blanks = table("a,b,ill", |at| format!("{},1,{}", if at < 2 { "" } else { "3" }, class(at)), 11);
    assert_eq!(refused(&blanks), RowsError::TooFewRows { least: 10, actual: 9 });
    let many = table("a,b,ill", |at| format!("{},1,{}", at % 9, class(at)), 1_001);
    assert_eq!(refused(&many), RowsError::TooManyRows { most: 1_000, actual: 1_001 });
}

#[test]
fn what_does_not_fit_is_named_and_its_content_is_not() {
    let missing = table("a,ill", |at| format!("{at},{}", class(at)), 10);
    assert_eq!(refused(&missing), RowsError::Missing { column: "b".to_owned(), needed: 3 });
    let unlabelled = table("a,b", |at| format!("{at},1"), 10);
    assert_eq!(refused(&unlabelled), RowsError::Missing { column: "ill".to_owned(), needed: 3 });
    let words = table("a,b,ill", |at| format!("{at},many,{}", class(at)), 10);
    assert_eq!(refused(&words), RowsError::NotNumbers { column: "b".to_owned() });
    let beyond = table("a,b,ill", |at| format!("{},-{at},{}", at % 5, class(at)), 12);
    let error = refused(&beyond);
    assert_eq!(error, RowsError::OutOfBounds { row: 12, column: "b".to_owned(), bound: 10.0 });
    assert!(!error.to_string().contains("11"), "{error}");
    let other = table("a,b,ill", |at| format!("{at},1,{}", if at == 4 { "perhaps" } else { class(at) }), 10);
    let error = refused(&other);
    assert!(matches!(&error, RowsError::OtherClass { row: 5, .. }), "{error}");
    assert!(!error.to_string().contains("perhaps"), "{error}");
    let empty = table("a,b,ill", |_| String::new(), 0);
    assert_eq!(refused(&empty), RowsError::TooFewRows { least: 10, actual: 0 });
}
