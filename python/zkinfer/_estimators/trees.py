# SPDX-License-Identifier: Apache-2.0
"""Trees, forests and boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .._trees import Trees
from .base import PREDICTORS, Prediction, best_index, classified, reads, refuse


def add_tree(trees: Trees, tree: Any, weight: float, first_target: int = 0, normalized: bool = False) -> None:
    """One of sklearn.tree. normalized: leaves count samples, probabilities are their shares."""
    number, arrays = trees.add_tree(), tree.tree_
    values = arrays.value[:, 0, :] if arrays.value.shape[1] == 1 else arrays.value[:, :, 0]
    if normalized:
        values = values / values.sum(axis=1, keepdims=True)
    for node in range(arrays.node_count):
        if arrays.children_left[node] < 0:
            trees.leaf(number, node, weight * values[node], first_target)
        else:
            trees.split(number, node, arrays.feature[node], arrays.threshold[node], arrays.children_left[node], arrays.children_right[node])


def _check_single(model: Any) -> None:
    if isinstance(model.classes_, list):
        raise refuse(model, "several labels at once", "fit one classifier for each")


def _tree_classes(graph: Graph, x: Table, model: Any, members: Any) -> Prediction:
    _check_single(model)
    trees = Trees(len(model.classes_), "float32 <=")
    for member in members:
        add_tree(trees, member, 1 / len(members), normalized=True)
    shares = trees.write(graph, x)
    return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)


@reads(PREDICTORS, "DecisionTreeClassifier", "ExtraTreeClassifier")
def _tree_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, [model])


@reads(PREDICTORS, "RandomForestClassifier", "ExtraTreesClassifier")
def _forest_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, model.estimators_)


@reads(PREDICTORS, "DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor")
def _tree_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    members = getattr(model, "estimators_", [model])
    trees = Trees(model.n_outputs_, "float32 <=")
    for member in members:
        add_tree(trees, member, 1 / len(members))
    return Prediction(value=trees.write(graph, x))


@reads(PREDICTORS, "GradientBoostingClassifier", "GradientBoostingRegressor")
def _gradient_boosting(graph: Graph, x: Table, model: Any) -> Prediction:
    stages = model.estimators_
    trees = Trees(stages.shape[1], "float32 <=")
    rows = np.random.default_rng(0).normal(size=(2, x.width)).astype(np.float32)
    first = np.atleast_2d(np.zeros((2, trees.num_targets)) if model.init_ == "zero" else model._raw_predict_init(rows))
    if not np.array_equal(first[0], first[1]):
        raise refuse(model, f"begins with {type(model.init_).__name__}, which depends on the features", "leave init out")
    trees.base = np.ravel(first[0]).astype(np.float64)
    for stage in stages:
        for target, member in enumerate(stage):
            add_tree(trees, member, model.learning_rate, target)
    raw = trees.write(graph, x)
    if type(model).__name__ == "GradientBoostingRegressor":
        return Prediction(value=raw)
    return classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 or model.loss == "exponential" else "logistic")


@reads(PREDICTORS, "HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
def _hist_gradient_boosting(graph: Graph, x: Table, model: Any) -> Prediction:
    base = np.ravel(model._baseline_prediction).astype(np.float64)
    trees = Trees(len(base), "float64 <=")
    trees.base = base
    for stage in model._predictors:
        for target, member in enumerate(stage):
            number = trees.add_tree()
            for index, node in enumerate(member.nodes):
                if node["is_leaf"]:
                    trees.leaf(number, index, [node["value"]], target)
                elif node["is_categorical"]:
                    raise refuse(model, "splits of categories", "encode categories as columns, as OneHotEncoder does")
                else:
                    trees.split(number, index, node["feature_idx"], node["num_threshold"], node["left"], node["right"])
    raw = trees.write(graph, x)
    if type(model).__name__ == "HistGradientBoostingClassifier":
        return classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 else "logistic")
    if model.loss in ("poisson", "gamma"):
        return Prediction(value=graph.add("Exp", raw))
    return Prediction(value=raw)
