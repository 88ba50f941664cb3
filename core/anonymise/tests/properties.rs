//! Whatever the table and the models: a result satisfies them, covers the original and loses no row unsaid.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;
use veilsum_anonymise::hierarchy::{Hierarchy, NumberLevels};
use veilsum_anonymise::lattice::{self, Domain, SearchError, Suppression};
use veilsum_anonymise::measure::{Population, loss, population_sizes, risk};
use veilsum_anonymise::model::{Distance, Model, ModelError};
use veilsum_anonymise::mondrian::{self, Dimension, PartitionError, Recoding};
use veilsum_anonymise::progress::unwatched;
use veilsum_anonymise::{Release, Table};

const SENSITIVE: usize = 4;
const WORTH: usize = 5;

/// Age, ZIP, town, admission; then two sensitive columns, one of words and one of numbers.
fn tables() -> impl Strategy<Value = Table> {
    let town = prop::sample::select(vec!["Aachen", "Bonn", "Celle", "{D, \"E\"}", ""]);
    let age = prop_oneof![9 => (18_u32..60).prop_map(|age| age.to_string()), 1 => Just(String::new())];
    let day = (1_u32..29, 1_u32..13).prop_map(|(day, month)| format!("2024-{month:02}-{day:02}"));
    let row =
        (age, 0_u32..6, town, day, 0_u32..4, 0_u32..6).prop_map(|(age, zip, town, day, word, worth)| {
            let zip = ["10115", "10117", "10245", "20095", "20097", "80331"][zip as usize];
            [age, zip.to_owned(), town.to_owned(), day, format!("s{word}"), (worth * worth).to_string()]
        });
    prop::collection::vec(row, 8..90).prop_map(|mut rows| {
        // One cell says that the column holds dates and numbers.
        rows[0][0] = "30".to_owned();
        Table::from_rows(&["age", "zip", "town", "admitted", "illness", "worth"], rows).unwrap()
    })
}

fn models() -> impl Strategy<Value = Vec<Model>> {
    let column = SENSITIVE;
    let second = prop_oneof![
        Just(Model::KAnonymity { k: 1 }),
        (1_u32..4).prop_map(move |l| Model::DistinctDiversity { column, l }),
        (1.0..3.5_f64).prop_map(move |l| Model::EntropyDiversity { column, l }),
        (0.5..4.0_f64, 1_u32..4).prop_map(move |(c, l)| Model::RecursiveDiversity { column, c, l }),
        (0.05..0.6_f64).prop_map(move |t| Model::Closeness { column, t, distance: Distance::Equal }),
        (0.05..0.6_f64).prop_map(|t| Model::Closeness { column: WORTH, t, distance: Distance::Ordered }),
    ];
    (1_u32..8, second).prop_map(|(k, second)| vec![Model::KAnonymity { k }, second])
}

fn dimensions(table: &Table) -> Vec<Dimension> {
    let zip = Hierarchy::postcodes(&table.columns()[1]);
    [Recoding::Numbers, Recoding::Hierarchy(zip), Recoding::Sets, Recoding::Dates(None)]
        .into_iter()
        .enumerate()
        .map(|(column, recoding)| Dimension { column, recoding })
        .collect()
}

fn domains(table: &Table) -> Vec<Domain> {
    let columns = table.columns();
    let ages = NumberLevels { start: 0.0, width: 10.0, factor: 2, levels: 2 };
    [
        Hierarchy::numbers(&columns[0], &ages).unwrap(),
        Hierarchy::postcodes(&columns[1]),
        Hierarchy::categories(&columns[2]),
        Hierarchy::dates(&columns[3], None).unwrap(),
    ]
    .into_iter()
    .enumerate()
    .map(|(column, hierarchy)| Domain { column, hierarchy })
    .collect()
}

