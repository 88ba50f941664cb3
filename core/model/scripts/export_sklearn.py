"""Writes a model that scikit-learn trained as JSON that Veilsum imports.

    from export_sklearn import export
    json_text = export(model, X, name="...", data="...", target="...", metrics={"accuracy, test": 0.97})

`model` is a fitted estimator, or a Pipeline of a StandardScaler and one:

    LinearRegression, Ridge (one target)     -> linear
    LogisticRegression                       -> logistic: binary, or multinomial over any number of classes
    KMeans                                   -> k-means
    SquareNetwork (below)                    -> network: dense layers with squares between them

`X` is a pandas DataFrame, or an array with `feature_names`: the rows whose smallest and largest values become the
declared bounds of each feature, widened by `margin` of their span, and whose decimals are kept (9 at most, 6 for k-means
with its squares). A record outside the bounds is refused when it is scored, so pass the widest rows there are, or `bounds`.

The file (version 1): all numbers are JSON numbers with as many digits as give the float back.

    {"format": "veilsum-sklearn", "version": 1, "sklearn": "1.7.2", "name": "...",
     "training": {"data": "a sentence", "rows": 455}, "metrics": {"accuracy, test": 0.97},
     "features": [{"name": "...", "decimals": 2, "lowest": 0.0, "highest": 40.0}, ...],
     "scaler": null | {"mean": [...], "scale": [...]},
     "model": {"kind": "linear", "target": "...", "coefficients": [...], "intercept": 0.0}
            | {"kind": "logistic", "classes": [...], "coefficients": [[...], ...], "intercepts": [...]}
            | {"kind": "k-means", "centroids": [[...], ...]}
            | {"kind": "network", "classes": [...], "layers": [{"weights": [[a row per unit]], "biases": [...]}]}}
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

MOST_DECIMALS = 9
MOST_DECIMALS_OF_SQUARES = 6


@dataclass
class SquareNetwork:
    """A dense network with the activation x -> x*x, by its arrays: weights[l] has shape (inputs, units) as `coefs_` of
    MLPClassifier has. `classes` is empty for a single predicted value."""

    weights: list
    biases: list
    classes: list = field(default_factory=list)

    def logits(self, x):
        for index, (weights, biases) in enumerate(zip(self.weights, self.biases)):
            x = (x * x if index else x) @ weights + biases
        return x


def decimals(column, most):
    """The decimals of the widest number of a column, `most` at most."""
    places = (-Decimal(repr(float(value))).normalize().as_tuple().exponent for value in np.unique(column))
    return int(min(most, max(0, max(places))))


def export(model, X, *, name, data, target="target", metrics=None, feature_names=None, class_names=None, rows=None, bounds=None,
           margin=0.0):
    """The JSON text of a fitted model. `bounds` maps names of features to (lowest, highest); `rows` is how many it was
    trained on, if not X's; `class_names` are those of `classes_`, in order."""
    scaler = None
    if isinstance(model, Pipeline):
        steps = [step for _, step in model.steps]
        if len(steps) != 2 or not isinstance(steps[0], StandardScaler):
            raise ValueError("a pipeline is a StandardScaler and a model, nothing else")
        scaler, model = steps
        ones = np.ones(scaler.n_features_in_)
        mean = scaler.mean_ if scaler.with_mean else 0 * ones
        scale = scaler.scale_ if scaler.with_std else ones
        scaler = {"mean": mean.tolist(), "scale": scale.tolist()}

    def named(model):
        known = list(getattr(model, "classes_", getattr(model, "classes", [])))
        if class_names is not None and len(class_names) != len(known):
            raise ValueError(f"{len(known)} classes have {len(class_names)} names")
        return known if class_names is None else class_names

    if isinstance(model, (LinearRegression, Ridge)):
        if np.ndim(model.coef_) != 1:
            raise ValueError("a linear model predicts one target")
        exported = {"kind": "linear", "target": target, "coefficients": model.coef_.tolist(),
                    "intercept": float(model.intercept_)}
    elif isinstance(model, LogisticRegression):
        exported = {"kind": "logistic", "classes": [str(c) for c in named(model)],
                    "coefficients": model.coef_.tolist(), "intercepts": model.intercept_.tolist()}
    elif isinstance(model, KMeans):
        exported = {"kind": "k-means", "centroids": model.cluster_centers_.tolist()}
    elif isinstance(model, SquareNetwork):
        layers = [{"weights": np.asarray(w).T.tolist(), "biases": np.asarray(b).tolist()}
                  for w, b in zip(model.weights, model.biases)]
        exported = {"kind": "network", "classes": [str(c) for c in named(model)], "layers": layers}
    else:
        raise TypeError(f"{type(model).__name__} is not a model that can be exported")

    names = list(feature_names if feature_names is not None else X.columns)
    values = np.asarray(X, dtype=float)
    most = MOST_DECIMALS_OF_SQUARES if exported["kind"] == "k-means" else MOST_DECIMALS
    features = []
    for index, feature in enumerate(names):
        column = values[:, index]
        span = margin * float(column.max() - column.min())
        lowest, highest = (bounds or {}).get(feature, (float(column.min()) - span, float(column.max()) + span))
        features.append({"name": str(feature), "decimals": decimals(column, most),
                         "lowest": float(lowest), "highest": float(highest)})

    return json.dumps({
        "format": "veilsum-sklearn", "version": 1, "sklearn": sklearn.__version__, "name": name,
        "training": {"data": data, "rows": int(values.shape[0] if rows is None else rows)},
        "metrics": {key: float(value) for key, value in (metrics or {}).items()},
        "features": features, "scaler": scaler, "model": exported,
    }, allow_nan=False)
