"""Trains the models of the tests with scikit-learn and writes them beside what they score.

    python3 -m venv venv && venv/bin/pip install scikit-learn==1.9.1 pandas && venv/bin/python generate.py

Data sets are those that scikit-learn brings; the digits network is trained with numpy alone. Each `NAME.json` is what
`export_sklearn.export` writes; each `NAME.scores.json` holds records and the float scores of scikit-learn:
decision functions, predictions, squared distances, logits.
"""

import json
import pathlib
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import adjusted_rand_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
from export_sklearn import SquareNetwork, export  # noqa: E402


def write(stem, model, X, records, scores, predictions, **card):
    (HERE / f"{stem}.json").write_text(export(model, X, **card) + "\n")
    body = {"records": np.asarray(records, dtype=float).tolist(), "scores": np.asarray(scores).tolist(),
            "predictions": np.asarray(predictions).tolist()}
    (HERE / f"{stem}.scores.json").write_text(json.dumps(body) + "\n")
    print(stem, card["metrics"])


def column(scores):
    return np.asarray(scores).reshape(-1, 1)


def linear_models():
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    for stem, model in [("diabetes", LinearRegression()),
                        ("diabetes_ridge", make_pipeline(StandardScaler(), Ridge(alpha=10.0)))]:
        model.fit(X, y)
        predicted = model.predict(X)
        write(stem, model, X, X, column(predicted), predicted, name="Diabetes progression", target="progression",
              data="442 patients, all rows", metrics={"R2, all rows": r2_score(y, predicted)})


def logistic_models():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, y_train)
    write("breast_cancer", model, X, test, column(model.decision_function(test)), model.predict(test),
          name="Breast cancer", data="455 of 569 biopsies, stratified", rows=len(train),
          metrics={"accuracy, test": model.score(test, y_test)})
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    write("iris_logistic", model, X, X, model.decision_function(X), model.predict(X), name="Iris species",
          data="150 flowers, all rows", metrics={"accuracy, training": model.score(X, y)})


def kmeans_models():
    X, y = load_iris(return_X_y=True, as_frame=True)
    plain = KMeans(3, n_init=10, random_state=0).fit(X)
    standardised = make_pipeline(StandardScaler(), KMeans(3, n_init=10, random_state=0)).fit(X)
    for stem, model, last in [("iris", plain, plain), ("iris_standardised", standardised, standardised[-1])]:
        clusters = model.predict(X)
        write(stem, model, X, X, model.transform(X) ** 2, clusters, name="Iris clusters",
              data="150 flowers, all rows",
              metrics={"inertia": last.inertia_, "adjusted Rand index": adjusted_rand_score(y, clusters)})


def network():
    """64-32-10 with squares: mini-batch Adam on cross-entropy, inputs over 16 while training."""
    X, y = load_digits(return_X_y=True, as_frame=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    rng = np.random.default_rng(7)
    x, target = train.to_numpy() / 16, np.eye(10)[y_train]
    parameters = [rng.normal(0, 0.15, (64, 32)), np.zeros(32), rng.normal(0, 0.15, (32, 10)), np.zeros(10)]
    moments = [[np.zeros_like(p), np.zeros_like(p)] for p in parameters]
    step = 0
    for epoch in range(150):
        order = rng.permutation(len(x))
        for start in range(0, len(x), 32):
            batch = order[start:start + 32]
            w1, b1, w2, b2 = parameters
            hidden = x[batch] @ w1 + b1
            logits = hidden ** 2 @ w2 + b2
            powers = np.exp(logits - logits.max(1, keepdims=True))
            error = (powers / powers.sum(1, keepdims=True) - target[batch]) / len(batch)
            back = error @ w2.T * 2 * hidden
            gradients = [x[batch].T @ back + 3e-3 * w1, back.sum(0), (hidden ** 2).T @ error + 3e-3 * w2, error.sum(0)]
            step += 1
            for p, g, (m, v) in zip(parameters, gradients, moments):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= 0.003 * (m / (1 - 0.9 ** step)) / (np.sqrt(v / (1 - 0.999 ** step)) + 1e-8)
    model = SquareNetwork([parameters[0] / 16, parameters[2]], [parameters[1], parameters[3]], list(range(10)))
    logits = model.logits(test.to_numpy())
    predicted = logits.argmax(1)
    write("digits", model, X, test, logits, predicted, name="Digits", data="1437 of 1797 digits, stratified",
          rows=len(train), bounds={name: (0, 16) for name in X.columns}, metrics={"accuracy, test": (predicted == y_test).mean()})


linear_models()
logistic_models()
kmeans_models()
network()
