# SPDX-License-Identifier: Apache-2.0
"""XGBoost's and LightGBM's boosters as ONNX, read from the JSON that they write themselves."""

from __future__ import annotations

import json
from typing import Any, Optional, Sequence

import numpy as np

from ._estimators import Prediction, Unknown, best_index, single
from ._onnx_graph import Graph
from ._tables import Table
from ._trees import Trees


def _refuse(what: str, remedy: str) -> Unknown:
    return Unknown(f"{what}; {remedy}")


def _linked(graph: Graph, raw: str, link: str, classes: Optional[np.ndarray], num: int) -> Prediction:
    """raw [1, num] through what the objective says: "identity", "exp", "logistic", "softmax", "softplus", "square" with its sign, or "each": a logistic for each class."""
    if classes is None and link == "square":
        return Prediction(value=graph.add("Mul", raw, graph.add("Abs", raw)))
    if classes is None and link in ("identity", "exp", "logistic", "softplus"):
        functions = {"exp": "Exp", "logistic": "Sigmoid", "softplus": "Softplus"}
        return Prediction(value=graph.add(functions[link], raw) if link in functions else raw)
    if num == 1:
        index = single(graph, graph.positive(raw))
        shares = graph.two_classes(graph.add("Sigmoid", raw))
        return Prediction(index=index, classes=classes if classes is not None else np.arange(2), probabilities=shares)
    index = best_index(graph, raw)
    if link == "each":
        shares = graph.add("Sigmoid", raw)
    else:
        shares = graph.add("Softmax", raw, axis=1)
    return Prediction(index=index, classes=classes if classes is not None else np.arange(num), probabilities=shares)


# XGBoost: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html

_XGB_LINKS = {
    "reg:squarederror": "identity", "reg:linear": "identity", "reg:squaredlogerror": "identity", "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity", "reg:quantileerror": "identity", "rank:pairwise": "identity", "rank:ndcg": "identity", "rank:map": "identity",
    "binary:logitraw": "identity", "binary:hinge": "identity", "survival:cox": "exp", "survival:aft": "exp", "reg:expectileerror": "identity", "reg:logistic": "logistic", "binary:logistic": "logistic", "count:poisson": "exp", "reg:gamma": "exp",
    "reg:tweedie": "exp", "multi:softprob": "softmax", "multi:softmax": "softmax",
}  # fmt: skip
_XGB_CLASSES = ("binary:logistic", "multi:softprob", "multi:softmax", "binary:hinge")


def _base_score(learner: Any) -> np.ndarray:
    """As predictions, before the link: one number, or one per target, in brackets since 3.1."""
    text = str(learner["learner_model_param"]["base_score"]).strip("[]")
    return np.array([float(part) for part in text.split(",")])


def _margin(base: np.ndarray, link: str) -> np.ndarray:
    if link == "logistic":
        return np.asarray(np.log(base / (1 - base)))
    return np.asarray(np.log(base)) if link == "exp" else base


def _trees_of_rounds(forest: Any, num_rounds: int, num: int) -> int:
    ends = forest.get("iteration_indptr")  # of XGBoost 2 and later
    if ends:
        return int(ends[num_rounds])
    return num_rounds * num * max(1, int(forest.get("gbtree_model_param", {}).get("num_parallel_tree", 1)))


def _xgb_sets(tree: Any) -> dict[int, list[float]]:
    """By node, the categories that go right."""
    values, out = tree.get("categories") or [], {}
    for node, first, count in zip(tree.get("categories_nodes") or [], tree.get("categories_segments") or [], tree.get("categories_sizes") or []):
        out[int(node)] = [float(value) for value in values[first : first + count]]
    return out