/// The definitions once more, written down as plainly as can be.
fn satisfies(table: &Table, rows: &[u32], model: &Model) -> bool {
    let counts = |rows: &mut dyn Iterator<Item = usize>, column: usize| {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for row in rows {
            *counts.entry(table.cell(row, column).unwrap().to_owned()).or_default() += 1.0;
        }
        counts
    };
    let class = |column| counts(&mut rows.iter().map(|row| *row as usize), column);
    let whole = |column| counts(&mut (0..table.row_count()), column);
    let size = rows.len() as f64;
    match model {
        Model::KAnonymity { k } => rows.len() >= *k as usize,
        Model::DistinctDiversity { column, l } => class(*column).len() >= *l as usize,
        Model::EntropyDiversity { column, l } => {
            let entropy: f64 = class(*column).values().map(|count| -count / size * (count / size).ln()).sum();
            entropy >= l.ln() - 1e-8
        }
        Model::RecursiveDiversity { column, c, l } => {
            let mut counts: Vec<f64> = class(*column).into_values().collect();
            counts.sort_by(|a, b| b.total_cmp(a));
            counts[0] < c * counts.iter().skip(*l as usize - 1).sum::<f64>()
        }
        Model::Closeness { column, t, distance } => {
            let (class, whole) = (class(*column), whole(*column));
            let total = table.row_count() as f64;
            let mut shares: Vec<(f64, f64)> = whole
                .iter()
                .map(|(value, q)| {
                    let number = value.parse().unwrap_or(0.0);
                    (number, class.get(value).copied().unwrap_or(0.0) / size - q / total)
                })
                .collect();
            shares.sort_by(|a, b| a.0.total_cmp(&b.0));
            let moved = match distance {
                Distance::Equal => shares.iter().map(|(_, share)| share.abs()).sum::<f64>() / 2.0,
                Distance::Ordered | Distance::Hierarchical(_) => {
                    (1..=shares.len())
                        .map(|end| shares[..end].iter().map(|(_, share)| share).sum::<f64>().abs())
                        .sum::<f64>()
                        / (shares.len() as f64 - 1.0).max(1.0)
                }
            };
            moved <= t + 1e-8
        }
    }
}

