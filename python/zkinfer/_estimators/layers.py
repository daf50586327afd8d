# SPDX-License-Identifier: Apache-2.0
"""Linear models, naive Bayes and networks of layers."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .._trees import not_above_of_float64
from .base import PREDICTORS, Prediction, best_index, classified, reads, refuse


@reads(
    PREDICTORS, "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars", "LassoLars", "SGDRegressor", "LinearSVR",
    "HuberRegressor", "BayesianRidge", "ARDRegression", "TheilSenRegressor", "OrthogonalMatchingPursuit", "PassiveAggressiveRegressor", "QuantileRegressor",
)  # fmt: skip
def _linear_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(x.name, model.coef_, model.intercept_))


@reads(PREDICTORS, "PoissonRegressor", "GammaRegressor")
def _log_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.add("Exp", graph.linear(x.name, model.coef_, model.intercept_)))


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
    for name, values in (("logistic", two), ("softmax", soft / soft.sum(axis=1, keepdims=True))):
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


@reads(PREDICTORS, "GaussianNB")
def _gaussian_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    variance = model.var_ if hasattr(model, "var_") else model.sigma_
    deviations = graph.add("Mul", graph.add("Sub", x.name, graph.constant(model.theta_)), graph.constant(np.sqrt(0.5 / variance)))
    squares = graph.sum_last(graph.add("Mul", deviations, deviations))
    prior = np.log(model.class_prior_) - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
    scores = graph.add("Sub", graph.constant(prior[None]), graph.row(squares, len(prior)))
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


@reads(PREDICTORS, "MultinomialNB")
def _multinomial_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    scores = graph.linear(x.name, model.feature_log_prob_, model.class_log_prior_)
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


@reads(PREDICTORS, "BernoulliNB")
def _bernoulli_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    name = x.name if model.binarize is None else graph.as_float(graph.add("Greater", x.name, graph.constant(not_above_of_float64(model.binarize))))
    absent = np.log1p(-np.exp(model.feature_log_prob_))
    scores = graph.linear(name, model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1))
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


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
        raise refuse(model, "several labels at once", "fit one classifier for each")
    return classified(graph, y, model.classes_, "logistic" if model.out_activation_ == "logistic" else "softmax")