def xgboost_json(
    graph: Graph, x: Table, model: Any, classes: Optional[np.ndarray], num_rounds: Optional[int] = None, missing: float = float("nan")
) -> Prediction:
    """model: what Booster.save_model("model.json") writes. num_rounds: of boosting, the first; all by default. missing: what stands for it."""
    learner = model["learner"]
    objective, booster = learner["objective"]["name"], learner["gradient_booster"]
    link = _XGB_LINKS.get(objective)
    if link is None:
        raise _refuse(f"XGBoost's objective {objective!r}", f"the reader knows {', '.join(sorted(_XGB_LINKS))}")
    num = max(1, int(learner["learner_model_param"]["num_class"]), int(learner["learner_model_param"].get("num_target", 1)))
    if classes is None and objective in _XGB_CLASSES:
        classes = np.arange(max(num, 2))
    base = np.broadcast_to(_margin(_base_score(learner), link), (num,))
    if booster["name"] == "gblinear":
        numbers = np.array(booster["model"]["weights"], dtype=np.float64).reshape(-1, num)
        # The first base score goes to every class.
        return _linked(graph, graph.linear(x.name, numbers[:-1].T, numbers[-1] + base[0]), link, classes, num)
    dropped = booster.get("weight_drop")  # dart
    forest = booster["gbtree"]["model"] if booster["name"] == "dart" else booster["model"]
    trees = Trees(num, "float32 <")
    trees.base = np.array(base, dtype=np.float64)
    num_trees = None if num_rounds is None else _trees_of_rounds(forest, num_rounds, num)
    for place, (tree, target) in enumerate(zip(forest["trees"], forest["tree_info"])):
        if num_trees is not None and place >= num_trees:
            break
        size = int(tree["tree_param"].get("size_leaf_vector", 1))
        if size > 1 and "leaf_weights" not in tree:
            raise _refuse("XGBoost's trees with several outputs (multi_strategy='multi_output_tree') of a version before 3", "save it with a newer one, or leave it out")
        number, weight, sets = trees.add_tree(), float(dropped[place]) if dropped else 1.0, _xgb_sets(tree)
        for node, left in enumerate(tree["left_children"]):
            threshold = float(np.float32(tree["split_conditions"][node]))
            right, feature = tree["right_children"][node], tree["split_indices"][node]
            if left < 0:
                found = [threshold] if size <= 1 else tree["leaf_weights"][size * right : size * (right + 1)]
                trees.leaf(number, node, [weight * value for value in found], int(target) if size <= 1 else 0)
                continue
            if node in sets:
                trees.split_set(number, node, feature, sets[node], right, left)
            else:
                trees.split(number, node, feature, threshold, left, right)
            if not np.isnan(missing):
                trees.stands_for_missing(missing, bool(tree["default_left"][node]) != (node in sets))
    raw = trees.write(graph, x)
    if objective == "binary:hinge":
        return Prediction(index=single(graph, graph.positive(raw)), classes=classes, scores=raw)
    return _linked(graph, raw, link, classes, num)


def xgboost_estimator(graph: Graph, x: Table, model: Any) -> Prediction:
    """An XGBClassifier, XGBRegressor, .., or a Booster."""
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    data = json.loads(bytes(booster.save_raw("json")))
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else None
    # After early stopping an estimator predicts with the best round and those before it, a Booster with all.
    stopped = booster is not model and "best_iteration" in data["learner"].get("attributes", {})
    if any(data["learner"]["gradient_booster"].get("model", {}).get("cats", {}).get("enc") or []):
        raise _refuse("XGBoost's categories of a table of pandas", "give numbers, 0, 1, .. for each category, and feature_types=['c', ..]")
    missing = getattr(model, "missing", None)
    return xgboost_json(
        graph, x, data, classes, int(model.best_iteration) + 1 if stopped else None, float("nan") if missing is None else float(missing)
    )


# LightGBM: Booster.dump_model