fn holds(table: &Table, release: &Release, models: &[Model]) -> Result<(), TestCaseError> {
    let mut seen: Vec<u32> = release.suppressed().to_vec();
    for class in release.classes() {
        for model in models {
            prop_assert!(satisfies(table, class.rows(), model), "{model:?} {:?}", class.rows());
        }
        for (group, column) in class.groups().zip(release.quasi_identifiers()) {
            for row in class.rows() {
                let cell = table.cell(*row as usize, *column).unwrap();
                prop_assert!(group.covers(cell), "{cell:?} is not in {:?}", group.label);
            }
            prop_assert!((0.0..=1.0).contains(&group.loss));
        }
        seen.extend_from_slice(class.rows());
    }
    seen.sort_unstable();
    let all: Vec<u32> = (0..u32::try_from(table.row_count()).unwrap()).collect();
    prop_assert_eq!(seen, all, "every row is in one class or suppressed");
    let published = release.to_table(table, &[]).unwrap();
    prop_assert_eq!(published.row_count() + release.suppressed().len(), table.row_count());
    // Rows with the same published quasi-identifiers are one class: nothing overlaps.
    let again = Release::unchanged(&published, release.quasi_identifiers()).unwrap();
    prop_assert_eq!(again.classes().len(), release.classes().len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_partition_satisfies_the_models(table in tables(), models in models()) {
        match mondrian::partition(&table, &dimensions(&table), &models, &mut unwatched()) {
            Ok(release) => {
                holds(&table, &release, &models)?;
                prop_assert!(release.suppressed().is_empty());
            }
            Err(PartitionError::Unreachable { .. }) => {
                let all: Vec<u32> = (0..u32::try_from(table.row_count()).unwrap()).collect();
                prop_assert!(models.iter().any(|model| !satisfies(&table, &all, model)));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    /// Against every combination, one by one: slow, so that there are fewer cases.
    #[test]
    fn a_search_finds_the_best(table in tables(), models in models(), tenths in 0_u32..4) {
        let domains = domains(&table);
        let suppression = Suppression { limit: f64::from(tenths) / 10.0 };
        let best = every_node(&table, &domains, &models, suppression.limit);
        match lattice::search(&table, &domains, &models, suppression, &mut unwatched()) {
            Ok(found) => {
                holds(&table, &found.release, &models)?;
                let allowed = suppression.limit * table.row_count() as f64 + 1e-9;
                prop_assert!(found.release.suppressed().len() as f64 <= allowed);
                let lost = loss(&found.release, 1);
                prop_assert!((lost.generalised_certainty_penalty - found.loss).abs() < 1e-9);
                let best = best.expect("there is one");
                prop_assert!((found.loss - best).abs() < 1e-9, "{} is not {}", found.loss, best);
                prop_assert!(found.checked_count <= found.node_count);
            }
            Err(SearchError::Unreachable) => prop_assert_eq!(best, None),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    /// Everybody of the table fits their class, so that a table is a population of itself.
    #[test]
    fn a_table_is_its_own_population(table in tables()) {
        let models = [Model::KAnonymity { k: 3 }];
        let release = mondrian::partition(&table, &dimensions(&table), &models, &mut unwatched()).unwrap();
        let sizes = population_sizes(&table, &release, &table, &mut unwatched()).unwrap();
        let counted = risk(&release, 0.2, &Population::Counted(sizes)).unwrap();
        let unknown = risk(&release, 0.2, &Population::Unknown).unwrap();
        prop_assert!(counted.journalist.highest <= unknown.prosecutor.highest + 1e-12);
        prop_assert!(unknown.prosecutor.highest <= 1.0 / 3.0 + 1e-12);
        prop_assert!(counted.marketer <= unknown.marketer + 1e-12);
        prop_assert!(!counted.journalist_is_estimate && unknown.journalist_is_estimate);
    }
}

/// The least loss over all combinations of levels, each applied by its labels.
fn every_node(table: &Table, domains: &[Domain], models: &[Model], limit: f64) -> Option<f64> {
    let counts: Vec<usize> = domains.iter().map(|domain| domain.hierarchy.level_count()).collect();
    let labels: Vec<Vec<Vec<&str>>> = domains
        .iter()
        .map(|domain| {
            let column = &table.columns()[domain.column];
            (0..domain.hierarchy.level_count())
                .map(|level| {
                    (0..table.row_count())
                        .map(|row| domain.hierarchy.label(column.cell(row).unwrap(), level).unwrap())
                        .collect()
                })
                .collect()
        })
        .collect();
    let mut best: Option<f64> = None;
    for node in 0..counts.iter().product() {
        let mut rest = node;
        let levels: Vec<usize> = counts
            .iter()
            .map(|count| {
                let level = rest % count;
                rest /= count;
                level
            })
            .collect();
        let mut classes: BTreeMap<Vec<&str>, Vec<u32>> = BTreeMap::new();
        for row in 0..table.row_count() {
            let key = labels.iter().zip(&levels).map(|(labels, level)| labels[*level][row]).collect();
            classes.entry(key).or_default().push(u32::try_from(row).unwrap());
        }
        let (kept, lost): (Vec<_>, Vec<_>) =
            classes.values().partition(|rows| models.iter().all(|model| satisfies(table, rows, model)));
        let suppressed: usize = lost.iter().map(|rows| rows.len()).sum();
        if suppressed as f64 > limit * table.row_count() as f64 + 1e-9 {
            continue;
        }
        let row_loss = |row: u32| -> f64 {
            domains.iter().zip(&levels).map(|(domain, level)| loss_of(table, domain, *level, row)).sum()
        };
        let kept: f64 = kept.iter().map(|rows| row_loss(rows[0]) * rows.len() as f64).sum();
        let cells = (table.row_count() * domains.len()) as f64;
        let total = (kept + (suppressed * domains.len()) as f64) / cells;
        best = Some(best.map_or(total, |best| best.min(total)));
    }
    best
}

/// The certainty penalty of a cell at a level, by way of a release of one column.
fn loss_of(table: &Table, domain: &Domain, level: usize, row: u32) -> f64 {
    let column = &table.columns()[domain.column];
    let cell = column.cell(row as usize).unwrap();
    let label = domain.hierarchy.label(cell, level).unwrap();
    if label == "*" {
        return 1.0;
    }
    let width = |low: f64, high: f64, values: Vec<f64>| {
        let range =
            values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min);
        if range > 0.0 { ((high - low) / range).min(1.0) } else { 1.0 }
    };
    match domain.column {
        0 if label.starts_with('[') => {
            let ends = label.trim_matches(['[', ')']).split_once(", ").unwrap();
            let values = column.values().iter().filter_map(|value| value.parse().ok()).collect();
            width(ends.0.parse().unwrap(), ends.1.parse().unwrap(), values)
        }
        3 if level > 0 => {
            let days =
                |text: &str| veilsum_anonymise::date::DateFormat::YearMonthDay.days(text).unwrap() as f64;
            let values = column.values().iter().map(|value| days(value)).collect();
            let (low, high) = match label.len() {
                4 => ("2024-01-01".to_owned(), days("2024-12-31")),
                _ if label.contains('Q') => {
                    let quarter: usize = label[6..].parse().unwrap();
                    let ends = ["03-31", "06-30", "09-30", "12-31"];
                    (format!("2024-{:02}-01", quarter * 3 - 2), days(&format!("2024-{}", ends[quarter - 1])))
                }
                _ if label.ends_with('s') => ("2020-01-01".to_owned(), days("2029-12-31")),
                _ => {
                    let month: usize = label[5..].parse().unwrap();
                    let ends = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
                    (format!("{label}-01"), days(&format!("{label}-{}", ends[month - 1])))
                }
            };
            width(days(&low), high, values)
        }
        1 | 2 => {
            let together = column
                .values()
                .iter()
                .filter(|value| domain.hierarchy.label(value, level) == Some(label))
                .count();
            if together == 1 { 0.0 } else { together as f64 / column.values().len() as f64 }
        }
        _ => 0.0,
    }
}

#[test]
fn a_callback_stops_the_work() {
    let rows: Vec<[String; 2]> = (0..500).map(|row| [row.to_string(), "x".to_owned()]).collect();
    let table = Table::from_rows(&["age", "illness"], rows).unwrap();
    let models = [Model::KAnonymity { k: 2 }];
    let dimensions = [Dimension { column: 0, recoding: Recoding::Numbers }];
    let mut calls = 0;
    let mut stop = |_| {
        calls += 1;
        if calls > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = mondrian::partition(&table, &dimensions, &models, &mut stop);
    assert!(matches!(stopped, Err(PartitionError::Cancelled(_))));
    let hierarchy = Hierarchy::postcodes(&table.columns()[0]);
    let domains = [Domain { column: 0, hierarchy }];
    let stopped = lattice::search(&table, &domains, &models, Suppression { limit: 0.0 }, &mut |_| {
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(SearchError::Cancelled(_))));
}

/// With suppression a more general combination may fail where a less general one does not: town b is left out alone,
/// or drags town a with it.
#[test]
fn a_failure_above_says_nothing_of_what_is_below() {
    let town = |town: &'static str, flu, cold| {
        std::iter::repeat_n([town, "flu"], flu).chain(std::iter::repeat_n([town, "cold"], cold))
    };
    let table =
        Table::from_rows(&["town", "illness"], town("a", 2, 2).chain(town("b", 4, 0)).chain(town("c", 4, 4)));
    let table = table.unwrap();
    let hierarchy = Hierarchy::from_csv(b"a;north\nb;north\nc;south\n", b';').unwrap();
    let models = [Model::EntropyDiversity { column: 1, l: 1.9 }];
    let domains = [Domain { column: 0, hierarchy }];
    let found =
        lattice::search(&table, &domains, &models, Suppression { limit: 0.3 }, &mut unwatched()).unwrap();
    assert_eq!(
        (found.levels.as_slice(), found.loss, found.release.suppressed()),
        ([0].as_slice(), 0.25, [4, 5, 6, 7].as_slice())
    );
}

#[test]
fn an_empty_table_is_no_riddle() {
    let table = Table::from_rows(&["age", "illness"], [[""; 2]; 0]).unwrap();
    let models = [Model::KAnonymity { k: 2 }];
    let domains = [Domain { column: 0, hierarchy: Hierarchy::automatic(&table.columns()[0]) }];
    let found =
        lattice::search(&table, &domains, &models, Suppression { limit: 0.0 }, &mut unwatched()).unwrap();
    assert_eq!((found.release.classes().len(), found.loss), (0, 0.0));
    assert_eq!(loss(&found.release, 2).average_class, 0.0);
    assert_eq!(risk(&found.release, 0.2, &Population::Unknown).unwrap().marketer, 0.0);
    let dimensions = [Dimension { column: 0, recoding: Recoding::Sets }];
    let refused = mondrian::partition(&table, &dimensions, &models, &mut unwatched());
    assert_eq!(refused, Err(PartitionError::Unreachable { row_count: 0 }));
}

#[test]
fn blank_cells_in_every_spelling_are_covered() {
    let cells = [["30"], [" "], [""], ["41"], ["\t"], ["52"]];
    let table = Table::from_rows(&["age"], cells).unwrap();
    let models = [Model::KAnonymity { k: 3 }];
    let ages = NumberLevels { start: 0.0, width: 50.0, factor: 2, levels: 1 };
    let hierarchy = Hierarchy::numbers(&table.columns()[0], &ages).unwrap();
    let domains = [Domain { column: 0, hierarchy }];
    let found =
        lattice::search(&table, &domains, &models, Suppression { limit: 0.5 }, &mut unwatched()).unwrap();
    holds(&table, &found.release, &models).unwrap();
}

#[test]
fn progress_grows_to_the_whole() {
    let rows: Vec<[String; 2]> = (0..500).map(|row| [row.to_string(), "x".to_owned()]).collect();
    let table = Table::from_rows(&["age", "illness"], rows).unwrap();
    let mut seen = Vec::new();
    let dimensions = [Dimension { column: 0, recoding: Recoding::Numbers }];
    mondrian::partition(&table, &dimensions, &[Model::KAnonymity { k: 2 }], &mut |progress| {
        seen.push((progress.done, progress.total));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(seen.len() > 5 && seen.is_sorted());
    assert_eq!(seen.last(), Some(&(500, 500)));
}

#[test]
fn refuses_what_makes_no_sense() {
    let table = Table::from_rows(&["age", "illness"], [["1", "a"], ["2", "b"]]).unwrap();
    let ages = [Dimension { column: 0, recoding: Recoding::Numbers }];
    let refuse = |dimensions: &[Dimension], models: &[Model]| {
        mondrian::partition(&table, dimensions, models, &mut unwatched()).unwrap_err()
    };
    let k = Model::KAnonymity { k: 2 };
    assert_eq!(refuse(&ages, &[]), PartitionError::Model(ModelError::NoModel));
    assert_eq!(refuse(&[], std::slice::from_ref(&k)), PartitionError::Model(ModelError::NoQuasiIdentifier));
    let both = Model::DistinctDiversity { column: 0, l: 2 };
    assert_eq!(
        refuse(&ages, &[both]),
        PartitionError::Model(ModelError::TwoRoles { column: "age".to_owned() })
    );
    let ordered = Model::Closeness { column: 1, t: 0.5, distance: Distance::Ordered };
    let not_ordered = ModelError::NotOrdered { column: "illness".to_owned(), row: 1 };
    assert_eq!(refuse(&ages, &[ordered]), PartitionError::Model(not_ordered));
    let outside = Model::DistinctDiversity { column: 9, l: 2 };
    assert_eq!(refuse(&ages, &[outside]), PartitionError::Model(ModelError::NoSuchColumn { column: 9 }));
    for model in [
        Model::KAnonymity { k: 0 },
        Model::Closeness { column: 1, t: f64::NAN, distance: Distance::Equal },
        Model::EntropyDiversity { column: 1, l: 0.5 },
        Model::RecursiveDiversity { column: 1, c: 0.0, l: 2 },
    ] {
        assert!(matches!(refuse(&ages, &[model]), PartitionError::Model(ModelError::Threshold { .. })));
    }
    assert_eq!(refuse(&ages, &[Model::KAnonymity { k: 3 }]), PartitionError::Unreachable { row_count: 2 });
    let text = [Dimension { column: 1, recoding: Recoding::Numbers }];
    assert!(matches!(refuse(&text, &[k]), PartitionError::Hierarchy(_)));
}
