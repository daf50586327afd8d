# SPDX-License-Identifier: Apache-2.0
"""Classes as Gaussians, naive Bayes, and distances from a Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .._trees import not_above_of_float64
from .base import PREDICTORS, Prediction, chosen, classified, inliers, reads, refuse


def _leveled(graph: Graph, x: Table, means: Any, size: Any) -> tuple[str, np.ndarray, np.ndarray]:
    """x and means less the means' mean and times size: columns become alike, and little cancels."""
    means = np.asarray(means, dtype=np.float64)
    center, size = means.mean(axis=0), np.where(np.asarray(size) > 0, size, 1.0)
    return graph.shifted(x.name, center, size), (means - center) * size, size


def _squares(graph: Graph, x: Table, means: Any, factors: Any) -> str:
    """[1, k]: |(x - mean) factor|^2 for each of k means [k, width] and factors [k, width, rank]."""
    factors = np.asarray(factors, dtype=np.float64)
    k, _, rank = factors.shape
    level, means, size = _leveled(graph, x, means, np.abs(factors).max(axis=(0, 2)))
    factors = factors / size[None, :, None]
    # All products as one, (x - mean) factor = x factor - mean factor.
    y = graph.linear(level, factors.transpose(0, 2, 1).reshape(k * rank, -1), -np.einsum("kw,kwr->kr", means, factors).reshape(-1))
    squares = graph.add("Mul", y, y)
    return graph.linear(squares, np.kron(np.eye(k), np.ones(rank)))


def _posterior(graph: Graph, logs: str, classes: Any) -> Prediction:
    return chosen(graph, graph.add("Softmax", logs, axis=1), classes)


@reads(PREDICTORS, "GaussianNB")
def _gaussian_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    variance = model.var_ if hasattr(model, "var_") else model.sigma_
    level, means, size = _leveled(graph, x, model.theta_, np.sqrt(0.5 / variance).max(axis=0))
    factors = 0.5 / variance / np.square(size)
    # -(x - mean)^2 factor as x^2, x and 1, each less what it is on average: only how classes differ is left.
    prior = np.log(model.class_prior_) - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
    parts = (-factors, 2 * means * factors, prior - (np.square(means) * factors).sum(axis=1))
    of_square, of_x, constant = (part - part.mean(axis=0) for part in parts)
    logs = graph.add("Add", graph.linear(graph.add("Mul", level, level), of_square), graph.linear(level, of_x, constant))
    return _with_best(graph, logs, model.classes_)


def _with_best(graph: Graph, logs: str, classes: Any) -> Prediction:
    """By the logarithms themselves, which tell classes apart whose probabilities are both nearly one or zero."""
    out = _posterior(graph, logs, classes)
    out.index = graph.add("ArgMax", logs, axis=1, keepdims=0)
    return out


@reads(PREDICTORS, "MultinomialNB")
def _multinomial_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    return _with_best(graph, graph.linear(x.name, model.feature_log_prob_, model.class_log_prior_), model.classes_)


@reads(PREDICTORS, "ComplementNB")
def _complement_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    return _with_best(graph, graph.linear(x.name, model.feature_log_prob_, model.class_log_prior_ if len(model.classes_) == 1 else None), model.classes_)


@reads(PREDICTORS, "BernoulliNB")
def _bernoulli_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    name = x.name if model.binarize is None else graph.as_float(graph.add("Greater", x.name, graph.constant(not_above_of_float64(model.binarize))))
    absent = np.log1p(-np.exp(model.feature_log_prob_))
    return _with_best(graph, graph.linear(name, model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1)), model.classes_)


@reads(PREDICTORS, "CategoricalNB")
def _categorical_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    hits, logs = [], []
    for column, of_column in enumerate(model.feature_log_prob_):  # [classes, categories]
        hits.append(graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(np.arange(of_column.shape[1])[None]))))
        logs.append(of_column)
    return _with_best(graph, graph.linear(graph.joined(hits), np.concatenate(logs, axis=1), model.class_log_prior_), model.classes_)


@reads(PREDICTORS, "QuadraticDiscriminantAnalysis")
def _quadratic(graph: Graph, x: Table, model: Any) -> Prediction:
    scalings = [np.asarray(s) for s in model.scalings_]
    factors = [rotation / np.sqrt(scaling) for rotation, scaling in zip(model.rotations_, scalings)]
    if len({factor.shape for factor in factors}) != 1:
        raise refuse(model, "classes of different rank", "take reg_param above 0")
    constant = np.log(model.priors_) - 0.5 * np.array([np.log(scaling).sum() for scaling in scalings])
    logs = graph.add("Add", graph.shifted(_squares(graph, x, model.means_, factors), None, -0.5), graph.constant(constant[None]))
    if len(model.classes_) == 2:
        return classified(graph, graph.linear(logs, [[-1.0, 1.0]]), model.classes_, "logistic")
    out = _with_best(graph, logs, model.classes_)
    out.scores = logs
    return out


@reads(PREDICTORS, "GaussianMixture", "BayesianGaussianMixture")
def _mixture(graph: Graph, x: Table, model: Any) -> Prediction:
    means, cholesky = np.asarray(model.means_), np.asarray(model.precisions_cholesky_)
    k, width = means.shape
    factors = {
        "full": lambda: cholesky,
        "tied": lambda: np.broadcast_to(cholesky, (k, width, width)),
        "diag": lambda: cholesky[:, :, None] * np.eye(width),
        "spherical": lambda: cholesky[:, None, None] * np.eye(width),
    }[model.covariance_type]()
    # What a component says where nothing but itself differs: its own logarithm at its mean.
    rows = means.astype(np.float64)
    said = model._estimate_weighted_log_prob(rows)
    squares = np.square(np.einsum("nkw,kwr->nkr", rows[:, None, :] - means[None], factors)).sum(axis=2)
    constant = (said + 0.5 * squares)[0]
    logs = graph.add("Add", graph.shifted(_squares(graph, x, means, factors), None, -0.5), graph.constant(constant[None]))
    return _with_best(graph, logs, np.arange(k))


@reads(PREDICTORS, "EllipticEnvelope")
def _elliptic(graph: Graph, x: Table, model: Any) -> Prediction:
    values, vectors = np.linalg.eigh(model.precision_)
    factor = vectors * np.sqrt(np.maximum(values, 0))
    distance = _squares(graph, x, model.location_[None], factor[None])
    scores = graph.add("Sub", graph.constant(-float(model.offset_)), distance)
    return inliers(graph, graph.at_least(scores, 0.0), scores)
