# SPDX-License-Identifier: Apache-2.0
"""Trees, forests and boosting."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .._trees import Trees
from . import members
from .base import PREDICTORS, Prediction, best_index, chosen, classified, inliers, predict, reads, refuse


def add_tree(trees: Trees, tree: Any, leaf: Callable[[int], Any], first_target: int = 0, columns: Optional[Sequence[int]] = None) -> None:
    """One of sklearn.tree. leaf(node): the weights of one; columns: which it was grown on."""
    number, arrays = trees.add_tree(), tree.tree_
    for node in range(arrays.node_count):
        if arrays.children_left[node] < 0:
            trees.leaf(number, node, leaf(node), first_target)
        else:
            feature = arrays.feature[node] if columns is None else columns[arrays.feature[node]]
            trees.split(number, node, feature, arrays.threshold[node], arrays.children_left[node], arrays.children_right[node])


def _values(tree: Any) -> np.ndarray:
    """[nodes, outputs] of a regressor."""
    return np.asarray(tree.tree_.value[:, :, 0])


def _shares(tree: Any, output: int, num: int) -> np.ndarray:
    """[nodes, classes] of a classifier; leaves of older versions count samples."""
    values = tree.tree_.value[:, output, :num]
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _tree_classes(graph: Graph, x: Table, model: Any, grown: Sequence[Any]) -> Prediction:
    several = isinstance(model.classes_, list)
    made = []
    for output, classes in enumerate(model.classes_ if several else [model.classes_]):
        trees = Trees(len(classes), "float32 <=")
        for tree in grown:
            shares = _shares(tree, output, len(classes)) / len(grown)
            add_tree(trees, tree, shares.__getitem__)
        made.append(chosen(graph, trees.write(graph, x), classes))
    return Prediction(several=made) if several else made[0]


@reads(PREDICTORS, "DecisionTreeClassifier", "ExtraTreeClassifier")
def _tree_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, [model])


@reads(PREDICTORS, "RandomForestClassifier", "ExtraTreesClassifier")
def _forest_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, model.estimators_)


@reads(PREDICTORS, "DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor")
def _tree_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    grown = getattr(model, "estimators_", [model])
    trees = Trees(model.n_outputs_, "float32 <=")
    for tree in grown:
        add_tree(trees, tree, (_values(tree) / len(grown)).__getitem__)
    return Prediction(value=trees.write(graph, x))


def _path_length(count: Any) -> np.ndarray:
    """The mean length of unsuccessful searches among so many (F. T. Liu, K. M. Ting, Z.-H. Zhou, Isolation Forest, equation 1)."""
    count = np.asarray(count, dtype=np.float64)
    many = np.maximum(count, 3)
    return np.where(count <= 1, 0.0, np.where(count <= 2, 1.0, 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many))


def _depths(tree: Any) -> np.ndarray:
    """Of every node, the root's 0."""
    depths = np.zeros(tree.tree_.node_count)
    for node in range(tree.tree_.node_count):  # parents come first
        for child in (tree.tree_.children_left[node], tree.tree_.children_right[node]):
            if child >= 0:
                depths[child] = depths[node] + 1
    return depths


@reads(PREDICTORS, "IsolationForest")
def _isolation_forest(graph: Graph, x: Table, model: Any) -> Prediction:
    trees = Trees(1, "float32 <=")
    usual = len(model.estimators_) * float(_path_length(model.max_samples_))
    for tree, columns in zip(model.estimators_, model.estimators_features_):
        weights = (_depths(tree) + _path_length(tree.tree_.n_node_samples)) / usual
        add_tree(trees, tree, weights[:, None].__getitem__, columns=columns)
    depth = trees.write(graph, x)
    # decision_function: -2^-depth - offset_.
    scores = graph.add("Sub", graph.constant(-float(model.offset_)), graph.add("Exp", graph.shifted(depth, None, -np.log(2))))
    return inliers(graph, graph.at_least(depth, -np.log2(-model.offset_)), scores)


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
            add_tree(trees, member, (model.learning_rate * _values(member)).__getitem__, target)
    raw = trees.write(graph, x)
    if type(model).__name__ == "GradientBoostingRegressor":
        return Prediction(value=raw)
    return classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 or model.loss == "exponential" else "logistic")


