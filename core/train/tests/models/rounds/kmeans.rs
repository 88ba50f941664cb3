use veilsum_train::evaluate::clustering;
use veilsum_train::kmeans;
use veilsum_train::rounds::Terms;
use veilsum_train::rounds::kmeans::{Fit, contribution};

use super::{TERMS, owners, standardised, total};
use crate::support::{Table, distance, rng};

const RAW: Terms = Terms { owners: 3, most_rows: 150, least_rows: 10, bound: 8.0 };

#[test]
fn three_owners_find_the_clusters_of_all_rows() {
    let table = Table::named("iris.csv");
    let parts = owners(150).map(|rows| table.features.select(&rows).unwrap());
    let start = vec![vec![5.0, 3.0, 1.5, 0.2], vec![6.0, 3.0, 4.0, 1.0], vec![7.0, 3.0, 6.0, 2.0]];
    let mut fit = Fit::new(start.clone(), RAW).unwrap();
    let mut inertias = Vec::new();
    let inertia = loop {
        let round = fit.round().clone();
        let progress = fit.update(&total(&parts, |_, part| contribution(part, &round, &RAW))).unwrap();
        assert!(progress.rows == 150 && progress.smallest_cluster >= 10);
        inertias.push(progress.inertia);
        if progress.is_settled {
            break progress.inertia;
        }
    };
    let direct = kmeans::iterate(&table.features, start, 100);
    assert!((inertia - direct.inertia).abs() < 1e-9 && (inertia - 78.85).abs() < 0.01, "{inertia}");
    assert!(inertias.is_sorted_by(|before, after| before >= after));
    for (centroid, expected) in fit.round().centroids.iter().zip(&direct.centroids) {
        assert!(distance(centroid, expected) < 1e-12);
    }
    let rand = clustering::adjusted_rand(table.labels().of_rows(), &direct.assign(&table.features)).unwrap();
    assert!((rand - 0.730).abs() < 0.0005, "{rand}");
}

#[test]
fn random_starts_settle_and_the_best_is_a_good_one() {
    let table = Table::named("iris.csv");
    let (parts, pooled) = standardised(&table.features, &owners(150));
    let all = pooled.apply(&table.features).unwrap();
    let mut rng = rng(7);
    let settle = |mut fit: Fit| loop {
        let round = fit.round().clone();
        let progress = fit.update(&total(&parts, |_, part| contribution(part, &round, &TERMS))).unwrap();
        if progress.is_settled {
            return progress.inertia;
        }
    };
    let best =
        (0..10).map(|_| settle(Fit::random(4, 3, TERMS, &mut rng).unwrap())).fold(f64::INFINITY, f64::min);
    let direct = kmeans::fit(&all, kmeans::Options::new(3), &mut rng).unwrap();
    assert!((best - direct.inertia).abs() < 0.01 * direct.inertia, "{best} against {}", direct.inertia);
}