def _lightgbm_link(objective: str) -> tuple[str, bool, float]:
    """The link, whether the answer is a class, and what raw values are multiplied with before it."""
    words = objective.split()
    name = words[0] if words else "regression"
    factor = next((float(word[len("sigmoid:") :]) for word in words if word.startswith("sigmoid:")), 1.0)
    if name == "binary":
        return "logistic", True, factor
    if name in ("multiclass", "softmax"):
        return "softmax", True, 1.0
    if name in ("multiclassova", "ova", "ovr"):
        return "each", True, factor
    if name in ("poisson", "gamma", "tweedie"):
        return "exp", False, 1.0
    if name in ("cross_entropy", "xentropy"):
        return "logistic", False, 1.0
    if name in ("cross_entropy_lambda", "xentlambda"):
        return "softplus", False, 1.0
    if name in ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"):
        return "square" if "sqrt" in words else "identity", False, 1.0
    raise _refuse(f"LightGBM's objective {objective!r}", "the reader knows binary, multiclass, multiclassova, poisson, gamma, tweedie, cross_entropy, the regressions and the rankings")


def _lightgbm_set(model: Any, text: str) -> list[float]:
    """The categories that go left, as the table has them."""
    if model.get("pandas_categorical"):
        raise _refuse("LightGBM's categories of a table of pandas", "give numbers, 0, 1, .. for each category, and categorical_feature=[..]")
    return [float(code) for code in str(text).split("||")]


def lightgbm_dump(graph: Graph, x: Table, model: Any, classes: Optional[np.ndarray]) -> Prediction:
    """model: what Booster.dump_model() gives."""
    link, is_class, factor = _lightgbm_link(model.get("objective", ""))
    num = int(model["num_tree_per_iteration"])
    if classes is None and is_class:
        classes = np.arange(max(num, 2))
    trees = Trees(num, "float64 <=")
    rounds = max(1, len(model["tree_info"]) // num)
    weight = 1 / rounds if model.get("average_output") else 1.0
    for place, info in enumerate(model["tree_info"]):
        number, count = trees.add_tree(), 0
        waiting: list[tuple[int, Any]] = [(0, info["tree_structure"])]
        while waiting:
            node, part = waiting.pop()
            if "split_feature" not in part:
                if "leaf_const" in part:
                    raise _refuse("LightGBM's linear trees", "leave linear_tree out")
                trees.leaf(number, node, [weight * part["leaf_value"]], place % num)
                continue
            left, right, feature = count + 1, count + 2, int(part["split_feature"])
            count += 2
            if part["decision_type"] == "==":
                trees.split_set(number, node, feature, _lightgbm_set(model, part["threshold"]), left, right)
            elif part["decision_type"] == "<=":
                trees.split(number, node, feature, part["threshold"], left, right)
                if part.get("missing_type") == "Zero":
                    trees.stands_for_missing(0.0, bool(part["default_left"]))
            else:
                raise _refuse(f"LightGBM's decision_type {part['decision_type']!r}", "the reader knows '<=' and '=='")
            waiting += [(left, part["left_child"]), (right, part["right_child"])]
    return _linked(graph, graph.shifted(trees.write(graph, x), None, factor), link, classes, num)


def lightgbm_estimator(graph: Graph, x: Table, model: Any) -> Prediction:
    """An LGBMClassifier, LGBMRegressor, .., or a Booster."""
    booster = getattr(model, "booster_", model)
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else None
    return lightgbm_dump(graph, x, booster.dump_model(), classes)


def library_of(model: Any) -> Optional[str]:
    """"xgboost" or "lightgbm" of their boosters and estimators."""
    for cls in type(model).__mro__:
        root = cls.__module__.split(".")[0]
        if root in ("xgboost", "lightgbm"):
            return root
    return None


def predict(graph: Graph, x: Table, model: Any) -> Prediction:
    reader = xgboost_estimator if library_of(model) == "xgboost" else lightgbm_estimator
    return reader(graph, x, model)


def num_features(model: Any) -> int:
    """Of a booster or a fitted estimator."""
    count: Any = getattr(model, "n_features_in_", None)
    if count is None:
        count = model.num_features() if library_of(model) == "xgboost" else model.num_feature()
    return int(count)


__all__: Sequence[str] = ("library_of", "lightgbm_dump", "lightgbm_estimator", "num_features", "predict", "xgboost_estimator", "xgboost_json")