class _Columns:
    """Where HistGradientBoosting has the caller's columns, and which numbers its categories are: later versions encode them first."""

    def __init__(self, model: Any, width: int) -> None:
        self._order = np.arange(width)
        self._values: dict[int, np.ndarray] = {}
        encoder = getattr(model, "_preprocessor", None)
        if encoder is not None:
            hot = np.asarray(model.is_categorical_)
            self._order = np.concatenate([np.flatnonzero(hot), np.flatnonzero(~hot)])
            for place, values in enumerate(encoder.named_transformers_["encoder"].categories_):
                if values.dtype.kind not in "iufb":
                    raise refuse(model, "categories that are no numbers", "encode them before, as OrdinalEncoder does")
                self._values[place] = values
        self._known: Any = None
        self._row: Any = None
        if np.any(model.is_categorical_):
            self._known, self._row = model._bin_mapper.make_known_categories_bitsets()

    def __getitem__(self, feature: int) -> int:
        return int(self._order[feature])

    def values(self, feature: int, bits: Any) -> list[float]:
        codes = [code for code in range(256) if int(bits[code // 32]) >> (code % 32) & 1]
        of_feature = self._values.get(feature)
        return [float(code if of_feature is None else of_feature[code]) for code in codes if of_feature is None or code < len(of_feature)]

    def split(self, trees: Trees, number: int, index: int, member: Any, node: Any) -> None:
        """One that compares with a set. What was never seen goes where what is missing goes."""
        feature = int(node["feature_idx"])
        left = self.values(feature, member.raw_left_cat_bitsets[node["bitset_idx"]])
        if node["missing_go_to_left"]:
            right = [value for value in self.values(feature, self._known[self._row[feature]]) if value not in left]
            trees.split_set(number, index, self[feature], right, node["right"], node["left"])
        else:
            trees.split_set(number, index, self[feature], left, node["left"], node["right"])


@reads(PREDICTORS, "HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
def _hist_gradient_boosting(graph: Graph, x: Table, model: Any) -> Prediction:
    base = np.ravel(model._baseline_prediction).astype(np.float64)
    trees = Trees(len(base), "float64 <=")
    trees.base, columns = base, _Columns(model, x.width)
    for stage in model._predictors:
        for target, member in enumerate(stage):
            number = trees.add_tree()
            for index, node in enumerate(member.nodes):
                if node["is_leaf"]:
                    trees.leaf(number, index, [node["value"]], target)
                elif node["is_categorical"]:
                    columns.split(trees, number, index, member, node)
                else:
                    trees.split(number, index, columns[node["feature_idx"]], node["num_threshold"], node["left"], node["right"])
    raw = trees.write(graph, x)
    if type(model).__name__ == "HistGradientBoostingClassifier":
        return classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 else "logistic")
    if model.loss in ("poisson", "gamma"):
        return Prediction(value=graph.add("Exp", raw))
    return Prediction(value=raw)


def _is_tree(member: Any) -> bool:
    return type(member).__name__ in ("DecisionTreeClassifier", "ExtraTreeClassifier")


def _member_weights(model: Any, width: int) -> tuple[float, float]:
    """What a member's vote adds to its class and to the others: tried out, because versions differ."""
    rows = np.random.default_rng(0).normal(size=(64, width)).astype(np.float32)
    found, num = np.asarray(model.decision_function(rows)), len(model.classes_)
    weights = model.estimator_weights_[: len(model.estimators_)]
    for miss in (0.0, -1 / (num - 1)):
        votes = sum(
            weight * np.where(np.asarray(member.predict(rows))[:, None] == np.asarray(model.classes_)[None], 1.0, miss)
            for member, weight in zip(model.estimators_, weights)
        ) / model.estimator_weights_.sum()
        if np.abs((votes[:, 1] - votes[:, 0] if num == 2 else votes) - found).max() < 1e-9:
            return 1.0, miss
    raise refuse(model, "decision_function is none that is known", "take another version of scikit-learn")


@reads(PREDICTORS, "AdaBoostClassifier")
def _ada_boost_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    """Votes of trees are leaves of one ensemble: nothing is decided in between."""
    classes, num = model.classes_, len(model.classes_)
    by_shares = getattr(model, "algorithm", "SAMME") == "SAMME.R"
    total = float(model.estimator_weights_.sum())
    trees, votes = Trees(num, "float32 <="), []
    hit, miss = (0.0, 0.0) if by_shares else _member_weights(model, x.width)
    for member, weight in zip(model.estimators_, model.estimator_weights_ / total):
        if _is_tree(member):
            at = np.searchsorted(classes, member.classes_)
            shares = np.zeros((member.tree_.node_count, num))
            shares[:, at] = _shares(member, 0, len(member.classes_))
            if by_shares:
                logs = np.log(np.maximum(shares, np.finfo(np.float64).eps))
                leaves = (num - 1) * (logs - logs.mean(axis=1, keepdims=True)) / total
            else:
                leaves = weight * np.where(np.arange(num) == shares.argmax(axis=1)[:, None], hit, miss)
            add_tree(trees, member, leaves.__getitem__)
        elif by_shares:
            raise refuse(model, f"algorithm='SAMME.R' of {type(member).__name__}", "take algorithm='SAMME', or trees")
        else:
            made = predict(graph, x, member)
            votes.append(graph.linear(members.vote(graph, made, members.places(member, made, classes), num), weight * (hit - miss) * np.eye(num), weight * miss))
    if len(votes) < len(model.estimators_):
        votes.append(trees.write(graph, x))
    scores = graph.total(votes)
    if num == 2:
        scores = graph.linear(scores, [[-1.0, 1.0]])
        return classified(graph, scores, classes, "logistic")
    return Prediction(index=best_index(graph, scores), classes=classes, scores=scores, probabilities=graph.add("Softmax", graph.shifted(scores, None, 1 / (num - 1)), axis=1))


@reads(PREDICTORS, "AdaBoostRegressor")
def _ada_boost_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    """The weighted median of the members' values."""
    weights = np.asarray(model.estimator_weights_[: len(model.estimators_)], dtype=np.float64)
    num = len(weights)
    grown = [member for member in model.estimators_ if hasattr(member, "tree_")]
    if len(grown) == num:
        trees = Trees(num, "float32 <=")
        for target, tree in enumerate(grown):
            add_tree(trees, tree, _values(tree).__getitem__, target)
        values = trees.write(graph, x)
    else:
        values = graph.joined([made.value or "" for _, made in members.all_of(graph, x, model.estimators_)])
    if num == 1:
        return Prediction(value=values)
    ordered, order = graph.sorted(values, num)
    reached = graph.add("CumSum", graph.add("Gather", graph.constant(weights / weights.sum()), order, axis=0), graph.constant(1, np.int64))
    first = graph.add("ArgMax", graph.as_float(graph.at_least(reached, 0.5)), axis=1, keepdims=1)
    return Prediction(value=graph.add("GatherElements", ordered, first, axis=1))
