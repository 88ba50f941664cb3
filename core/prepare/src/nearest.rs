//! Points and the nearest among them, by comparing each with each.

/// Points of one dimension, with `NaN` where a coordinate is missing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    width: usize,
    values: Vec<f64>,
}

/// A point and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Position among the points.
    pub at: usize,
    /// Distance.
    pub distance: f64,
}

impl Points {
    /// No points, of `width` coordinates each.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    /// Adds a point; what is beyond its width is left out, and what lacks is missing.
    pub fn push(&mut self, coordinates: impl IntoIterator<Item = f64>) {
        let end = self.values.len() + self.width;
        self.values.extend(coordinates.into_iter().take(self.width));
        self.values.resize(end, f64::NAN);
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Coordinates of each.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Coordinates of a point.
    ///
    /// # Panics
    /// If there is no such point.
    #[must_use]
    pub fn point(&self, at: usize) -> &[f64] {
        &self.values[at * self.width..(at + 1) * self.width]
    }
}

/// `Σ (aᵢ − bᵢ)²`; `NaN` if a coordinate is missing.
#[must_use]
pub fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// `√(d / present · Σ (aᵢ − bᵢ)²)` over the coordinates that both have, as scikit-learn's `nan_euclidean_distances`; `NaN`
/// if there is none.
#[must_use]
pub fn distance_of_present(a: &[f64], b: &[f64]) -> f64 {
    let (mut sum, mut present) = (0.0, 0_u32);
    for (a, b) in a.iter().zip(b) {
        let difference = a - b;
        if !difference.is_nan() {
            sum += difference * difference;
            present += 1;
        }
    }
    (sum * a.len() as f64 / f64::from(present)).sqrt()
}

/// The `k` nearest, nearest first; of equally near ones those that come first. What has no distance is none.
///
/// `distances` gives squared distances with positions in ascending order; the distances of the answer are their roots.
#[must_use]
pub fn nearest(distances: impl IntoIterator<Item = (usize, f64)>, k: usize) -> Vec<Neighbour> {
    let mut found: Vec<Neighbour> = Vec::with_capacity(k + 1);
    for (at, distance) in distances {
        if distance.is_nan() || k == 0 {
            continue;
        }
        if found.len() == k {
            if found[k - 1].distance <= distance {
                continue;
            }
            found.pop();
        }
        let place = found.partition_point(|known| known.distance <= distance);
        found.insert(place, Neighbour { at, distance });
    }
    for neighbour in &mut found {
        neighbour.distance = neighbour.distance.sqrt();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_and_prefers_the_first_of_equals() {
        let mut points = Points::new(2);
        for point in [[0.0, 0.0], [3.0, 4.0], [1.0, 0.0], [0.0, 1.0], [f64::NAN, 0.0]] {
            points.push(point);
        }
        let squares = (0..points.len()).map(|at| (at, squared_distance(points.point(0), points.point(at))));
        let found = nearest(squares.skip(1), 2);
        assert_eq!(found.iter().map(|one| one.at).collect::<Vec<_>>(), [2, 3]);
        let all = (1..points.len()).map(|at| (at, squared_distance(points.point(0), points.point(at))));
        let all = nearest(all, 10);
        assert_eq!(all.last(), Some(&Neighbour { at: 1, distance: 5.0 }));
        assert_eq!(nearest([(0, 1.0)], 0), []);
    }

    #[test]
    fn missing_coordinates_are_made_up_for() {
        let nan = f64::NAN;
        assert_eq!(distance_of_present(&[3.0, nan, nan, 6.0], &[1.0, nan, 4.0, 5.0]), 10.0_f64.sqrt());
        assert!(distance_of_present(&[nan, 1.0], &[1.0, nan]).is_nan());
    }
}
