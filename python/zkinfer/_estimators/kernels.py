# SPDX-License-Identifier: Apache-2.0
"""Kernels: support vector machines, and what else compares with rows of the training data through a kernel."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, TRANSFORMERS, Prediction, best_index, inliers, reads, refuse, single
from .multiclass import pairs_won


def _dense(rows: Any) -> np.ndarray:
    return np.asarray(rows.todense() if hasattr(rows, "todense") else rows, dtype=np.float64)


def _kernel(graph: Graph, x: Table, model: Any, rows: Any, gamma: Optional[float]) -> str:
    """[1, rows]: of x with each row. gamma: by default one over the features."""
    rows = _dense(rows)
    gamma = 1 / x.width if gamma is None else float(gamma)
    if model.kernel == "linear":
        return graph.linear(x.name, rows)
    if model.kernel == "rbf":
        return graph.add("Exp", graph.shifted(graph.squared_distances(x.name, rows), None, -gamma))
    coef0 = 1.0 if getattr(model, "coef0", None) is None else float(model.coef0)
    degree = 3 if getattr(model, "degree", None) is None else model.degree
    if model.kernel not in ("poly", "polynomial", "sigmoid"):
        raise refuse(model, f"kernel {model.kernel!r}", "take linear, rbf, poly or sigmoid")
    product = graph.linear(x.name, gamma * rows, np.full(len(rows), coef0))
    if model.kernel == "sigmoid":
        return graph.add("Tanh", product)
    return graph.add("Pow", product, graph.constant(float(degree)))


def _of_vectors(graph: Graph, x: Table, model: Any) -> str:
    return _kernel(graph, x, model, model.support_vectors_, model._gamma)


@reads(PREDICTORS, "SVR", "NuSVR")
def _svr(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(_of_vectors(graph, x, model), _dense(model.dual_coef_), model.intercept_))


@reads(PREDICTORS, "OneClassSVM")
def _one_class_svm(graph: Graph, x: Table, model: Any) -> Prediction:
    scores = graph.linear(_of_vectors(graph, x, model), _dense(model.dual_coef_), model.intercept_)
    return inliers(graph, graph.positive(scores), scores)


@reads(PREDICTORS, "SVC", "NuSVC")
def _svc(graph: Graph, x: Table, model: Any) -> Prediction:
    classes, kernel = model.classes_, _of_vectors(graph, x, model)
    num, dual = len(classes), _dense(model.dual_coef_)
    if num == 2:
        scores = graph.linear(kernel, dual, model.intercept_)
        out = Prediction(index=single(graph, graph.positive(scores)), classes=classes, scores=scores)
        platt = np.ravel(getattr(model, "probA_", [])), np.ravel(getattr(model, "probB_", []))
        if platt[0].size:
            # Of minus what decision_function says.
            a, b = float(platt[0][0]), float(platt[1][0])
            out.probabilities = graph.two_classes(graph.add("Sigmoid", graph.add("Add", graph.shifted(scores, None, -a), graph.constant(b))))
        return out
    ends = np.concatenate([[0], np.cumsum(model.n_support_)])
    rows, votes, constant = [], [], np.zeros(num)
    for i in range(num):
        for j in range(i + 1, num):
            row, vote = np.zeros(dual.shape[1]), np.zeros(num)
            row[ends[i] : ends[i + 1]] = dual[j - 1, ends[i] : ends[i + 1]]
            row[ends[j] : ends[j + 1]] = dual[i, ends[j] : ends[j + 1]]
            vote[i], vote[j] = 1, -1
            constant[j] += 1
            rows.append(row)
            votes.append(vote)
    pairs = graph.linear(kernel, np.array(rows), model.intercept_)
    won = graph.as_float(graph.positive(pairs))
    rest = model.decision_function_shape == "ovr"
    scores = pairs_won(graph, graph.as_float(graph.above(graph.shifted(pairs, None, -1.0), 0.0)), graph.shifted(pairs, None, -1.0), num) if rest else pairs
    if getattr(model, "break_ties", False) and rest:
        index = best_index(graph, scores)
    else:
        index = best_index(graph, graph.linear(won, np.array(votes).T, constant))
    return Prediction(index=index, classes=classes, scores=scores)


@reads(PREDICTORS, "KernelRidge")
def _kernel_ridge(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(_kernel(graph, x, model, model.X_fit_, model.gamma), np.atleast_2d(_dense(model.dual_coef_).T)))


@reads(TRANSFORMERS, "Nystroem")
def _nystroem(graph: Graph, x: Table, model: Any) -> Table:
    features = graph.linear(_kernel(graph, x, model, model.components_, model.gamma), model.normalization_)
    return Table(features, len(model.normalization_))


@reads(TRANSFORMERS, "KernelPCA")
def _kernel_pca(graph: Graph, x: Table, model: Any) -> Table:
    kernel = _kernel(graph, x, model, model.X_fit_, getattr(model, "gamma_", model.gamma))
    kept = np.flatnonzero(model.eigenvalues_)
    directions = np.zeros_like(model.eigenvectors_)
    directions[:, kept] = model.eigenvectors_[:, kept] / np.sqrt(model.eigenvalues_[kept])
    # Centred as the training rows were: less its own mean and the rows' means, and their mean added.
    center = model._centerer
    count = len(center.K_fit_rows_)
    centering = np.eye(count) - np.full((count, count), 1 / count)
    offset = (center.K_fit_all_ - center.K_fit_rows_) @ directions
    return Table(graph.linear(kernel, (centering @ directions).T, offset), directions.shape[1])


@reads(TRANSFORMERS, "RBFSampler")
def _fourier(graph: Graph, x: Table, model: Any) -> Table:
    angles = graph.linear(x.name, model.random_weights_.T, model.random_offset_)
    return Table(graph.shifted(graph.add("Cos", angles), None, np.sqrt(2 / model.n_components)), model.n_components)
