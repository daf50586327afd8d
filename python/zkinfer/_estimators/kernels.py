# SPDX-License-Identifier: Apache-2.0
"""Distances and kernels: k-means and support vector machines."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, Prediction, best_index, reads, refuse, single


@reads(PREDICTORS, "KMeans", "MiniBatchKMeans")
def _k_means(graph: Graph, x: Table, model: Any) -> Prediction:
    squares = graph.squared_distances(x.name, model.cluster_centers_)
    index = graph.add("ArgMin", squares, axis=1, keepdims=0)
    return Prediction(index=index, classes=np.arange(len(model.cluster_centers_)), scores=graph.add("Sqrt", squares))


def _kernel(graph: Graph, x: Table, model: Any) -> str:
    """[1, support vectors]"""
    vectors = np.asarray(model.support_vectors_.todense() if hasattr(model.support_vectors_, "todense") else model.support_vectors_)
    if model.kernel == "linear":
        return graph.linear(x.name, vectors)
    gamma = model._gamma
    if model.kernel == "rbf":
        return graph.add("Exp", graph.shifted(graph.squared_distances(x.name, vectors), None, -gamma))
    if model.kernel not in ("poly", "sigmoid"):
        raise refuse(model, f"kernel {model.kernel!r}", "take linear, rbf, poly or sigmoid")
    product = graph.linear(x.name, gamma * vectors, np.full(len(vectors), model.coef0))
    if model.kernel == "sigmoid":
        return graph.add("Tanh", product)
    return graph.add("Pow", product, graph.constant(float(model.degree)))


@reads(PREDICTORS, "SVR", "NuSVR")
def _svr(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(_kernel(graph, x, model), model.dual_coef_, model.intercept_))


@reads(PREDICTORS, "SVC", "NuSVC")
def _svc(graph: Graph, x: Table, model: Any) -> Prediction:
    classes, kernel = model.classes_, _kernel(graph, x, model)
    num, dual = len(classes), np.asarray(model.dual_coef_)
    if num == 2:
        scores = graph.linear(kernel, dual, model.intercept_)
        out = Prediction(index=single(graph, graph.positive(scores)), classes=classes)
        platt = np.ravel(model.probA_), np.ravel(model.probB_)
        if platt[0].size:
            # Of minus what decision_function says.
            a, b = float(platt[0][0]), float(platt[1][0])
            out.probabilities = graph.two_classes(graph.add("Sigmoid", graph.add("Add", graph.shifted(scores, None, -a), graph.constant(b))))
        else:
            out.scores = scores
        return out
    if getattr(model, "break_ties", False):
        raise refuse(model, "break_ties=True", "leave it out")
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
    scores = graph.linear(kernel, np.array(rows), model.intercept_)
    won = graph.as_float(graph.positive(scores))
    return Prediction(index=best_index(graph, graph.linear(won, np.array(votes).T, constant)), classes=classes, scores=scores)
