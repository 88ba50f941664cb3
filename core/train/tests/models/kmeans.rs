use veilsum_train::kmeans::{self, Options};

use crate::support::{Table, distance, references, rng, rows};

#[test]
fn iris_has_the_clusters_that_scikit_learn_finds() {
    let expected = &references()["clustering"];
    let table = Table::named("iris.csv");
    for seed in 0..10 {
        let mut model = kmeans::fit(&table.features, Options::new(3), &mut rng(seed)).unwrap();
        assert!((model.inertia - expected["inertia"].as_f64().unwrap()).abs() < 1e-10, "{}", model.inertia);
        assert!(model.history.is_sorted_by(|before, after| before >= after));
        let mut centroids = rows(&expected["centroids"]);
        for centroids in [&mut model.centroids, &mut centroids] {
            centroids.sort_by(|a, b| a[0].total_cmp(&b[0]));
        }
        for (centroid, expected) in model.centroids.iter().zip(&centroids) {
            assert!(distance(centroid, expected) < 1e-12);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_clusters() {
    let features = Table::named("digits.csv").features;
    let fit =
        |seed| kmeans::fit(&features, Options { starts: 1, ..Options::new(10) }, &mut rng(seed)).unwrap();
    assert_eq!(fit(3), fit(3));
    assert_ne!(fit(3), fit(4));
}

#[test]
fn as_many_clusters_as_rows_have_no_inertia() {
    let features = crate::support::features(1, &[1.0, 5.0, 2.0, 9.0]);
    let model = kmeans::fit(&features, Options::new(4), &mut rng(1)).unwrap();
    assert_eq!(model.inertia, 0.0);
    let mut clusters = model.assign(&features);
    clusters.sort_unstable();
    assert_eq!(clusters, [0, 1, 2, 3]);
}

#[test]
fn a_cluster_without_rows_takes_the_farthest() {
    let features = crate::support::features(1, &[0.0, 1.0, 10.0]);
    let model = kmeans::iterate(&features, vec![vec![0.0], vec![-500.0]], 10);
    assert_eq!(model.centroids, [[0.5], [10.0]]);
}
