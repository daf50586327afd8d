# SPDX-License-Identifier: Apache-2.0
"""Linear models and networks of layers."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, Prediction, both_labels, chosen, classified, inliers, reads, refuse


@reads(
    PREDICTORS, "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars", "LassoLars", "SGDRegressor", "LinearSVR",
    "HuberRegressor", "BayesianRidge", "ARDRegression", "TheilSenRegressor", "OrthogonalMatchingPursuit", "PassiveAggressiveRegressor", "QuantileRegressor",
    "LarsCV", "LassoLarsCV", "LassoLarsIC", "OrthogonalMatchingPursuitCV", "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV",
)  # fmt: skip
def _linear_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(x.name, model.coef_, model.intercept_))


@reads(PREDICTORS, "PoissonRegressor", "GammaRegressor", "TweedieRegressor")
def _log_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    raw = graph.linear(x.name, model.coef_, model.intercept_)
    link = getattr(model, "link", "log")
    is_log = model.power > 0 if link == "auto" else link == "log"
    return Prediction(value=graph.add("Exp", raw) if is_log else raw)


@reads(PREDICTORS, "PLSRegression", "PLSCanonical", "CCA")
def _partial_least_squares(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(x.name, *tried(model.predict, x.width, model)))


@reads(PREDICTORS, "DummyRegressor")
def _dummy_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.fixed(np.ravel(model.constant_)))


@reads(PREDICTORS, "DummyClassifier")
def _dummy_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    if model.strategy in ("stratified", "uniform") or isinstance(model.classes_, list):
        raise refuse(model, f"strategy={model.strategy!r} draws its answers, or there are several labels", "take strategy='prior'")
    shares = np.ravel(model.predict_proba(np.zeros((1, x.width))))
    return chosen(graph, graph.fixed(shares), model.classes_)


@reads(PREDICTORS, "SGDOneClassSVM")
def _one_class(graph: Graph, x: Table, model: Any) -> Prediction:
    scores = graph.linear(x.name, model.coef_, -np.asarray(model.offset_))
    return inliers(graph, graph.at_least(scores, 0.0), scores)


def tried(compute: Callable[[Any], Any], width: int, model: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weights [k, width] and offsets of what is linear in the features: tried out, since attributes change with versions."""
    offsets = np.atleast_2d(np.asarray(compute(np.zeros((2, width))), dtype=np.float64).reshape(2, -1))[0]
    weights = np.asarray(compute(np.concatenate([np.eye(width), np.zeros((1, width))])), dtype=np.float64).reshape(width + 1, -1)[:width] - offsets
    rows = np.random.default_rng(0).normal(size=(8, width)) * 3
    expected = np.asarray(compute(rows), dtype=np.float64).reshape(8, -1)
    if np.abs(rows @ weights + offsets - expected).max() > 1e-6 * max(1.0, np.abs(expected).max()):
        raise refuse(model, "computes nothing linear", "take another estimator")
    return weights.T, offsets


def _link(model: Any, width: int) -> Optional[str]:
    """How predict_proba follows from decision_function: tried out, because it differs by version and option."""
    if not hasattr(model, "predict_proba"):
        return None
    rows = np.random.default_rng(0).normal(size=(16, width))
    scores, found = model.decision_function(rows), model.predict_proba(rows)
    # Kept where the links differ.
    rows *= 2 / max(1e-9, float(np.abs(scores).max()))
    scores, found = model.decision_function(rows), model.predict_proba(rows)
    wide = np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
    soft = np.exp(wide - wide.max(axis=1, keepdims=True))
    logistic = 1 / (1 + np.exp(-scores))
    two = np.stack([1 - logistic, logistic], axis=1) if scores.ndim == 1 else logistic / logistic.sum(axis=1, keepdims=True)
    near = (np.clip(wide, -1, 1) + 1) / 2
    for name, values in (("logistic", two), ("softmax", soft / soft.sum(axis=1, keepdims=True)), ("clipped", near / near.sum(axis=1, keepdims=True))):
        if np.abs(values - found).max() < 1e-5:
            return name
    return None


@reads(
    PREDICTORS, "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "Perceptron",
    "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
)  # fmt: skip
def _linear_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    if np.ndim(model.classes_) != 1 or isinstance(model.classes_, list):
        raise refuse(model, "several labels at once", "fit one classifier for each")
    return classified(graph, graph.linear(x.name, model.coef_, model.intercept_), model.classes_, _link(model, x.width))


_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


@reads(PREDICTORS, "MLPClassifier", "MLPRegressor")
def _mlp(graph: Graph, x: Table, model: Any) -> Prediction:
    y = x.name
    for layer, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        y = graph.linear(y, weights.T, bias)
        if layer + 1 < len(model.coefs_):
            y = graph.add(_ACTIVATIONS[model.activation], y)
    if type(model).__name__ == "MLPRegressor":
        return Prediction(value=y)
    if model.out_activation_ == "logistic" and len(model.classes_) != 2:
        return both_labels(graph, graph.add("Sigmoid", y), len(model.classes_))
    return classified(graph, y, model.classes_, "logistic" if model.out_activation_ == "logistic" else "softmax")
