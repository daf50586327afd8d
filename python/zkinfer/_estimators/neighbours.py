# SPDX-License-Identifier: Apache-2.0
"""What is decided by the nearest point: clusters, centroids and neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, TRANSFORMERS, Prediction, chosen, reads, refuse

_MOST_ROWS = 1 << 12


def _nearest(graph: Graph, x: Table, points: Any) -> str:
    """The index of the nearest, by |point|^2 - 2 x point: of the squared distance what differs."""
    points = np.asarray(points, dtype=np.float64)
    center = points.mean(axis=0)
    near = points - center
    return graph.add("ArgMax", graph.linear(graph.shifted(x.name, center, None), 2 * near, -np.square(near).sum(axis=1)), axis=1, keepdims=0)


@reads(PREDICTORS, "KMeans", "MiniBatchKMeans")
def _k_means(graph: Graph, x: Table, model: Any) -> Prediction:
    squares = graph.squared_distances(x.name, model.cluster_centers_)
    index = graph.add("ArgMin", squares, axis=1, keepdims=0)
    return Prediction(index=index, classes=np.arange(len(model.cluster_centers_)), scores=graph.add("Sqrt", squares))


@reads(TRANSFORMERS, "KMeans", "MiniBatchKMeans", "BisectingKMeans")
def _distances(graph: Graph, x: Table, model: Any) -> Table:
    return Table(graph.add("Sqrt", graph.squared_distances(x.name, model.cluster_centers_)), len(model.cluster_centers_))


@reads(PREDICTORS, "MeanShift", "AffinityPropagation")
def _centers(graph: Graph, x: Table, model: Any) -> Prediction:
    if len(model.cluster_centers_) == 0:
        raise refuse(model, "found no clusters", "fit it again with other parameters")
    return Prediction(index=_nearest(graph, x, model.cluster_centers_), classes=np.arange(len(model.cluster_centers_)))


@reads(PREDICTORS, "Birch")
def _birch(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(index=_nearest(graph, x, model.subcluster_centers_), classes=model.subcluster_labels_)


@reads(PREDICTORS, "NearestCentroid")
def _centroid(graph: Graph, x: Table, model: Any) -> Prediction:
    points = np.asarray(model.centroids_, dtype=np.float64)
    prior = getattr(model, "class_prior_", None)
    if prior is not None and not np.allclose(prior, 1 / len(points)):
        raise refuse(model, "priors of the classes", "take priors='uniform'")
    if model.metric == "euclidean":
        return Prediction(index=_nearest(graph, x, points), classes=model.classes_)
    if model.metric != "manhattan":
        raise refuse(model, f"metric {model.metric!r}", "take 'euclidean' or 'manhattan'")
    distances = graph.row(graph.sum_last(graph.add("Abs", graph.add("Sub", x.name, graph.constant(points)))), len(points))
    return Prediction(index=graph.add("ArgMin", distances, axis=1, keepdims=0), classes=model.classes_)


def _neighbours(graph: Graph, x: Table, model: Any) -> str:
    """Which rows of the training data are the nearest, [1, n_neighbors]."""
    metric, power = model.effective_metric_, (model.effective_metric_params_ or {}).get("p", 2)
    power = {"euclidean": 2, "manhattan": 1}.get(metric, power if metric == "minkowski" else 0)
    if model.weights != "uniform":
        raise refuse(model, f"weights={model.weights!r}", "take weights='uniform'")
    if power not in (1, 2):
        raise refuse(model, f"metric {metric!r}", "take 'euclidean' or 'manhattan'")
    rows = np.asarray(model._fit_X.todense() if hasattr(model._fit_X, "todense") else model._fit_X, dtype=np.float64)
    if len(rows) > _MOST_ROWS:
        raise refuse(model, f"{len(rows)} training rows, each of which every proof would compare with", f"train on at most {_MOST_ROWS}, or take trees or a support vector machine")
    if power == 1:
        distances = graph.row(graph.sum_last(graph.add("Abs", graph.add("Sub", x.name, graph.constant(rows)))), len(rows))
    else:
        center = rows.mean(axis=0)
        near = rows - center
        distances = graph.linear(graph.shifted(x.name, center, None), -2 * near, np.square(near).sum(axis=1))
    return graph.sorted(distances, model.n_neighbors)[1]


@reads(PREDICTORS, "KNeighborsClassifier")
def _neighbours_classes(graph: Graph, x: Table, model: Any) -> Prediction:
    if isinstance(model.classes_, list):
        raise refuse(model, "several labels at once", "fit one classifier for each")
    found, num = _neighbours(graph, x, model), len(model.classes_)
    hot = np.eye(num)[np.asarray(model._y).ravel()] / model.n_neighbors  # [rows, classes]
    parts = graph.add("Gather", graph.constant(hot), found, axis=0)  # [1, neighbors, classes]
    return chosen(graph, graph.add("ReduceSum", parts, graph.constant([1], np.int64), keepdims=0), model.classes_)


@reads(PREDICTORS, "KNeighborsRegressor")
def _neighbours_values(graph: Graph, x: Table, model: Any) -> Prediction:
    values = np.asarray(model._y, dtype=np.float64).reshape(len(model._y), -1) / model.n_neighbors
    parts = graph.add("Gather", graph.constant(values), _neighbours(graph, x, model), axis=0)
    return Prediction(value=graph.add("ReduceSum", parts, graph.constant([1], np.int64), keepdims=0))
