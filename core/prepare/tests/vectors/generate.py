"""Writes the vectors of this folder: what scikit-learn, imbalanced-learn and NumPy make of tables.

    pip install scikit-learn imbalanced-learn numpy && python generate.py

Tables are those of ../../../analysis/tests/fixtures, with cells blanked at drawn places.
"""

import csv
import json
import pathlib
import sys
import warnings

import imblearn
import numpy as np
import sklearn
from imblearn.over_sampling import SMOTE, SMOTENC
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.metrics.pairwise import nan_euclidean_distances
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import (
    KBinsDiscretizer, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler)

HERE = pathlib.Path(__file__).parent
TABLES = HERE / "../../../analysis/tests/fixtures"
# Of each table.
ROWS = 200
# Columns in which no two distances are equal: which of equally near rows is a neighbour is open.
UNTIED = ["mean_radius", "mean_texture", "mean_concavity", "worst_texture"]
PROVENANCE = {
    "script": "generate.py", "python": sys.version.split()[0], "scikit-learn": sklearn.__version__,
    "imbalanced-learn": imblearn.__version__, "numpy": np.__version__,
}


def table(name):
    with open(TABLES / name, newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows[:ROWS]


def columns(name, names):
    header, rows = table(name)
    at = [header.index(column) for column in names]
    return np.array([[float(row[i]) for i in at] for row in rows])


def blanked(values, share, seed):
    rng = np.random.default_rng(seed)
    blank = rng.random(values.shape) < share
    values = values.copy()
    values[blank] = np.nan
    places = [[int(row), int(column)] for row, column in np.argwhere(blank)]
    return values, places


def case(name, of, names, steps, expected, blank=(), flagged=None, open_cells=(), tolerance=1e-9):
    """`blank` and `open_cells` hold positions (row, position in `names`); `expected` has a list for each column that is compared, of
    numbers with 10 decimals."""

    def plain(value):
        return value if not isinstance(value, float) else None if np.isnan(value) else round(value, 10)

    plain = {column: [plain(value) for value in np.asarray(values).tolist()] for column, values in expected.items()}
    return {"name": name, "table": of, "columns": names, "blank": list(blank), "steps": steps,
            "expected": plain,
            "flagged": flagged, "open": list(open_cells), "tolerance": tolerance}


def by_column(names, values):
    return {name: values[:, at] for at, name in enumerate(names)}


def tied(values, k):
    """Cells (row, column) whose k-th and next neighbours are equally near: which of them counts is open."""
    distances = nan_euclidean_distances(values)
    for row, column in np.argwhere(np.isnan(values[:, :3])):
        near = distances[row][~np.isnan(values[:, column])]
        near = np.sort(near[~np.isnan(near)])
        if len(near) > k and near[k] - near[k - 1] < 1e-9:
            yield [int(row), int(column)]


def imputation():
    names = ["bmi", "bp", "s1", "s5"]
    values, blank = blanked(columns("diabetes.csv", names), 0.1, 1)
    # A row without anything to go by.
    blank += [[17, at] for at in range(4) if [17, at] not in blank]
    values[17] = np.nan
    for strategy, kind in [("mean", "mean"), ("median", "median"), ("most_frequent", "most-frequent")]:
        step = {"step": "impute", "columns": names, "filling": {"kind": kind}, "decimals": 12}
        made = SimpleImputer(strategy=strategy).fit_transform(values)
        yield case(f"SimpleImputer {strategy}", "diabetes.csv", names, [step], by_column(names, made), blank)
    step = {"step": "impute", "columns": names, "filling": {"kind": "constant", "value": "-1"}}
    made = SimpleImputer(strategy="constant", fill_value=-1).fit_transform(values)
    yield case("SimpleImputer constant", "diabetes.csv", names, [step], by_column(names, made), blank)
    names = ["mean_radius", "mean_area", "mean_concavity", "worst_texture"]
    values, blank = blanked(columns("breast_cancer.csv", names), 0.1, 1)
    blank += [[17, at] for at in range(4) if [17, at] not in blank]
    values[17] = np.nan
    for k, weights in [(5, "uniform"), (3, "distance"), (90, "uniform")]:
        filling = {"kind": "nearest", "k": k, "weights": weights, "by": names[3:]}
        step = {"step": "impute", "columns": names[:3], "filling": filling, "decimals": 12}
        made = KNNImputer(n_neighbors=k, weights=weights).fit_transform(values)
        yield case(f"KNNImputer {k} {weights}", "breast_cancer.csv", names, [step],
                   by_column(names[:3], made), blank, open_cells=tied(values, k),
                   # Their distances come from scalar products and lose digits where rows are near.
                   tolerance=1e-6)


def scaling():
    names = ["mean_area", "mean_smoothness", "concavity_error"]
    values, blank = blanked(columns("breast_cancer.csv", names), 0.05, 2)
    for name, scaler, method in [
        ("StandardScaler", StandardScaler(), {"kind": "standard"}),
        ("MinMaxScaler", MinMaxScaler((-1, 3)), {"kind": "min-max", "low": -1, "high": 3}),
        ("RobustScaler", RobustScaler(), {"kind": "robust"}),
    ]:
        step = {"step": "scale", "columns": names, "method": method, "decimals": 12}
        made = scaler.fit_transform(values)
        yield case(name, "breast_cancer.csv", names, [step], by_column(names, made), blank)
        constant = {"step": "transform", "columns": ["mean_area"], "function": {"kind": "clip", "low": 7, "high": 7}}
        made = type(scaler)(**scaler.get_params()).fit_transform(np.where(np.isnan(values), np.nan, 7.0))
        yield case(f"{name} of a constant", "breast_cancer.csv", names, [constant, step],
                   {"mean_area": made[:, 0]}, blank)


def functions():
    names = ["mean_area", "concavity_error"]
    values = columns("breast_cancer.csv", names)
    for kind, function in [("log", np.log), ("log10", np.log10), ("log1p", np.log1p), ("square-root", np.sqrt),
                           ("square", np.square), ("reciprocal", np.reciprocal)]:
        step = {"step": "transform", "columns": names, "function": {"kind": kind}, "undefined": "blank", "decimals": 12}
        with np.errstate(divide="ignore"):
            made = function(values)
        made[~np.isfinite(made)] = np.nan
        yield case(f"numpy {kind}", "breast_cancer.csv", names, [step], by_column(names, made))


def categories():
    header, rows = table("iris.csv")
    species = np.array([[row[header.index("species")]] for row in rows])
    for drop in [None, "first"]:
        encoder = OneHotEncoder(sparse_output=False, drop=drop).fit(species)
        made = encoder.transform(species)
        kept = encoder.categories_[0][0 if drop is None else 1:]
        names = [f"species={category}" for category in kept]
        step = {"step": "one-hot", "columns": ["species"], "most": 3, "drop-first": drop is not None}
        yield case(f"OneHotEncoder drop={drop}", "iris.csv", ["species"], [step], by_column(names, made))


def bins():
    names = ["sepal_length_cm", "petal_width_cm"]
    values = columns("iris.csv", names)
    for strategy, kind in [("uniform", "equal-width"), ("quantile", "equal-count")]:
        for count in [2, 5, 9]:
            discretizer = KBinsDiscretizer(count, encode="ordinal", strategy=strategy, quantile_method="linear",
                                           subsample=None)
            made = discretizer.fit_transform(values).astype(int)
            step = {"step": "bin", "columns": names, "edges": {"kind": kind, "bins": count}, "label": "number"}
            yield case(f"KBinsDiscretizer {strategy} {count}", "iris.csv", names, [step], by_column(names, made))


def outliers():
    names = ["s1", "s5"]
    values = columns("diabetes.csv", names)

    def flagged(is_far):
        return [[int(row) + 1, names[column]] for row, column in np.argwhere(is_far)]

    z = np.abs((values - values.mean(axis=0)) / values.std(axis=0))
    step = {"step": "outliers", "columns": names, "method": {"kind": "z-score", "threshold": 2.5}, "action": "keep"}
    yield case("z-scores", "diabetes.csv", names, [step], by_column(names, values), flagged=flagged(z > 2.5))
    low, high = np.percentile(values, [25, 75], axis=0)
    bounds = low - 1.5 * (high - low), high + 1.5 * (high - low)
    step = {"step": "outliers", "columns": names, "method": {"kind": "interquartile-range", "factor": 1.5},
            "action": "cap", "decimals": 12}
    yield case("interquartile ranges", "diabetes.csv", names, [step], by_column(names, np.clip(values, *bounds)),
               flagged=flagged((values < bounds[0]) | (values > bounds[1])))
    names = UNTIED
    values = columns("breast_cancer.csv", names)
    for k, contamination, cut in [(20, "auto", {"kind": "above", "score": 1.5}),
                                  (7, 0.08, {"kind": "share", "share": 0.08})]:
        found = LocalOutlierFactor(n_neighbors=k, contamination=contamination).fit_predict(values) == -1
        step = {"step": "outliers", "columns": names, "action": "drop",
                "method": {"kind": "local-outlier-factor", "k": k, "cut": cut}}
        yield case(f"LocalOutlierFactor {k} {contamination}", "breast_cancer.csv", names, [step],
                   by_column(names, values[~found]), flagged=[[int(at) + 1, None] for at in np.flatnonzero(found)])


def scores():
    names = UNTIED
    values = columns("breast_cancer.csv", names)
    factor = LocalOutlierFactor(n_neighbors=12).fit(values)
    novelty = LocalOutlierFactor(n_neighbors=12, novelty=True).fit(values[:100])
    forest = np.mean([-IsolationForest(n_estimators=100, random_state=seed).fit(values).score_samples(values)
                      for seed in range(20)], axis=0)
    counts = [0, 1, 2, 3, 10, 256, 10_000]
    return {
        "table": "breast_cancer.csv", "columns": names, "k": 12,
        "local_outlier_factor": (-factor.negative_outlier_factor_).tolist(),
        "novelty_of_rows_from_100": (-novelty.score_samples(values[100:])).tolist(),
        "isolation_forest_mean_of_20_seeds": forest.tolist(),
        "usual_path": [[count, path] for count, path in zip(counts, _average_path_length(np.array(counts)).tolist())],
    }


def draws(seed, rows, k, count):
    """Those of BaseSMOTE._make_samples, in its order."""
    state = np.random.RandomState(seed)
    pairs = state.randint(low=0, high=rows * k, size=count)
    steps = state.uniform(size=count)
    return [{"row": int(pair) // k, "neighbour": int(pair) % k, "step": float(step)} for pair, step in zip(pairs, steps)]


def smote():
    header, rows = table("iris.csv")
    kept = [row for at, row in enumerate(rows) if at < 50 or 50 <= at < 73 or 100 <= at < 112]
    numbers = np.array([[float(cell) for cell in row[:4]] for row in kept])
    # Ties in the distances would leave the order of neighbours open.
    numbers += np.random.default_rng(8).normal(0, 1e-3, numbers.shape)
    species = np.array([row[4] for row in kept])
    k, seed = 5, 42
    made, of_class = SMOTE(k_neighbors=k, random_state=seed).fit_resample(numbers, species)
    classes = []
    for name in ["versicolor", "virginica"]:
        members = numbers[species == name]
        near = NearestNeighbors(n_neighbors=k + 1).fit(members).kneighbors(members, return_distance=False)[:, 1:]
        new = made[len(kept):][of_class[len(kept):] == name]
        classes.append({"class": name, "rows": members.tolist(), "neighbours": near.tolist(),
                        "draws": draws(seed, len(members), k, len(new)), "made": new.tolist()})
    return {"k": k, "classes": classes}


def smote_nc():
    rng = np.random.default_rng(5)
    minority = 30
    numbers = np.vstack([rng.normal(0, [1, 3, 0.5], (80, 3)), rng.normal(2, [1, 2, 0.7], (minority, 3))])
    colours = rng.choice(["blue", "green", "red"], 110, p=[0.5, 0.2, 0.3])
    sizes = rng.choice(["large", "small"], 110)
    target = np.array(["usual"] * 80 + ["rare"] * minority)
    features = np.array([[*row, colour, size] for row, colour, size in zip(numbers.tolist(), colours, sizes)],
                        dtype=object)
    k, seed = 4, 7
    made, of_class = SMOTENC([3, 4], k_neighbors=k, random_state=seed).fit_resample(features, target)
    new = made[110:]
    assert set(of_class[110:]) == {"rare"}
    return {"k": k, "rows": numbers[80:].tolist(), "categories": features[80:, 3:].tolist(),
            "draws": draws(seed, minority, k, len(new)),
            "made": new[:, :3].astype(float).tolist(), "made_categories": new[:, 3:].tolist()}


def write(name, content):
    (HERE / name).write_text(json.dumps({"provenance": PROVENANCE, **content}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    # Fewer bins than asked for are part of the vectors.
    warnings.simplefilter("ignore")
    parts = [imputation(), scaling(), functions(), categories(), bins(), outliers()]
    write("recipes.json", {"cases": [one for part in parts for one in part]})
    write("scores.json", scores())
    write("smote.json", {"smote": smote(), "smote_nc": smote_nc()})
